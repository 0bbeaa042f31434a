"""Services and tokens: cron jobs round the clock, runners all over the clouds, deployers, apps without an address."""

from __future__ import annotations

import math
from random import Random
from typing import Literal, NamedTuple

from streams.simulate.addresses import Line
from streams.simulate.agents import APPS, COMMAND_LINES, TOOLS
from streams.simulate.journal import Extras, Identity, Journal
from streams.simulate.organisation import Organisation, Team
from streams.simulate.people import Note, is_month_end
from streams.simulate.places import utc_offset
from streams.simulate.randomness import Weighted, derive, heavy_tail, poisson, zipf
from streams.simulate.spec import DAY, HOUR, MINUTE, SECOND
from streams.simulate.wire import Credential, Draft
from streams.simulate.work import SECRETS

__all__ = ["Job", "Machine", "Role"]

Role = Literal["cron", "runner", "deployer", "app"]
_PERIODS = Weighted([(10, 1), (15, 2), (30, 5), (60, 10), (120, 4), (240, 3), (720, 2), (1440, 4)])
_ACTIONS: dict[Role, Weighted[str]] = {
    "cron": Weighted([("pipeline.run", 6), ("repo.clone", 4), ("secret.read", 1), ("deploy", 0.4), ("repo.push", 0.6)]),
    "deployer": Weighted([("deploy", 5), ("pipeline.run", 2), ("secret.read", 2), ("repo.clone", 2)]),
    "app": Weighted([("repo.push", 5), ("repo.clone", 4), ("pipeline.run", 4)]),
    "runner": Weighted([("repo.clone", 1)]),
}


class Job(NamedTuple):
    """One thing that a machine does, ``at`` ms, from ``ip``."""

    at: int
    action: str
    repository: str
    ip: str | None


class Machine:
    """One machine account."""

    def __init__(self, organisation: Organisation, team: Team, identity: Identity, role: Role) -> None:
        self.spec = organisation.spec
        self.organisation = organisation
        self._start = self.spec.start_ms
        self._credentials: dict[int, Credential] = {}
        self.team = team
        self.identity = identity
        self.role: Role = role
        rng = derive(self.spec.seed, "machine", identity.id)
        self.joined = int(rng.uniform(0.05, 0.9) * self.spec.days) if self._is_new(rng) else -2
        self.cloud = organisation.clouds.pick(rng)
        self.lines = self._lines(rng)
        self.fixed = tuple(self.lines[0].lease(rng) for _ in range(rng.choice((1, 1, 2, 3))))
        self.has_address = role != "app" and not (role == "deployer" and rng.random() < 0.4)
        self.agent = {"app": APPS, "runner": COMMAND_LINES}.get(role, TOOLS).pick(rng)
        repositories = list(team.repositories)
        rng.shuffle(repositories)
        self.own = zipf(repositories[: max(2, int(len(repositories) * rng.uniform(0.1, 1.0)))], 0.8)
        self.period = _PERIODS.pick(rng) * MINUTE
        self.phase = int(rng.random() * self.period)
        self.jitter = rng.choice((2, 20, 120)) * SECOND
        self.rate = rng.lognormvariate(math.log(10.5 if role == "runner" else 12), 0.6)
        self.uses_token = identity.kind == "token" or rng.random() < 0.5
        self.rotates = rng.choice((30, 90, 10_000))
        self.new_region_at = self._new_region(rng)

    @property
    def id(self) -> str:
        """The account's name."""
        return self.identity.id

    @property
    def active_from(self) -> int:
        """When the account begins (ms)."""
        return self._start + max(0, self.joined) * DAY

    def credential_at(self, at: int) -> Credential | None:
        """The token in use at ``at``, where the machine signs in with one."""
        if not self.uses_token:
            return None
        number = (at - self._start + self.phase) // (self.rotates * DAY)
        if number not in self._credentials:
            fingerprint = derive(self.spec.seed, "token", self.id, number).getrandbits(48)
            self._credentials[number] = Credential(f"tok-{fingerprint:012x}", "deploy_token", None)
        return self._credentials[number]

    def address(self, rng: Random, at: int) -> str | None:
        """The address that the machine has at ``at``: a runner's is never the same for long."""
        if not self.has_address:
            return None
        if self.role != "runner":
            return self.fixed[int(rng.random() * len(self.fixed))]
        known = len(self.lines) if at >= self.new_region_at else len(self.lines) - 1
        return self.lines[int(rng.random() ** 1.6 * max(1, known))].lease(rng)

    def events(self, day: int, note: Note) -> list[Draft]:
        """What the machine does on ``day``, UTC."""
        if day < self.joined:
            return []
        rng = derive(self.spec.seed, "day", self.id, day)
        midnight = self._start + day * DAY
        self._label(day, midnight, note)
        journal = Journal(self.identity, rng)
        for job in {"cron": self._ticks, "runner": self._jobs}.get(self.role, self._bursts)(rng, midnight):
            self._write(journal, rng, job)
        return journal.drafts

    def _is_new(self, rng: Random) -> bool:
        return rng.random() < 0.08 and "new_joiner" in self.spec.nuisances

    def _lines(self, rng: Random) -> list[Line]:
        count = rng.choice((1, 2, 2, 3, 5)) + 1 if self.role == "runner" else 1
        return [
            self.organisation.cloud_line(rng, self.cloud, pools=4 if self.role == "runner" else 1) for _ in range(count)
        ]

    def _new_region(self, rng: Random) -> int:
        changes = self.role == "runner" and rng.random() < 0.22 and "new_region" in self.spec.nuisances
        return self._start + int(rng.uniform(0.2, 0.95) * self.spec.days) * DAY if changes else self.spec.end_ms * 2

    def _label(self, day: int, midnight: int, note: Note) -> None:
        if day == max(0, self.joined) and self.role == "cron" and "cron" in self.spec.nuisances:
            note("cron", self.id, midnight, self.spec.end_ms)
        if day == self.joined:
            note("new_joiner", self.id, midnight, midnight + 7 * DAY)
        if midnight == self.new_region_at:
            note("new_region", self.id, midnight, midnight + 3 * DAY)

    def _ticks(self, rng: Random, midnight: int) -> list[Job]:
        actions, jobs = _ACTIONS["cron"], []
        tick = midnight + (-(midnight - self.phase)) % self.period
        script = derive(self.spec.seed, "script", self.id)
        steps = [(actions.pick(script), self.own.pick(script)) for _ in range(script.choice((1, 1, 2, 3)))]
        while tick < midnight + DAY:
            ip, at = self.address(rng, tick), tick + int(rng.expovariate(1 / self.jitter))
            if rng.random() > 0.01:
                repeats = 1 if rng.random() > 0.004 else heavy_tail(rng, 3, 0.6, 15)  # a job that is retried
                for action, repository in steps * repeats:
                    jobs.append(Job(at, action, repository, ip))
                    at += 2 * SECOND + int(rng.expovariate(1 / (20 * SECOND)))
            tick += self.period
        return jobs

    def _load(self, midnight: int, hour: int) -> float:
        """The hour's share of the team's work, its cities' working hours weighing most."""
        total = 0.0
        for city in self.team.cities:
            local = midnight + hour * HOUR + utc_offset(city.zone, midnight)
            working = (local // DAY + 3) % 7 in city.workdays
            total += math.exp(-(((local // HOUR % 24) - 13.5) ** 2) / 22) * (1.0 if working else 0.15)
        return (0.11 + total / len(self.team.cities)) / 10

    def _hourly(self, rng: Random, midnight: int, rate: float) -> list[int]:
        busy = 1.6 if self.team.releases_at_month_end and is_month_end(midnight) else 1.0
        day, starts = rng.gammavariate(3, 1 / 3) * busy, []
        for hour in range(24):
            count = poisson(rng, rate * day * self._load(midnight, hour) * rng.gammavariate(2.5, 0.4))
            starts += [midnight + hour * HOUR + int(rng.random() * HOUR) for _ in range(count)]
        return sorted(starts)

    def _jobs(self, rng: Random, midnight: int) -> list[Job]:
        jobs = []
        for at in self._hourly(rng, midnight, self.rate):
            ip, repository, moment = self.address(rng, at), self.own.pick(rng), at
            for action, chance in (("repo.clone", 1.0), ("secret.read", 0.3), ("pipeline.run", 1.0), ("deploy", 0.08)):
                if rng.random() < chance:
                    jobs.append(Job(moment, action, repository, ip))
                    moment += SECOND + int(rng.expovariate(1 / (70 * SECOND)))
        return jobs

    def _bursts(self, rng: Random, midnight: int) -> list[Job]:
        jobs, actions = [], _ACTIONS[self.role]
        for at in self._hourly(rng, midnight, self.rate / 2.2):
            ip, moment = self.address(rng, at), at
            for _ in range(heavy_tail(rng, 1.6, 0.7, 20)):
                jobs.append(Job(moment, actions.pick(rng), self.own.pick(rng), ip))
                moment += SECOND + int(rng.expovariate(1 / (50 * SECOND)))
        return jobs

    def _write(self, journal: Journal, rng: Random, job: Job) -> None:
        draw = rng.random()
        extras: Extras = {"outcome": "failure" if draw < 0.05 else "denied" if draw < 0.053 else "success"}
        if self.uses_token:
            extras["credential"] = self.credential_at(job.at)
        resource = job.repository
        if job.action == "pipeline.run":
            resource, extras["run_id"] = f"{job.repository}/pipelines/build", str(rng.getrandbits(34))
        elif job.action == "secret.read":
            resource = f"{job.repository}/secrets/{SECRETS.pick(rng)}"
        elif job.action == "deploy":
            extras["environment"] = "production" if rng.random() < 0.5 else "staging"
            extras["deployment_id"] = f"d-{rng.getrandbits(36)}"
        elif job.action == "repo.push":
            extras["commit"] = f"{rng.getrandbits(160):040x}"
        journal.write(job.at, job.action, resource, job.ip, self.agent, extras)
