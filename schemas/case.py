"""The case: alerts of one actor in one burst, which a person reviews together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.activity import Subject
from schemas.alert import Severity
from schemas.event import ActorKind
from schemas.record import Identifier, Record, UtcTime

__all__ = ["Case"]


class Case(Record):
    """What a reviewer decides on: a burst of alerts, told by the strongest of them.

    ``id`` is the ``group`` of its first alert. ``first`` and ``last`` are the times of the first and last alerted
    event; ``alerts`` are the ids of all, in the order of their times; ``score``, ``severity`` and ``title`` are the
    strongest one's.
    """

    id: Identifier
    actor: Identifier
    actor_kind: ActorKind
    score: float
    severity: Severity
    title: str
    first: UtcTime
    last: UtcTime
    subjects: tuple[Subject, ...]
    alerts: Annotated[tuple[Identifier, ...], Field(min_length=1)]
