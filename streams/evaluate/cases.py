"""Cases: the alerts of one actor, each within an hour of the one before.

What a person opens is a case and not an event, so everything is counted in cases. A case is *true* where one of its
alerts is an event of an incident, else it is *false*.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from streams.evaluate.scores import NOBODY, Scores

__all__ = ["GAP_S", "Case", "CaseBook", "cases_of"]

GAP_S = 3600.0
"""Alerts of one actor further apart than this (seconds) belong to different cases."""


class Case(NamedTuple):
    """From its first alert to its last (Unix seconds), and the incidents (by index) that its alerts belong to."""

    start: float
    end: float
    incidents: frozenset[int]


_NONE: frozenset[int] = frozenset()


class CaseBook:
    """The cases of all actors while alerts are added in any order: a new one begins a case, grows one, or joins two.

    >>> book = CaseBook()
    >>> book.add(0, 0.0), book.add(0, 7200.0)  # two hours apart
    (((), Case(start=0.0, end=0.0, incidents=frozenset())), ((), Case(start=7200.0, end=7200.0, incidents=frozenset())))
    >>> gone, case = book.add(0, 3600.0)
    >>> len(gone), case.start, case.end
    (2, 0.0, 7200.0)
    """

    def __init__(self) -> None:
        self._starts: dict[int, list[float]] = {}
        self._cases: dict[int, list[Case]] = {}

    def add(self, actor: int, seconds: float, incident: int = NOBODY) -> tuple[tuple[Case, ...], Case]:
        """Adds an alert: the cases that it replaces (up to two), and the one that stands in their place."""
        starts, cases = self._starts.setdefault(actor, []), self._cases.setdefault(actor, [])
        at = bisect_right(starts, seconds)
        first = at - 1 if at and seconds - cases[at - 1].end <= GAP_S else at
        last = at + 1 if at < len(cases) and cases[at].start - seconds <= GAP_S else at
        gone = tuple(cases[first:last])
        incidents = _NONE if incident == NOBODY else frozenset((incident,))
        incidents = incidents.union(*(case.incidents for case in gone))
        case = Case(
            min((seconds, *(case.start for case in gone))), max((seconds, *(case.end for case in gone))), incidents
        )
        starts[first:last], cases[first:last] = [case.start], [case]
        return gone, case

    def cases(self) -> Iterable[tuple[int, Case]]:
        """Every case with its actor."""
        return ((actor, case) for actor, cases in self._cases.items() for case in cases)


def cases_of(scores: Scores) -> list[tuple[int, Case]]:
    """The cases of the events that raised an alert, each with its actor."""
    book = CaseBook()
    for index, alert in enumerate(scores.alerts):
        if alert:
            book.add(scores.actors[index], scores.seconds[index], scores.incidents[index])
    return list(book.cases())
