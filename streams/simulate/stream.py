"""The stream itself: day by day, in the order of publishing, in bounded memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from streams.simulate.addresses import AddressBook, packaged_addresses
from streams.simulate.delivery import Delivery
from streams.simulate.incidents import Planted, plant
from streams.simulate.randomness import derive
from streams.simulate.spec import (
    DAY,
    HOUR,
    Incident,
    Nuisance,
    NuisanceKind,
    SimulatedEvent,
    SimulationSpec,
)
from streams.simulate.wire import Draft, rfc3339
from streams.simulate.world import World

__all__ = ["Simulation", "labels", "simulate"]

_AHEAD = 14 * HOUR
"""No local day begins earlier before its UTC day: nothing of a later day arrives before what has arrived by then."""


class Simulation:
    """One run: ``incidents`` are known at once, ``nuisances`` completely only when ``events`` has ended."""

    def __init__(self, spec: SimulationSpec, book: AddressBook | None = None) -> None:
        self.spec = spec
        self.world = World(spec, book or packaged_addresses())
        self.planted: list[Planted] = plant(self.world)
        self._nuisances: set[tuple[int, int, str, NuisanceKind]] = set()
        self.world.note_plans(self._note)
        self._delivery = Delivery(spec, tuple(actor.id for actor in self.world.actors), self._note)

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The planted attacks, by start."""
        return tuple(one.label for one in self.planted)

    @property
    def nuisances(self) -> tuple[Nuisance, ...]:
        """The innocent oddities so far, by start."""
        found = sorted(self._nuisances)
        return tuple(Nuisance(kind, actor, rfc3339(start), rfc3339(end)) for start, end, actor, kind in found)

    def events(self) -> Iterator[SimulatedEvent]:
        """Everything that is published, by arrival; what is still under way at the end arrives all the same."""
        planted: defaultdict[int, list[Draft]] = defaultdict(list)
        for one in self.planted:
            for draft in one.drafts:
                planted[(draft.at - self.spec.start_ms) // DAY].append(draft)
        waiting: list[SimulatedEvent] = []
        for day in range(-1, self.spec.days + 1):
            waiting += self._day(day, planted.pop(day, []))
            waiting.sort(key=lambda event: (event.arrival, event.event_id))
            until = self.spec.start_ms + (day + 1) * DAY - _AHEAD
            ready = sum(1 for event in waiting if event.arrival < until)
            yield from waiting[:ready]
            del waiting[:ready]
        yield from waiting

    def _day(self, day: int, planted: list[Draft]) -> list[SimulatedEvent]:
        seed, start, end = self.spec.seed, self.spec.start_ms, self.spec.end_ms
        published = self._delivery.publish(planted, derive(seed, "attackers", day))
        for actor in self.world.actors:
            drafts = [d for d in actor.events(day, self._note) if start <= d.at < end]
            published += self._delivery.publish(drafts, derive(seed, "delivery", actor.id, day))
        return published

    def _note(self, kind: NuisanceKind, actor: str, start: int, end: int) -> None:
        start, end = max(start, self.spec.start_ms), min(end, self.spec.end_ms)
        if kind in self.spec.nuisances and start < end:
            self._nuisances.add((start, end, actor, kind))


def simulate(spec: SimulationSpec) -> Iterator[SimulatedEvent]:
    """The events of ``spec`` in the order of publishing, on the packaged address book."""
    return Simulation(spec).events()


def labels(spec: SimulationSpec) -> tuple[tuple[Incident, ...], tuple[Nuisance, ...]]:
    """The incidents and nuisances of ``spec``; costs a run of the simulation."""
    run = Simulation(spec)
    for _ in run.events():
        pass
    return run.incidents, run.nuisances
