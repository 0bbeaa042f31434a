"""A seeded generator of realistic CI/CD access streams with labelled attacks and labelled innocent oddities.

``Simulation(spec)`` runs one; ``simulate(spec)`` is its events alone. ``spec`` tells the labels' format, ``incidents``
the attacks. All randomness comes from the seed; no clock is read.
"""

from streams.simulate.spec import (
    DIFFICULTIES,
    INCIDENT_KINDS,
    NUISANCES,
    Incident,
    Nuisance,
    SimulatedEvent,
    SimulationSpec,
)
from streams.simulate.story import Story, StoryAttack, demo_story
from streams.simulate.stream import Simulation, labels, simulate

__all__ = [
    "DIFFICULTIES",
    "INCIDENT_KINDS",
    "NUISANCES",
    "Incident",
    "Nuisance",
    "SimulatedEvent",
    "Simulation",
    "SimulationSpec",
    "Story",
    "StoryAttack",
    "demo_story",
    "labels",
    "simulate",
]
