"""The pure step: one activity record is scored against its subject's profile, then learned from.

The stream, the offline scorer, replay and the tests all call this one function, so the same records in the same order
give the same profiles and the same alerts, byte for byte. No clock, no I/O, no randomness.
"""

from __future__ import annotations

from typing import Final

from detectors.alerts import build_alert
from detectors.base import Context, Sighting
from detectors.combine import Parts
from detectors.config import DetectorConfig
from detectors.maths import stable_hash
from detectors.outcome import Outcome
from detectors.profile import DETECTORS, Profile
from schemas.activity import Activity, Recorded
from schemas.baseline import NO_BASELINE, Baseline

__all__ = ["step"]

_NAMES: Final = tuple(detector.name for detector in DETECTORS)
_MOST_CONTEXTS: Final = 8

_DUPLICATE: Final = Outcome("duplicate", 0.0, None, None, False)
_contexts: Final[dict[tuple[int, int], Context]] = {}


class _Last:
    """What the last step was about: the subjects of an event often follow each other, and share all but the record."""

    def __init__(self) -> None:
        self.context = Context(DetectorConfig(), NO_BASELINE)
        self.x: Sighting | None = None


_last: Final = _Last()


def step(
    profile: Profile, record: Activity | Recorded, baseline: Baseline, config: DetectorConfig
) -> tuple[Profile, Outcome]:
    """Scores ``record`` against ``profile``, then learns from it.

    The profile is the caller's: it is changed in place and given back. ``record.subject`` must be the profile's, and
    ``baseline`` the one that ``record.versions`` names. An event that raises an alert is noted but not learned from,
    until the same behaviour has raised alerts on ``config.learning.ageing_days`` distinct days. A subject that was away
    for more than ``config.learning.forget_days`` starts a new profile, as if none had been stored.
    """
    context = _last.context
    if context.baseline is not baseline or context.config is not config:
        context = _last.context = _context(baseline, config)
    x = _sighting(record, context)
    if x.seconds - profile.last_seen > context.forget_s and profile.is_forgotten(x.seconds, context.forget_s):
        profile = Profile(profile.subject)
    if profile.is_repeat(x.digest, context.remembered_ids):
        return profile, _DUPLICATE
    score, parts = context.pool.combine(profile.terms(x))
    leading = _leading(parts)
    profile.see(x)
    if leading is None or score < context.threshold:
        profile.learn(x)
        return profile, Outcome("scored", score, leading, None, True)
    alert = build_alert(profile, x, score, parts)
    if profile.hold(_behaviour(leading, x), x) >= config.learning.ageing_days:
        profile.learn(x)
    else:
        profile.skip(x)
    return profile, Outcome("scored", score, leading, alert, True)


def _sighting(record: Activity | Recorded, context: Context) -> Sighting:
    x = _last.x
    if x is not None and record.event is x.event and record.place is x.place and context is x.context:
        x.record = record
        return x
    x = _last.x = Sighting(record, context)
    return x


def _leading(parts: Parts) -> str | None:
    """The detector that adds most to the score, the first of equals, if any adds to it."""
    most = max(parts)
    return _NAMES[parts.index(most)] if most > 0.0 else None


def _behaviour(leading: str, x: Sighting) -> int:
    """What the ageing rule takes for the same behaviour: the leading finding, in the same country and network."""
    place = x.place
    where = "" if place is None else f"{place.country}\0{place.asn}"
    return stable_hash(f"{leading}\0{where}")


def _context(baseline: Baseline, config: DetectorConfig) -> Context:
    """The two made ready, once: a memo of the last few pairs, which it keeps alive so that no id is reused."""
    key = (id(baseline), id(config))
    context = _contexts.get(key)
    if context is None:
        if len(_contexts) >= _MOST_CONTEXTS:
            del _contexts[next(iter(_contexts))]
        context = _contexts[key] = Context(config, baseline)
    return context
