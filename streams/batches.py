"""The agents' work on each record of a batch, without anything to wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from detectors.config import DetectorConfig
from detectors.profile import Profile
from schemas.activity import Recorded
from schemas.baseline import Baseline
from schemas.errors import InputError, MalformedInputError
from schemas.record import explain_validation
from schemas.spelling import read_recorded
from streams import dead_letters
from streams.normalise import Normaliser
from streams.pipeline import step
from streams.source import Produced, Result

__all__ = ["Scorer", "normalised"]

_MOST_PROFILES: Final = 4_096  # decoded ones: 5 to 10 KB each, so 40 MB at most

Records = Sequence[Any]
"""Consumed records."""


def normalised(normaliser: Normaliser, records: Records, activity: str, dead: str) -> Result:
    """The activity records of raw events, and dead letters of what is none."""
    result = Result()
    written = result.records
    lying = f"{records[0].topic}/{records[0].partition}/".encode()  # a batch is of one partition
    for record, made in zip(records, normaliser.spelled_all(records), strict=True):
        if isinstance(made, InputError):
            _bury(record, made, dead, result)
            continue
        source = [("airlock.source", lying + b"%d" % record.offset)]
        timestamp = record.timestamp
        for subject, value in made:
            written.append(Produced(activity, subject.encode(), value, timestamp, source))
    return result


class _Profiles:
    """Profiles by subject as they were last encoded: to decode one costs as much as an event.

    An entry counts only for the very bytes that it was encoded to. So whatever became of these (an aborted
    transaction, another worker's turn, a restart) can't lead to another profile than the stored bytes do. Who takes one
    has it for himself until he gives it back.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, Profile]] = {}

    def take(self, subject: str, stored: bytes | None) -> Profile:
        """The profile stored as those bytes."""
        known = self._known.pop(subject, None)
        if stored is None:
            return Profile(subject)
        if known is not None and known[0] == stored:
            return known[1]
        return Profile.from_bytes(stored)

    def give(self, subject: str, profile: Profile, encoded: bytes) -> None:
        """Keeps a profile that ``encoded`` spells, in the place of the one that was given longest ago."""
        if len(self._known) >= _MOST_PROFILES:
            del self._known[next(iter(self._known))]
        self._known[subject] = (encoded, profile)


class Scorer:
    """The pure step over activity records; what it finds goes to the two topics."""

    def __init__(self, config: DetectorConfig, alerts: str, dead: str) -> None:
        self._config = config
        self._alerts = alerts
        self._dead = dead
        self._profiles = _Profiles()

    def read(self, records: Records, result: Result) -> list[tuple[Any, Recorded]]:
        """The records that are activity, each with what scoring reads of it."""
        activities: list[tuple[Any, Recorded]] = []
        for record in records:
            try:
                activities.append((record, read_recorded(record.value or b"")))
            except msgspec.DecodeError as error:
                _bury(record, MalformedInputError(f"not an activity record: {error}"), self._dead, result)
        return activities

    def score(
        self,
        activities: Sequence[tuple[Any, Recorded]],
        state: Mapping[bytes, bytes],
        baselines: Mapping[str, Baseline],
        result: Result,
    ) -> None:
        """Adds the records' alerts and the changed profiles to ``result``."""
        profiles: dict[str, Profile] = {}
        changed: set[str] = set()
        duplicates = 0
        for record, activity in activities:
            subject = activity.subject
            profile = profiles.get(subject)
            if profile is None:
                profile = self._profiles.take(subject, state.get(subject.encode()))
            try:
                profile, outcome = step(profile, activity, baselines[activity.versions.baseline], self._config)
            except ValidationError as wrong:  # in what only an alert reads of a record
                error = MalformedInputError(f"not an activity record: {explain_validation(wrong)}")
                _bury(record, error, self._dead, result)
                continue
            profiles[subject] = profile
            if outcome.changed:
                changed.add(subject)
            else:
                duplicates += 1
            alert = outcome.alert
            if alert is not None:
                result.tally["alerts", outcome.leading or "none", alert.severity] += 1
                result.records.append(Produced(self._alerts, alert.actor.encode(), alert.to_json(), record.timestamp))
        result.tally["scored",] = len(activities) - duplicates
        result.tally["duplicates",] = duplicates
        result.state = self._encoded(profiles, changed)

    def _encoded(self, profiles: dict[str, Profile], changed: set[str]) -> dict[bytes, bytes | None]:
        state: dict[bytes, bytes | None] = {}
        for subject in sorted(changed):
            profile = profiles[subject]
            encoded = state[subject.encode()] = profile.to_bytes()
            self._profiles.give(subject, profile, encoded)
        return state


def _bury(record: Any, error: InputError, dead: str, result: Result) -> None:  # noqa: ANN401 - aiokafka has no types
    headers = [*record.headers, *dead_letters.to_headers(record.topic, record.partition, record.offset, error)]
    result.records.append(Produced(dead, record.key, record.value, record.timestamp, headers))
    result.tally["dead_letters", error.stage] += 1
