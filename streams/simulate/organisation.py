"""The company: its offices, clouds, teams and repositories, all from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from streams.simulate.addresses import AddressBook, Line
from streams.simulate.names import PARTS, SUBJECTS
from streams.simulate.places import CITIES, City
from streams.simulate.randomness import Weighted, derive, zipf
from streams.simulate.spec import DAY, SimulationSpec

__all__ = ["Office", "Organisation", "Team"]

NAME = "acme"
_CLOUDS = Weighted([(16509, 40), (8075, 24), (396982, 18), (24940, 6), (14061, 5), (16276, 4), (31898, 3)])


@dataclass(slots=True)
class Office:
    """A city with desks; everyone at them shares a few public addresses, which change when the provider does."""

    city: City
    line: Line
    addresses: tuple[str, ...]
    moves_at: int | None = None
    addresses_after: tuple[str, ...] = ()

    def address(self, rng: Random, at: int) -> str:
        """The address that a desk has at ``at``."""
        current = self.addresses_after if self.moves_at is not None and at >= self.moves_at else self.addresses
        return current[int(rng.random() * len(current))]


@dataclass(frozen=True, slots=True)
class Team:
    """People and machines that share repositories; ``releases_at_month_end`` teams are busiest then."""

    name: str
    cities: tuple[City, ...]
    repositories: tuple[str, ...]
    popular: Weighted[str]
    releases_at_month_end: bool


class Organisation:
    """What all actors of a simulation share."""

    def __init__(self, spec: SimulationSpec, book: AddressBook) -> None:
        self.spec = spec
        self.book = book
        rng = derive(spec.seed, "organisation")
        self.offices = self._open_offices(rng)
        self.teams = self._form_teams(rng)
        self.repositories = tuple(name for team in self.teams for name in team.repositories)
        shuffled = list(self.repositories)
        rng.shuffle(shuffled)
        self.popular = zipf(shuffled, 0.9)
        self.clouds = self._rent_clouds(rng)
        self.vpn_exits = self._open_vpn(rng)

    def office_in(self, city: City) -> Office | None:
        """The office in ``city``, where there is one."""
        return next((office for office in self.offices if office.city == city), None)

    def cloud_line(self, rng: Random, asn: int | None = None, country: str | None = None, pools: int = 1) -> Line:
        """A line in one of the company's clouds: of that provider and country where they are named."""
        wanted = asn if asn is not None else self.clouds.pick(rng)
        choice = Weighted([(c, 5.0 if c == "US" else 1.0) for c in self.cloud_countries(wanted)])
        provider = self.book.named(country or choice.pick(rng), wanted)
        if provider is None:
            provider = self.book.provider(rng, country or "US", "hosting")
        return provider.line(rng, pools, only_v4=True)

    def cloud_countries(self, asn: int) -> tuple[str, ...]:
        """The countries in which that cloud has a region."""
        return tuple(c for c in self.book.countries_with("hosting") if self.book.named(c, asn) is not None)

    def _open_offices(self, rng: Random) -> list[Office]:
        count = max(2, min(9, round(self.spec.actors**0.38)))
        remaining, offices = list(CITIES), []
        for number in range(count):
            city = Weighted([(c, c.weight) for c in remaining]).pick(rng)
            remaining.remove(city)
            line = self.book.provider(rng, city.country, "residential").line(rng, only_v4=True)
            office = Office(city, line, tuple(line.lease(rng) for _ in range(rng.choice((1, 1, 2, 3)))))
            if "shared_nat" in self.spec.nuisances and (number == 1 or rng.random() < 0.15):
                self._move_office(rng, office)
            offices.append(office)
        return offices

    def _move_office(self, rng: Random, office: Office) -> None:
        office.moves_at = self.spec.start_ms + int(rng.uniform(0.3, 0.95) * self.spec.days) * DAY
        line = self.book.provider(rng, office.city.country, "residential").line(rng, only_v4=True)
        office.addresses_after = tuple(line.lease(rng) for _ in range(2))

    def _form_teams(self, rng: Random) -> list[Team]:
        count = max(2, round(self.spec.actors / 17))
        names = [f"{a}-{b}" for a in SUBJECTS for b in PARTS]
        rng.shuffle(names)
        numbered = iter(f"{name}{'' if lap == 0 else lap + 1}" for lap in range(count) for name in names)
        teams = []
        for number in range(count):
            size = max(5, min(60, round(rng.lognormvariate(3.0, 0.5))))
            repositories = tuple(f"{NAME}/{next(numbered)}" for _ in range(size))
            cities = tuple({rng.choice(self.offices).city.name: None for _ in range(rng.choice((1, 1, 2, 3)))})
            members = tuple(office.city for office in self.offices if office.city.name in cities)
            month_end = "month_end" in self.spec.nuisances and (number == 0 or rng.random() < 0.3)
            teams.append(Team(f"team-{number:02d}", members, repositories, zipf(repositories, 1.1), month_end))
        return teams

    def _rent_clouds(self, rng: Random) -> Weighted[int]:
        chosen: dict[int, None] = {}
        while len(chosen) < 3:
            chosen[_CLOUDS.pick(rng)] = None
        return Weighted(list(zip(chosen, (6.0, 3.0, 1.0), strict=True)))

    def _open_vpn(self, rng: Random) -> tuple[tuple[City, str], ...]:
        """The company's own exits: one fixed address each, in a cloud near some of the offices."""
        exits = []
        for office in self.offices[: max(2, len(self.offices) // 2)]:
            line = self.book.provider(rng, office.city.country, "hosting").line(rng, only_v4=True)
            exits.append((office.city, line.lease(rng)))
        return tuple(exits)
