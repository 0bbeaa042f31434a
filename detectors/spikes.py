"""Spikes: more events within an hour than the subject's active hours have, in all and of one action.

Two views of the same burst, so the stronger one counts and not their sum. Mathematics in ``detectors.rates``. Events
that arrive more than an hour late (a queue that was stuck) are not evaluable and count for nothing: they would look
like a burst that never was.
"""

from __future__ import annotations

from typing import ClassVar, Final

from detectors.base import Sighting
from detectors.rates import Rate, RateRow
from detectors.wording import counted
from schemas.alert import Finding, NotEvaluable

__all__ = ["Spikes", "SpikesRow"]

_ACTIONS: Final = 12


SpikesRow = tuple[RateRow, dict[int, RateRow]]
"""``Spikes`` as it is stored, its fields in their order."""


class Spikes:
    """The rate of all events, and of each action (by its number), the least used making room."""

    name: ClassVar[str] = "spikes"
    layout: ClassVar[object] = SpikesRow

    def __init__(self) -> None:
        self.all = Rate()
        self.actions: dict[int, Rate] = {}

    @staticmethod
    def of_row(row: SpikesRow) -> Spikes:
        """What was stored as ``row``."""
        spikes = Spikes()
        spikes.all = Rate.of_row(row[0])
        spikes.actions = {action: Rate.of_row(rate) for action, rate in row[1].items()}
        return spikes

    def row(self) -> SpikesRow:
        """The state as it is stored."""
        return self.all.row(), {action: rate.row() for action, rate in self.actions.items()}

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in how much happened within the hour."""
        rate, prior = self.all, x.peers.spikes
        if not rate.usual.count or (x.hour < rate.hour and rate.late(x)):
            return None
        of_all = rate.evidence(x, 1, prior)
        of_action = self.actions.get(x.action, _NEVER).evidence(x, 1, prior)
        return of_all if of_all > of_action else of_action

    def learn_one(self, x: Sighting, /) -> None:
        """Counts the event, and its hour as a usual one when it is over."""
        self._note(x, learn=True)

    def skip_one(self, x: Sighting, /) -> None:
        """Counts the event; its hour will not be taken for a usual one."""
        self._note(x, learn=False)

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """The count of the stronger view, against a usual active hour of it."""
        if self.all.late(x):
            return NotEvaluable(detector=self.name, reason="the event arrived after its hour was over")
        if not self.all.usual.count:
            return NotEvaluable(detector=self.name, reason="no finished active hour of this subject is known")
        prior = x.peers.spikes
        score, rate, what = self._stronger(x)
        usual, high = rate.expected(prior)
        events = counted(round(rate.trailing(x)), what)
        minutes, hours = counted(rate.minutes(x), "minute"), counted(rate.usual.count, "active hour")
        return Finding(
            detector=self.name,
            score=score,
            reason=f"{events} within {minutes}; known from {hours}",
            observed=events,
            expected=f"about {usual:.1f} in an active hour, seldom over {high:.0f}",
        )

    def burst(self, x: Sighting) -> tuple[str, int]:
        """How many events in words, by the stronger view and this one among them, within how many minutes."""
        _, rate, what = self._stronger(x)
        return counted(round(rate.trailing(x)), what), rate.minutes(x)

    def _stronger(self, x: Sighting) -> tuple[float, Rate, str]:
        prior, of = x.peers.spikes, self.actions.get(x.action, _NEVER)
        of_all, of_action = self.all.evidence(x, 1, prior), of.evidence(x, 1, prior)
        return (of_all, self.all, "event") if of_all > of_action else (of_action, of, f"{x.event.action} event")

    def _note(self, x: Sighting, learn: bool) -> None:
        prior = x.peers.spikes
        self.all.note(x, prior, 1, learn)
        rate = self.actions.get(x.action)
        if rate is None:
            rate = self._begin(x.action)
        rate.note(x, prior, 1, learn)

    def _begin(self, action: int) -> Rate:
        if len(self.actions) >= _ACTIONS:
            del self.actions[min(self.actions.items(), key=lambda row: (row[1].usual.count, row[1].hour))[0]]
        rate = self.actions[action] = Rate()
        return rate


_NEVER: Final = Rate()
"""Stands for an action that was never seen; nothing is ever noted in it."""
