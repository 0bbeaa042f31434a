"""What lines are read into, and what is printed of them.

Apart from what reads and prints them: that is compiled, and msgspec's classes would lose their options there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from schemas.activity import Activity, Recorded
from schemas.event import ActorKind

__all__ = ["ActivityLine", "Entry", "Evidence", "Glimpse", "Head", "Result", "Tail"]


class Entry(Recorded, array_like=True, gc=False):
    """One event as seen by one subject, and the line that it comes from.

    ``restore`` gives the whole activity record, which only an alert needs; whoever steps the entry sets it.
    """

    number: int = 0
    order: int = 0
    """Its place among the entries of its line."""
    restore: Any = None

    def activity(self) -> Activity:
        """The whole record.

        Raises:
            InputError: where what scoring didn't look at is wrong.
        """
        activity: Activity = self.restore(self)
        return activity


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """Where the raw event of a record lies."""

    topic: str
    partition: int
    offset: int


class ActivityLine(Recorded, kw_only=True, gc=False):
    """A line of recorded activity."""

    evidence: Evidence


class Glimpse(msgspec.Struct, array_like=True, gc=False):
    """What baselines need of the entries of one line: ``key`` names the event, ``version`` the recorded baseline."""

    number: int
    key: int | str
    subject: str
    kind: ActorKind
    seconds: float
    count: int
    version: str = ""
    country: str | None = None
    asn: int | None = None


class Result(msgspec.Struct, array_like=True, gc=False):
    """What is printed of one entry's outcome; ``number`` and ``order`` are the entry's."""

    number: int
    order: int
    repeated: bool
    score: float
    leading: str | None
    alert: bytes | None


class Head(msgspec.Struct, gc=False):
    """What a line of scores says of an event itself."""

    event_id: str
    actor: str
    time: datetime


class Tail(msgspec.Struct, gc=False):
    """What it says of the outcome."""

    score: float
    alert: bool
    kind: str
