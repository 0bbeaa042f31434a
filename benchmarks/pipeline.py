"""What the pipeline costs through a real broker: events per CPU-second of a worker, and publish-to-alert latency.

Run it with ``make bench``. Throughput: events that wait on the topic are taken by one fresh worker through both hops;
its CPU seconds are the operating system's, less those of an idle start. Latency: a simulated stream with planted
attacks at a steady rate; from the moment an event is handed to the producer to the moment its alert is read.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

import psutil
from rich.console import Console
from rich.table import Table

from streams.alerts import read_alerts
from streams.broker import KAFKA_VERSION, EmbeddedBroker
from streams.progress import await_caught_up
from streams.publisher import Publisher
from streams.settings import BrokerSettings, KafkaSettings, Settings, TopicSettings
from streams.simulate import SimulationSpec, simulate
from streams.stack import Workers
from streams.topics import apply_topics

_PATIENCE_S = 600.0


@contextmanager
def _broker() -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as folder:
        broker = EmbeddedBroker(Path(folder), BrokerSettings(port=0))
        try:
            yield broker.start(lambda _: None).bootstrap, Path(folder)
        finally:
            broker.stop()


def _settings(bootstrap: str, folder: Path) -> Settings:
    settings = Settings(
        data_dir=folder / "data",
        kafka=KafkaSettings(bootstrap=bootstrap),
        topics=TopicSettings(prefix=f"bench-{uuid.uuid4().hex[:8]}"),
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    apply_topics(settings)
    return settings


def _publish(settings: Settings, raw_events: list[bytes]) -> None:
    with Publisher(settings, settings.topic("events")) as publisher:
        for raw in raw_events:
            publisher.send(raw)


def _cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def throughput(bootstrap: str, folder: Path, events: int) -> dict[str, float]:
    """Events per CPU-second and per second of one worker that finds ``events`` waiting."""
    settings = _settings(bootstrap, folder)
    actors = 300
    raw_events = [event.raw for event in simulate(SimulationSpec(seed=7, days=max(2, events // 6_000), actors=actors))]
    raw_events = raw_events[:events]
    idle = _idle_start_cpu_s(_settings(bootstrap, folder))
    _publish(settings, raw_events)
    started = time.monotonic()
    workers = Workers(settings, 1, folder / "worker.log")
    try:
        await_caught_up(settings, _PATIENCE_S)
        took = time.monotonic() - started
        (pid,) = workers.pids
        cpu = _cpu_s(pid) - idle
        resident = psutil.Process(pid).memory_info().rss / 2**20
    finally:
        workers.stop()
    count = len(raw_events)
    return {"events": count, "per_cpu_s": count / cpu, "per_s": count / took, "resident_mib": resident}


def _idle_start_cpu_s(settings: Settings) -> float:
    log = settings.data_dir / "idle.log"
    workers = Workers(settings, 1, log)
    try:
        while not log.exists() or log.read_text().count("partition taken") < 2 * settings.topics.partitions:
            time.sleep(0.1)
        (pid,) = workers.pids
        return _cpu_s(pid)
    finally:
        workers.stop()


def latency(bootstrap: str, folder: Path, rate: float, seconds: float) -> dict[str, float]:
    """Seconds from publish to alert at ``rate`` events per second, after a training period."""
    settings = _settings(bootstrap, folder)
    spec = SimulationSpec(seed=5, days=14, actors=120, incidents=60, training=0.6, difficulties=("easy",))
    events = list(simulate(spec))
    live = int(rate * seconds)
    workers = Workers(settings, 1, folder / "worker.log")
    published: dict[str, float] = {}
    delays: list[float] = []
    stop = threading.Event()

    def follow() -> None:
        for alert in read_alerts(settings, follow=True, stop=stop.is_set):
            if alert.event_id in published:
                delays.append(time.monotonic() - published[alert.event_id])

    try:
        _publish(settings, [event.raw for event in events[:-live]])
        await_caught_up(settings, _PATIENCE_S)
        reader = threading.Thread(target=follow)
        reader.start()
        _steadily(settings, [(event.event_id, event.raw) for event in events[-live:]], rate, published)
        await_caught_up(settings, _PATIENCE_S)
        time.sleep(1.0)
        stop.set()
        reader.join()
    finally:
        stop.set()
        workers.stop()
    cuts = quantiles(delays, n=100)
    return {"events": live, "alerts": len(delays), "p50_s": median(delays), "p99_s": cuts[98], "max_s": max(delays)}


def _steadily(settings: Settings, events: list[tuple[str, bytes]], rate: float, published: dict[str, float]) -> None:
    with Publisher(settings, settings.topic("events")) as publisher:
        due = time.monotonic()
        for event_id, raw in events:
            time.sleep(max(0.0, due - time.monotonic()))
            published.setdefault(event_id, time.monotonic())
            publisher.send(raw)
            due += 1 / rate


def main() -> None:
    """Runs both and prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000, help="events for the throughput")
    parser.add_argument("--rate", type=float, default=200.0, help="events a second for the latency")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long at that rate")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with _broker() as (bootstrap, folder):
        results = {
            "throughput": throughput(bootstrap, folder, arguments.events),
            "latency": latency(bootstrap, folder, arguments.rate, arguments.seconds),
        }
    if arguments.json:
        print(json.dumps(results))
        return
    title = f"Apache Kafka {KAFKA_VERSION}, Python {platform.python_version()}, {psutil.cpu_count()} CPUs"
    table = Table("measure", "figure", title=title)
    for name, figures in results.items():
        for figure, value in figures.items():
            table.add_row(f"{name} {figure}", f"{value:,.3f}" if value < 100 else f"{value:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
