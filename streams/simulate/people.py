"""People: irregular days, several networks, trips, nights on call; a generator for each person and day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from streams.simulate.addresses import Line
from streams.simulate.itinerary import Stay, plan
from streams.simulate.journal import Identity, Journal
from streams.simulate.organisation import Organisation, Team
from streams.simulate.persona import draw_persona
from streams.simulate.places import City, is_holiday, utc_offset
from streams.simulate.randomness import derive, poisson, zipf
from streams.simulate.spec import DAY, HOUR, MINUTE, SECOND, NuisanceKind
from streams.simulate.wire import Credential, Draft
from streams.simulate.work import HUMAN_TASKS, LEAD_TASKS, Step, Task, ask, bulk_clone, page, rotate_secrets, ship

__all__ = ["Human", "Note", "is_month_end"]

Note = Callable[[NuisanceKind, str, int, int], None]
"""Takes down a nuisance: kind, actor, start and end (ms)."""

_SESSION = 3 * HOUR


class _Connection(NamedTuple):
    via: str
    ip: str
    agent: str


def is_month_end(day_start: int) -> bool:
    """Whether the day that starts at ``day_start`` (ms) is a month's first or one of its last two."""
    date = datetime.fromtimestamp(day_start // SECOND, UTC)
    return date.day == 1 or (date + timedelta(days=2)).day <= 2


class Human:
    """One person's account."""

    def __init__(self, organisation: Organisation, team: Team, city: City, number: int, name: str) -> None:
        self.spec = organisation.spec
        self.organisation = organisation
        self.team = team
        self._start = self.spec.start_ms
        self._credentials: dict[int, Credential] = {}
        self.identity = Identity(name, "human")
        rng = derive(self.spec.seed, "human", name)
        self.persona = draw_persona(rng, self.spec.nuisances)
        self.itinerary = plan(rng, organisation, city, number)
        self.leads = rng.random() < 0.14
        favourites = list(team.repositories)
        rng.shuffle(favourites)
        self.own = zipf(favourites[: max(4, int(len(favourites) * rng.uniform(0.3, 0.9)))], 1.1)
        self._phase = rng.randrange(90)
        self._private_exits = [rng.choice(organisation.book.countries_with("vpn")) for _ in range(3)]
        self._roams_to = rng.choice(("NL", "GB", "PL", "SG", "SE", "US"))
        self._leases: dict[tuple[int, int], str] = {}
        self.on_call_weeks: frozenset[int] = frozenset()

    @property
    def id(self) -> str:
        """The account's name."""
        return self.identity.id

    @property
    def active_from(self) -> int:
        """When the account begins (ms)."""
        return self._start + max(0, self.itinerary.joined) * DAY

    def day_of(self, at: int) -> int:
        """The number of the day of ``at``, the simulation's first being 0."""
        return (at - self._start) // DAY

    def local_midnight(self, day: int) -> int:
        """When ``day`` begins where the person is (ms)."""
        utc = self._start + day * DAY
        return utc - utc_offset(self.itinerary.on(day).city.zone, utc)

    def credential_at(self, at: int) -> Credential:
        """The personal access token in use at ``at``; a new one comes every 90 days."""
        number = (self.day_of(at) + self._phase) // 90
        if number not in self._credentials:
            fingerprint = derive(self.spec.seed, "pat", self.id, number).getrandbits(48)
            self._credentials[number] = Credential(f"pat-{fingerprint:012x}", "pat", self.id)
        return self._credentials[number]

    def home_address(self, day: int) -> str:
        """The address of the line where the person stays on ``day``."""
        stay = self.itinerary.on(day)
        key = (stay.first, (day + self._phase) // self.persona.lease_days)
        if key not in self._leases:
            self._leases[key] = stay.line.lease(derive(self.spec.seed, "lease", self.id, *key))
        return self._leases[key]

    def pick_repository(self, rng: Random) -> str:
        """A repository to work in: mostly one of the person's own."""
        if rng.random() < self.persona.explores:
            return self.organisation.popular.pick(rng)
        return self.own.pick(rng)

    def usual_address(self, rng: Random, at: int) -> str:
        """An address that the person has at ``at``: at a desk, or where the person stays."""
        office = self.organisation.office_in(self.itinerary.on(self.day_of(at)).city)
        return (
            office.address(rng, at)
            if office and rng.random() < self.persona.office
            else self.home_address(self.day_of(at))
        )

    def events(self, day: int, note: Note) -> list[Draft]:
        """What the person does on the local ``day``."""
        if day < self.itinerary.joined:
            return []
        rng = derive(self.spec.seed, "day", self.id, day)
        return _Day(self, day, rng, note).drafts()


class _Day:
    """One local day of one person."""

    def __init__(self, human: Human, day: int, rng: Random, note: Note) -> None:
        self.human = human
        self.persona = human.persona
        self.day = day
        self.rng = rng
        self.note = note
        self.stay: Stay = human.itinerary.on(day)
        self.midnight = human.local_midnight(day)
        self.journal = Journal(human.identity, rng)
        self.nuisances = human.spec.nuisances
        number = human.spec.start_ms // DAY + day
        off = "holiday" in self.nuisances and is_holiday(human.spec.seed, self.stay.city.country, number)
        self.works = (number + 3) % 7 in self.stay.city.workdays and not off and self.stay.why != "leave"
        self.at_desk = self.works and rng.random() < self.persona.office
        self.sessions: dict[str, tuple[str, int, _Connection]] = {}
        if off:
            note("holiday", human.id, self.midnight, self.midnight + DAY)

    def drafts(self) -> list[Draft]:
        planned = self.routine() + self.exceptions()
        planned.sort(key=lambda item: item[0])
        for at, task in planned:
            self.perform(at, task)
        return self.journal.drafts

    def routine(self) -> list[tuple[int, Task]]:
        rng, persona = self.rng, self.persona
        chance = persona.workday if self.works else persona.weekend * (0.3 if self.stay.why == "leave" else 1)
        release = self.human.team.releases_at_month_end and is_month_end(self.midnight + 12 * HOUR)
        if release:
            self.note("month_end", self.human.id, self.midnight, self.midnight + DAY)
        if rng.random() >= max(chance, 0.85 if release else 0):
            return []
        mean = persona.tasks * rng.lognormvariate(-0.15, 0.55) * (1 if self.works else 0.45) * (1.5 if release else 1)
        start = persona.start + rng.gauss(0, persona.jitter) + (0 if self.works else rng.uniform(0, 5))
        length = max(2.0, persona.length + rng.gauss(0, 1.2)) + (rng.uniform(0, 4) if release else 0)
        kinds = LEAD_TASKS if self.human.leads else HUMAN_TASKS
        planned = [(self.moment(start, length), kinds.pick(rng)) for _ in range(1 + poisson(rng, mean))]
        if release:
            planned += [(self.moment(start + 3, length), ship) for _ in range(poisson(rng, 2.0))]
        return planned

    def moment(self, start: float, length: float) -> int:
        rng, draw = self.rng, self.rng.random()
        if draw < self.persona.stray:
            hour = rng.uniform(0, 24)
        elif draw < self.persona.stray + self.persona.evening:
            hour = rng.gauss(21.4, 1.3)
        else:
            hour = start + length * rng.random()
            if 12.3 < hour < 13.2 and rng.random() < 0.6:
                hour += 1.1  # lunch
        return self.midnight + int(min(max(hour, 0.0), 29.0) * HOUR)

    def exceptions(self) -> list[tuple[int, Task]]:
        rng, human = self.rng, self.human
        planned: list[tuple[int, Task]] = []
        noon = self.midnight + int(rng.uniform(9.5, 17) * HOUR)
        newness = self.day - human.itinerary.joined
        fresh = human.itinerary.joined >= 0 and newness < 3 and self.works
        if "bulk_clone" in self.nuisances and (rng.random() < 0.004 or (fresh and rng.random() < 0.6)) and self.works:
            planned.append((noon, bulk_clone))
            self.note("bulk_clone", human.id, noon, noon + 2 * HOUR)
        if fresh:
            planned += [(noon + (number + 1) * HOUR // 2, ask) for number in range(rng.randrange(5))]
        if human.leads and "secret_rotation" in self.nuisances and rng.random() < 0.008 and self.works:
            planned.append((noon, rotate_secrets))
            self.note("secret_rotation", human.id, noon, noon + 2 * HOUR)
        if "on_call" in self.nuisances and self.day // 7 in human.on_call_weeks and rng.random() < 0.22:
            night = self.midnight + int(rng.uniform(21.5, 29) * HOUR)
            planned.append((night, page))
            self.note("on_call", human.id, night - 10 * MINUTE, night + 2 * HOUR)
        return planned

    def perform(self, at: int, task: Task) -> None:
        on_phone = task in (ask, ship) or self.rng.random() < 0.25
        via = "phone" if on_phone and self.rng.random() < 3 * self.persona.phone else "desk"
        session, connection, at = self.session(via, at)
        credential = self.human.credential_at(at)
        for step in task(self.rng, self.human.pick_repository):
            at += step.gap
            self.write(at, step, session, connection, credential)

    def write(self, at: int, step: Step, session: str, connection: _Connection, credential: Credential) -> None:
        extras = step.extras
        if step.tool == "cli":
            extras["credential"] = credential
        else:
            extras["session"] = session
        agent = self.persona.command_line if step.tool == "cli" and connection.via != "phone" else connection.agent
        self.journal.write(at, step.action, step.resource, connection.ip, agent, extras)

    def session(self, via: str, at: int) -> tuple[str, _Connection, int]:
        known = self.sessions.get(via)
        if known is not None and at - known[1] < _SESSION:
            self.sessions[via] = (known[0], at, known[2])
            return known[0], known[2], at
        connection = self.connect(via, at)
        session = f"s-{self.rng.getrandbits(48):012x}"
        while self.rng.random() < 0.04:
            self.journal.write(at, "login", "acme", connection.ip, connection.agent, {"outcome": "failure"})
            at += 5 * SECOND + int(self.rng.random() * 30 * SECOND)
        self.journal.write(at, "login", "acme", connection.ip, connection.agent, {"session": session})
        self.sessions[via] = (session, at, connection)
        return session, connection, at

    def connect(self, via: str, at: int) -> _Connection:
        rng, persona, organisation = self.rng, self.persona, self.human.organisation
        if via == "phone":
            return _Connection(via, self.phone_line(at).lease(rng), persona.phone_browser)
        draw = rng.random()
        if draw < persona.private_vpn:
            self.note("vpn_exit", self.human.id, at, at + _SESSION)
            country = self.human._private_exits[min(2, int(rng.expovariate(1.6)))]
            line = organisation.book.provider(rng, country, "vpn").line(rng, only_v4=True)
            return _Connection("vpn", line.lease(rng), persona.browser)
        if draw < persona.private_vpn + persona.vpn:
            return _Connection("vpn", self.company_exit(at), persona.browser)
        office = organisation.office_in(self.stay.city)
        local = (at - self.midnight) / HOUR
        if office and self.at_desk and 6 < local < 20.5:
            return _Connection("office", office.address(rng, at), persona.browser)
        return _Connection("home", self.human.home_address(self.day), persona.browser)

    def company_exit(self, at: int) -> str:
        exits = self.human.organisation.vpn_exits
        usual = sum(self.human.id.encode()) % len(exits)
        near = [ip for city, ip in exits if city == self.stay.city] or [exits[usual][1]]
        if "vpn_exit" in self.nuisances and self.rng.random() < 0.006:
            self.note("vpn_exit", self.human.id, at, at + _SESSION)
            return self.rng.choice(exits)[1]
        return near[0]

    def phone_line(self, at: int) -> Line:
        if self.rng.random() < self.persona.roaming:
            self.note("roaming", self.human.id, at, at + _SESSION)
            return self.human.organisation.book.provider(self.rng, self.human._roams_to, "mobile").line(self.rng)
        return self.stay.phone
