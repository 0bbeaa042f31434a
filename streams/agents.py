"""What the agents do with a batch: the pure step over its records, with what can't be used sent to the dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from aiokafka import ConsumerRecord
from pydantic import ValidationError

from detectors.profile import Profile
from schemas.activity import Recorded
from schemas.baseline import Baseline
from schemas.errors import InputError, MalformedInputError
from schemas.record import explain_validation
from streams import dead_letters
from streams.baselines import Baselines
from streams.normalise import Normaliser
from streams.pipeline import step
from streams.settings import Settings
from streams.source import Produced, Result

__all__ = ["Normalise", "Score"]

Records = Sequence[ConsumerRecord[bytes, bytes]]
State = Mapping[bytes, bytes]


class Normalise:
    """Raw events in, activity records out."""

    def __init__(self, settings: Settings, normaliser: Normaliser, baselines: Baselines) -> None:
        self._normaliser = normaliser
        self._baselines = baselines
        self._activity = settings.topic("activity")
        self._dead_letters = settings.topic("dead-letters")

    async def __call__(self, records: Records, state: State) -> Result:
        """The activity records and dead letters of a batch."""
        self._normaliser.baseline = self._baselines.latest
        result = Result()
        lying = f"{records[0].topic}/{records[0].partition}/".encode()  # a batch is of one partition
        for record, made in zip(records, self._normaliser.spelled_all(records), strict=True):
            if isinstance(made, InputError):
                result.records.append(_dead_letter(self._dead_letters, record, made))
                result.tally["dead_letters", made.stage] += 1
                continue
            source = [("airlock.source", lying + b"%d" % record.offset)]
            for subject, value in made:
                result.records.append(Produced(self._activity, subject.encode(), value, record.timestamp, source))
        return result


class Score:
    """Activity records in, alerts and changed profiles out."""

    def __init__(self, settings: Settings, baselines: Baselines) -> None:
        self._config = settings.detectors
        self._baselines = baselines
        self._alerts = settings.topic("alerts")
        self._dead_letters = settings.topic("dead-letters")

    async def __call__(self, records: Records, state: State) -> Result:
        """The alerts of a batch, and the profiles that it changed."""
        result = Result()
        activities: list[tuple[ConsumerRecord[bytes, bytes], Recorded]] = []
        for record in records:
            try:
                activities.append((record, _recorded(record.value)))
            except InputError as error:
                result.records.append(_dead_letter(self._dead_letters, record, error))
                result.tally["dead_letters", error.stage] += 1
        versions = {activity.versions.baseline for _, activity in activities}
        self._score(activities, state, await self._baselines.by_version(versions), result)
        return result

    def _score(
        self,
        activities: Sequence[tuple[ConsumerRecord[bytes, bytes], Recorded]],
        state: State,
        baselines: Mapping[str, Baseline],
        result: Result,
    ) -> None:
        profiles: dict[str, Profile] = {}
        changed: set[str] = set()
        duplicates = 0
        for record, activity in activities:
            subject = activity.subject
            profile = profiles.get(subject) or _profile(subject, state)
            try:
                profile, outcome = step(profile, activity, baselines[activity.versions.baseline], self._config)
            except ValidationError as wrong:  # in what only an alert reads of a record
                error = MalformedInputError(f"not an activity record: {explain_validation(wrong)}")
                result.records.append(_dead_letter(self._dead_letters, record, error))
                result.tally["dead_letters", error.stage] += 1
                continue
            profiles[subject] = profile
            if outcome.changed:
                changed.add(subject)
            duplicates += outcome.kind == "duplicate"
            if outcome.alert is not None:
                alert = outcome.alert
                result.tally["alerts", outcome.leading or "none", alert.severity] += 1
                result.records.append(Produced(self._alerts, alert.actor.encode(), alert.to_json(), record.timestamp))
        result.tally["scored",] = len(activities) - duplicates
        result.tally["duplicates",] = duplicates
        result.state = {subject.encode(): profiles[subject].to_bytes() for subject in sorted(changed)}


def _recorded(value: bytes | None) -> Recorded:
    try:
        return Recorded.from_json(value or b"")
    except msgspec.DecodeError as error:
        raise MalformedInputError(f"not an activity record: {error}") from error


def _profile(subject: str, state: State) -> Profile:
    stored = state.get(subject.encode())
    return Profile(subject) if stored is None else Profile.from_bytes(stored)


def _dead_letter(topic: str, record: ConsumerRecord[bytes, bytes], error: InputError) -> Produced:
    headers = [*record.headers, *dead_letters.to_headers(record.topic, record.partition, record.offset, error)]
    return Produced(topic, record.key, record.value, record.timestamp, headers)
