"""The sweep: the threshold falls from the highest score to the lowest, and the cases form anew at each.

Events of equal score come in together. One pass over the sorted events, for a case only ever begins, grows or joins
another as the threshold falls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from streams.evaluate.cases import Case, CaseBook
from streams.evaluate.scores import NOBODY, Scores

__all__ = ["Budget", "Point", "Swept", "sweep"]


class Point(NamedTuple):
    """A threshold at which another incident is caught, with the recall and the precision there."""

    threshold: float
    recall: float
    precision: float


class Budget(NamedTuple):
    """The lowest threshold down to which there are at most ``false_a_day`` false cases a day, and what it catches.

    ``threshold`` is None where even the highest scores make more.
    """

    false_a_day: float
    threshold: float | None
    recall: float


class Swept(NamedTuple):
    """``areas`` are the PR-AUC of each group of incidents; ``highest`` the highest score of each incident, if any."""

    points: Sequence[Point]
    budgets: Sequence[Budget]
    areas: Mapping[str, float]
    highest: Mapping[int, float]


class _Group:
    """Incidents that are judged together; ``true`` cases are those with one of them."""

    def __init__(self) -> None:
        self.incidents = self.caught = self.true = 0
        self.area = 0.0

    def rise(self, fresh: int, false: int) -> None:
        """Takes a step in recall into the area."""
        self.caught += fresh
        self.area += fresh / self.incidents * self.true / (self.true + false)


class _Sweep:
    def __init__(self, groups_of: Sequence[Sequence[str]], whole: str) -> None:
        self.groups_of = groups_of
        self.groups = {name: _Group() for name in (whole, *(name for names in groups_of for name in names))}
        for names in groups_of:
            for name in names:
                self.groups[name].incidents += 1
        self.book = CaseBook()
        self.false = 0
        self.fresh: list[int] = []
        self.highest: dict[int, float] = {}

    def add(self, actor: int, seconds: float, incident: int, score: float) -> None:
        gone, case = self.book.add(actor, seconds, incident)
        for one in gone:
            self._count(one, -1)
        self._count(case, 1)
        if incident != NOBODY and incident not in self.highest:
            self.highest[incident] = score
            self.fresh.append(incident)

    def rise(self) -> None:
        """Takes the incidents that were caught since the last call into account."""
        fresh = Counter(name for incident in self.fresh for name in self.groups_of[incident])
        for name, count in fresh.items():
            self.groups[name].rise(count, self.false)
        self.fresh.clear()

    def _count(self, case: Case, one: int) -> None:
        if not case.incidents:
            self.false += one
            return
        for name in {name for incident in case.incidents for name in self.groups_of[incident]}:
            self.groups[name].true += one


def sweep(
    scores: Scores, groups_of: Sequence[Sequence[str]], whole: str, days: float, budgets: Sequence[float]
) -> Swept:
    """Sweeps the threshold over all scores.

    ``groups_of`` names the groups of each incident, ``whole`` among them; ``days`` is the length of the period;
    ``budgets`` are false cases a day. The area under the curve is average precision: the sum, over the thresholds at
    which recall rises, of the rise times the precision of the cases there.
    """
    state, points = _Sweep(groups_of, whole), list[Point]()
    open_budgets, met = sorted(budgets), dict[float, Budget]()
    last: tuple[float | None, float] = (None, 0.0)
    order = sorted(range(len(scores)), key=scores.scores.__getitem__, reverse=True)
    everything, recall = state.groups[whole], 0.0
    for place, index in enumerate(order):
        score = scores.scores[index]
        state.add(scores.actors[index], scores.seconds[index], scores.incidents[index], score)
        if place + 1 < len(order) and scores.scores[order[place + 1]] == score:
            continue
        while open_budgets and state.false > open_budgets[0] * days:
            budget = open_budgets.pop(0)
            met[budget] = Budget(budget, *last)
        if state.fresh:
            state.rise()
            recall = everything.caught / everything.incidents
            points.append(Point(score, recall, everything.true / (everything.true + state.false)))
        last = (score, recall)
    found = [met.get(budget, Budget(budget, *last)) for budget in budgets]
    return Swept(points, found, {name: group.area for name, group in state.groups.items()}, state.highest)
