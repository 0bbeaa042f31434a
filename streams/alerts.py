"""The alerts of the review topic, each once, as committed transactions show them."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from heapq import nlargest

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from pydantic import ValidationError

from schemas.alert import Alert
from schemas.errors import UnavailableError
from schemas.record import explain_validation
from streams.kafka import client_options, reaching
from streams.settings import Settings

__all__ = ["read_alerts"]

_POLL_MS = 200  # how soon a follower notices that it is to stop; a record is handed over at once
_NEW_PARTITIONS_S = 30.0
_PATIENCE_S = 30.0
# An id is 16 to 64 bytes: a worker that repeats alerts after a crash does so within its last batch.
_REMEMBERED = 100_000

_log = structlog.get_logger(__name__)


def _never() -> bool:
    return False


def read_alerts(
    settings: Settings,
    *,
    follow: bool = False,
    last: int | None = None,
    since: datetime | None = None,
    stop: Callable[[], bool] = _never,
) -> Iterator[Alert]:
    """The alerts that are there, by their time, and with ``follow`` those that come until ``stop`` says so.

    ``last`` bounds how many of those already there are shown, ``since`` how old an alert's event may be. An id that
    comes again is left out. A record that is no alert is logged with its coordinate and passed over.

    Raises:
        UnavailableError: where the cluster doesn't answer, or has no such topic.
    """
    fresh = _Fresh(since)
    with _consumer(settings) as consumer:
        there = (alert for record in _until_end(consumer, stop) if (alert := fresh(record)))
        yield from sorted(there if last is None else nlargest(last, there, key=_by_time), key=_by_time)
        if follow:
            for record in _following(consumer, settings, stop):
                if alert := fresh(record):
                    yield alert


def _by_time(alert: Alert) -> tuple[datetime, str]:
    return alert.time, alert.id


class _Fresh:
    """Decodes a record to an alert that wasn't there before and isn't too old."""

    def __init__(self, since: datetime | None) -> None:
        self._since = since
        self._seen: OrderedDict[str, None] = OrderedDict()

    def __call__(self, record: ConsumerRecord) -> Alert | None:
        alert = _decoded(record)
        if alert is None or alert.id in self._seen or (self._since is not None and alert.time < self._since):
            return None
        self._seen[alert.id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return alert


def _decoded(record: ConsumerRecord) -> Alert | None:
    try:
        return Alert.from_json(record.value or b"")
    except ValidationError as error:
        where = f"{record.topic}/{record.partition}@{record.offset}"
        _log.warning("not an alert, passed over", record=where, reason=explain_validation(error))
        return None


@contextmanager
def _consumer(settings: Settings) -> Iterator[KafkaConsumer]:
    with reaching(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            client_id="airlock-alerts",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            _assign(consumer, settings.topic("alerts"))
            yield consumer
        finally:
            consumer.close()


def _assign(consumer: KafkaConsumer, topic: str) -> None:
    """Takes all of the topic's partitions; those taken before go on where they are."""
    partitions = consumer.partitions_for_topic(topic)
    if not partitions:
        raise UnavailableError(f"the cluster has no topic {topic} yet: create it with 'airlock topics apply'")
    wanted = {TopicPartition(topic, partition) for partition in partitions}
    if wanted != consumer.assignment():
        consumer.assign(sorted(wanted))


def _following(consumer: KafkaConsumer, settings: Settings, stop: Callable[[], bool]) -> Iterator[ConsumerRecord]:
    look_again = time.monotonic() + _NEW_PARTITIONS_S
    while not stop():
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            yield from records
        if time.monotonic() > look_again:  # a topic that grew has alerts in its new partitions too
            look_again = time.monotonic() + _NEW_PARTITIONS_S
            _assign(consumer, settings.topic("alerts"))


def _until_end(consumer: KafkaConsumer, stop: Callable[[], bool]) -> Iterator[ConsumerRecord]:
    ends: dict[TopicPartition, int] = consumer.end_offsets(list(consumer.assignment()))
    deadline = time.monotonic() + _PATIENCE_S
    # A transaction's marker takes an offset too: the position tells the end, the last record doesn't.
    while not stop() and any((consumer.position(partition) or 0) < end for partition, end in ends.items()):
        batches = consumer.poll(timeout_ms=_POLL_MS)
        for partition, records in batches.items():
            yield from (record for record in records if record.offset < ends[partition])
        if batches:
            deadline = time.monotonic() + _PATIENCE_S
        elif time.monotonic() > deadline:
            raise UnavailableError(f"the alerts did not arrive within {_PATIENCE_S:.0f} s: is the cluster healthy?")
