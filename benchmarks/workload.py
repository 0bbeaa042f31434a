"""The input of all systems: simulated events, one baseline, and what the engine alone makes of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from benchmarks.peers.engine import Engine, RawRecord
from detectors.baseline import BaselineBuilder
from detectors.profile import Profile
from schemas.baseline import NO_BASELINE, Baseline
from schemas.spelling import read_recorded
from streams.settings import Settings
from streams.simulate import SimulationSpec, simulate

__all__ = ["Reference", "baseline_of", "learned", "reference", "simulated"]

_DAYS = 30  # a month is enough for habits, and for what breaks them
_PER_ACTOR = 350  # events of an actor in that time, at the least
_LEAST_ACTORS = 10
_PUBLISHED_MS = 4_000_000_000_000  # in 2096: no simulated event is from the future
_LEAST_INCIDENTS = 10  # without alerts, nothing would show that all systems did the same
_LEARNED = 20_000  # events that the baseline is made of


def simulated(events: int) -> list[bytes]:
    """The first ``events`` raw events of one simulated company."""
    actors = max(_LEAST_ACTORS, events // _PER_ACTOR)
    incidents = max(_LEAST_INCIDENTS, SimulationSpec(days=_DAYS, actors=actors).planted)
    spec = SimulationSpec(seed=7, days=_DAYS, actors=actors, incidents=incidents)
    return [event.raw for event in islice(simulate(spec), events)]


def baseline_of(raw_events: Sequence[bytes]) -> Baseline:
    """The baseline that all systems judge by, of the first events."""
    engine, builder = Engine(Settings(), NO_BASELINE), BaselineBuilder()
    for number, raw in enumerate(raw_events[:_LEARNED]):
        for _, value in engine.normalise(_record(number, raw)):
            builder.learn_one(read_recorded(value))
    return builder.build({"0": min(len(raw_events), _LEARNED)})


def _record(number: int, raw: bytes) -> RawRecord:
    return RawRecord("events", 0, number, _PUBLISHED_MS, raw)


@dataclass(frozen=True, slots=True)
class Reference:
    """The right alerts of an input, and the CPU seconds of both hops over it without Kafka and without storing."""

    alerts: Counter[str]
    cpu_s: float


def learned(engine: Engine, raw_events: Sequence[bytes]) -> dict[str, Profile]:
    """The profiles after those events."""
    return _follow(engine, raw_events)[0]


def reference(raw_events: Sequence[bytes], baseline: Baseline) -> Reference:
    """Normalises and scores in this process, in the order of publishing."""
    engine = Engine(Settings(), baseline)
    started = time.process_time()
    _, alerts = _follow(engine, raw_events)
    return Reference(alerts, time.process_time() - started)


def _follow(engine: Engine, raw_events: Sequence[bytes]) -> tuple[dict[str, Profile], Counter[str]]:
    profiles: dict[str, Profile] = {}
    alerts: Counter[str] = Counter()
    for number, raw in enumerate(raw_events):
        for _, value in engine.normalise(_record(number, raw)):
            subject, profile, alert = engine.score(profiles.get, value)
            profiles[subject] = profile
            if alert is not None:
                alerts[alert.id] += 1
    return profiles, alerts
