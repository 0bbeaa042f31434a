"""Older layouts of stored profiles, and what makes them the present one: each known version is read, none is guessed.

Version 2 knew nothing of repositories, agents and actions, which begin as those of a stranger, nor of records, which
are taken to be two standard deviations above what was usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import expm1, sqrt
from typing import Any, Final

import msgspec

__all__ = ["OLDER", "Head"]


class Head(msgspec.Struct, array_like=True, gc=False):
    """What every version begins with; the rest is passed over."""

    subject: str
    kind: str
    first_seen: int
    last_seen: int


class _Rate2(msgspec.Struct, array_like=True, gc=False):
    hours: int
    mean: float
    variance: float
    hour: int
    since: int
    count: int
    spoilt: bool
    before: int
    peak: float

    def now(self) -> list[Any]:
        record = expm1(self.mean + 2 * sqrt(self.variance))
        usual = [self.hours, self.mean, self.variance, record]
        return [usual, self.hour, self.since, self.count, self.spoilt, self.before, self.peak]


class _Spikes2(msgspec.Struct, array_like=True):
    all: _Rate2
    actions: dict[int, _Rate2]


class _Resources2(msgspec.Struct, array_like=True):
    newer: bytes
    older: bytes
    held: int
    recent: list[int]
    rate: _Rate2


class _Profile2(msgspec.Struct, array_like=True):
    subject: str
    kind: str
    first_seen: int
    last_seen: int
    events: int
    geography: msgspec.Raw
    hours: msgspec.Raw
    spikes: _Spikes2
    resources: _Resources2
    recent: bytes
    case_first: int
    case_last: int
    held: msgspec.Raw

    def now(self) -> list[Any]:
        spikes = [self.spikes.all.now(), {action: rate.now() for action, rate in self.spikes.actions.items()}]
        touched = self.resources
        resources = [touched.newer, touched.older, touched.held, touched.recent, touched.rate.now()]
        seen = (self.subject, self.kind, self.first_seen, self.last_seen, self.events)
        held_back = (self.recent, self.case_first, self.case_last, self.held)
        return [*seen, self.geography, self.hours, spikes, resources, *_UNKNOWN_3, *held_back]


def _from_version_2(data: memoryview) -> bytes:
    return _ENCODER.encode(msgspec.msgpack.decode(data, type=_Profile2).now())


_ENCODER: Final = msgspec.msgpack.Encoder()
_NO_HABITS: Final = [0, 0, 0, {}]
_NO_USUAL: Final = [0, 0.0, 0.0, 0.0]
_NO_RATE: Final = [_NO_USUAL, 0, 0, 0, False, 0, 0.0]
_UNKNOWN_3: Final = (
    [b"", b"", 0, {}, _NO_RATE, [0] * 7, 0, 0, False, _NO_USUAL],
    [_NO_HABITS],
    [_NO_HABITS],
)
OLDER: Final[Mapping[int, Any]] = {2: _from_version_2}
"""By version: what makes a profile's MessagePack (without the version byte) that of the present layout.

Each raises ``msgspec.MsgspecError`` where the bytes aren't of that version.
"""
