"""A bounded table of what a subject is seen with (countries, networks), counted in session-hours.

The chance of something never seen follows the two-parameter Poisson-Dirichlet process (Pitman and Yor, Ann. Probab. 25,
1997): (concentration + discount x kinds seen) / (hours + concentration). It is 1 for a subject never seen before, falls
as hours pass without news, and stays higher for a subject that often brings news.
"""

from __future__ import annotations

from typing import Final

__all__ = ["UNIT", "Habits", "HabitsRow", "Tally"]

UNIT: Final = 16
"""One session-hour in stored counts: whole numbers stay equal through bytes and still fade by small steps."""
_WEEK: Final = 168
_MOST_WEEKS_AT_ONCE: Final = 13  # a broken clock may not wipe what was learned in years


HabitsRow = tuple[int, int, int, dict[int, tuple[int, int, int]]]
"""``Habits`` as it is stored: total, born, week, and by key a tally's count, first and last hour."""


class Tally:
    """One row: stored session-hours, and the first and last hour (from the epoch) it was seen in."""

    def __init__(self, count: int, first: int, last: int) -> None:
        self.count = count
        self.first = first
        self.last = last


class Habits:
    """At most ``capacity`` rows; the one with the least weight makes room, the older of equals."""

    def __init__(self) -> None:
        self.total = 0
        self.born = 0
        self.week = 0
        self.table: dict[int, Tally] = {}

    @staticmethod
    def of_row(row: HabitsRow) -> Habits:
        """What was stored as ``row``."""
        habits = Habits()
        habits.total, habits.born, habits.week, table = row
        for key, (count, first, last) in table.items():
            habits.table[key] = Tally(count, first, last)
        return habits

    def row(self) -> HabitsRow:
        """The state as it is stored."""
        table = {key: (tally.count, tally.first, tally.last) for key, tally in self.table.items()}
        return self.total, self.born, self.week, table

    @property
    def hours(self) -> float:
        """Session-hours counted, faded."""
        return self.total / UNIT

    def known(self, key: int, hour: int, settle: int) -> Tally | None:
        """The row of ``key`` if it was first seen long enough before ``hour``, or in the subject's first hours."""
        tally = self.table.get(key)
        if tally is None or (hour - tally.first < settle <= tally.first - self.born):
            return None
        return tally

    def chance(self, tally: Tally | None, share: float, concentration: float, discount: float) -> float:
        """How likely the next session-hour is to show that row, or one never seen that has ``share`` of all news."""
        total = self.total
        news = (concentration + discount * (len(self.table) - 1)) / (total / UNIT + concentration)
        news = min(news, 1.0)
        if tally is None:
            return news * share
        return news * share + (1.0 - news) * tally.count / total

    def counts(self, key: int, hour: int) -> bool:
        """Whether this very session-hour is counted already."""
        tally = self.table.get(key)
        return tally is not None and tally.last == hour

    def add(self, key: int, hour: int, capacity: int, half_life_weeks: int) -> None:
        """Counts one session-hour, which it doesn't count yet."""
        tally = self.table.get(key)
        if tally is not None:
            tally.count += UNIT
            tally.last = max(tally.last, hour)
            tally.first = min(tally.first, hour)
        else:
            if not self.table:
                self.born, self.week = hour, hour // _WEEK
            elif len(self.table) >= capacity:
                self._evict()
            self.table[key] = Tally(UNIT, hour, hour)
        self.total += UNIT
        if hour // _WEEK != self.week:
            self._fade(hour // _WEEK, half_life_weeks)

    def _evict(self) -> None:
        key, tally = min(self.table.items(), key=lambda row: (row[1].count, row[1].last))
        self.total -= tally.count
        del self.table[key]

    def _fade(self, week: int, half_life_weeks: int) -> None:
        elapsed = week - self.week
        if -1 <= elapsed <= 0:
            return  # a late event
        self.week = week
        keep = 0.5 ** (min(max(elapsed, 0), _MOST_WEEKS_AT_ONCE) / half_life_weeks)
        self.total = 0
        for tally in self.table.values():
            tally.count = max(1, round(tally.count * keep))
            self.total += tally.count
