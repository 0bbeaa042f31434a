"""One score from several findings, without pretending that they are independent.

Each detector's decades of evidence are limited (``floor``, ``ceiling``), tempered by a weight below 1, and summed: a
logarithmic opinion pool (Genest and Zidek, Stat. Sci. 1, 1986), which is what naive Bayes becomes when its terms
overlap. Spikes and resources see the same burst: the stronger counts, and little of the weaker. What can't be judged
adds nothing.

The score is log10 of the likelihood ratio, attacker against this subject: 0 says nothing either way; at 1 the event is
ten times likelier of an attacker, at 2 a hundred times, at 3 a thousand times.
"""

from __future__ import annotations

from detectors.config import DetectorConfig, WeightConfig
from schemas.alert import Severity

__all__ = ["Terms", "combine", "severity_of"]

Terms = tuple[float | None, float | None, float | None, float | None]
"""Raw decades of geography, hours, spikes and resources, in the order of the registry; ``None``: not evaluable."""


def combine(terms: Terms, weights: WeightConfig) -> tuple[float, tuple[float, float, float, float]]:
    """The score, and what each detector adds to it.

    >>> combine((None, None, None, None), WeightConfig())[0]
    0.0
    >>> round(combine((3.0, -9.0, 4.0, 2.0), WeightConfig(geography=0.5, hours=0.5, spikes=0.5, resources=0.5))[0], 2)
    3.55
    """
    floor, ceiling = weights.floor, weights.ceiling
    geography, hours, spikes, resources = terms
    place = weights.geography * _limit(geography, floor, ceiling) if geography else 0.0
    time = weights.hours * _limit(hours, floor, ceiling) if hours else 0.0
    burst = weights.spikes * _limit(spikes, floor, ceiling) if spikes else 0.0
    fresh = weights.resources * _limit(resources, floor, ceiling) if resources else 0.0
    if burst < fresh:
        burst *= weights.overlap
    else:
        fresh *= weights.overlap
    return place + time + burst + fresh, (place, time, burst, fresh)


def severity_of(score: float, config: DetectorConfig) -> Severity:
    """How soon a person should look."""
    steps = config.severity
    if score >= steps.critical:
        return "critical"
    if score >= steps.high:
        return "high"
    return "medium" if score >= steps.medium else "low"


def _limit(value: float, floor: float, ceiling: float) -> float:
    if value < floor:
        return floor
    return ceiling if value > ceiling else value
