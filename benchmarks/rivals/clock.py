"""What others do with hours and hourly counts, one person at a time.

Each watches one person: ``see`` scores an event and then learns it; ``freeze`` ends learning for what is fitted once.
"""

from __future__ import annotations

from math import exp, log10, sqrt
from typing import ClassVar

__all__ = ["Density", "OfficeHours", "ThreeSigma"]

_HOUR_S = 3600.0
_BINS = 96  # quarters of an hour
_SIGMA_BINS = 4.0  # a kernel of an hour's standard deviation


def _wrapped(distance: int) -> float:
    return sum(exp(-(((distance + turn * _BINS) / _SIGMA_BINS) ** 2) / 2) for turn in (-1, 0, 1))


_KERNEL = tuple(_wrapped(distance) for distance in range(_BINS))
_MASS = sum(_KERNEL) * 24 / _BINS


class Density:
    """A kernel density of the hour of the day: a Gaussian of one hour, wrapped at midnight.

    Two scores: -log10 of the density (per hour), and 1 where it is below what 99 of 100 of the person's events had when
    it was frozen. ``online``: goes on learning after that.
    """

    def __init__(self, *, online: bool) -> None:
        how = "learning on" if online else "fitted at the cut"
        self.names = (f"kernel density of the hour, {how}", f"the same, {how}, at each person's own 99% cut")
        self._online = online
        self._frozen = False
        self._sums = [0.0] * _BINS
        self._bins = [0] * _BINS
        self._cut = 0.0

    def see(self, seconds: float) -> tuple[float, float]:
        """Scores the time, then learns it."""
        at = int(seconds % 86_400 // 900)
        total = sum(self._bins)
        density = max(self._sums[at] / (total * _MASS), 1e-9) if total else 1 / 24
        if self._online or not self._frozen:
            self._bins[at] += 1
            for distance, weight in enumerate(_KERNEL):
                self._sums[(at + distance) % _BINS] += weight
        return -log10(density), float(density < self._cut)

    def freeze(self) -> None:
        """Fixes the cut of the person's own 99%; without ``online``, the density as well."""
        self._frozen = True
        left = sum(self._bins) // 100
        for index in sorted(range(_BINS), key=self._sums.__getitem__):
            left -= self._bins[index]
            if left < 0:
                self._cut = self._sums[index] / (sum(self._bins) * _MASS)
                return


class OfficeHours:
    """1 outside 07 to 20 o'clock on weekdays, in the person's own time zone (seconds east of UTC)."""

    names = ("outside 07-20 on weekdays",)

    def __init__(self, zone_s: float) -> None:
        self._zone_s = zone_s

    def see(self, seconds: float) -> tuple[float]:
        """Scores the time."""
        local = seconds + self._zone_s
        weekday = (int(local // 86_400) + 3) % 7  # 1970-01-01 was a Thursday
        return (float(weekday >= 5 or not 7 <= local % 86_400 / _HOUR_S < 20),)

    def freeze(self) -> None:
        """Nothing: there is nothing to learn."""


class ThreeSigma:
    """The count of the clock hour so far, in standard deviations over the mean of the person's active hours before."""

    names: ClassVar[tuple[str, str]] = ("hourly count, by its sigmas", "hourly count over 3 sigma")
    _LEAST_HOURS = 10

    def __init__(self) -> None:
        self._hour = self._count = self._hours = 0
        self._mean = self._squares = 0.0

    def see(self, seconds: float) -> tuple[float, float]:
        """Scores the count, then learns it when its hour is over."""
        hour = int(seconds // _HOUR_S)
        if hour != self._hour:
            self._learn()
            self._hour, self._count = hour, 0
        self._count += 1
        if self._hours < self._LEAST_HOURS:
            return 0.0, 0.0
        sigmas = (self._count - self._mean) / max(sqrt(self._squares / self._hours), 1e-9)
        return sigmas, float(sigmas > 3)

    def freeze(self) -> None:
        """Nothing: it goes on learning, as such rules do."""

    def _learn(self) -> None:
        if self._count:
            self._hours += 1
            delta = self._count - self._mean
            self._mean += delta / self._hours
            self._squares += delta * (self._count - self._mean)
