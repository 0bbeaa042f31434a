"""One owned partition: its transactional producer, its state, and the transaction that ends a batch."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.kafka import MAX_RECORD_BYTES
from streams.source.packing import To, packed
from streams.source.result import Produced, Result
from streams.source.state import Changes, MemoryState, State
from streams.source.sweep import Sweep

__all__ = ["Batch", "Lost", "Partition", "Spent", "Work", "transactional_producer"]


class Lost(Exception):  # noqa: N818 - a state of the world, not an error
    """The partition belongs to another worker now."""


class Spent(NamedTuple):
    """Seconds that a settled batch took: in the agent's work, and in the transaction; and what it came to."""

    work_s: float
    commit_s: float
    tally: Counter[tuple[str, ...]]


Work = Callable[[Sequence[ConsumerRecord[bytes, bytes]], Mapping[bytes, bytes]], Awaitable[Result]]


def transactional_producer(
    options: Mapping[str, Any], group: str, tp: TopicPartition, compression: str | None = None
) -> AIOKafkaProducer:
    """The producer of whoever works on ``tp`` for ``group``: their ids are the same, so the one started last fences."""
    return AIOKafkaProducer(
        **options,
        transactional_id=f"{group}-{tp.topic}-{tp.partition}",
        compression_type=compression,
        max_batch_size=1024 * 1024,
        max_request_size=MAX_RECORD_BYTES,
    )


@dataclass(slots=True)
class Partition:
    """A partition that this worker owns, until ``lost``."""

    tp: TopicPartition
    producer: AIOKafkaProducer
    group: str
    changelog: str | None
    state: State = field(default_factory=MemoryState)
    sweep: Sweep | None = None
    lost: bool = False
    committing: asyncio.Future[None] | None = None
    in_flight: asyncio.Future[Spent] | None = None
    """Done when the agent has settled the batch that it was handed."""

    async def commit(self, records: Sequence[ConsumerRecord[bytes, bytes]], result: Result) -> None:
        """Writes ``result`` and the offset after ``records`` in one transaction, then takes over the state.

        Raises:
            Lost: where another worker has taken the partition.
        """
        changes: Changes = result.state
        if self.sweep is not None:
            changes = self.sweep.extend(self.state, result.state)
        began = time.time()
        try:
            async with self.producer.transaction():
                offsets = self.producer.send_offsets_to_transaction({self.tp: records[-1].offset + 1}, self.group)
                contained, _ = await asyncio.gather(self._write(result.records, changes), offsets)
        except (ProducerFenced, InvalidProducerEpoch) as error:
            self.lost = True
            raise Lost(f"{self.tp} was taken over") from error
        if changes:
            self.state.apply(changes, contained, began)

    async def _write(self, records: Sequence[Produced], changes: Changes) -> int:
        """Sends all, waits until it is written, and returns the changelog offset up to which the changes reach."""
        if changes and self.changelog is None:
            raise ValueError(f"{self.tp} keeps no state")
        topics = {record.topic for record in records}
        counts = {topic: len(await self.producer.partitions_for(topic)) for topic in topics}
        boxes = packed(records, counts, self.tp.partition, self.producer.create_batch)
        sent = [await self._send(to, builder) for to, builders in boxes.items() for builder in builders]
        changed = self._pack_changes(changes) if changes else []
        to = (self.changelog or "", self.tp.partition)
        logged = [await self._send(to, builder) for builder in changed]
        await asyncio.gather(*sent, *logged)
        # Where the broker has seen a batch before (a retry), it may not say at which offset (-1).
        ends = [
            (future.result().offset, builder.record_count()) for future, builder in zip(logged, changed, strict=True)
        ]
        return max((offset + count for offset, count in ends if offset >= 0), default=0)

    def _pack_changes(self, changes: Changes) -> list[BatchBuilder]:
        # The changelog's own time: compaction and tombstones go by when it was written, not by the event's clock.
        now = int(time.time() * 1000)
        builders = [self.producer.create_batch()]
        for key, value in changes.items():
            if builders[-1].append(timestamp=now, key=key, value=value, headers=[]) is None:
                builders.append(self.producer.create_batch())
                builders[-1].append(timestamp=now, key=key, value=value, headers=[])
        return builders

    async def _send(self, to: To, builder: BatchBuilder) -> asyncio.Future[Any]:
        topic, partition = to
        sent: asyncio.Future[Any] = await self.producer.send_batch(builder, topic, partition=partition)
        return sent


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, handed to an agent, which answers by calling ``settle`` once."""

    partition: Partition
    records: Sequence[ConsumerRecord[bytes, bytes]]
    settled: asyncio.Future[Spent]

    async def settle(self, work: Work) -> None:
        """Does ``work`` on the records and the partition's state, and commits what it returns.

        Raises nothing: what goes wrong is told through ``settled`` to the service that owns the partition.
        """
        began = time.perf_counter()
        try:
            result = await work(self.records, self.partition.state)
            worked = time.perf_counter()
            self.partition.committing = asyncio.ensure_future(self.partition.commit(self.records, result))
            await self.partition.committing
        except asyncio.CancelledError:
            self._given_up()
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the agent itself is to end, not only this commit
                raise
        except Exception as error:
            if not self.settled.done():
                self.settled.set_exception(error)
                if self.partition.lost:
                    self.settled.exception()  # nobody waits for it, and whatever it is, it is no error any more
        else:
            if not self.settled.done():
                self.settled.set_result(Spent(worked - began, time.perf_counter() - worked, result.tally))

    def _given_up(self) -> None:
        if not self.settled.done():
            self.settled.set_exception(Lost(f"{self.partition.tp} was given up"))
            self.settled.exception()  # it may be that nobody waits for it any more
