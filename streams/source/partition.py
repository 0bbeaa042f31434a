"""One owned partition: its transactional producer, its state, and the transaction that ends a batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from aiokafka.partitioner import murmur2

from streams.kafka import MAX_RECORD_BYTES

__all__ = ["Batch", "Lost", "Partition", "Produced", "Result", "Work", "restore"]

_BATCH_BYTES = 1024 * 1024  # one produce request to a partition; Kafka's own default limit for a consumer's fetch


class Lost(Exception):  # noqa: N818 - a state of the world, not an error
    """The partition belongs to another worker now."""


@dataclass(frozen=True, slots=True)
class Produced:
    """A record to write. ``timestamp_ms`` is Unix milliseconds: its input's, so that a replay writes the same."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


@dataclass(slots=True)
class Result:
    """What a batch leads to: records to write, and new values by key for the state (``None`` forgets the key)."""

    records: list[Produced] = field(default_factory=list)
    state: dict[bytes, bytes | None] = field(default_factory=dict)


Work = Callable[[Sequence[ConsumerRecord[bytes, bytes]], Mapping[bytes, bytes]], Awaitable[Result]]


@dataclass(slots=True)
class Partition:
    """A partition that this worker owns, until ``lost``."""

    tp: TopicPartition
    producer: AIOKafkaProducer
    group: str
    changelog: str | None
    state: dict[bytes, bytes] = field(default_factory=dict)
    lost: bool = False
    in_flight: asyncio.Future[None] | None = None
    """Done when the agent has settled the batch that it was handed."""

    async def commit(self, records: Sequence[ConsumerRecord[bytes, bytes]], result: Result) -> None:
        """Writes ``result`` and the offset after ``records`` in one transaction, then takes over the state.

        Raises:
            Lost: where another worker has taken the partition.
        """
        try:
            async with self.producer.transaction():
                await self._write(result)
                offsets = {self.tp: records[-1].offset + 1}
                await self.producer.send_offsets_to_transaction(offsets, self.group)
        except (ProducerFenced, InvalidProducerEpoch) as error:
            self.lost = True
            raise Lost(f"{self.tp} was taken over") from error
        for key, value in result.state.items():
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value

    async def _write(self, result: Result) -> None:
        rows: dict[TopicPartition, list[Produced]] = {}
        for record in [*result.records, *self._changes(result)]:
            rows.setdefault(await self._destination(record), []).append(record)
        sent = [future for tp, written in rows.items() for future in await self._send(tp, written)]
        await asyncio.gather(*sent)

    def _changes(self, result: Result) -> Iterable[Produced]:
        for key, value in result.state.items():
            if self.changelog is None:
                raise ValueError(f"{self.tp} keeps no state")
            # The changelog's own time: compaction and tombstones go by when it was written, not by the event's clock.
            yield Produced(self.changelog, key, value, int(time.time() * 1000), partition=self.tp.partition)

    async def _destination(self, record: Produced) -> TopicPartition:
        if record.partition is not None:
            return TopicPartition(record.topic, record.partition)
        count = len(await self.producer.partitions_for(record.topic))
        chosen = self.tp.partition % count if record.key is None else _partition_of(record.key, count)
        return TopicPartition(record.topic, chosen)

    async def _send(self, tp: TopicPartition, rows: Iterable[Produced]) -> list[Awaitable[Any]]:
        sent: list[Awaitable[Any]] = []
        builder = self.producer.create_batch()
        for row in rows:
            columns = {"timestamp": row.timestamp_ms, "key": row.key, "value": row.value, "headers": list(row.headers)}
            if builder.append(**columns) is None:
                sent.append(await self.producer.send_batch(builder, tp.topic, partition=tp.partition))
                builder = self.producer.create_batch()
                builder.append(**columns)
        sent.append(await self.producer.send_batch(builder, tp.topic, partition=tp.partition))
        return sent


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, handed to an agent, which answers by calling ``settle`` once."""

    partition: Partition
    records: Sequence[ConsumerRecord[bytes, bytes]]
    settled: asyncio.Future[None]

    async def settle(self, work: Work) -> None:
        """Does ``work`` on the records and the partition's state, and commits what it returns.

        Raises nothing: what goes wrong is told through ``settled`` to the service that owns the partition.
        """
        try:
            result = await work(self.records, self.partition.state)
            await self.partition.commit(self.records, result)
        except asyncio.CancelledError:
            self.settled.cancel()
            raise
        except Exception as error:
            if not self.settled.done():
                self.settled.set_exception(error)
        else:
            if not self.settled.done():
                self.settled.set_result(None)


@lru_cache(maxsize=65_536)  # murmur2 in Python costs about 10 us a key, and subjects repeat
def _partition_of(key: bytes, count: int) -> int:
    """The partition that Kafka's own clients choose for a key, so that publishers in any language agree."""
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % count


async def restore(tp: TopicPartition, options: Mapping[str, Any]) -> dict[bytes, bytes]:
    """The last value of each key in a changelog partition, up to its end as committed now."""
    state: dict[bytes, bytes] = {}
    consumer = AIOKafkaConsumer(
        **options,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_RECORD_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        while await consumer.position(tp) < end:
            fetched = await consumer.getmany(tp, timeout_ms=100)
            for record in fetched.get(tp, ()):
                if record.value is None:
                    state.pop(record.key, None)
                else:
                    state[record.key] = record.value
    finally:
        await consumer.stop()
    return state
