"""Where a person is on each day, and why: at home, travelling, moved for good, away, or not hired yet."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from streams.simulate.addresses import Line
from streams.simulate.organisation import Organisation
from streams.simulate.places import CITIES, ELSEWHERE, City
from streams.simulate.randomness import Weighted, poisson
from streams.simulate.spec import NuisanceKind

__all__ = ["Itinerary", "Stay", "plan"]

_DESTINATIONS = Weighted([(c, c.weight) for c in CITIES] + [(c, 0.7 * c.weight) for c in ELSEWHERE])


@dataclass(frozen=True, slots=True)
class Stay:
    """Days (numbers from the simulation's first) from ``first`` to before ``end`` in one city, on one line."""

    first: int
    end: int
    city: City
    line: Line
    why: Literal["home", "trip", "leave"]
    phone: Line


@dataclass(frozen=True, slots=True)
class Itinerary:
    """A person's stays, the later ones overriding the earlier, and what in them is a nuisance."""

    joined: int
    stays: tuple[Stay, ...]
    oddities: tuple[tuple[NuisanceKind, int, int], ...]
    """Kind, first day and the day after the last."""

    def on(self, day: int) -> Stay:
        """Where the person is on ``day``; before the first day as on it, after the last as on that."""
        day = min(max(day, self.joined), self.stays[0].end - 1)
        return next(stay for stay in reversed(self.stays) if stay.first <= day < stay.end)


class _Planner:
    def __init__(self, rng: Random, organisation: Organisation, city: City, number: int) -> None:
        self.rng = rng
        self.organisation = organisation
        self.city = city
        self.days = organisation.spec.days
        self.number = number
        self.stays: list[Stay] = []
        self.oddities: list[tuple[NuisanceKind, int, int]] = []
        self.joined = -2

    def line(self, city: City, kind: str = "residential") -> Line:
        book = self.organisation.book
        return book.provider(self.rng, city.country, kind).line(self.rng, pools=self.rng.choice((1, 2, 3, 5)))

    def wants(self, nuisance: NuisanceKind, chance: float) -> bool:
        drawn = self.rng.random() < chance
        return drawn and nuisance in self.organisation.spec.nuisances

    def settle(self) -> None:
        if self.wants("new_joiner", 0.06) or (
            self.number % 29 == 3 and "new_joiner" in self.organisation.spec.nuisances
        ):
            self.joined = int(self.rng.uniform(0.05, 0.9) * self.days)
            self.oddities.append(("new_joiner", self.joined, self.joined + 7))
            if self.wants("remote_hire", 0.4):
                self.city = _DESTINATIONS.pick(self.rng)
                self.oddities.append(("remote_hire", self.joined, self.joined + 10))
        self.stay(-2, self.days + 2, self.city, "home")
        if self.wants("relocation", 0.014 * self.days / 60):
            self.relocate()

    def stay(
        self, first: int, end: int, city: City, why: Literal["home", "trip", "leave"], line: Line | None = None
    ) -> None:
        phone = self.line(city, "mobile")
        if why != "home" and self.rng.random() < 0.5:
            phone = self.stays[0].phone  # roaming by way of home: a phone's address needn't move with it
        self.stays.append(Stay(first, end, city, line or self.line(city), why, phone))

    def relocate(self) -> None:
        first = max(self.joined, 0) + int(self.rng.uniform(0.1, 0.9) * (self.days - max(self.joined, 0)))
        offices = [office.city for office in self.organisation.offices if office.city != self.city]
        there = self.rng.choice(offices) if offices and self.rng.random() < 0.5 else _DESTINATIONS.pick(self.rng)
        self.stay(first, self.days + 2, there, "home")
        self.oddities.append(("relocation", first, first + 10))

    def travel(self) -> None:
        for _ in range(poisson(self.rng, 0.24 * self.days / 60)):
            first = int(self.rng.uniform(0, self.days))
            length = max(2, round(self.rng.lognormvariate(1.5, 0.6)))
            kind = self.rng.random()
            offices = [office.city for office in self.organisation.offices]
            there = _DESTINATIONS.pick(self.rng)
            if kind < 0.45:
                there = self.rng.choice(offices)
            elif kind < 0.62:
                there = self.city  # another town at home: new networks, no new country
            if "trip" in self.organisation.spec.nuisances:
                self.stay(first, min(first + length, self.days + 2), there, "trip")
                self.oddities.append(("trip", first, first + length))

    def rest(self) -> None:
        for _ in range(poisson(self.rng, 0.45 * self.days / 60)):
            first = int(self.rng.uniform(0, self.days))
            last = min(first + self.rng.choice((2, 5, 7, 9, 14)), self.days + 2)
            self.stay(first, last, self.city, "leave", self.stays[0].line)


def plan(rng: Random, organisation: Organisation, city: City, number: int) -> Itinerary:
    """The itinerary of person ``number``, who lives in ``city`` at first."""
    planner = _Planner(rng, organisation, city, number)
    planner.settle()
    planner.rest()
    planner.travel()
    return Itinerary(planner.joined, tuple(planner.stays), tuple(planner.oddities))
