"""Hours: how unusual an hour of the week is for a subject.

A histogram of session-hours over {weekday, weekend} x 24 hours, smoothed by a circular kernel of about two hours
either side, which also absorbs daylight-saving changes (hours are kept in UTC). It is shrunk to the habits of peers of
the same kind, as a Dirichlet prior would (Freeman et al., NDSS 2016, section IV), and compared with an even spread:
whoever works round the clock is at home at any hour, and no hour says much of a subject of whom little is known. From a
new place, the smaller of the score in the usual clock and in that place's solar time counts: travellers keep office
hours.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from math import log10
from typing import ClassVar, Final

from detectors.base import BINS, EVEN, Sighting, bin_of_hour
from schemas.alert import Finding, NotEvaluable

__all__ = ["Hours", "HoursRow"]

_KERNEL: Final = ((0, 6), (-1, 5), (1, 5), (-2, 4), (2, 4), (-3, 2), (3, 2))
"""Offsets in hours and weights; on real clocks it catches 2 to 4 more of 100 takeovers than one that ends at two."""
_OTHER: Final = 1
"""Weight of the same hour on the other kind of day, of which the kernel there takes part."""
_UNIT: Final = sum(weight for _, weight in _KERNEL) + 3 * _OTHER
_MOST_PENDING: Final = 24
_WEEK: Final = 168
_DAYS: Final = ("weekdays", "weekends")


HoursRow = tuple[list[int], int, int, list[int], float | None]
"""``Hours`` as it is stored, its fields in their order."""


class Hours:
    """Smoothed session-hours by bin, and those too fresh to count; the usual ``longitude``, degrees east."""

    name: ClassVar[str] = "hours"
    layout: ClassVar[object] = HoursRow

    def __init__(self) -> None:
        self.bins = [0] * BINS
        self.total = 0
        self.week = 0
        self.pending: list[int] = []
        self.longitude: float | None = None

    @staticmethod
    def of_row(row: HoursRow) -> Hours:
        """What was stored as ``row``."""
        hours = Hours()
        hours.bins, hours.total, hours.week, hours.pending, hours.longitude = row
        return hours

    def row(self) -> HoursRow:
        """The state as it is stored."""
        return self.bins, self.total, self.week, self.pending, self.longitude

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in the hour of the week."""
        if not self.total:
            return None
        score = self._score(x.bin, x)
        shift = self._shift(x)
        return min(score, self._score(bin_of_hour(x.hour + shift), x)) if shift else score

    def learn_one(self, x: Sighting, /) -> None:
        """Puts the hour among those that will count once they have settled."""
        pending, hour = self.pending, x.hour
        if not (pending and pending[-1] == hour):
            self._settle(hour, x)
            if hour not in pending:
                pending.append(hour)
                self._lean_to(x)

    def skip_one(self, x: Sighting, /) -> None:
        """An hour that an attacker may have kept is no habit."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """How often the subject is active about this hour, against an even spread over the week."""
        score = self.score_one(x)
        if score is None:
            return NotEvaluable(detector=self.name, reason="no settled hour of this subject is known")
        index = x.bin
        start = index - index % 24
        days, even = _DAYS[index // 24], 100 * EVEN[index]
        seen = self.total / _UNIT
        share = 100 * self.bins[index] / self.total
        return Finding(
            detector=self.name,
            score=score,
            reason=f"{share:.1f}% of {seen:.0f} session-hours lie about {index % 24:02d}:00 UTC on {days}",
            observed=f"{index % 24:02d}:00 UTC on {days}",
            expected=f"mostly {_usual(tuple(self.bins[start : start + 24]))}; {even:.1f}% if spread evenly",
        )

    def _score(self, index: int, x: Sighting) -> float:
        peers = x.peers
        prior = peers.hours_prior * _UNIT
        return log10((self.total + prior) / (self.bins[index] / EVEN[index] + prior * peers.hours[index]))

    def _shift(self, x: Sighting) -> int:
        """Hours that the sun is earlier here than at home, where that is another zone."""
        here, home = x.longitude, self.longitude
        if here is None or home is None or x.placeless or -15 < here - home < 15:
            return 0
        hours = round(((here - home + 180) % 360 - 180) / 15)
        return hours if abs(hours) >= 2 else 0

    def _settle(self, hour: int, x: Sighting) -> None:
        pending, config = self.pending, x.config.hours
        settle = config.settle_hours
        while pending and (not 0 <= hour - pending[0] < settle or len(pending) >= _MOST_PENDING):
            self._fold(pending.pop(0), config.half_life_weeks)

    def _fold(self, hour: int, half_life_weeks: int) -> None:
        week = hour // _WEEK
        if self.total and (week > self.week or week < self.week - 1):
            keep = 0.5 ** (min(max(week - self.week, 0), 13) / half_life_weeks)  # a broken clock costs a little only
            self.bins = [round(count * keep) for count in self.bins]
            self.total = sum(self.bins)
        self.week = week if not self.total or abs(week - self.week) > 1 else max(week, self.week)
        index = bin_of_hour(hour)
        start, of_day = index - index % 24, index % 24
        bins = self.bins
        for offset, weight in _KERNEL:
            bins[start + (of_day + offset) % 24] += weight
        for offset in (-1, 0, 1):
            bins[(24 - start) + (of_day + offset) % 24] += _OTHER
        self.total += _UNIT

    def _lean_to(self, x: Sighting) -> None:
        longitude = x.longitude
        if longitude is None or x.placeless:
            return
        if self.longitude is None:
            self.longitude = longitude
        elif longitude != self.longitude:  # 1 in 50 session-hours: a few days away don't move a home
            moved = self.longitude + ((longitude - self.longitude + 180) % 360 - 180) / 50
            self.longitude = (moved + 180) % 360 - 180


@lru_cache(maxsize=1_024)  # an attack's alerts have one and the same histogram behind them
def _usual(day: tuple[int, ...]) -> str:
    """The shortest run of hours that holds four fifths of a day's 24 counts, in words."""
    need = 0.8 * sum(day)
    if not need:
        return "no time on such days"
    below = list(accumulate(day + day, initial=0))
    for length in range(1, 24):
        held, first = max((below[n + length] - below[n], -n) for n in range(24))
        if held >= need:
            return f"{-first:02d}:00 to {(length - first) % 24:02d}:00 UTC"
    return "any time"
