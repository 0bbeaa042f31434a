"""Repositories: how many that the subject never worked in before it reaches, within an hour and within seven days.

What ``detectors.resources`` says of single resources in an hour, this says of whole repositories (the first two parts
of a resource), which are fewer and steadier: a person's repositories change from week to week, seldom by many. The week
is what shows a slow exfiltration, a few clones a day. Both counts are judged by their Student-t predictive
(``detectors.rates``), and the stronger one counts.

A repository is new for half a day after it was first seen, or a session would vouch for itself; then it is remembered
in two Bloom filters (see ``detectors.resources``) that know at least the last 120. One that raised an alert is not
remembered, and doesn't count into the weeks that are learned.
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar, Final

from detectors.base import Sighting
from detectors.maths import stable_hash
from detectors.rates import Rate, RateRow, Usual, UsualRow
from detectors.wording import counted
from schemas.alert import Finding, NotEvaluable

__all__ = ["Repositories", "RepositoriesRow"]

_BYTES: Final = 128
_FULL: Final = 120  # repositories: 3 places in 1,024 bits then mistake 2.6% of new ones for known
_MOST_FRESH: Final = 40
_DAYS: Final = 7
_LEAST_DAYS: Final = 2
RepositoriesRow = tuple[bytearray, bytearray, int, dict[int, int], RateRow, list[int], int, int, bool, UsualRow]
"""``Repositories`` as it is stored, its fields in their order."""


@lru_cache(maxsize=16_384)  # a stream's resources repeat
def _mark(resource: str) -> int:
    """The 32 bits that stand for the repository of ``resource``."""
    first = resource.find("/")
    second = resource.find("/", first + 1) if first >= 0 else -1
    return stable_hash(resource if second < 0 else resource[:second]) & 0xFFFF_FFFF


def _in(bits: bytearray, mark: int) -> bool:
    if not bits:
        return False
    a, b, c = mark & 1023, mark >> 10 & 1023, mark >> 20 & 1023
    return bool(bits[a >> 3] >> (a & 7) & 1 and bits[b >> 3] >> (b & 7) & 1 and bits[c >> 3] >> (c & 7) & 1)


class Repositories:
    """What is known (``held`` of it in ``newer``, the rest in ``older``), and how many are new in an hour and a week.

    ``fresh`` maps what was first seen of late to its hour; where it raised an alert, to that hour below zero. ``days``
    are the new ones of the seven days up to ``day`` (from the epoch) without those that raised an alert, which
    ``alarmed`` counts for that day; ``spoilt`` says whether there were any. ``week`` is the usual count of seven days.
    """

    name: ClassVar[str] = "repositories"
    layout: ClassVar[object] = RepositoriesRow

    def __init__(self) -> None:
        self.newer = bytearray()
        self.older = bytearray()
        self.held = 0
        self.fresh: dict[int, int] = {}
        self.rate = Rate()
        self.days = [0] * _DAYS
        self.day = 0
        self.alarmed = 0
        self.spoilt = False
        self.week = Usual()

    @staticmethod
    def of_row(row: RepositoriesRow) -> Repositories:
        """What was stored as ``row``."""
        known = Repositories()
        newer, older, held, fresh, rate, days, day, alarmed, spoilt, week = row
        known.newer, known.older, known.held, known.fresh = newer, older, held, fresh
        known.rate, known.week = Rate.of_row(rate), Usual.of_row(week)
        known.days, known.day, known.alarmed, known.spoilt = days, day, alarmed, spoilt
        return known

    def row(self) -> RepositoriesRow:
        """The state as it is stored."""
        known = (self.newer, self.older, self.held, self.fresh)
        days = (self.days, self.day, self.alarmed, self.spoilt)
        return *known, self.rate.row(), *days, self.week.row()

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in how many new repositories the hour and the week have seen; 0 for a known one."""
        if not x.resource or self.week.count < _LEAST_DAYS or self.rate.late(x):
            return None
        mark = _mark(x.resource)
        fresh = mark in self.fresh
        if not fresh and self._knows(mark):
            return 0.0
        of_hour, of_week = self._evidence(x, fresh)
        return of_hour if of_hour > of_week else of_week

    def learn_one(self, x: Sighting, /) -> None:
        """Remembers the repository, once it has settled."""
        if x.resource:
            self._note(_mark(x.resource), x, learn=True)

    def skip_one(self, x: Sighting, /) -> None:
        """Counts the repository into the open hour and day, but doesn't remember it."""
        if x.resource:
            self._note(_mark(x.resource), x, learn=False)

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """How many new repositories within the hour or the week, against what is usual."""
        score = self.score_one(x)
        if score is None:
            return NotEvaluable(detector=self.name, reason=self._why_not(x))
        in_hour = self._by_hour(x)
        count, within = self._burst(x, in_hour)
        usual, high = self.rate.expected(x.peers.repositories) if in_hour else self.week.expected(x.peers.exploration)
        known = counted(self.rate.usual.count, "active hour") if in_hour else counted(self.week.count, "active day")
        return Finding(
            detector=self.name,
            score=score,
            reason=f"{counted(count, 'repository', 'repositories')} never worked in before within {within};"
            f" known from {known}",
            observed=counted(count, "new repository", "new repositories"),
            expected=f"about {usual:.1f} {'in an active hour' if in_hour else 'in seven days'}, seldom over {high:.0f}",
        )

    def burst(self, x: Sighting) -> tuple[int, str]:
        """How many new repositories by the stronger view, this one among them if it is new, and within how long."""
        return self._burst(x, self._by_hour(x))

    def _burst(self, x: Sighting, in_hour: bool) -> tuple[int, str]:
        mark = _mark(x.resource)
        more = 0 if mark in self.fresh or self._knows(mark) else 1
        if in_hour:
            return round(self.rate.trailing(x, more)), counted(self.rate.minutes(x), "minute")
        return self._within_week(x) + more, "seven days"

    def _by_hour(self, x: Sighting) -> bool:
        """Whether the hour says more than the week."""
        of_hour, of_week = self._evidence(x, _mark(x.resource) in self.fresh)
        return of_hour > of_week

    def _evidence(self, x: Sighting, fresh: bool) -> tuple[float, float]:
        """Decades of evidence in the hour's count and in the week's, to which a ``fresh`` one adds no more."""
        more = 0 if fresh else 1
        of_hour = self.rate.evidence(x, more, x.peers.repositories)
        return of_hour, self.week.evidence(float(self._within_week(x) + more), x.peers.exploration)

    def _why_not(self, x: Sighting) -> str:
        if not x.resource:
            return "the event names no resource"
        if self.rate.late(x):
            return "the event arrived after its hour was over"
        return "fewer than two finished active days of this subject are known"

    def _knows(self, mark: int) -> bool:
        return _in(self.newer, mark) or _in(self.older, mark)

    def _within_week(self, x: Sighting) -> int:
        """New repositories of the seven days up to the event's, but for itself."""
        ahead = x.hour // 24 - self.day
        if ahead <= 0:
            return sum(self.days) + self.alarmed
        return sum(self.days[ahead:]) if ahead < _DAYS else 0

    def _note(self, mark: int, x: Sighting, learn: bool) -> None:
        hour, first = x.hour, self.fresh.get(mark, 0)
        if hour != self.rate.hour:
            self._settle(hour, x)
            first = self.fresh.get(mark, 0)
        new = not first and not self._knows(mark)
        self.rate.note(x, x.peers.repositories, int(new), learn)
        if not learn:
            self.spoilt = True
        if new:
            if len(self.fresh) < _MOST_FRESH:
                self.fresh[mark] = hour if learn else -hour
            elif learn:
                self._remember(mark)
            self._count(x, learn)
        elif first < 0 and learn:
            self.fresh[mark] = -first

    def _count(self, x: Sighting, learn: bool) -> None:
        ago = self.day - x.hour // 24
        if not learn:
            self.alarmed += 1
        elif 0 <= ago < _DAYS:
            self.days[_DAYS - 1 - ago] += 1

    def _settle(self, hour: int, x: Sighting) -> None:
        """Begins another hour: what has been fresh for long enough is remembered, and a day that is over is learned."""
        settle = x.peers.settle_hours
        for mark, first in [*self.fresh.items()]:
            if not 0 <= hour - abs(first) < settle:
                del self.fresh[mark]
                if first > 0:
                    self._remember(mark)
        day = hour // 24
        ahead = day - self.day
        if 0 >= ahead > -_DAYS:
            return  # the same day, or a late event
        if self.day and not self.spoilt:
            self.week.learn(float(sum(self.days)), x.peers.exploration.memory)
        self.days = self.days[ahead:] + [0] * ahead if 0 < ahead < _DAYS else [0] * _DAYS
        self.day, self.alarmed, self.spoilt = day, 0, False

    def _remember(self, mark: int) -> None:
        if self._knows(mark):
            return
        if self.held >= _FULL or not self.newer:
            if self.held:
                self.older = self.newer
            self.newer, self.held = bytearray(_BYTES), 0
        for place in (mark & 1023, mark >> 10 & 1023, mark >> 20 & 1023):
            self.newer[place >> 3] |= 1 << (place & 7)
        self.held += 1
