"""More partitions for a running installation: profiles move to where their subjects' activity will be.

The number of partitions decides which partition a subject is in, so to add some moves subjects, and their profiles must
be there first. Every partition is split: from n to k*n partitions, what was in p goes to p, p+n, p+2n and so on, hence
only to new ones, and to read a topic partition by partition still gives each subject's records in order.

With no worker running:

1. *Fence*: each partition's transactional producers are taken over, so that a worker which was only frozen can commit
   nothing any more.
2. *Drain*: what lies in the activity topic unscored is scored here, where its subjects' profiles still are.
3. *Copy*: the changelog gets its partitions, and the new ones the profiles that will belong there. Nobody reads them
   yet: an installation that is left here, or is started again here, is as it was. A second run writes them anew.
4. *Switch*: the activity topic gets its partitions, in one step of Kafka's controller. From here on the new ones count.
5. *Tidy*: what has moved is deleted from the old changelog partitions, and the other topics get their partitions. A
   run that finds the switch done, but not this, goes on here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from kafka import KafkaAdminClient

from schemas.errors import UnavailableError, UsageError
from schemas.topics import TOPICS
from streams.agents import Score
from streams.baselines import Baselines
from streams.kafka import MAX_RECORD_BYTES, aiokafka_options, bootstrap_of, client_options, reaching
from streams.settings import Settings
from streams.source.keys import partition_of
from streams.source.partition import Lost, Partition, Work, transactional_producer
from streams.source.restore import Restoring, restore

__all__ = ["Growth", "grow"]

_SLICE = 10_000  # profiles on their way to the broker
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Growth:
    """What ``grow`` did: how many activity records it scored, profiles it moved, and partitions there are now."""

    partitions: int
    scored: int
    moved: int


def grow(settings: Settings, partitions: int, report: Callable[[str], None]) -> Growth:
    """Splits the partitions of all partitioned topics, so that there are ``partitions``; ``report`` is told each step.

    Raises:
        UsageError: where that number can't be reached by splitting, or a worker is running.
        UnavailableError: where the cluster doesn't answer, or stopped to.
    """
    with reaching(settings), closing(KafkaAdminClient(**client_options(settings))) as admin:
        counts = _counts(admin, settings)
        now = counts[settings.topic("activity")]
        if partitions < now or partitions % now:
            raise UsageError(f"there are {now} partitions, and each can only be split: ask for a multiple of {now}")
        _await_no_worker(admin, settings, report)
        growing = _Growing(settings, admin, now, partitions, report)
        try:
            return asyncio.run(growing.run(counts))
        except Lost:
            raise UsageError(
                "a worker was started meanwhile, and nothing has changed: stop it, then try again"
            ) from None
        except KafkaError as error:
            where = bootstrap_of(settings)
            raise UnavailableError(
                f"Kafka at {where} failed ({error}): run this again, it goes on from there"
            ) from error


def _counts(admin: KafkaAdminClient, settings: Settings) -> dict[str, int]:
    """Partitions of each topic whose partitions are shared out.

    Raises:
        UsageError: where one is missing.
    """
    names = [settings.topic(spec.name) for spec in TOPICS if spec.partitioned] + list(settings.sources)
    entries = admin.describe_topics(list(dict.fromkeys(names)))
    missing = [entry["name"] for entry in entries if entry["error_code"]]
    if missing:
        raise UsageError(f"there is no topic {missing[0]}: run 'airlock topics apply' first")
    return {entry["name"]: len(entry["partitions"]) for entry in entries}


def _members(admin: KafkaAdminClient, settings: Settings) -> int:
    groups = admin.describe_groups([settings.topic(agent) for agent in ("app", "normalise", "score")])
    return max(len(group["members"]) for group in groups.values())


def _await_no_worker(admin: KafkaAdminClient, settings: Settings, report: Callable[[str], None]) -> None:
    """Waits for as long as a worker that has just ended is still in its groups (static membership: one session).

    Raises:
        UsageError: where one is in them after that.
    """
    deadline = time.monotonic() + settings.worker.session_timeout_s + 5 * _POLL_S
    told = False
    while found := _members(admin, settings):
        if time.monotonic() > deadline:
            what = "a worker is" if found == 1 else f"{found} workers are"
            raise UsageError(f"{what} running, and profiles can't move under them: stop all workers, then try again")
        if not told:
            report(f"waiting until no worker is left in the groups (up to {settings.worker.session_timeout_s:.0f} s)")
            told = True
        time.sleep(_POLL_S)


class _Growing:
    """One run, from ``now`` to ``wanted`` partitions."""

    def __init__(
        self, settings: Settings, admin: KafkaAdminClient, now: int, wanted: int, report: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._admin = admin
        self._now = now
        self._wanted = wanted
        self._report = report
        self._options = aiokafka_options(settings)
        self._activity = settings.topic("activity")
        self._changelog = settings.topic("profiles")

    async def run(self, counts: Mapping[str, int]) -> Growth:
        """All steps that are left to do."""
        scored = moved = 0
        if self._wanted > self._now:
            async with AsyncExitStack() as stack:
                owned = await self._fence(stack, counts)
                scored = await self._drain(owned)
                ends = await self._ends()
                self._create([self._changelog], counts)
                moved = await self._copy(owned)
                if ends != await self._ends() or _members(self._admin, self._settings):
                    raise Lost
                self._create([self._activity], counts)
        self._report("deleting what has moved from where it was")
        await self._tidy(max(self._wanted, counts[self._changelog]))
        self._create([name for name in counts if name not in {self._activity, self._changelog}], counts)
        return Growth(self._wanted, scored, moved)

    def _create(self, topics: list[str], counts: Mapping[str, int]) -> None:
        growing = {name: self._wanted for name in topics if counts[name] < self._wanted}
        if growing:
            self._admin.create_partitions(growing)
            self._admin.wait_for_topics(list(growing))

    async def _fence(self, stack: AsyncExitStack, counts: Mapping[str, int]) -> list[Partition]:
        """Takes every partition over from whoever may still hold it; gives back those of the activity topic."""
        for source in dict.fromkeys((self._settings.topic("events"), *self._settings.sources)):
            for number in range(counts[source]):
                await (await self._producer(self._settings.topic("normalise"), TopicPartition(source, number))).stop()
        owned = []
        group = self._settings.topic("score")
        for number in range(self._now):
            tp = TopicPartition(self._activity, number)
            producer = await self._producer(group, tp)
            stack.push_async_callback(producer.stop)
            partition = Partition(tp, producer, group, self._changelog)
            changelog = TopicPartition(self._changelog, number)
            partition.state = await restore(changelog, self._options, progress=_silent)
            owned.append(partition)
        return owned

    async def _producer(self, group: str, tp: TopicPartition) -> AIOKafkaProducer:
        producer = transactional_producer(self._options, group, tp)
        await producer.start()
        return producer

    async def _drain(self, owned: list[Partition]) -> int:
        baselines = Baselines(self._settings.topic("baselines"), self._options)
        await baselines.on_start()  # reads what there is; without workers, nothing follows
        try:
            work: Work = Score(self._settings, baselines)
            return sum([await self._drain_one(partition, work) for partition in owned])
        finally:
            await baselines.on_stop()

    async def _drain_one(self, partition: Partition, work: Work) -> int:
        tp, count = partition.tp, 0
        async with self._consumer(group_id=partition.group) as consumer:
            consumer.assign([tp])
            committed = await consumer.committed(tp)
            if committed is not None:
                consumer.seek(tp, committed)
            end = (await consumer.end_offsets([tp]))[tp]
            while await consumer.position(tp) < end:
                fetched = await consumer.getmany(tp, timeout_ms=200, max_records=self._settings.worker.batch_records)
                if records := fetched.get(tp):
                    await partition.commit(records, await work(records, partition.state))
                    count += len(records)
        if count:
            self._report(f"{tp.topic}/{tp.partition}: {count:,} records that waited have been scored")
        return count

    def _consumer(self, group_id: str | None = None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._options,
            group_id=group_id,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=MAX_RECORD_BYTES,
        )

    async def _ends(self) -> dict[TopicPartition, int]:
        async with self._consumer() as consumer:
            partitions = [TopicPartition(self._activity, number) for number in range(self._now)]
            ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
            return ends

    async def _copy(self, owned: list[Partition]) -> int:
        """Writes to the new changelog partitions what belongs there, and deletes what an earlier attempt left."""
        moved = 0
        async with self._writer() as producer:
            for partition in owned:
                old = partition.tp.partition
                for new in range(old + self._now, self._wanted, self._now):
                    belongs = {
                        key: value for key, value in partition.state.items() if partition_of(key, self._wanted) == new
                    }
                    await self._write(producer, new, dict.fromkeys(await self._held(new)) | belongs)
                    moved += len(belongs)
                self._report(f"{self._changelog}/{old}: its profiles have been copied")
        return moved

    async def _tidy(self, partitions: int) -> None:
        async with self._writer() as producer:
            for number in range(partitions):
                gone = [key for key in await self._held(number) if partition_of(key, self._wanted) != number]
                await self._write(producer, number, dict.fromkeys(gone))

    async def _held(self, partition: int) -> Mapping[bytes, bytes]:
        return await restore(TopicPartition(self._changelog, partition), self._options, progress=_silent)

    def _writer(self) -> AIOKafkaProducer:
        """A producer that knows of the partitions of now: one learns of new ones minutes later."""
        return AIOKafkaProducer(
            **self._options,
            acks="all",
            enable_idempotence=True,
            max_batch_size=1024 * 1024,
            max_request_size=MAX_RECORD_BYTES,
        )

    async def _write(self, producer: AIOKafkaProducer, partition: int, values: Mapping[bytes, bytes | None]) -> None:
        rows = list(values.items())
        for first in range(0, len(rows), _SLICE):
            sent = [
                await producer.send(self._changelog, value, key=key, partition=partition)
                for key, value in rows[first : first + _SLICE]
            ]
            await asyncio.gather(*sent)


def _silent(_: Restoring) -> None:
    pass
