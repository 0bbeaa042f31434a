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

__all__ = ["Rate", "RateRow", "Usual", "UsualRow"]

_FADES: Final = 0.4  # of a record, a third in as many counts as are remembered
_CLOCK_BROKEN_HOURS: Final = 48  # a window so far ahead of an event was opened by a broken clock


UsualRow = tuple[int, float, float, float]
RateRow = tuple[UsualRow, int, int, int, bool, int, float]
"""``Rate`` as it is stored: its usual count, and the other fields in their order."""


class Usual:
    """What is usual of a count: how many were learned (``count``), and the mean and variance of their log1p.

    ``record`` is the largest one, slowly fading.
    """

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.variance = 0.0
        self.record = 0.0

    @staticmethod
    def of_row(row: UsualRow) -> Usual:
        """What was stored as ``row``."""
        usual = Usual()
        usual.count, usual.mean, usual.variance, usual.record = row
        return usual

    def row(self) -> UsualRow:
        """The state as it is stored."""
        return self.count, self.mean, self.variance, self.record

    def evidence(self, value: float, prior: RatePrior) -> float:
        """Decades of evidence in such a count."""
        if value <= prior.calm:
            return 0.0
        usual = self._centre(prior)
        y = log1p(value)
        if y <= usual + prior.slack:  # its tail is over 1/e for certain
            return 0.0
        most = prior.at_record + prior.beyond_record * (y - log1p(self.record))
        if most <= 0.0:
            return 0.0
        spread, degrees = self._spread(prior)
        return min(most, evidence_of_tail(student_t_tail((y - usual) / spread, degrees)))

    def expected(self, prior: RatePrior) -> tuple[float, float]:
        """The usual count, and the one that 1 in 20 exceeds, about."""
        usual = self._centre(prior)
        spread, _ = self._spread(prior)
        return expm1(usual), expm1(usual + 1.8 * spread)

    def learn(self, value: float, memory: int) -> None:
        """Takes a count for a usual one; older ones fade as if ``memory`` were kept."""
        if self.count < memory:
            self.count += 1
        step, delta = 1.0 / self.count, log1p(value) - self.mean
        move = step * delta
        self.mean += move
        self.variance = (1.0 - step) * (self.variance + move * delta)
        self.record = max(value, self.record * (1.0 - _FADES / memory))

    def _centre(self, prior: RatePrior) -> float:
        return (prior.sum + self.count * self.mean) / (prior.weight + self.count)

    def _spread(self, prior: RatePrior) -> tuple[float, float]:
        """The predictive's scale and degrees of freedom."""
        n, weight, degrees = self.count, prior.weight + self.count, prior.degrees + self.count
        apart = prior.weight * n * (self.mean - prior.location) ** 2 / weight
        variance = (prior.squares + n * self.variance + apart) * (weight + 1) / (degrees * weight)
        return max(sqrt(variance), prior.least_spread), min(degrees, prior.most_degrees)


class Rate:
    """What is usual of an active hour (``usual``), and the window that is open.

    ``hour`` is the clock hour of the open window (from the epoch), ``since`` the time of its first event (seconds from
    the epoch) and ``count`` how many there were; ``spoilt`` says that some were not learned, for an hour with an alert
    in it is no habit. ``before`` counts the clock hour before; ``peak`` is the largest trailing count of the open
    window if there was such an hour, else that is ``count``.
    """

    def __init__(self) -> None:
        self.usual = Usual()
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
        usual, rate.hour, rate.since, rate.count, rate.spoilt, rate.before, rate.peak = row
        rate.usual = Usual.of_row(usual)
        return rate

    def row(self) -> RateRow:
        """The state as it is stored."""
        return self.usual.row(), self.hour, self.since, self.count, self.spoilt, self.before, self.peak

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
        hour, count = self.hour, float(more)
        if x.hour == hour:
            count += self.count
            if self.before:
                count += self.before * x.left
        elif x.hour <= hour + 1:
            count = self.trailing(x, more)
        return self.usual.evidence(count, prior)

    def expected(self, prior: RatePrior) -> tuple[float, float]:
        """The usual count of an active hour, and the one that 1 in 20 such hours exceeds, about."""
        return self.usual.expected(prior)

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
        if self.hour and not self.spoilt:
            self.usual.learn(max(self.peak, float(self.count)), memory)
