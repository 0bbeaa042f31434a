"""From publishing to the alert, at a steady rate: an open loop, timed from when an event was due to be sent.

An event that the publisher sends late counts its delay, so a stall can't hide itself by slowing the load down.
"""

from __future__ import annotations

import math
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.sharedctypes import SynchronizedArray
from statistics import median, quantiles
from typing import Any, TypeAlias

from benchmarks.cluster import Cluster, publish
from benchmarks.systems import AIRLOCK, alive
from schemas.baseline import NO_BASELINE
from streams.alerts import read_alerts
from streams.progress import await_caught_up
from streams.publisher import Publisher
from streams.settings import Settings
from streams.simulate import SimulatedEvent, SimulationSpec, simulate

__all__ = ["latency"]

_QUIET_DAYS = 9
_LEAST_A_DAY = 4_000  # events of 300 actors, on average over weekends
_WARM_S = 3.0  # of the live part: the reader and the workers' caches settle
_LEAD_S = 1.0  # until the first event is due: the publisher is connected, the reader follows
_PATIENCE_S = 1_800.0

_Shared: TypeAlias = "SynchronizedArray[float]"


def _stream(live: int) -> tuple[list[SimulatedEvent], list[SimulatedEvent]]:
    """Quiet days to learn from, then ``live`` events with attacks among them."""
    days = _QUIET_DAYS + math.ceil(live / _LEAST_A_DAY)
    spec = SimulationSpec(
        seed=5, days=days, actors=300, incidents=60, training=_QUIET_DAYS / days, difficulties=("easy",)
    )
    events = list(simulate(spec))
    begin = next(number for number, event in enumerate(events) if event.arrival >= spec.training_ends_ms)
    return events[:begin], events[begin : begin + live]


def _publish_at(settings: Settings, raw_events: Sequence[bytes], rate: float, told: _Shared) -> None:
    """Sends each event when it is due; tells when the first was, and how late the latest was handed to the producer."""
    latest = 0.0
    with Publisher(settings, settings.topic("events")) as publisher:
        start = time.monotonic() + _LEAD_S
        for number, raw in enumerate(raw_events):
            ahead = start + number / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            latest = max(latest, -ahead)
            publisher.send(raw)
    told[:] = [start, latest]


class _Reader:
    """Notes when each alert arrives, as ``airlock alerts --follow`` would show it."""

    def __init__(self, settings: Settings) -> None:
        self.arrived: list[tuple[str, float]] = []
        self._stop = threading.Event()
        self._settings = settings
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        for alert in read_alerts(self._settings, follow=True, stop=self._stop.is_set):
            self.arrived.append((alert.event_id, time.monotonic()))

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def latency(
    cluster: Cluster, rate: float, seconds: float, workers: int, report: Callable[[str], None]
) -> dict[str, Any]:
    """Seconds from publish to alert at ``rate`` events per second, by workers that have caught up with the past."""
    past, live = _stream(int(rate * (seconds + _WARM_S)))
    with cluster.topics() as settings:
        running = AIRLOCK.start(settings, settings.topic("events"), NO_BASELINE, workers)
        try:
            publish(settings, settings.topic("events"), [event.raw for event in past])
            await_caught_up(settings, _PATIENCE_S, tick=lambda: alive(running))
            report(f"{len(past):,} events learned; {len(live):,} at {rate:,.0f} a second follow")
            reader = _Reader(settings)
            try:
                start, late = _live(settings, [event.raw for event in live], rate)
                await_caught_up(settings, _PATIENCE_S, tick=lambda: alive(running))
                time.sleep(1.0)  # the reader's share of the last transaction
            finally:
                reader.stop()
        finally:
            running.stop()
    due: dict[str, float] = {}
    for number, event in enumerate(live):
        due.setdefault(event.event_id, start + number / rate)
    found = [at - due[name] for name, at in reader.arrived if name in due and due[name] >= start + _WARM_S]
    return _figures(found) | {"rate_per_s": rate, "events": len(live), "publisher_late_s": late}


def _live(settings: Settings, raw_events: list[bytes], rate: float) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")  # of its own, so that reading and sending share no lock
    told = context.Array("d", 2)  # monotonic clocks of one machine agree
    process = context.Process(target=_publish_at, args=(settings, raw_events, rate, told))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"the publisher ended with {process.exitcode}")
    return told[0], told[1]


def _figures(found: list[float]) -> dict[str, Any]:
    if len(found) < 100:
        raise RuntimeError(f"{len(found)} alerts are too few for a 99th percentile: publish for longer")
    cuts = quantiles(found, n=100, method="inclusive")
    return {"alerts": len(found), "p50_s": median(found), "p99_s": cuts[98], "max_s": max(found)}
