"""Baselines on their topic: every worker reads all of them, one worker at a time writes new ones.

A baseline follows from the activity below its offsets, so it does not matter who builds it, or whether two do. Of a
long partition a sample is enough: all of its first 10,000 offsets count, then every tenth block of 1,000.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service

from detectors.baseline import BaselineBuilder
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import StateError
from schemas.spelling import read_recorded

__all__ = ["BaselineKeeper", "Baselines", "next_counted"]

_log = structlog.get_logger("airlock.baselines")

_PATIENCE_S = 30.0
_BLOCK = 1_000
_ALL_BELOW = 10_000
# A new version for every tenth part more: their number grows with the logarithm of the activity, not with time.
_GROWTH = 1.1


class Baselines(Service):
    """All published baselines by version; ``latest`` is the one that was published last."""

    def __init__(self, topic: str, options: Mapping[str, Any]) -> None:
        super().__init__()
        self.latest = NO_BASELINE
        self._tp = TopicPartition(topic, 0)
        self._options = options
        self._known = {NO_BASELINE.version: NO_BASELINE}
        self._news = asyncio.Condition()

    async def on_start(self) -> None:
        """Reads what has been published so far."""
        self._consumer = AIOKafkaConsumer(**self._options, group_id=None, auto_offset_reset="earliest")
        await self._consumer.start()
        self._consumer.assign([self._tp])
        end = (await self._consumer.end_offsets([self._tp]))[self._tp]
        while await self._consumer.position(self._tp) < end:
            await self._read(timeout_ms=100)

    async def on_stop(self) -> None:
        """Closes the consumer."""
        await self._consumer.stop()

    @Service.task
    async def _follow(self) -> None:
        while not self.should_stop:
            await self._read(timeout_ms=1_000)

    async def _read(self, timeout_ms: int) -> None:
        fetched = await self._consumer.getmany(self._tp, timeout_ms=timeout_ms)
        async with self._news:
            for record in fetched.get(self._tp, ()):
                if record.value is not None:
                    self.latest = Baseline.from_json(record.value)
                    self._known[self.latest.version] = self.latest
            self._news.notify_all()

    async def by_version(self, versions: set[str]) -> Mapping[str, Baseline]:
        """The baselines of those versions; waits for one that is on its way.

        Raises:
            StateError: where one isn't published.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S), self._news:
                await self._news.wait_for(lambda: versions <= self._known.keys())
        except TimeoutError:
            missing = ", ".join(sorted(versions - self._known.keys()))
            raise StateError(
                f"baseline {missing} is named by activity records but is not in {self._tp.topic}"
            ) from None
        return self._known


class BaselineKeeper:
    """Builds baselines from the activity topic and publishes those that say something new."""

    def __init__(self, activity: str, baselines: Baselines, topic: str, options: Mapping[str, Any]) -> None:
        self._activity = activity
        self._baselines = baselines
        self._topic = topic
        self._options = options
        self._builder = BaselineBuilder()
        self._offsets: dict[str, int] = {}
        self._seen = self._published = 0

    async def refresh(self) -> None:
        """Reads the activity that came since the last call, and publishes a baseline where there is enough of it.

        A cluster that doesn't answer is no reason to stop scoring: the next call goes on from here.
        """
        try:
            await self._refresh()
        except KafkaError as error:
            _log.warning("no new baseline for now: Kafka doesn't answer", reason=str(error))

    async def _refresh(self) -> None:
        await self._learn()
        if self._seen <= self._published * _GROWTH:
            return
        baseline = self._builder.build(dict(self._offsets))
        producer = AIOKafkaProducer(**self._options, acks="all", enable_idempotence=True)
        try:
            await producer.start()
            await producer.send_and_wait(self._topic, baseline.to_json(), key=baseline.version.encode())
        finally:
            await producer.stop()
        self._published = self._seen
        _log.info("baseline published", version=baseline.version, records=self._seen)

    async def _learn(self) -> None:
        consumer = AIOKafkaConsumer(
            self._activity,  # without a group, all its partitions are assigned
            **self._options,
            group_id=None,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            partitions = sorted(consumer.assignment())
            for tp in partitions:
                if str(tp.partition) in self._offsets:
                    consumer.seek(tp, self._offsets[str(tp.partition)])
            for tp, end in (await consumer.end_offsets(partitions)).items():
                await self._learn_partition(consumer, tp, end)
        finally:
            await consumer.stop()

    async def _learn_partition(self, consumer: AIOKafkaConsumer, tp: TopicPartition, end: int) -> None:
        while (position := await consumer.position(tp)) < end:
            following = next_counted(position)
            if following != position:
                consumer.seek(tp, min(following, end))
                continue
            fetched = await consumer.getmany(tp, timeout_ms=100, max_records=_BLOCK)
            for record in fetched.get(tp, ()):
                if record.offset < end and next_counted(record.offset) == record.offset:
                    self._learn_record(record.key, record.value)
            await asyncio.sleep(0)  # scoring comes first
        self._offsets[str(tp.partition)] = end

    def _learn_record(self, key: bytes | None, value: bytes | None) -> None:
        if key is None or not key.startswith(b"actor:"):
            return  # an event of a credential comes by its actor as well
        try:
            self._builder.learn_one(read_recorded(value or b""))
        except msgspec.DecodeError:
            return  # the score agent has sent it to the dead letters
        self._seen += 1


def next_counted(offset: int) -> int:
    """The first offset from ``offset`` on whose record counts for a baseline.

    >>> [next_counted(offset) for offset in (0, 9_999, 10_000, 10_999, 11_000, 19_999)]
    [0, 9999, 10000, 10999, 20000, 20000]
    """
    if offset < _ALL_BELOW or offset // _BLOCK % 10 == 0:
        return offset
    return (offset // (10 * _BLOCK) + 1) * 10 * _BLOCK
