"""Everybody who acts in a simulation, drawn from the seed."""

from __future__ import annotations

from random import Random

from streams.simulate.addresses import AddressBook
from streams.simulate.journal import Identity
from streams.simulate.machines import Machine, Role
from streams.simulate.names import FAMILY, GIVEN
from streams.simulate.organisation import Organisation
from streams.simulate.people import Human, Note
from streams.simulate.places import days_of_change
from streams.simulate.randomness import Weighted, derive
from streams.simulate.spec import DAY, SimulationSpec

__all__ = ["Actor", "World"]

Actor = Human | Machine

_ROLES: Weighted[tuple[Role, str]] = Weighted(
    [(("cron", "cron"), 7), (("runner", "runner"), 8), (("deployer", "deploy"), 4), (("app", "app"), 3)]
)
_TOKEN_ROLES: Weighted[Role] = Weighted([("cron", 4), ("deployer", 5), ("runner", 2)])


class World:
    """The organisation and its actors: three in five are people, a quarter services, the rest tokens."""

    def __init__(self, spec: SimulationSpec, book: AddressBook) -> None:
        self.spec = spec
        self.organisation = Organisation(spec, book)
        self.rng = derive(spec.seed, "world")
        count = max(1, round(spec.actors * 0.62))
        services = round((spec.actors - count) * 0.62)
        self.humans = self._people(count)
        self.machines = [self._machine(number, number >= services) for number in range(spec.actors - count)]
        self.actors: tuple[Actor, ...] = (*self.humans, *self.machines)

    def note_plans(self, note: Note) -> None:
        """Take down the nuisances that are known before anything happens."""
        for human in self.humans:
            for kind, first, end in human.itinerary.oddities:
                note(kind, human.id, self.spec.start_ms + first * DAY, self.spec.start_ms + end * DAY)
            if "dst" in self.spec.nuisances:
                zone = human.itinerary.stays[0].city.zone
                for at in days_of_change(zone, self.spec.start_ms, self.spec.end_ms):
                    note("dst", human.id, at, at + 5 * DAY)
            office = self.organisation.office_in(human.itinerary.stays[0].city)
            if office is not None and office.moves_at is not None and human.persona.office:
                note("shared_nat", human.id, office.moves_at, office.moves_at + 5 * DAY)

    def _people(self, count: int) -> list[Human]:
        names, teams = self._names(self.rng, count), self.organisation.teams
        people = []
        for number, name in enumerate(names):
            team = teams[number % len(teams)]
            people.append(Human(self.organisation, team, self.rng.choice(team.cities), number, name))
        for place in range(len(teams)):
            members = people[place :: len(teams)]
            for week in range(-1, self.spec.days // 7 + 2):
                if members:
                    chosen = members[week % len(members)]
                    chosen.on_call_weeks |= {week}
        return people

    @staticmethod
    def _names(rng: Random, count: int) -> list[str]:
        names: dict[str, None] = {}
        while len(names) < count:
            name = f"{rng.choice(GIVEN)}.{rng.choice(FAMILY)}"
            names[name if name not in names else f"{name}{len(names)}"] = None
        return list(names)

    def _machine(self, number: int, is_token: bool) -> Machine:
        team = self.rng.choice(self.organisation.teams)
        if is_token:
            identity = Identity(f"token-{team.name}-{number:03d}", "token")
            return Machine(self.organisation, team, identity, _TOKEN_ROLES.pick(self.rng))
        role, prefix = _ROLES.pick(self.rng)
        return Machine(self.organisation, team, Identity(f"{prefix}-{team.name}-{number:03d}", "service"), role)
