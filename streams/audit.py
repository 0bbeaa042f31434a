"""Whether what the pipeline left on its topics is what it had to leave: recomputed by the same code, byte for byte.

Nothing here trusts the run: each raw event is normalised again, each activity record is scored again, from the first
offset to the last, and the outcomes are compared as multisets. Faults, restarts and rebalances must not show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from detectors.config import DetectorConfig
from detectors.profile import Profile, expired
from schemas.activity import Activity, Coordinate
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import InputError, StateError
from streams.dead_letters import DeadLetter, Letter
from streams.normalise import Normaliser
from streams.pipeline import step

__all__ = ["AUDITED", "Audit", "Record", "audit", "recorded_baselines", "rescore"]

AUDITED = ("events", "activity", "dead-letters", "baselines", "alerts", "profiles")
"""The topics that an audit needs."""

_DEAD = "a dead letter"
_Outcome = tuple[str, str, bytes]
"""Where a raw event lies, the subject that it was scored for or ``_DEAD``, and the activity record's bytes."""


class Record(Letter, Protocol):
    """What is read of a committed record, whichever client consumed it."""

    topic: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Counts of what should be and isn't; all zero but the first three where nothing went wrong.

    ``events`` are the raw records, each of which has ended as activity (``scored``) or as a dead letter (``dead``).
    ``lost`` and ``doubled`` count outcomes of raw events that are missing, or there once too often or with other bytes.
    """

    events: int
    scored: int
    dead: int
    alerts: int
    lost: int
    doubled: int
    alerts_missing: int
    alerts_extra: int
    profiles_differing: int

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        wrong = (self.lost, self.doubled, self.alerts_missing, self.alerts_extra, self.profiles_differing)
        return not any(wrong)


def audit(topics: Mapping[str, Sequence[Record]], normaliser: Normaliser, config: DetectorConfig) -> Audit:
    """Compares the committed records of the topics ``AUDITED``, each in order of offsets, with what they must be.

    ``normaliser`` has the settings and the geo data of the run.

    Raises:
        StateError: where the run's own baselines are not on their topic.
    """
    baselines = recorded_baselines(topics["baselines"])
    letters = Counter(DeadLetter.from_record(record).coordinate for record in topics["dead-letters"])
    activities = [Activity.from_json(record.value or b"") for record in topics["activity"]]
    found: Counter[_Outcome] = Counter({(where, _DEAD, b""): count for where, count in letters.items()})
    for activity, record in zip(activities, topics["activity"], strict=True):
        found[_where(activity.evidence), activity.subject, record.value or b""] += 1
    in_force = {_where(activity.evidence): _named(baselines, activity) for activity in activities}
    expected = Counter(outcome for record in topics["events"] for outcome in _outcomes(record, normaliser, in_force))
    alerts, profiles = rescore(activities, baselines, config)
    written = Counter(record.value or b"" for record in topics["alerts"])
    stored = {record.key or b"": record.value for record in topics["profiles"]}
    newest = max((int(activity.event.time.timestamp()) for activity in activities), default=0)
    differing = sum(
        stored.get(key) != profile and not (stored.get(key, b"") is None and _may_be_forgotten(profile, newest, config))
        for key, profile in profiles.items()
    )
    unfounded = sum(value is not None and key not in profiles for key, value in stored.items())
    return Audit(
        events=len(topics["events"]),
        scored=len(in_force),
        dead=len(letters),
        alerts=written.total(),
        lost=(expected - found).total(),
        doubled=(found - expected).total(),
        alerts_missing=(alerts - written).total(),
        alerts_extra=(written - alerts).total(),
        profiles_differing=differing + unfounded,
    )


def rescore(
    activities: Iterable[Activity], baselines: Mapping[str, Baseline], config: DetectorConfig
) -> tuple[Counter[bytes], dict[bytes, bytes]]:
    """The alerts, and the profile of each subject, that an undisturbed run over ``activities`` comes to.

    The records of one subject must come in their order; ``baselines`` are the recorded ones by version.

    Raises:
        StateError: where a record names a baseline that isn't among them.
    """
    profiles: dict[str, Profile] = {}
    alerts: Counter[bytes] = Counter()
    for activity in activities:
        profile = profiles.get(activity.subject) or Profile(activity.subject)
        profiles[activity.subject], outcome = step(profile, activity, _named(baselines, activity), config)
        if outcome.alert is not None:
            alerts[outcome.alert.to_json()] += 1
    return alerts, {subject.encode(): profile.to_bytes() for subject, profile in profiles.items()}


def recorded_baselines(records: Iterable[Record]) -> dict[str, Baseline]:
    """The baselines on their topic by version, and the one that is in force before the first."""
    read = (Baseline.from_json(record.value) for record in records if record.value is not None)
    return {NO_BASELINE.version: NO_BASELINE} | {baseline.version: baseline for baseline in read}


def _named(baselines: Mapping[str, Baseline], activity: Activity) -> Baseline:
    try:
        return baselines[activity.versions.baseline]
    except KeyError as error:
        raise StateError(f"baseline {error} is named by an activity record but isn't on its topic") from None


def _may_be_forgotten(profile: bytes, newest: int, config: DetectorConfig) -> bool:
    return expired(Profile.last_seen_of(profile), newest, config)


def _where(place: Coordinate) -> str:
    return f"{place.topic}/{place.partition}/{place.offset}"


def _outcomes(record: Record, normaliser: Normaliser, in_force: Mapping[str, Baseline]) -> list[_Outcome]:
    """What a raw event must lead to. Which baseline was in force is the one thing that only the run can tell."""
    where = f"{record.topic}/{record.partition}/{record.offset}"
    normaliser.baseline = in_force.get(where, NO_BASELINE)
    try:
        return [(where, subject, value) for subject, value in normaliser.spelled(record)]
    except InputError:
        return [(where, _DEAD, b"")]
