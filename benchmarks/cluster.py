"""The broker of a run, its topics, and how far a consumer group has come."""

from __future__ import annotations

import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from schemas.alert import Alert
from schemas.baseline import Baseline
from schemas.topics import TOPICS
from streams.broker import EmbeddedBroker
from streams.kafka import MAX_RECORD_BYTES, client_options
from streams.publisher import Publisher
from streams.settings import BrokerSettings, KafkaSettings, Settings, TopicSettings, WorkerSettings
from streams.topics import apply_topics

__all__ = ["Cluster", "Progress", "alert_ids", "await_true", "publish", "publish_baseline", "read_committed"]

_PATIENCE_S = 7_200.0


def await_true(condition: Callable[[], bool], every_s: float = 0.1, patience_s: float = _PATIENCE_S) -> None:
    """Returns when ``condition()`` holds.

    Raises:
        TimeoutError: where it doesn't within ``patience_s`` seconds.
    """
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"what the benchmark waits for did not happen within {patience_s:.0f} s")
        time.sleep(every_s)


class Cluster:
    """A broker that is the benchmark's own, with a folder for all that the run leaves behind."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Cluster]:
        """Starts a broker, and removes everything on leaving."""
        with tempfile.TemporaryDirectory(prefix="airlock-bench-") as folder:
            broker = EmbeddedBroker(Path(folder), BrokerSettings(port=0))
            try:
                yield cls(broker.start(lambda _: None).bootstrap, Path(folder))
            finally:
                broker.stop()

    @contextmanager
    def topics(self, source: str | None = None, worker: WorkerSettings | None = None) -> Iterator[Settings]:
        """Settings with topics of their own, deleted on leaving; ``source`` is a further topic of raw events."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        settings = Settings(
            data_dir=self.folder / name,
            kafka=KafkaSettings(bootstrap=self.bootstrap),
            topics=TopicSettings(prefix=name),
            sources={} if source is None else {source: "auto"},
            worker=worker or WorkerSettings(),
        )
        settings.data_dir.mkdir(parents=True)
        apply_topics(settings)
        yield settings
        self._delete([settings.topic(spec.name) for spec in TOPICS])

    def _delete(self, names: list[str]) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            admin.delete_topics(names)
        finally:
            admin.close()


def publish(settings: Settings, topic: str, raw_events: Iterable[bytes]) -> None:
    """Sends raw events as ``airlock publish`` does."""
    with Publisher(settings, topic) as publisher:
        for raw in raw_events:
            publisher.send(raw)


def publish_baseline(settings: Settings, baseline: Baseline) -> None:
    """Puts a baseline in force before any worker starts."""
    producer = KafkaProducer(**client_options(settings))
    producer.send(settings.topic("baselines"), baseline.to_json(), key=baseline.version.encode())
    producer.flush()
    producer.close()


def alert_ids(settings: Settings) -> Counter[str]:
    """How often each alert is on the alerts topic, among committed records."""
    return Counter(Alert.from_json(record.value).id for record in read_committed(settings, "alerts"))


def read_committed(settings: Settings, name: str) -> list[Any]:
    """All committed records of a topic of the table, by partition and offset."""
    consumer = KafkaConsumer(
        **client_options(settings),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        fetch_max_bytes=2 * MAX_RECORD_BYTES,
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
    topic, found = settings.topic(name), []
    try:
        for partition in sorted(consumer.partitions_for_topic(topic)):
            tp = TopicPartition(topic, partition)
            consumer.assign([tp])
            end = consumer.end_offsets([tp])[tp]
            while consumer.position(tp) < end:
                found += consumer.poll(timeout_ms=200).get(tp, ())
    finally:
        consumer.close()
    return found


class Progress:
    """How far ``group`` has come on ``topic``; a context manager that holds one consumer."""

    def __init__(self, settings: Settings, group: str, topic: str) -> None:
        self._consumer = KafkaConsumer(
            **client_options(settings),
            group_id=group,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=64 * 1024,
        )
        self._partitions = [TopicPartition(topic, p) for p in self._consumer.partitions_for_topic(topic) or ()]

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def committed(self) -> list[int]:
        """The committed offset of each partition; 0 where there is none."""
        return [self._consumer.committed(tp) or 0 for tp in self._partitions]

    def finished(self) -> bool:
        """Whether all that is committed to the topic now has been read; a transaction's marker takes an offset too."""
        ends = self._consumer.end_offsets(self._partitions)
        behind = [tp for tp in self._partitions if (self._consumer.committed(tp) or 0) < ends[tp]]
        for tp in behind:
            self._consumer.assign([tp])
            self._consumer.seek(tp, self._consumer.committed(tp) or 0)
            while self._consumer.position(tp) < ends[tp]:
                if self._consumer.poll(timeout_ms=100, max_records=1):
                    return False
        return True
