"""What an evaluation finds: how many incidents are caught, at what cost in false cases (see docs/evaluation.md).

Everything is counted in cases (``streams.evaluate.cases``) over one period.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Final

import msgspec

from schemas.errors import UsageError
from streams.evaluate.cases import Case, cases_of
from streams.evaluate.labels import Incident, Labels, Nuisance
from streams.evaluate.scores import NOBODY, Scores
from streams.evaluate.sweep import Budget, Point, Swept, sweep

__all__ = ["BUDGETS", "UNEXPLAINED", "Evaluation", "Exceedance", "Group", "calibration_of", "evaluate", "period_start"]

BUDGETS: Final = (1.0, 3.0, 10.0)
"""False cases a day at which recall is told."""
UNEXPLAINED: Final = "unexplained"
"""Stands for the nuisance of a false case that no label explains."""
_DAY_S: Final = 86_400.0
_CALIBRATION_STEP: Final = 0.1
_USUAL_ORDER: Final = ("easy", "medium", "hard")


class Group(msgspec.Struct, frozen=True):
    """What became of some of the incidents.

    ``recall``, ``precision`` and ``delay_min`` are at the configured threshold: ``precision`` is the share of these
    incidents' cases among them and all false ones (None without any), ``delay_min`` the median of the minutes from an
    incident's start to its first alert, over those caught (None where none is). ``recall_at`` has the ``BUDGETS``.
    """

    name: str
    incidents: int
    caught: int
    recall: float
    precision: float | None
    delay_min: float | None
    pr_auc: float
    recall_at: tuple[float, ...]


class Exceedance(msgspec.Struct, frozen=True):
    """How often benign events score ``score`` or more; the log10 of a likelihood ratio claims at most ``claimed``."""

    score: float
    share: float
    claimed: float


class Evaluation(msgspec.Struct, frozen=True):
    """All figures of one configuration over the period from ``start`` to ``end``.

    ``kinds`` and ``difficulties`` split ``all``; ``nuisances`` are the false cases by what explains them, most first;
    ``curve`` has a point for each rise of recall, ``calibration`` one for each tenth of a decade.
    """

    start: datetime
    end: datetime
    days: float
    events: int
    cases: int
    false_cases: int
    false_a_day: float
    all: Group
    kinds: tuple[Group, ...]
    difficulties: tuple[Group, ...]
    nuisances: dict[str, int]
    budgets: tuple[Budget, ...]
    curve: tuple[Point, ...]
    calibration: tuple[Exceedance, ...]


def period_start(labels: Labels) -> datetime:
    """When the period begins unless another time is asked for: 00:00 UTC of the day of the first incident's start."""
    first = min(incident.start for incident in labels.incidents).astimezone(UTC)
    return first.replace(hour=0, minute=0, second=0, microsecond=0)


def evaluate(scores: Scores, labels: Labels, start: datetime) -> Evaluation:
    """The figures of all ``scores`` against all ``labels``, both of the period that begins at ``start``.

    The last event ends the period.

    Raises:
        UsageError: where there is nothing to evaluate.
    """
    end, days = _period(scores, labels, start)
    incidents = labels.incidents
    swept = sweep(scores, [("", f"k{one.kind}", f"d{one.difficulty}") for one in incidents], "", days, BUDGETS)
    cases = cases_of(scores)
    false = [(scores.names[actor], case) for actor, case in cases if not case.incidents]
    groups = _Groups(incidents, cases, len(false), _first_alerts(scores), swept)
    return Evaluation(
        start=start,
        end=datetime.fromtimestamp(end, UTC),
        days=days,
        events=len(scores),
        cases=len(cases),
        false_cases=len(false),
        false_a_day=len(false) / days,
        all=groups.one("", "all", range(len(incidents))),
        kinds=groups.split("k", [one.kind for one in incidents]),
        difficulties=groups.split("d", [one.difficulty for one in incidents]),
        nuisances=_explained(false, labels.nuisances),
        budgets=tuple(swept.budgets),
        curve=tuple(swept.points),
        calibration=calibration_of(
            score for score, incident in zip(scores.scores, scores.incidents, strict=True) if incident == NOBODY
        ),
    )


def _period(scores: Scores, labels: Labels, start: datetime) -> tuple[float, float]:
    """When the period ends (Unix seconds), and its length in days."""
    end = max(scores.seconds, default=0.0)
    days = (end - start.timestamp()) / _DAY_S
    if days <= 0:
        raise UsageError(f"no event lies after {start:%Y-%m-%d %H:%M} UTC, where the evaluation begins")
    if not labels.incidents:
        raise UsageError(f"no attack starts after {start:%Y-%m-%d %H:%M} UTC, where the evaluation begins")
    if all(incident == NOBODY for incident in scores.incidents):
        raise UsageError("the labels name no event that is there: are the two files of the same stream?")
    return end, days


class _Groups:
    """Splits the incidents, and tells what became of each part."""

    def __init__(
        self,
        incidents: Sequence[Incident],
        cases: Iterable[tuple[int, Case]],
        false: int,
        first: dict[int, float],
        swept: Swept,
    ) -> None:
        self._incidents, self._false, self._first, self._swept = incidents, false, first, swept
        self._true = [case.incidents for _, case in cases if case.incidents]

    def split(self, prefix: str, names: Sequence[str]) -> tuple[Group, ...]:
        return tuple(
            self.one(prefix + name, name, [index for index, other in enumerate(names) if other == name])
            for name in sorted(set(names), key=_place)
        )

    def one(self, key: str, name: str, members: Sequence[int]) -> Group:
        caught = [index for index in members if index in self._first]
        true = sum(not incidents.isdisjoint(members) for incidents in self._true)
        delays = [(self._first[index] - self._incidents[index].start.timestamp()) / 60 for index in caught]
        return Group(
            name=name,
            incidents=len(members),
            caught=len(caught),
            recall=len(caught) / len(members),
            precision=true / (true + self._false) if true + self._false else None,
            delay_min=median(delays) if delays else None,
            pr_auc=self._swept.areas[key],
            recall_at=tuple(self._recall(members, budget) for budget in self._swept.budgets),
        )

    def _recall(self, members: Sequence[int], budget: Budget) -> float:
        limit, highest = budget.threshold, self._swept.highest
        if limit is None:
            return 0.0
        return sum(index in highest and highest[index] >= limit for index in members) / len(members)


def _place(name: str) -> tuple[int, str]:
    return _USUAL_ORDER.index(name) if name in _USUAL_ORDER else len(_USUAL_ORDER), name


def _first_alerts(scores: Scores) -> dict[int, float]:
    """When each incident that was caught first raised an alert (Unix seconds)."""
    first = dict[int, float]()
    for seconds, alert, incident in zip(scores.seconds, scores.alerts, scores.incidents, strict=True):
        if alert and incident != NOBODY:
            first[incident] = min(seconds, first.get(incident, seconds))
    return first


def _explained(false: Iterable[tuple[str, Case]], nuisances: Iterable[Nuisance]) -> dict[str, int]:
    """False cases by the shortest of their actor's nuisances that contain their first alert."""
    of_actor = dict[str, list[Nuisance]]()
    for nuisance in sorted(nuisances, key=lambda one: one.end - one.start):
        of_actor.setdefault(nuisance.actor, []).append(nuisance)
    found = Counter[str]()
    for actor, case in false:
        reasons = (
            one.nuisance
            for one in of_actor.get(actor, ())
            if one.start.timestamp() <= case.start <= one.end.timestamp()
        )
        found[next(reasons, UNEXPLAINED)] += 1
    return dict(sorted(found.items(), key=lambda row: (-row[1], row[0])))


def calibration_of(benign: Iterable[float]) -> tuple[Exceedance, ...]:
    """The share of benign scores at or above each tenth of a decade, from 0 to the highest of them.

    P(likelihood ratio >= 10^s) is at most 10^-s under its denominator, by Markov's inequality: a share above that says
    that the scores claim too much.
    """
    ordered = sorted(benign)
    found = list[Exceedance]()
    for tenth in range(int(ordered[-1] / _CALIBRATION_STEP) + 1 if ordered else 0):
        mark = tenth * _CALIBRATION_STEP
        above = len(ordered) - bisect_left(ordered, mark)
        found.append(Exceedance(round(mark, 1), above / len(ordered), 10**-mark))
    return tuple(found)
