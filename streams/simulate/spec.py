"""What to simulate, what comes out, and the labels: the vocabulary of the generator.

**Labels** are JSON lines of two shapes. An incident, one line each, in order of ``start``::

    {"id": "inc-007", "kind": "mass_clone", "difficulty": "hard", "actor": "u-…",
     "start": "2026-02-20T09:14:03.120Z", "end": "2026-02-20T10:02:55.001Z", "event_ids": ["…", …]}

``event_ids`` are the attacker's events, in time order; ``start`` and ``end`` are the first's and the last's ``time``.
``actor`` is the account that was abused. A nuisance, innocent but strange::

    {"nuisance": "trip", "actor": "u-…", "start": "2026-02-20T00:00:00.000Z", "end": "2026-02-27T00:00:00.000Z"}

A false case is explained by the nuisances of its actor that contain its time; where several do, by the shortest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

import msgspec

from schemas.errors import UsageError

__all__ = [
    "DAY",
    "DIFFICULTIES",
    "HOUR",
    "INCIDENT_KINDS",
    "MAX_LATENESS",
    "MINUTE",
    "NUISANCES",
    "SECOND",
    "Difficulty",
    "Incident",
    "IncidentKind",
    "Nuisance",
    "NuisanceKind",
    "SimulatedEvent",
    "SimulationSpec",
    "moment",
]

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
"""Units of time in milliseconds: times are whole milliseconds since 1970, so that no machine rounds otherwise."""

MAX_LATENESS = 8 * HOUR
"""No event is published later than this after it happened (ms)."""

Difficulty = Literal["easy", "medium", "hard"]
IncidentKind = Literal[
    "takeover_abroad_loud",
    "takeover_abroad_quiet",
    "takeover_home_night",
    "token_hosting_network",
    "token_same_cloud",
    "mass_clone",
    "secret_burst",
    "slow_exfiltration",
    "deploy_storm",
    "insider_odd_hours",
    "grant_new_network",
]
NuisanceKind = Literal[
    "bulk_clone",
    "clock_skew",
    "cron",
    "dst",
    "duplicates",
    "holiday",
    "late",
    "month_end",
    "new_joiner",
    "new_region",
    "on_call",
    "relocation",
    "remote_hire",
    "roaming",
    "secret_rotation",
    "shared_nat",
    "trip",
    "vpn_exit",
]
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)
INCIDENT_KINDS: tuple[IncidentKind, ...] = get_args(IncidentKind)
NUISANCES: tuple[NuisanceKind, ...] = get_args(NuisanceKind)

_ACTOR_DAYS_PER_INCIDENT = 255  # 55 incidents in the 47 days after training of 300 actors


@dataclass(frozen=True, slots=True)
class SimulationSpec:
    """One stream: the same spec gives the same bytes.

    ``start`` is the first day, 00:00 UTC; ``incidents`` is how many are planted (none given: by the size of the stream)
    of ``kinds`` and ``difficulties``, all of them after the first ``training`` share of the days; ``nuisances`` names
    the innocent oddities that may occur (cron jobs and shared addresses are always there, and only labelled or not).

    Raises:
        UsageError: where a number is out of its range or a name is unknown.
    """

    seed: int = 1
    days: int = 60
    actors: int = 300
    start: date = date(2026, 2, 2)
    incidents: int | None = None
    kinds: tuple[IncidentKind, ...] = INCIDENT_KINDS
    difficulties: tuple[Difficulty, ...] = DIFFICULTIES
    nuisances: tuple[NuisanceKind, ...] = NUISANCES
    training: float = 0.22

    def __post_init__(self) -> None:
        _check_range("days", self.days, 1, 3_660)
        _check_range("actors", self.actors, 1, 100_000)
        _check_range("the start's year", self.start.year, 2001, 2085)
        _check_range("training", self.training, 0, 0.95)
        _check_range("incidents", self.incidents or 0, 0, 100_000)
        _check_names("incident kind", self.kinds, INCIDENT_KINDS)
        _check_names("difficulty", self.difficulties, DIFFICULTIES)
        _check_names("nuisance", self.nuisances, NUISANCES)

    @property
    def start_ms(self) -> int:
        """The first moment of the stream."""
        return int(datetime.combine(self.start, time(), UTC).timestamp()) * SECOND

    @property
    def end_ms(self) -> int:
        """The first moment after the stream."""
        return self.start_ms + self.days * DAY

    @property
    def training_ends_ms(self) -> int:
        """No incident starts before this moment."""
        return self.start_ms + round(self.days * self.training * DAY)

    @property
    def planted(self) -> int:
        """How many incidents are planted."""
        if not self.kinds or not self.difficulties:
            return 0
        if self.incidents is not None:
            return self.incidents
        return round(self.actors * self.days * (1 - self.training) / _ACTOR_DAYS_PER_INCIDENT)


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise UsageError(f"A simulation needs {name} from {least:,} to {most:,}, not {value:,}.")


def _check_names(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise UsageError(f"There is no {what} {name!r}; there are {', '.join(known)}.")


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """One event as its publisher sends it: ``raw`` is one native-format JSON object, without a line end.

    ``at`` is when it happened and ``arrival`` when it is published (ms since 1970; the clock in ``raw`` may be wrong);
    ``incident`` is the id of the incident that it belongs to.
    """

    arrival: int
    event_id: str
    at: int
    actor: str
    raw: bytes
    incident: str | None = None

    @property
    def time(self) -> datetime:
        """When it happened, UTC."""
        return moment(self.at)


class Incident(msgspec.Struct, frozen=True):
    """The label of a planted attack."""

    id: str
    kind: IncidentKind
    difficulty: Difficulty
    actor: str
    start: str
    end: str
    event_ids: tuple[str, ...]


class Nuisance(msgspec.Struct, frozen=True):
    """The label of something innocent but strange."""

    nuisance: NuisanceKind
    actor: str
    start: str
    end: str


def moment(at: int) -> datetime:
    """The time of ``at`` (ms since 1970), UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
