"""What all systems share: the job that a peer is given, and Airlock's normaliser and pure step without its shell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from detectors.profile import Profile
from schemas.alert import Alert
from schemas.baseline import Baseline
from schemas.spelling import read_recorded
from streams.geo import GeoDatabase
from streams.normalise import Normaliser
from streams.pipeline import step
from streams.settings import Settings

__all__ = ["Engine", "Job", "RawRecord"]


class Job(msgspec.Struct):
    """What a peer works on: ``source`` is the topic of raw events, ``baseline`` and ``settings`` are JSON."""

    settings: str
    source: str
    baseline: str
    folder: str

    @classmethod
    def of_this_process(cls) -> Job:
        """The job in the file that the command line names."""
        return msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=cls)


class RawRecord(msgspec.Struct):
    """A consumed record, whatever client it came through; ``timestamp`` is in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Engine:
    """Normalises and scores; ``settings`` and the one baseline are the same for all systems, so the alerts are too."""

    def __init__(self, settings: Settings, baseline: Baseline) -> None:
        self.settings = settings
        self._baseline = baseline
        self._normaliser = Normaliser(settings, GeoDatabase.open(settings.geo), baseline)

    @classmethod
    def of(cls, job: Job) -> Engine:
        """The engine of a peer's job."""
        return cls(Settings.model_validate_json(job.settings), Baseline.from_json(job.baseline))

    def normalise(self, record: RawRecord) -> list[tuple[str, bytes]]:
        """Subject and activity record of one raw event; simulated events are valid, so a bad one ends the run."""
        return self._normaliser.spelled(record)

    def score(self, profiles: Callable[[str], Profile | None], value: bytes) -> tuple[str, Profile, Alert | None]:
        """The subject of an activity record, its next profile, and the alert if there is one."""
        activity = read_recorded(value)
        subject = activity.subject
        known = profiles(subject) or Profile(subject)
        profile, outcome = step(known, activity, self._baseline, self.settings.detectors)
        return subject, profile, outcome.alert
