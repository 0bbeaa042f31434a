"""The baseline: what is usual among peers and in the organisation, small, versioned and immutable."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.event import ActorKind
from schemas.record import Identifier, Record

__all__ = ["HOURS_OF_WEEK", "NO_BASELINE", "Baseline", "Population"]

HOURS_OF_WEEK = 168
_Count = Annotated[int, Field(ge=0)]


class Population(Record):
    """What the actors of one kind do.

    ``countries`` and ``networks`` count the distinct actors seen in a country (ISO 3166 alpha-2) or an autonomous
    system (number as text); ``hours`` counts actor-hours by hour of the week, UTC, Monday 00:00 first.
    """

    actors: _Count = 0
    countries: dict[str, _Count] = Field(default_factory=dict)
    networks: dict[str, _Count] = Field(default_factory=dict)
    hours: tuple[_Count, ...] = Field(default=(0,) * HOURS_OF_WEEK, min_length=HOURS_OF_WEEK, max_length=HOURS_OF_WEEK)


class Baseline(Record):
    """Populations by actor kind, over the activity below ``offsets`` (partition as text: first offset not counted).

    ``version`` is a hash of all the rest, so that anyone who reads the same activity gets the same name.
    """

    version: Identifier
    offsets: dict[str, _Count] = Field(default_factory=dict)
    populations: dict[ActorKind, Population] = Field(default_factory=dict)


NO_BASELINE = Baseline(version="none")
"""In force until the first baseline is published: nothing is known of anyone."""
