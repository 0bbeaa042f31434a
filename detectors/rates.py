"""How many of something a subject does in an hour, and how strange more would be: bounded, O(1) an event.

The count of the trailing hour is taken from two clock hours (the current one, and the share of the last that still
overlaps), as rate limiters do. The largest such count of each active hour is learned, as log1p, into a
normal-inverse-gamma posterior; a new count is judged by its Student-t predictive (Murphy, *Conjugate Bayesian analysis
of the Gaussian distribution*, 2007, section 8). Student-t on log1p overstates least of the tails that were measured on
real activity: a nominal 1e-3 happens twice as often, a Gaussian's fifteen times.
"""

from __future__ import annotations

from math import expm1, log1p, sqrt
from typing import Final

from detectors.base import RatePrior, Sighting
from detectors.maths import evidence_of_tail, student_t_tail

__all__ = ["Rate", "RateRow"]

_CLOCK_BROKEN_HOURS: Final = 48  # a window so far ahead of an event was opened by a broken clock


RateRow = tuple[int, float, float, int, int, int, bool, int, float]
"""``Rate`` as it is stored, its fields in their order."""


class Rate:
    """The habit (``hours`` learned, ``mean`` and ``variance`` of log1p) and the window that is open.

    ``hour`` is the clock hour of the open window (from the epoch), ``since`` the time of its first event (seconds from
    the epoch) and ``count`` how many there were; ``spoilt`` says that some were not learned, for an hour with an alert
    in it is no habit. ``before`` counts the clock hour before; ``peak`` is the largest trailing count of the open
    window if there was such an hour, else that is ``count``.
    """

    def __init__(self) -> None:
        self.hours = 0
        self.mean = 0.0
        self.variance = 0.0
        self.hour = 0
        self.since = 0
        self.count = 0
        self.spoilt = False
        self.before = 0
        self.peak = 0.0

    @staticmethod
    def of_row(row: RateRow) -> Rate:
        """What was stored as ``row``."""
        rate = Rate()
        rate.hours, rate.mean, rate.variance, rate.hour, rate.since, rate.count, rate.spoilt, rate.before, rate.peak = (
            row
        )
        return rate

    def row(self) -> RateRow:
        """The state as it is stored."""
        mean, variance, hour, since, count = self.mean, self.variance, self.hour, self.since, self.count
        return self.hours, mean, variance, hour, since, count, self.spoilt, self.before, self.peak

    def late(self, x: Sighting) -> bool:
        """Whether the event is older than the windows reach, so that nothing can be said of its hour."""
        return self.hour - _CLOCK_BROKEN_HOURS < x.hour < self.hour - 1

    def trailing(self, x: Sighting, more: int = 1) -> float:
        """The trailing hour's count if ``more`` happen now."""
        if x.hour <= self.hour:
            before, count = self.before, self.count
        else:
            before, count = (self.count, 0) if x.hour == self.hour + 1 else (0, 0)
        return count + more + before * x.left

    def minutes(self, x: Sighting) -> int:
        """How long the trailing count took, in minutes: 60 where it reaches into the hour before."""
        if x.hour > self.hour + 1 or (x.hour == self.hour + 1 and not self.count):
            return 1
        if x.hour > self.hour or self.before * x.left >= 0.5:
            return 60
        return max(1, min(60, (x.seconds - self.since + 59) // 60))

    def evidence(self, x: Sighting, more: int, prior: RatePrior) -> float:
        """Decades of evidence in the trailing hour's count, if ``more`` happen now."""
        hour, hours = self.hour, self.hours
        count = float(more)
        if x.hour == hour:
            count += self.count
            if self.before:
                count += self.before * x.left
        elif x.hour <= hour + 1:
            count = self.trailing(x, more)
        if count <= prior.calm:
            return 0.0
        usual = (prior.sum + hours * self.mean) / (prior.weight + hours)
        y = log1p(count)
        if y <= usual + prior.slack:  # its tail is over 1/e for certain
            return 0.0
        spread, degrees = self._spread(prior)
        return evidence_of_tail(student_t_tail((y - usual) / spread, degrees))

    def expected(self, prior: RatePrior) -> tuple[float, float]:
        """The usual count of an active hour, and the one that 1 in 20 such hours exceeds, about."""
        usual = (prior.sum + self.hours * self.mean) / (prior.weight + self.hours)
        spread, _ = self._spread(prior)
        return expm1(usual), expm1(usual + 1.8 * spread)

    def note(self, x: Sighting, prior: RatePrior, more: int = 1, learn: bool = True) -> None:
        """Counts ``more`` events into the open window; closes it, and learns it, where its hour is over."""
        hour = self.hour
        if x.hour != hour:
            if hour - _CLOCK_BROKEN_HOURS < x.hour < hour:
                if x.hour == hour - 1:
                    self.before += more
                return
            self._learn(prior.memory)
            self._open(x, more, learn)
            return
        if more:
            count = self.count
            if not count:
                self.since = x.seconds
            self.count = count + more
            if not learn:
                self.spoilt = True
        if self.before:
            self.peak = max(self.peak, self.count + self.before * x.left)

    def _open(self, x: Sighting, more: int, learn: bool) -> None:
        before = self.count if x.hour == self.hour + 1 else 0
        self.hour, self.since, self.count = x.hour, x.seconds, more
        if before or self.before:
            self.before, self.peak = before, more + before * x.left if before else 0.0
        spoilt = more > 0 and not learn
        if self.spoilt is not spoilt:
            self.spoilt = spoilt

    def _learn(self, memory: int) -> None:
        if self.spoilt or not self.hour:
            return
        hours, peak, count = self.hours, self.peak, self.count
        if hours < memory:
            self.hours = hours = hours + 1
        step, delta = 1.0 / hours, log1p(peak if peak > count else count) - self.mean
        move = step * delta
        self.mean += move
        self.variance = (1.0 - step) * (self.variance + move * delta)

    def _spread(self, prior: RatePrior) -> tuple[float, float]:
        """The predictive's scale and degrees of freedom."""
        n, weight, degrees = self.hours, prior.weight + self.hours, prior.degrees + self.hours
        apart = prior.weight * n * (self.mean - prior.location) ** 2 / weight
        variance = (prior.squares + n * self.variance + apart) * (weight + 1) / (degrees * weight)
        return max(sqrt(variance), prior.least_spread), min(degrees, prior.most_degrees)
