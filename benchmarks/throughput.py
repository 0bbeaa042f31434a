"""Events per CPU-second of all workers through both hops, beside the same step on other stream processors.

The events wait on a topic when a system starts. Each run is paired with one over the first events only, which is taken
off: what is left is the cost of the events, without that of starting.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.cluster import Cluster, Progress, alert_ids, await_true, publish, publish_baseline
from benchmarks.systems import AIRLOCK, PEERS, System, cpu_s, resident_bytes
from benchmarks.workload import baseline_of, reference, simulated
from schemas.baseline import Baseline
from streams.settings import WorkerSettings

__all__ = ["compare", "scale"]

_FIRST = 1_000
_TELLING_S = 10.0  # a peer commits up to 5 s late: a shorter run tells nothing of events per second
_NEVER_S = 1e9  # the baseline stays the one that all systems judge by

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What one system made of one topic."""

    cpu_s: float
    wall_s: float
    resident: int
    alerts: Counter[str]


@dataclass(frozen=True, slots=True)
class Input:
    """Raw events on a topic, and how many; the first of them on another."""

    source: str
    first: str
    events: int
    baseline: Baseline


def _run(cluster: Cluster, system: System, source: str, baseline: Baseline, workers: int = 1) -> Run:
    with cluster.topics(source, WorkerSettings(baseline_interval_s=_NEVER_S)) as settings:
        publish_baseline(settings, baseline)
        one, other = (settings.topic(group) for group in system.groups)
        with Progress(settings, one, source) as first, Progress(settings, other, settings.topic("activity")) as second:
            started = time.monotonic()
            running = system.start(settings, source, baseline, workers)
            try:
                await_true(lambda: bool(running.pids) and first.finished() and second.finished())
                took, cpu, resident = time.monotonic() - started, cpu_s(running), resident_bytes(running)
            finally:
                running.stop()
        return Run(cpu, took, resident, alert_ids(settings))


def _round(cluster: Cluster, system: System, given: Input, workers: int = 1) -> dict[str, Any]:
    start = _run(cluster, system, given.first, given.baseline, workers)
    whole = _run(cluster, system, given.source, given.baseline, workers)
    events = given.events - _FIRST
    return {
        "per_cpu_s": events / (whole.cpu_s - start.cpu_s),
        "per_s": events / took if (took := whole.wall_s - start.wall_s) > _TELLING_S else None,
        "start_cpu_s": start.cpu_s,
        "start_s": start.wall_s,
        "resident_mib": whole.resident / 2**20,
        "alerts": whole.alerts,
    }


def _median(rounds: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    return {name: _known_median([one[name] for one in rounds]) for name in rounds[0] if name != "alerts"}


def _known_median(figures: Sequence[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return median(known) if len(known) == len(figures) else None


def compare(
    cluster: Cluster, events: int, rounds: int, report: Report, peers: Sequence[System] = PEERS
) -> dict[str, Any]:
    """Airlock and its peers on the same events, in turns; the medians and Airlock's ratios.

    Raises:
        ValueError: where a system's alerts are not the engine's own, or there are none.
    """
    raw_events = simulated(events)
    baseline = baseline_of(raw_events)
    right = reference(raw_events, baseline)
    if not right.alerts:
        raise ValueError(f"{events:,} events raise no alert to compare the systems by: take more")
    measured: dict[str, list[dict[str, Any]]] = {}
    with cluster.topics() as whole, cluster.topics() as first:
        publish(whole, whole.topic("events"), raw_events)
        publish(first, first.topic("events"), raw_events[:_FIRST])
        given = Input(whole.topic("events"), first.topic("events"), len(raw_events), baseline)
        for number in range(rounds):
            for system in (AIRLOCK, *peers):
                found = _round(cluster, system, given)
                report(f"round {number + 1}, {system.name}: {found['per_cpu_s']:,.0f} events per CPU-second")
                _require_alerts(system, found["alerts"], right.alerts)
                measured.setdefault(system.name, []).append(found)
    return _compared(measured, len(raw_events), right.cpu_s) | {"alerts": right.alerts.total()}


def _require_alerts(system: System, found: Counter[str], right: Counter[str]) -> None:
    if found != right:
        missing, extra = (right - found).total(), (found - right).total()
        raise ValueError(f"{system.name} raised other alerts than the engine: {missing} missing, {extra} extra")


def _compared(measured: dict[str, list[dict[str, Any]]], events: int, step_cpu_s: float) -> dict[str, Any]:
    systems = {name: _median(rounds) for name, rounds in measured.items()}
    airlock = [one["per_cpu_s"] for one in measured[AIRLOCK.name]]
    # A ratio of each round, then the median: what the machine does besides changes from round to round.
    ratios = {
        name: median(a / one["per_cpu_s"] for a, one in zip(airlock, rounds, strict=True))
        for name, rounds in measured.items()
        if name != AIRLOCK.name
    }
    return {"events": events, "systems": systems, "ratios": ratios, "step_per_cpu_s": events / step_cpu_s}


def scale(cluster: Cluster, events: int, rounds: int, report: Report) -> dict[str, Any]:
    """One worker against two on four partitions."""
    raw_events = simulated(events)
    baseline = baseline_of(raw_events)
    measured: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    with cluster.topics() as whole, cluster.topics() as first:
        publish(whole, whole.topic("events"), raw_events)
        publish(first, first.topic("events"), raw_events[:_FIRST])
        given = Input(whole.topic("events"), first.topic("events"), len(raw_events), baseline)
        for number in range(rounds):
            for workers, found in measured.items():
                found.append(_round(cluster, AIRLOCK, given, workers))
                report(f"round {number + 1}, {workers} workers: {found[-1]['per_cpu_s']:,.0f} events per CPU-second")
    pairs = [(one["per_s"], two["per_s"]) for one, two in zip(measured[1], measured[2], strict=True)]
    speedup = _known_median([two / one if one and two else None for one, two in pairs])
    return {"events": len(raw_events), "one": _median(measured[1]), "two": _median(measured[2]), "speedup": speedup}
