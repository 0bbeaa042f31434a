"""The service that owns partitions: it takes them, feeds their batches to a channel, and lets them go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import faust
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from mode import Service

from streams.kafka import MAX_RECORD_BYTES
from streams.source.channel import BatchChannel
from streams.source.partition import Batch, Lost, Partition, restore

__all__ = ["PartitionSource", "SourceSpec"]

_log = structlog.get_logger("airlock.source")

_POLL_MS = 1_000  # how soon a partition's task notices that it has been lost; records arrive at once in any case
_LET_GO_S = 2.0  # how long a batch in flight may take to commit before its partition is given up


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What to read (``topics``), as which ``group``, and where the state is kept (``changelog``, co-partitioned)."""

    topics: tuple[str, ...]
    group: str
    changelog: str | None = None
    batch_records: int = 5_000
    batch_interval_s: float = 0.05
    session_timeout_s: float = 10.0
    compression: str | None = "lz4"


class PartitionSource(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Feeds ``channel`` with batches of the partitions that this worker owns; see the package for what it promises.

    ``member`` names this worker in the group across restarts (static membership, KIP-345): a worker that comes back
    within the session gets its partitions without a rebalance.
    """

    def __init__(self, app: faust.App, spec: SourceSpec, options: Mapping[str, Any], member: str | None) -> None:
        super().__init__()
        self.spec = spec
        self.channel = BatchChannel(app)
        self._options = dict(options)
        self._member = member
        self._consumer: AIOKafkaConsumer
        self._feeds: dict[TopicPartition, asyncio.Task[None]] = {}
        self._owned: dict[TopicPartition, Partition] = {}

    async def on_start(self) -> None:
        """Joins the group."""
        session_ms = int(self.spec.session_timeout_s * 1000)
        self._consumer = AIOKafkaConsumer(
            **self._options,
            group_id=self.spec.group,
            group_instance_id=self._member,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=session_ms // 3,
            # A fetch covers all partitions of a broker: while it waits, the ones that were busy can't be asked for.
            fetch_max_wait_ms=50,
            max_partition_fetch_bytes=MAX_RECORD_BYTES,
        )
        self._consumer.subscribe(self.spec.topics, listener=self)
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Lets go of all partitions, then leaves the group."""
        await self._let_go(list(self._feeds))
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by the consumer before a rebalance: everything goes (eager protocol)."""
        await self._let_go(list(revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by the consumer after a rebalance."""
        for tp in assigned:
            self._feeds[tp] = asyncio.create_task(self._own(tp), name=f"{self.spec.group}/{tp.topic}/{tp.partition}")

    async def _own(self, tp: TopicPartition) -> None:
        """The life of an owned partition: take it, feed its batches, release its producer."""
        producer = AIOKafkaProducer(
            **self._options,
            transactional_id=f"{self.spec.group}-{tp.topic}-{tp.partition}",
            compression_type=self.spec.compression,
            max_batch_size=1024 * 1024,
            max_request_size=MAX_RECORD_BYTES,
        )
        try:
            partition = await self._take(tp, producer)
            await self._feed(partition)
        except Lost:
            await self._await_revocation(tp)
        except Exception as error:  # this is the agent loop's one way out: whatever it is, the process must not go on
            if tp in self._feeds:
                await self.crash(error)
        finally:
            await _stop(producer)

    async def _take(self, tp: TopicPartition, producer: AIOKafkaProducer) -> Partition:
        await producer.start()  # bumps the epoch: what a former owner left open is aborted, its next write fails
        partition = Partition(tp, producer, self.spec.group, self.spec.changelog)
        if self.spec.changelog is not None:
            partition.state = await restore(TopicPartition(self.spec.changelog, tp.partition), self._options)
        committed = await self._consumer.committed(tp)
        if committed is not None:
            self._consumer.seek(tp, committed)
        self._owned[tp] = partition
        _log.info(
            "partition taken", topic=tp.topic, partition=tp.partition, offset=committed, keys=len(partition.state)
        )
        return partition

    async def _feed(self, partition: Partition) -> None:
        tp = partition.tp
        due = 0.0
        while not partition.lost:
            # A transaction costs some milliseconds of CPU whatever is in it: under load, fewer and larger ones.
            await asyncio.sleep(due - time.monotonic())
            fetched = await self._consumer.getmany(tp, timeout_ms=_POLL_MS, max_records=self.spec.batch_records)
            records = fetched.get(tp)
            if not records or partition.lost:
                continue
            due = time.monotonic() + self.spec.batch_interval_s
            partition.in_flight = settled = asyncio.get_running_loop().create_future()
            # Not ``send``: it wraps its value in an event, and Faust skips events from before its own rebalances.
            await self.channel.put(Batch(partition, records, settled))  # type: ignore[arg-type]
            await settled
            partition.in_flight = None

    async def _await_revocation(self, tp: TopicPartition) -> None:
        """Fenced, so another worker owns it: the group must tell us so within a session, or the two of us disagree."""
        _log.warning("partition taken over by another worker", topic=tp.topic, partition=tp.partition)
        await asyncio.sleep(2 * self.spec.session_timeout_s)
        await self.crash(Lost(f"{tp} was taken over by a worker outside the group {self.spec.group}"))

    async def _let_go(self, partitions: list[TopicPartition]) -> None:
        feeds = [self._feeds.pop(tp) for tp in partitions if tp in self._feeds]
        owned = [self._owned.pop(tp) for tp in partitions if tp in self._owned]
        for partition in owned:
            partition.lost = True
        in_flight = [partition.in_flight for partition in owned if partition.in_flight is not None]
        if in_flight:
            await asyncio.wait(in_flight, timeout=_LET_GO_S)
        for feed in feeds:
            feed.cancel()
        await asyncio.gather(*feeds, return_exceptions=True)


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(Exception):  # fenced or cut off: nothing of it can be committed any more
        await producer.stop()
