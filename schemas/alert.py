"""The alert: what a person reviews, with everything that made it one."""

from __future__ import annotations

from typing import Literal

from schemas.activity import Coordinate, Place, Subject
from schemas.event import ActorKind, Event
from schemas.record import Identifier, Record, UtcTime

__all__ = ["Alert", "Finding", "Located", "NotEvaluable", "Severity"]

Severity = Literal["low", "medium", "high", "critical"]


class Finding(Record):
    """What one detector says of one event; ``score`` is log10 of the likelihood ratio attacker : this subject."""

    detector: Identifier
    score: float
    reason: str
    observed: str
    expected: str


class NotEvaluable(Record):
    """A detector that could not judge the event, and why. It is neither normal nor strange."""

    detector: Identifier
    reason: str


class Located(Event):
    """The normalised event with its enrichment."""

    place: Place | None = None


class Alert(Record):
    """One event's findings about one subject, with the evidence to check them by.

    ``id`` follows from the event, the subject and ``config`` alone; ``group`` is the case that it belongs to;
    ``config`` is a hash over the detectors' configuration, the model version and the geo database's version.
    """

    id: Identifier
    event_id: Identifier
    time: UtcTime
    actor: Identifier
    actor_kind: ActorKind
    subject: Subject
    score: float
    severity: Severity
    title: str
    findings: tuple[Finding, ...]
    not_evaluable: tuple[NotEvaluable, ...] = ()
    event: Located
    evidence: Coordinate
    group: Identifier
    config: Identifier
