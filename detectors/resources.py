"""Resources: how many that the subject never touched before it touches within an hour (mass clone, secret harvest).

What was touched is kept in two Bloom filters (Bloom, CACM 13, 1970), the older of which is dropped when the newer is
full (the double buffering of Chang, Feng and Li, 2004): at least the last 250 resources are known, in 512 bytes. The
number of new ones in an active hour is judged by ``detectors.rates``; a newcomer, to whom everything is new, has a high
usual number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Final

from detectors.base import Sighting
from detectors.maths import stable_hash
from detectors.rates import Rate, RateRow
from detectors.wording import counted
from schemas.alert import Finding, NotEvaluable

__all__ = ["Resources", "ResourcesRow"]

_BYTES: Final = 256
_FULL: Final = 250  # resources: 4 places in 2,048 bits then mistake 2.2% of new ones for known
_MOST_RECENT: Final = 48  # above it every access to a new resource counts as one more
_Mark = tuple[int, int, int, int, int, int, int, int, int]
"""A resource: 32 bits that stand for it, and its four places in the filter, each as a byte's number and a bit."""


@lru_cache(maxsize=16_384)  # a stream's resources repeat
def _mark(resource: str) -> _Mark:
    h = stable_hash(resource)
    a, b, c, d = h & 2047, h >> 11 & 2047, h >> 22 & 2047, h >> 33 & 2047
    return h >> 32, a >> 3, 1 << (a & 7), b >> 3, 1 << (b & 7), c >> 3, 1 << (c & 7), d >> 3, 1 << (d & 7)


def _in(bits: bytearray, mark: _Mark) -> bool:
    if not bits:
        return False
    _, a, in_a, b, in_b, c, in_c, d, in_d = mark
    return bool(bits[a] & in_a and bits[b] & in_b and bits[c] & in_c and bits[d] & in_d)


ResourcesRow = tuple[bytearray, bytearray, int, list[int], RateRow]
"""``Resources`` as it is stored, its fields in their order."""


class Resources:
    """What was touched (``newer``, ``older``), what was new in the open hour (``recent``), and the usual rate of it.

    ``held`` counts the resources in ``newer``.
    """

    name: ClassVar[str] = "resources"
    layout: ClassVar[object] = ResourcesRow

    def __init__(self) -> None:
        self.newer = bytearray()
        self.older = bytearray()
        self.held = 0
        self.recent: list[int] = []
        self.rate = Rate()

    @staticmethod
    def of_row(row: ResourcesRow) -> Resources:
        """What was stored as ``row``."""
        resources = Resources()
        resources.newer, resources.older, resources.held, resources.recent, rate = row
        resources.rate = Rate.of_row(rate)
        return resources

    def row(self) -> ResourcesRow:
        """The state as it is stored."""
        return self.newer, self.older, self.held, self.recent, self.rate.row()

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in how many new resources the hour has seen; 0 for a known one."""
        rate, resource = self.rate, x.resource
        if not resource or not rate.usual.count or (x.hour < rate.hour and rate.late(x)):
            return None
        mark = _mark(resource)
        if self.recent and self._is_recent(mark, x):
            return rate.evidence(x, 0, x.peers.resources)
        return 0.0 if self._knows(mark) else rate.evidence(x, 1, x.peers.resources)

    def learn_one(self, x: Sighting, /) -> None:
        """Remembers the resource."""
        if not x.resource:
            return
        mark = _mark(x.resource)
        if _in(self.newer, mark):
            if x.hour != self.rate.hour:
                self._note(mark, x, learn=True)
            return  # within the hour, what is known changes nothing
        self._note(mark, x, learn=True)
        self._remember(mark)

    def skip_one(self, x: Sighting, /) -> None:
        """Counts the resource into the open hour, but doesn't remember it."""
        if x.resource:
            self._note(_mark(x.resource), x, learn=False)

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """How many new resources within how long, against a usual active hour."""
        score = self.score_one(x)
        if score is None:
            return NotEvaluable(detector=self.name, reason=self._why_not(x))
        count, minutes = self.burst(x)
        usual, high = self.rate.expected(x.peers.resources)
        return Finding(
            detector=self.name,
            score=score,
            reason=f"{counted(count, 'resource')} never touched before within {counted(minutes, 'minute')};"
            f" known from {counted(self.rate.usual.count, 'active hour')}",
            observed=counted(count, "new resource"),
            expected=f"about {usual:.1f} in an active hour, seldom over {high:.0f}",
        )

    def burst(self, x: Sighting) -> tuple[int, int]:
        """How many new resources within how many minutes, this one among them if it is new."""
        mark, rate = _mark(x.resource), self.rate
        if self._is_recent(mark, x):
            return round(rate.trailing(x, 0)), rate.minutes(x)
        return 0 if self._knows(mark) else round(rate.trailing(x)), rate.minutes(x)

    def _why_not(self, x: Sighting) -> str:
        if not x.resource:
            return "the event names no resource"
        if self.rate.late(x):
            return "the event arrived after its hour was over"
        return "no finished active hour of this subject is known"

    def _is_recent(self, mark: _Mark, x: Sighting) -> bool:
        """Whether it is one of the new ones that the open hour has counted already."""
        return x.hour == self.rate.hour and mark[0] in self.recent

    def _knows(self, mark: _Mark) -> bool:
        return _in(self.newer, mark) or _in(self.older, mark)

    def _note(self, mark: _Mark, x: Sighting, learn: bool) -> None:
        rate = self.rate
        if x.hour != rate.hour and x.hour != rate.hour - 1 and not rate.late(x):
            self.recent.clear()
        new = not self._knows(mark) and not self._is_recent(mark, x)
        rate.note(x, x.peers.resources, int(new), learn)
        if new and x.hour == rate.hour and len(self.recent) < _MOST_RECENT:
            self.recent.append(mark[0])

    def _remember(self, mark: _Mark) -> None:
        if self.held >= _FULL or not self.newer:
            if self.held:
                self.older = self.newer
            self.newer, self.held = bytearray(_BYTES), 0
        for place, bit in zip(mark[1::2], mark[2::2], strict=True):
            self.newer[place] |= bit
        self.held += 1
