"""Older layouts of stored profiles, and what makes them the present one: each known version is read, none is guessed.

Version 1 kept remembered ids as numbers, in a rate how many of an hour's events were learned, and its largest trailing
count even where no hour before made it differ from the count. Version 2 knew nothing of repositories, agents and
actions, which then begin as those of a stranger.
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
    return _from_version_2(memoryview(_ENCODER.encode(msgspec.msgpack.decode(data, type=_Profile1).now())))


def _from_version_2(data: memoryview) -> bytes:
    fields = msgspec.msgpack.decode(data, type=list[msgspec.Raw])
    if len(fields) != 13:
        raise msgspec.ValidationError(f"{len(fields)} fields where version 2 has 13")
    return _ENCODER.encode([*fields[:9], *_NOTHING_3, *fields[9:]])


_ENCODER: Final = msgspec.msgpack.Encoder()
_NOTHING_HABITS: Final = [0, 0, 0, {}]
_NOTHING_RATE: Final = [0, 0.0, 0.0, 0, 0, 0, False, 0, 0.0]
_NOTHING_3: Final = (
    [b"", b"", 0, {}, _NOTHING_RATE, [0] * 7, 0, 0, False, [0, 0.0, 0.0]],
    [_NOTHING_HABITS],
    [_NOTHING_HABITS],
)
OLDER: Final[Mapping[int, Any]] = {1: _from_version_1, 2: _from_version_2}
"""By version: what makes a profile's MessagePack (without the version byte) that of the present layout.

Each raises ``msgspec.MsgspecError`` where the bytes aren't of that version.
"""
