"""Agents: a browser, command line or library that the subject never used before.

User agents are compared without their version numbers, for browsers update themselves. The chance of a new one is the
subject's own (``detectors.habits``): whoever often brings another machine surprises nobody with the next. An attacker
who has stolen a session or a token seldom has the owner's machine as well.
"""

from __future__ import annotations

from math import log10
from typing import ClassVar, Final

from detectors.base import Sighting
from detectors.habits import Habits, HabitsRow
from schemas.alert import Finding, NotEvaluable

__all__ = ["Agents", "AgentsRow"]

_AGENTS: Final = 12
_LONGEST: Final = 80
AgentsRow = tuple[HabitsRow]
"""``Agents`` as it is stored."""


class Agents:
    """The subject's user agents, by their number."""

    name: ClassVar[str] = "agents"
    layout: ClassVar[object] = AgentsRow

    def __init__(self) -> None:
        self.habits = Habits()

    @staticmethod
    def of_row(row: AgentsRow) -> Agents:
        """What was stored as ``row``."""
        agents = Agents()
        agents.habits = Habits.of_row(row[0])
        return agents

    def row(self) -> AgentsRow:
        """The state as it is stored."""
        return (self.habits.row(),)

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in a user agent never seen; 0 for a known one."""
        habits, peers = self.habits, x.peers
        if not x.agent or not habits.total:
            return None
        if habits.known(x.agent, x.hour, peers.settle_hours) is not None:
            return 0.0
        hours = habits.hours
        score = log10(peers.new_agent / habits.chance(None, 1.0, peers.agent_concentration, peers.discount))
        return score * hours / (hours + peers.agent_ramp_hours) if score > 0 else 0.0

    def learn_one(self, x: Sighting, /) -> None:
        """Counts the user agent as one of the subject's."""
        if x.agent and not self.habits.counts(x.agent, x.hour):
            self.habits.add(x.agent, x.hour, _AGENTS, x.config.agents.half_life_weeks)

    def skip_one(self, x: Sighting, /) -> None:
        """What an attacker may have used is no habit."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """Whether the user agent is new, and to how long a history."""
        score = self.score_one(x)
        if score is None:
            why = "no earlier user agent of this subject is known" if x.agent else "the event names no user agent"
            return NotEvaluable(detector=self.name, reason=why)
        hours, kinds = self.habits.hours, len(self.habits.table)
        row = self.habits.known(x.agent, x.hour, x.peers.settle_hours)
        seen = "never seen" if row is None else "known"
        return Finding(
            detector=self.name,
            score=score,
            reason=f"user agent {seen} in {hours:.0f} session-hours, whatever its version",
            observed=(x.event.user_agent or "")[:_LONGEST],
            expected=f"one of the {kinds} used before" if kinds > 1 else "the one used before",
        )
