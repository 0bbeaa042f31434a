"""The service that owns partitions: it takes them, feeds their batches to a channel, and lets them go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import faust
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from mode import Service

from streams.source.channel import BatchChannel
from streams.source.partition import Batch, Lost, Partition, Spent, transactional_producer
from streams.source.restore import OpenState, in_memory, restore
from streams.source.sweep import Forgetting, Sweep

__all__ = ["Observer", "Owned", "PartitionSource", "SourceSpec"]

_log = structlog.get_logger("airlock.source")

_POLL_MS = 1_000  # how soon a partition's task notices that it has been lost; records arrive at once in any case
_READY_S = 0.001  # records that come sooner were there before they were asked for
_NEWS_MS = 15  # how long an answer to a fetch that finds something takes, on a busy machine
_LET_GO_S = 2.0  # how long a batch in flight may take to commit before its partition is given up
_WORK_S = 0.25  # how long a batch may hold the event loop, on which heartbeats and the other partitions wait
_LEAST_RECORDS = 50
# A partition has one fetch waiting at most, so this times the partitions bounds what a backlog takes of memory, and it
# is a full batch of raw events. A larger record still comes, alone: brokers send a fetch's first one whole (KIP-74).
_FETCH_BYTES = 2 * 1024 * 1024
_SILENT_S = 30.0  # a partition that has neither fetched nor committed for so long isn't being consumed


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What to read (``topics``), as which ``group``, and where the state is kept (``changelog``, co-partitioned).

    ``open_state`` says what of a partition's state is here already, ``forgetting`` which keys are to be dropped.
    """

    topics: tuple[str, ...]
    group: str
    changelog: str | None = None
    batch_records: int = 5_000
    batch_interval_s: float = 0.05
    session_timeout_s: float = 10.0
    compression: str | None = "zstd"
    open_state: OpenState = in_memory
    forgetting: Forgetting | None = None


class Observer(Protocol):
    """Who is told of a source's steps, once a batch and never once a record; must neither raise nor take long."""

    def restored(self, keys: int, seconds: float) -> None:
        """A partition's state has been read back."""

    def committed(self, records: Sequence[ConsumerRecord[bytes, bytes]], spent: Spent) -> None:
        """The batch of ``records`` has been committed."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A partition that is being consumed: how many offsets behind, and how many keys its state has."""

    tp: TopicPartition
    lag: int
    keys: int


@dataclass(slots=True)
class _Progress:
    """The first offset that isn't settled, and when the partition last got or committed a batch (Unix seconds)."""

    position: int
    moved: float


async def _at_once() -> None:
    return


class PartitionSource(Service, ConsumerRebalanceListener):  # type: ignore[misc]
    """Feeds ``channel`` with batches of the partitions that this worker owns; see the package for what it promises.

    ``member`` names this worker in the group across restarts (static membership, KIP-345): a worker that comes back
    within the session gets its partitions without a rebalance. ``gate`` is awaited before a partition's first batch:
    what is sent on the channel while no agent listens is never settled.
    """

    def __init__(  # noqa: PLR0913 - what a source is made of; the last two by name
        self,
        app: faust.App,
        spec: SourceSpec,
        options: Mapping[str, Any],
        member: str | None,
        *,
        observer: Observer | None = None,
        gate: Callable[[], Awaitable[object]] = _at_once,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.channel = BatchChannel(app)
        self._options = dict(options)
        self._member = member
        self._observer = observer
        self._gate = gate
        self._joined = False
        self._consumer: AIOKafkaConsumer
        self._feeds: dict[TopicPartition, asyncio.Task[None]] = {}
        self._owned: dict[TopicPartition, Partition] = {}
        self._progress: dict[TopicPartition, _Progress] = {}
        self._record_s = 0.0  # the work on one record, as of late

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
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        self._consumer.subscribe(self.spec.topics, listener=self)
        await self._consumer.start()

    async def on_stop(self) -> None:
        """Lets go of all partitions, then leaves the group."""
        await self._let_go(list(self._feeds))
        await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Called by the consumer before a rebalance: everything goes (eager protocol)."""
        self._joined = False
        await self._let_go(list(revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Called by the consumer after a rebalance."""
        self._joined = True
        for tp in assigned:
            self._feeds[tp] = asyncio.create_task(self._own(tp), name=f"{self.spec.group}/{tp.topic}/{tp.partition}")

    async def _own(self, tp: TopicPartition) -> None:
        """The life of an owned partition: take it, feed its batches, release its producer."""
        producer = transactional_producer(self._options, self.spec.group, tp, self.spec.compression)
        partition = Partition(tp, producer, self.spec.group, self.spec.changelog)
        try:
            await self._take(partition)
            await self._gate()
            await self._feed(partition)
        except Lost:
            await self._await_revocation(tp)
        except Exception as error:  # this is the agent loop's one way out: whatever it is, the process must not go on
            if tp in self._feeds:
                await self.crash(error)
        finally:
            await _stop(producer)
            partition.state.close()

    async def _take(self, partition: Partition) -> None:
        tp = partition.tp
        await (
            partition.producer.start()
        )  # bumps the epoch: what a former owner left open is aborted, its next write fails
        if self.spec.forgetting is not None:
            partition.sweep = Sweep(self.spec.forgetting)
        if self.spec.changelog is not None:
            started = time.monotonic()
            changelog = TopicPartition(self.spec.changelog, tp.partition)
            partition.state = await restore(changelog, self._options, self.spec.open_state)
            if self._observer is not None:
                self._observer.restored(len(partition.state), time.monotonic() - started)
        committed = await self._consumer.committed(tp)
        if committed is not None:
            self._consumer.seek(tp, committed)
        self._progress[tp] = _Progress(await self._consumer.position(tp), time.time())
        self._owned[tp] = partition
        _log.info(
            "partition taken", topic=tp.topic, partition=tp.partition, offset=committed, keys=len(partition.state)
        )

    async def _feed(self, partition: Partition) -> None:
        tp = partition.tp
        progress = self._progress[tp]
        due = 0.0
        while not partition.lost:
            # A transaction costs some milliseconds of CPU whatever is in it: under load, fewer and larger ones.
            await asyncio.sleep(due - time.monotonic())
            records = await self._fetched(tp)
            if partition.lost:
                return
            if not records:
                progress.position = await self._consumer.position(tp)  # past a transaction's marker, say
                continue
            progress.moved = time.time()
            due = time.monotonic() + self.spec.batch_interval_s
            partition.in_flight = settled = asyncio.get_running_loop().create_future()
            # Not ``send``: that wraps it in an event, and Faust silently skips events of before its own rebalances.
            await self.channel.put(Batch(partition, records, settled))  # type: ignore[arg-type]  # any value will do
            spent = await settled
            partition.in_flight = None
            progress.position, progress.moved = records[-1].offset + 1, time.time()
            self._record_s += (spent.work_s / len(records) - self._record_s) / 8
            if self._observer is not None:
                self._observer.committed(records, spent)

    async def _fetched(self, tp: TopicPartition) -> list[ConsumerRecord[bytes, bytes]]:
        """The next batch's records; none where none came for a while."""
        most, asked = self._most(), time.monotonic()
        fetched = await self._consumer.getmany(tp, timeout_ms=_POLL_MS, max_records=most)
        records: list[ConsumerRecord[bytes, bytes]] = fetched.get(tp, [])
        # What lay ready was fetched when the last batch was taken. What has come since would else wait for another one.
        if records and len(records) < most and time.monotonic() - asked < _READY_S:
            records += (await self._consumer.getmany(tp, timeout_ms=_NEWS_MS, max_records=most - len(records))).get(
                tp, []
            )
        return records

    async def _await_revocation(self, tp: TopicPartition) -> None:
        """Fenced, so another worker owns it: the group must tell us so within a session, or the two of us disagree."""
        _log.warning("partition taken over by another worker", topic=tp.topic, partition=tp.partition)
        await asyncio.sleep(2 * self.spec.session_timeout_s)
        await self.crash(Lost(f"{tp} was taken over by a worker outside the group {self.spec.group}"))

    def _most(self) -> int:
        """Records of the next batch at most: as many as can be worked on in the time that a batch may take."""
        bearable = int(_WORK_S / self._record_s) if self._record_s > 0 else self.spec.batch_records
        return min(self.spec.batch_records, max(_LEAST_RECORDS, bearable))

    def owned(self) -> Iterator[Owned]:
        """The partitions that are being consumed, as far as this worker knows: their ends are those of its last fetch.

        The lag counts offsets up to the last stable one that aren't settled; transactions' markers take offsets too.
        """
        for tp, partition in self._owned.items():
            end = self._consumer.last_stable_offset(tp) if tp in self._consumer.assignment() else None
            yield Owned(tp, max(0, (end or 0) - self._progress[tp].position), len(partition.state))

    def missing(self) -> Iterator[str]:
        """What keeps this source from consuming all that it was assigned; nothing where it does."""
        if not self._joined:
            yield f"{self.spec.group}: has not joined its group"
        for tp in self._feeds:
            if tp not in self._owned:
                yield f"{tp.topic}/{tp.partition}: is being restored"
            elif (silent := time.time() - self._last_sign(tp)) > _SILENT_S:
                yield f"{tp.topic}/{tp.partition}: has neither fetched nor committed for {silent:.0f} s"

    def _last_sign(self, tp: TopicPartition) -> float:
        fetched_ms = self._consumer.last_poll_timestamp(tp) if tp in self._consumer.assignment() else None
        return max(self._progress[tp].moved, (fetched_ms or 0) / 1000)

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
        for partition in owned:
            if partition.committing is not None:  # else its agent would wait for a producer that has stopped
                partition.committing.cancel()
        await asyncio.gather(*feeds, return_exceptions=True)


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(Exception):  # fenced or cut off: nothing of it can be committed any more
        await producer.stop()
