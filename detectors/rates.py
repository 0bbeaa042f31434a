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

import msgspec

from detectors.base import RatePrior, Sighting
from detectors.maths import evidence_of_tail, student_t_tail

__all__ = ["Rate"]

_CLOCK_BROKEN_HOURS: Final = 48  # a window so far ahead of an event was opened by a broken clock


class Rate(msgspec.Struct, array_like=True):
    """The habit (``hours`` learned, ``mean`` and ``variance`` of log1p) and the window that is open."""

    hours: int = 0
    mean: float = 0.0
    variance: float = 0.0
    hour: int = 0
    """The clock hour of the open window, from the epoch."""
    since: int = 0
    """Seconds from the epoch of the window's first event."""
    count: int = 0
    learned: int = 0
    """How many of ``count`` were learned: an hour with an alert in it is no habit."""
    before: int = 0
    """Events in the clock hour before."""
    peak: float = 0.0

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
        hours = self.hours
        usual = (prior.sum + hours * self.mean) / (prior.weight + hours)
        y = log1p(self.count + more + self.before * x.left if x.hour == self.hour else self.trailing(x, more))
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
        if x.hour != self.hour:
            if self.late(x):
                return
            if x.hour == self.hour - 1:
                self.before += more
                return
            self._close(x, prior.memory)
        if more and not self.count:
            self.since = x.seconds
        self.count += more
        if learn:
            self.learned += more
        trailing = self.count + self.before * x.left
        self.peak = max(self.peak, trailing)

    def _close(self, x: Sighting, memory: int) -> None:
        if self.hour and self.learned >= self.count:
            self._learn(log1p(self.peak), memory)
        self.before = self.count if x.hour == self.hour + 1 else 0
        self.hour, self.since, self.count, self.learned, self.peak = x.hour, x.seconds, 0, 0, 0.0

    def _learn(self, y: float, memory: int) -> None:
        self.hours = min(self.hours + 1, memory)
        step = 1.0 / self.hours
        delta = y - self.mean
        self.mean += step * delta
        self.variance = (1.0 - step) * (self.variance + step * delta * delta)

    def _spread(self, prior: RatePrior) -> tuple[float, float]:
        """The predictive's scale and degrees of freedom."""
        n, weight, degrees = self.hours, prior.weight + self.hours, prior.degrees + self.hours
        apart = prior.weight * n * (self.mean - prior.location) ** 2 / weight
        variance = (prior.squares + n * self.variance + apart) * (weight + 1) / (degrees * weight)
        return max(sqrt(variance), prior.least_spread), min(degrees, prior.most_degrees)
