"""One score from several findings, without pretending that they are independent.

Each detector's decades of evidence are limited (``floor``, ``ceiling``), tempered by a weight below 1, and summed: a
logarithmic opinion pool (Genest and Zidek, Stat. Sci. 1, 1986), which is what naive Bayes becomes when its terms
overlap. Spikes, resources and repositories see the same burst: the strongest counts, and little of the others. What
can't be judged adds nothing.

The score is log10 of the likelihood ratio, attacker against this subject: 0 says nothing either way; at 1 the event is
ten times likelier of an attacker, at 2 a hundred times, at 3 a thousand times.
"""

from __future__ import annotations

from detectors.config import DetectorConfig, WeightConfig
from schemas.alert import Severity

__all__ = ["Parts", "Pool", "Terms", "severity_of"]

Terms = tuple[float | None, float | None, float | None, float | None, float | None, float | None, float | None]
"""Raw decades of geography, hours, spikes, resources, repositories, agents and actions, in the order of the registry.

``None``: not evaluable.
"""
Parts = tuple[float, float, float, float, float, float, float]
"""What each of them adds to the score, in the same order."""


class Pool:
    """The weights, made ready for many events.

    >>> Pool(WeightConfig()).combine((None,) * 7)[0]
    0.0
    >>> half = WeightConfig(geography=0.5, hours=0.5, spikes=0.5, resources=0.5, repositories=0.5, overlap=0.25)
    >>> round(Pool(half).combine((3.0, -9.0, 4.0, 2.0, None, None, None))[0], 2)
    3.7
    """

    __slots__ = (
        "actions",
        "agents",
        "ceiling",
        "floor",
        "geography",
        "hours",
        "hours_floor",
        "overlap",
        "repositories",
        "resources",
        "spikes",
    )

    def __init__(self, weights: WeightConfig) -> None:
        self.geography, self.hours = weights.geography, weights.hours
        self.spikes, self.resources, self.repositories = weights.spikes, weights.resources, weights.repositories
        self.agents, self.actions = weights.agents, weights.actions
        self.overlap, self.ceiling = weights.overlap, weights.ceiling
        self.floor, self.hours_floor = weights.floor, weights.hours_floor

    def combine(self, terms: Terms) -> tuple[float, Parts]:
        """The score, and what each detector adds to it."""
        geography, hours, spikes, resources, repositories, agents, actions = terms
        place = self.geography * self._limit(geography) if geography else 0.0
        time = self.hours * max(self._limit(hours), self.hours_floor) if hours else 0.0
        burst = self.spikes * self._limit(spikes) if spikes else 0.0
        fresh = self.resources * self._limit(resources) if resources else 0.0
        reach = self.repositories * self._limit(repositories) if repositories else 0.0
        agent = self.agents * self._limit(agents) if agents else 0.0
        action = self.actions * self._limit(actions) if actions else 0.0
        # One burst sets off all three.
        if burst >= fresh and burst >= reach:
            fresh, reach = fresh * self.overlap, reach * self.overlap
        elif fresh >= reach:
            burst, reach = burst * self.overlap, reach * self.overlap
        else:
            burst, fresh = burst * self.overlap, fresh * self.overlap
        return place + time + burst + fresh + reach + agent + action, (place, time, burst, fresh, reach, agent, action)

    def _limit(self, value: float) -> float:
        if value < self.floor:
            return self.floor
        return self.ceiling if value > self.ceiling else value


def severity_of(score: float, config: DetectorConfig) -> Severity:
    """How soon a person should look."""
    steps = config.severity
    if score >= steps.critical:
        return "critical"
    if score >= steps.high:
        return "high"
    return "medium" if score >= steps.medium else "low"
