"""What the agents do with a batch: the pure step over its records, with what can't be used sent to the dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from detectors.profile import Profile
from schemas.activity import Activity
from schemas.baseline import Baseline
from schemas.errors import InputError, MalformedInputError
from schemas.record import explain_validation
from streams import dead_letters
from streams.baselines import Baselines
from streams.normalise import Normaliser, coordinate_of
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
        for record in records:
            try:
                result.records.extend(self._activities(record))
            except InputError as error:
                result.records.append(_dead_letter(self._dead_letters, record, error))
        return result

    def _activities(self, record: ConsumerRecord[bytes, bytes]) -> list[Produced]:
        coordinate = coordinate_of(record.topic, record.partition, record.offset, record.value)
        source = [("airlock.source", f"{record.topic}/{record.partition}/{record.offset}".encode())]
        activities = self._normaliser.activities(
            record.value, coordinate, record.headers, published_ms=record.timestamp
        )
        return [
            Produced(self._activity, entry.subject.encode(), entry.to_json(), record.timestamp, source)
            for entry in activities
        ]


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
        activities: list[tuple[ConsumerRecord[bytes, bytes], Activity]] = []
        for record in records:
            try:
                activities.append((record, _activity(record.value)))
            except InputError as error:
                result.records.append(_dead_letter(self._dead_letters, record, error))
        versions = {activity.versions.baseline for _, activity in activities}
        self._score(activities, state, await self._baselines.by_version(versions), result)
        return result

    def _score(
        self,
        activities: Sequence[tuple[ConsumerRecord[bytes, bytes], Activity]],
        state: State,
        baselines: Mapping[str, Baseline],
        result: Result,
    ) -> None:
        profiles: dict[str, Profile] = {}
        changed: set[str] = set()
        for record, activity in activities:
            subject = activity.subject
            profile = profiles.get(subject) or _profile(subject, state)
            profile, outcome = step(profile, activity, baselines[activity.versions.baseline], self._config)
            profiles[subject] = profile
            if outcome.changed:
                changed.add(subject)
            if outcome.alert is not None:
                alert = outcome.alert
                result.records.append(Produced(self._alerts, alert.actor.encode(), alert.to_json(), record.timestamp))
        result.state = {subject.encode(): profiles[subject].to_bytes() for subject in sorted(changed)}


def _activity(value: bytes | None) -> Activity:
    try:
        return Activity.from_json(value or b"")
    except ValidationError as error:
        raise MalformedInputError(f"not an activity record: {explain_validation(error)}") from error


def _profile(subject: str, state: State) -> Profile:
    stored = state.get(subject.encode())
    return Profile.new(subject) if stored is None else Profile.from_bytes(stored)


def _dead_letter(topic: str, record: ConsumerRecord[bytes, bytes], error: InputError) -> Produced:
    headers = [*record.headers, *dead_letters.to_headers(record.topic, record.partition, record.offset, error)]
    return Produced(topic, record.key, record.value, record.timestamp, headers)
