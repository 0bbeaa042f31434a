"""The engine without a broker: events in, outcomes out, by the same normaliser and the same pure step as the stream.

What differs is the baselines' rhythm: the stream refreshes them by the clock, this by the events' own time, so that a
file gives the same alerts whenever and wherever it is scored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from detectors.baseline import BaselineBuilder
from detectors.config import DetectorConfig
from detectors.profile import Profile
from schemas.activity import Activity
from schemas.alert import Alert
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import MalformedInputError
from schemas.event import Event
from schemas.record import explain_validation
from streams.normalise import Normaliser, coordinate_of
from streams.pipeline import Outcome, step

__all__ = ["ActivityScorer", "RawScorer", "Scored"]

_REFRESH = timedelta(hours=24)  # a baseline of whole days knows every hour of them equally well
_GROWTH = 1.01  # and isn't built again for a handful of records, whatever times they claim


@dataclass(frozen=True, slots=True)
class Scored:
    """What the engine says of one event, over all its subjects: ``leading`` is the outcome with the highest score."""

    event: Event
    leading: Outcome
    alerts: tuple[Alert, ...]


class _Engine:
    """Profiles and baselines of one run."""

    def __init__(self, config: DetectorConfig) -> None:
        self.baseline = NO_BASELINE
        self._config = config
        self._profiles: dict[str, Profile] = {}
        self._builder = BaselineBuilder()
        self._seen = self._built_seen = 0
        self._built_at: datetime | None = None

    def score(self, activities: Sequence[Activity], baseline: Baseline) -> Scored:
        """Scores the records of one event, then learns from them; the next event may meet a new baseline."""
        outcomes = []
        for activity in activities:
            profile = self._profiles.get(activity.subject) or Profile.new(activity.subject)
            self._profiles[activity.subject], outcome = step(profile, activity, baseline, self._config)
            self._builder.learn_one(activity)
            self._seen += 1
            outcomes.append(outcome)
        self._refresh(activities[0].event.time)
        alerts = tuple(outcome.alert for outcome in outcomes if outcome.alert is not None)
        return Scored(activities[0].event, max(outcomes, key=_rank), alerts)

    def _refresh(self, now: datetime) -> None:
        # A clock that jumps back counts as well as one that runs ahead: one event from 2099 ends nothing.
        if self._built_at is None:
            self._built_at = now
        elif abs(now - self._built_at) >= _REFRESH and self._seen > self._built_seen * _GROWTH:
            self.baseline = self._builder.build({"0": self._seen})  # as if the activity lay in one partition
            self._built_at, self._built_seen = now, self._seen


def _rank(outcome: Outcome) -> tuple[bool, float]:
    return outcome.kind != "duplicate", outcome.score


class RawScorer:
    """Scores raw events of any known format, and keeps the normaliser's baseline the one in force.

    ``source`` stands for the topic's name in the evidence coordinates.
    """

    def __init__(self, normaliser: Normaliser, config: DetectorConfig, source: str, format: str = "auto") -> None:
        self._normaliser = normaliser
        self._engine = _Engine(config)
        self._source = source
        self._format = format

    def score(self, number: int, raw: bytes) -> Iterator[Scored]:
        """What the engine says of the event on line ``number``.

        Raises:
            InputError: where the line is no valid event.
        """
        activities = self._normaliser.activities(raw, coordinate_of(self._source, 0, number, raw), format=self._format)
        yield self._engine.score(activities, self._engine.baseline)
        self._normaliser.baseline = self._engine.baseline

    def finish(self) -> Iterator[Scored]:
        """Nothing is held back."""
        return iter(())


class ActivityScorer:
    """Scores recorded activity by what is written there.

    A baseline that the records name is built from the records before them. Where that gives another one (they are an
    excerpt, or the stream's baselines were of another rhythm), the file's own baseline stands in: ``strangers`` counts
    the records of which that is true.
    """

    def __init__(self, config: DetectorConfig) -> None:
        self.strangers = 0
        self._engine = _Engine(config)
        self._known = {NO_BASELINE.version: NO_BASELINE}
        self._held: list[Activity] = []

    def score(self, number: int, raw: bytes) -> Iterator[Scored]:
        """What the engine says of the events that end before line ``number``: records of one event follow each other.

        Raises:
            InputError: where the line is no activity record.
        """
        try:
            activity = Activity.from_json(raw)
        except ValidationError as error:
            raise MalformedInputError(f"not an activity record: {explain_validation(error)}") from None
        if self._held and not _same_event(self._held[0], activity):
            yield self._score_held()
        self._held.append(activity)

    def finish(self) -> Iterator[Scored]:
        """What the engine says of the last event."""
        if self._held:
            yield self._score_held()

    def _score_held(self) -> Scored:
        activities, self._held = self._held, []
        return self._engine.score(activities, self._baseline(activities))

    def _baseline(self, activities: Sequence[Activity]) -> Baseline:
        version = activities[0].versions.baseline
        if version in self._known:
            return self._known[version]
        self._known[self._engine.baseline.version] = self._engine.baseline
        if version not in self._known:
            self.strangers += len(activities)
        return self._known.get(version, self._engine.baseline)


def _same_event(one: Activity, other: Activity) -> bool:
    return one.evidence == other.evidence and one.subject != other.subject and one.event.id == other.event.id
