"""Older layouts of stored profiles, and what makes them the present one: each known version is read, none is guessed.

Version 1 kept remembered ids as numbers, in a rate how many of an hour's events were learned, and its largest trailing
count even where no hour before made it differ from the count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

__all__ = ["OLDER", "Head"]


class Head(msgspec.Struct, array_like=True, gc=False):
    """What every version begins with; the rest is passed over."""

    subject: str
    kind: str
    first_seen: int
    last_seen: int


class _Rate1(msgspec.Struct, array_like=True, gc=False):
    hours: int
    mean: float
    variance: float
    hour: int
    since: int
    count: int
    learned: int
    before: int
    peak: float

    def now(self) -> list[Any]:
        spoilt, peak = self.learned < self.count, self.peak if self.before else 0.0
        window = (self.hour, self.since, self.count, spoilt, self.before, peak)
        return [self.hours, self.mean, self.variance, *window]


class _Spikes1(msgspec.Struct, array_like=True):
    all: _Rate1
    actions: dict[int, _Rate1]


class _Resources1(msgspec.Struct, array_like=True):
    newer: bytes
    older: bytes
    held: int
    recent: list[int]
    rate: _Rate1


class _Profile1(msgspec.Struct, array_like=True):
    subject: str
    kind: str
    first_seen: int
    last_seen: int
    events: int
    geography: msgspec.Raw
    hours: msgspec.Raw
    spikes: _Spikes1
    resources: _Resources1
    recent: list[int]
    case_first: int
    case_last: int
    held: msgspec.Raw

    def now(self) -> list[Any]:
        spikes = [self.spikes.all.now(), {action: rate.now() for action, rate in self.spikes.actions.items()}]
        touched = self.resources
        resources = [touched.newer, touched.older, touched.held, touched.recent, touched.rate.now()]
        recent = b"".join(digest.to_bytes(8, "big") for digest in self.recent)
        seen = (self.subject, self.kind, self.first_seen, self.last_seen, self.events)
        held_back = (self.case_first, self.case_last, self.held)
        return [*seen, self.geography, self.hours, spikes, resources, recent, *held_back]


def _from_version_1(data: memoryview) -> bytes:
    return _ENCODER.encode(msgspec.msgpack.decode(data, type=_Profile1).now())


_ENCODER: Final = msgspec.msgpack.Encoder()
OLDER: Final[Mapping[int, Any]] = {1: _from_version_1}
"""By version: what makes a profile's MessagePack (without the version byte) that of the present layout.

Each raises ``msgspec.MsgspecError`` where the bytes aren't of that version.
"""
