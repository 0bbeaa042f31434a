"""Actions: what the subject seldom or never does.

A weak signal: everybody does something for the first time now and then. The action's share of the subject's own
action-hours (smoothed as by a Dirichlet prior) is set against an attacker's, who has a handful of things to do.
"""

from __future__ import annotations

from math import log10
from typing import ClassVar, Final

from detectors.base import Sighting
from detectors.habits import UNIT, Habits, HabitsRow
from schemas.alert import Finding, NotEvaluable

__all__ = ["Actions", "ActionsRow"]

_ACTIONS: Final = 24
_ATTACKER: Final = 0.1  # ten or so actions are worth a theft, and none of them is its own sign
_PRIOR_HOURS: Final = 3.0
_PRIOR_SHARE: Final = 0.1
ActionsRow = tuple[HabitsRow]
"""``Actions`` as it is stored."""


class Actions:
    """The subject's actions, by their number."""

    name: ClassVar[str] = "actions"
    layout: ClassVar[object] = ActionsRow

    def __init__(self) -> None:
        self.habits = Habits()

    @staticmethod
    def of_row(row: ActionsRow) -> Actions:
        """What was stored as ``row``."""
        actions = Actions()
        actions.habits = Habits.of_row(row[0])
        return actions

    def row(self) -> ActionsRow:
        """The state as it is stored."""
        return (self.habits.row(),)

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in the action."""
        return log10(_ATTACKER / self._share(x)) if self.habits.total else None

    def learn_one(self, x: Sighting, /) -> None:
        """Counts the action as one of the subject's."""
        if not self.habits.counts(x.action, x.hour):
            self.habits.add(x.action, x.hour, _ACTIONS, x.config.actions.half_life_weeks)

    def skip_one(self, x: Sighting, /) -> None:
        """What an attacker may have done is no habit."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """How often the subject does this."""
        score = self.score_one(x)
        if score is None:
            return NotEvaluable(detector=self.name, reason="no earlier action of this subject is known")
        row = self.habits.known(x.action, x.hour, x.peers.settle_hours)
        seen = 0.0 if row is None else 100 * row.count / self.habits.total
        return Finding(
            detector=self.name,
            score=score,
            reason=f"{x.event.action} makes {seen:.1f}% of {self.habits.hours:.0f} action-hours of this subject",
            observed=x.event.action,
            expected=f"one of {len(self.habits.table)} actions done before",
        )

    def _share(self, x: Sighting) -> float:
        row = self.habits.known(x.action, x.hour, x.peers.settle_hours)
        count = 0.0 if row is None else row.count / UNIT
        return (count + _PRIOR_SHARE * _PRIOR_HOURS) / (self.habits.hours + _PRIOR_HOURS)
