"""A worker when its surroundings fail: a broker that isn't there yet, and state that it can't read."""

import json
import time
from contextlib import contextmanager

import pytest

from streams.broker import EmbeddedBroker
from streams.broker.process import free_ports
from streams.progress import await_caught_up
from streams.settings import BrokerSettings, KafkaSettings, Settings, TopicSettings
from streams.stack import Workers
from streams.topics import apply_topics


def events(first, last):
    for number in range(first, last):
        event = {"id": f"e-{number}", "time": "2026-02-03T10:00:00Z", "actor": f"u-{number % 7}", "action": "login"}
        yield json.dumps(event).encode()


@contextmanager
def worker(settings):
    log = settings.data_dir / "worker.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    workers = Workers(settings, 1, log)
    try:
        yield workers, log
    finally:
        workers.stop()


@pytest.fixture
def own_broker(tmp_path):
    """A broker that a test may stop, at an address known before it starts."""
    port, _ = free_ports(0)
    broker = EmbeddedBroker(tmp_path / "kafka", BrokerSettings(port=port))
    kafka, topics = KafkaSettings(bootstrap=f"127.0.0.1:{port}"), TopicSettings(partitions=2)
    yield broker, Settings(data_dir=tmp_path / "data", kafka=kafka, topics=topics)
    broker.stop()


def test_a_broker_that_starts_late_costs_nothing_but_time(own_broker, send, read_topic, eventually):
    broker, settings = own_broker
    with worker(settings) as (_, log):
        eventually(lambda: log.exists() and "Kafka doesn't answer yet" in log.read_text())
        broker.start(print)
        apply_topics(settings)
        send(settings, "events", events(0, 200))
        await_caught_up(settings, patience_s=60)
        ids = [json.loads(record.value)["event"]["id"] for record in read_topic(settings, "activity")]
        assert sorted(ids) == sorted(f"e-{number}" for number in range(200))


def test_a_profile_of_an_unknown_version_stops_the_worker_with_a_clear_word(applied, send, eventually):
    for partition in range(applied.topics.partitions):
        send(applied, "profiles", [b"\xff profile"], key=lambda _: b"actor:u-0", partition=partition)
    send(applied, "events", events(0, 1))
    with worker(applied) as (workers, log):
        eventually(lambda: not workers.pids)
        last_word = log.read_text().splitlines()[-1]
    assert last_word.startswith("airlock: worker ")
    assert "version 255" in last_word


def test_a_worker_that_is_told_to_stop_ends_well_and_soon(applied, eventually):
    with worker(applied) as (workers, log):
        eventually(lambda: "partition taken" in (log.read_text() if log.exists() else ""))
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert "worker stopped" in log.read_text()
    assert workers.pids == []
