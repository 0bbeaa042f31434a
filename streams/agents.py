"""What the agents do with a batch: the pure step over its records, with what can't be used sent to the dead letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRecord

from streams.baselines import Baselines
from streams.batches import Scorer, normalised
from streams.normalise import Normaliser
from streams.settings import Settings
from streams.source import Result

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
        return normalised(self._normaliser, records, self._activity, self._dead_letters)


class Score:
    """Activity records in, alerts and changed profiles out."""

    def __init__(self, settings: Settings, baselines: Baselines) -> None:
        self._baselines = baselines
        self._scorer = Scorer(settings.detectors, settings.topic("alerts"), settings.topic("dead-letters"))

    async def __call__(self, records: Records, state: State) -> Result:
        """The alerts of a batch, and the profiles that it changed."""
        result = Result()
        activities = self._scorer.read(records, result)
        versions = {activity.versions.baseline for _, activity in activities}
        self._scorer.score(activities, state, await self._baselines.by_version(versions), result)
        return result
