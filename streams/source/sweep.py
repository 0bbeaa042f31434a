"""Forgetting what has been silent for long: tombstones, a few with each batch, in the batch's own transaction.

Time is event time: the newest that the partition's values have shown, so a replay of old events forgets by their days,
and a partition that nothing comes to forgets nothing. What claims to be of the future is not believed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from streams.source.state import Changes, State

__all__ = ["Forgetting", "Sweep"]

_SLICE = 500  # keys looked at with a batch: about half a millisecond
_PASS_S = 86_400  # of event time, from one pass over all keys to the next


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Which keys to forget: ``last_seen_of`` a value, and whether that has ``expired(last_seen, newest)``.

    Times are Unix seconds. Whoever works on the state must treat an expired value as none, or results would change.
    """

    last_seen_of: Callable[[bytes], int]
    expired: Callable[[int, int], bool]


class Sweep:
    """Walks over one partition's state, again and again, a slice with each batch."""

    def __init__(self, forgetting: Forgetting, now: Callable[[], float] = time.time) -> None:
        self._forgetting = forgetting
        self._now = now
        self._newest = self._due = 0
        self._keys: Iterator[bytes] | None = None

    def extend(self, state: State, changes: Mapping[bytes, bytes | None]) -> Changes:
        """The batch's own ``changes``, and a tombstone for each key of the next slice that is to be forgotten."""
        now, last_seen_of = self._now(), self._forgetting.last_seen_of
        seen = (last_seen_of(value) for value in changes.values() if value is not None)
        self._newest = max(self._newest, max((at for at in seen if at <= now), default=0))
        if self._keys is None:
            if self._newest < self._due or not changes:
                return changes
            self._keys = state.snapshot_keys()
            self._due = self._newest + _PASS_S
        looked_at = list(islice(self._keys, _SLICE))
        if len(looked_at) < _SLICE:
            self._keys = None
        return self._tombstones(state, looked_at, changes)

    def _tombstones(self, state: State, keys: list[bytes], changes: Changes) -> Changes:
        last_seen_of, expired, newest = self._forgetting.last_seen_of, self._forgetting.expired, self._newest
        forgotten: dict[bytes, bytes | None] = {}
        for key in keys:
            value = state.get(key)  # of now: the key may have changed, or gone, since the pass began
            if value is not None and key not in changes and expired(last_seen_of(value), newest):
                forgotten[key] = None
        return {**changes, **forgotten} if forgotten else changes
