"""Many subjects: resident memory, restoring, and how soon a restarted worker commits again.

The profiles are those of a simulated company, given to as many subjects as are asked for, and written to the changelog
as a worker would: keyed by subject, in transactions, by Kafka's own partitioner.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any

import psutil
from kafka import KafkaProducer

from benchmarks.cluster import Cluster, Progress, await_true, publish
from benchmarks.peers.engine import Engine
from benchmarks.systems import AIRLOCK, Running, alive, resident_bytes
from benchmarks.workload import learned, simulated
from detectors.profile import Profile
from schemas.baseline import NO_BASELINE
from streams.kafka import client_options
from streams.progress import await_caught_up
from streams.settings import Settings

__all__ = ["memory"]

_TAUGHT = 60_000  # events: ten days of 300 actors
_PER_TRANSACTION = 10_000
_KNOCKS = 64  # events that reach every partition, to see it commit
_PATIENCE_S = 1_800.0

Report = Callable[[str], None]


def memory(cluster: Cluster, subjects: int, report: Report) -> dict[str, Any]:
    """A worker with no subjects, then one with ``subjects``, then restarts of that one."""
    with cluster.topics() as settings:
        empty = _start(settings, "empty", lambda _: None)
    report(f"empty worker: {empty['all_partitions_s']:.1f} s to the first commit on all partitions")
    with cluster.topics() as settings:
        size = _fill(settings, subjects)
        report(f"{subjects:,} profiles of {size:,.0f} bytes written")
        touched: dict[str, float] = {}
        full = _start(settings, "full", lambda running: touched.update(_touch(settings, running, subjects)))
        report(f"restored in {full['all_partitions_s'] - empty['all_partitions_s']:.1f} s")
        killed = _start(settings, "killed", _kill)
        warm = _start(settings, "warm", lambda _: None)
    return {
        "subjects": subjects,
        "profile_bytes": size,
        "empty": empty,
        "full": full | touched,
        "restore_s": full["all_partitions_s"] - empty["all_partitions_s"],
        "restart_after_stop": killed,  # what ran before it was stopped in order; it is killed itself
        "restart_after_kill": warm,
    }


def _start(settings: Settings, name: str, then: Callable[[Running], None]) -> dict[str, float]:
    """Starts a worker that finds events waiting; seconds to its first commit of a score, and of all partitions."""
    publish(settings, settings.topic("events"), _events(name, _KNOCKS))
    with Progress(settings, settings.topic("score"), settings.topic("activity")) as score:
        before = score.committed()
        started = time.monotonic()
        running = AIRLOCK.start(settings, settings.topic("events"), NO_BASELINE, 1)
        try:
            await_true(lambda: bool(running.pids) and score.committed() != before, every_s=0.05)
            first = time.monotonic() - started
            await_true(lambda: all(new > old for new, old in zip(score.committed(), before, strict=True)), 0.05)
            whole = time.monotonic() - started
            resident = resident_bytes(running)
            then(running)
        finally:
            running.stop()
    return {"first_commit_s": first, "all_partitions_s": whole, "resident_mib": resident / 2**20}


def _kill(running: Running) -> None:
    for pid in running.pids:
        psutil.Process(pid).kill()


def _touch(settings: Settings, running: Running, subjects: int) -> dict[str, float]:
    """One event of every subject: the most that a worker has to have at hand."""
    publish(settings, settings.topic("events"), _events("touch", subjects))
    await_caught_up(settings, _PATIENCE_S, tick=lambda: alive(running))
    (pid,) = running.pids
    status = Path(f"/proc/{pid}/status")
    peak = {}
    if status.exists():  # Linux alone tells the peak
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        peak = {"peak_mib": int(lines["VmHWM"].split()[0]) / 1024}
    return {"touched_mib": resident_bytes(running) / 2**20} | peak


def _events(name: str, count: int) -> Iterator[bytes]:
    for number in range(count):
        event = {"id": f"{name}-{number}", "time": "2026-03-02T09:14:07Z", "actor": f"user-{number}", "action": "login"}
        yield json.dumps(event | {"source_ip": "203.0.113.7", "resource": "acme/shop"}).encode()


def _fill(settings: Settings, subjects: int) -> float:
    """Writes the profiles; their mean size in bytes."""
    models = [profile.to_bytes() for profile in learned(Engine(settings, NO_BASELINE), simulated(_TAUGHT)).values()]
    topic, sizes = settings.topic("profiles"), []
    rows = enumerate(models[number % len(models)] for number in range(subjects))
    producer = KafkaProducer(**client_options(settings), transactional_id=f"{topic}-fill", linger_ms=20)
    try:
        producer.init_transactions()
        while share := list(islice(rows, _PER_TRANSACTION)):
            producer.begin_transaction()
            for number, model in share:
                profile = Profile.from_bytes(model)
                profile.subject = f"actor:user-{number}"
                value = profile.to_bytes()
                sizes.append(len(value))
                producer.send(topic, value, key=profile.subject.encode())
            producer.commit_transaction()
    finally:
        producer.close()
    return mean(sizes)
