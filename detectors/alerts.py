"""Alerts: findings put into words a reviewer can act on, under ids that follow from the event alone.

Everything a sender chose (names, actions, resources) is cut to length and stripped of control characters before it
goes into a title: a title is one line whatever the sender does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from detectors.base import Sighting
from detectors.combine import severity_of
from detectors.config import MODEL_VERSION, DetectorConfig
from detectors.geography import describe
from detectors.profile import Profile
from detectors.wording import counted
from schemas.alert import Alert, Finding, Located, NotEvaluable

__all__ = ["LONGEST_TITLE", "build_alert", "config_digest", "digest"]

LONGEST_TITLE: Final = 400
_UNUSUAL: Final = {
    "geography": "from an unusual place",
    "hours": "at an unusual hour",
    "agents": "with an unusual program",
    "actions": "as seldom or never before",
}
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def digest(*parts: str) -> str:
    """80 bits, in hex, over the parts in their order."""
    return blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()


def config_digest(config: DetectorConfig, geo_version: str = "") -> str:
    """Names a configuration, the model version and a geo database: scores under one name can be compared."""
    return digest(config.model_dump_json(), str(MODEL_VERSION), geo_version)


def build_alert(profile: Profile, x: Sighting, score: float, parts: tuple[float, ...]) -> Alert:
    """The alert of an event about to be noted; opens its case or joins the open one."""
    record = x.record.activity()
    event = record.event
    explained = [detector.explain_one(x) for detector in profile.detectors()]
    findings = sorted(
        (
            finding.model_copy(update={"score": round(part, 3)})
            for finding, part in zip(explained, parts, strict=True)
            if isinstance(finding, Finding)
        ),
        key=lambda finding: -finding.score,
    )
    config = x.context.digests.get(record.versions.geo)
    if config is None:
        config = x.context.digests[record.versions.geo] = config_digest(x.config, record.versions.geo)
    first = profile.open_case(x.seconds, x.config.learning.case_gap_minutes * 60)
    return Alert(
        id=digest(event.source, event.id, record.subject, config),
        event_id=event.id,
        time=event.time,
        actor=event.actor,
        actor_kind=event.actor_kind,
        subject=record.subject,
        score=round(score, 3),
        severity=severity_of(score, x.config),
        title=_title(profile, x, findings[0]),
        findings=tuple(findings),
        not_evaluable=tuple(finding for finding in explained if isinstance(finding, NotEvaluable)),
        event=Located.model_construct(None, **event.__dict__, place=record.place),
        evidence=record.evidence,
        group=digest(event.actor, str(first)),
        config=config,
    )


def _title(profile: Profile, x: Sighting, leading: Finding) -> str:
    """Who did what, how much, when, from where: with the numbers of the finding that weighs most in front."""
    event, place = x.event, x.place
    who, action = _clean(event.actor, 64), _clean(event.action, 48)
    on = f" on {_clean(event.resource, 80)}" if event.resource else ""
    moment = datetime.fromtimestamp(x.seconds, UTC)
    when = f"at {moment:%H:%M} UTC on {_DAYS[moment.weekday()]} {moment:%Y-%m-%d}"
    where = "" if place is None else f", from {_clean(describe(place), 96)}"
    away = "" if place is None else _away(profile, x)
    if leading.detector == "repositories":
        count, within = profile.repositories.burst(x)
        reached = f"{counted(count, 'repository', 'repositories')} never worked in before within {within}"
        what = f"reached {reached}, last by {action}{on}"
    elif leading.detector == "resources":
        count, minutes = profile.resources.burst(x)
        reached = f"{counted(count, 'resource')} never touched before within {counted(minutes, 'minute')}"
        what = f"reached {reached}, last by {action}{on}"
    elif leading.detector == "spikes":
        events, minutes = profile.spikes.burst(x)
        what = f"made {_clean(events, 96)} within {counted(minutes, 'minute')}, last {action}{on}"
    else:
        unusual = _UNUSUAL[leading.detector]
        what = f"did {action}{on} {unusual} ({_clean(leading.reason.split(';')[0], 96)})"
    return f"{who} {what}, {when}{where}{away}"[:LONGEST_TITLE]


def _away(profile: Profile, x: Sighting) -> str:
    anchor, place = profile.geography.anchor, x.place
    if anchor is None or place is None:
        return ""
    km = profile.geography.distance_from_anchor(place)
    return f", {km:,.0f} km from {_clean(anchor.name, 32)}" if km >= 100 else ""


def _clean(text: str, most: int) -> str:
    """At most ``most`` printable characters on one line: no controls, no bidirectional overrides, no line ends."""
    kept = text[: 4 * most]
    if not kept.isprintable():  # which means just that: no character of Unicode's categories C and Z but the space
        kept = "".join(char for char in kept if char.isprintable())
    return kept if len(kept) <= most else kept[: most - 1] + "…"
