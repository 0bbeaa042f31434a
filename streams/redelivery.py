"""Reading the dead letters, and sending them to where they came from once more.

What was sent is remembered in Kafka itself (``streams.dead_letters.Retried``), in the transaction that sent it; of two
processes that retry at the same time, the transactional id fences one off.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError
from kafka.structs import OffsetAndMetadata

from schemas.errors import UnavailableError, UsageError
from streams.dead_letters import DeadLetter, Retried
from streams.kafka import MAX_RECORD_BYTES, client_options, reaching
from streams.settings import Settings

__all__ = ["DeadLetterBox", "Retry"]

_POLL_MS = 200
_PATIENCE_S = 30.0
_BATCH = 500  # letters in one transaction: large enough to be fast, small enough to end within its timeout
_METADATA_BYTES = 4096  # what a broker takes beside a committed offset (offset.metadata.max.bytes)


@dataclass(slots=True)
class Retry:
    """What a retry did: how many letters it sent, which were sent before, and which it can't send, and why."""

    sent: int = 0
    before: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


class DeadLetterBox:
    """The dead letters of a cluster; a context manager that holds one consumer.

    Raises:
        UnavailableError: where the cluster doesn't answer, or has no such topic.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topic("dead-letters")
        self._group = settings.topic("dead-letters-retry")
        self._sources = {settings.topic("events"), settings.topic("activity"), *settings.sources}

    def __enter__(self) -> DeadLetterBox:
        with reaching(self._settings):
            self._consumer = KafkaConsumer(
                **client_options(self._settings),
                client_id="airlock-dead-letters",
                group_id=self._group,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                max_partition_fetch_bytes=MAX_RECORD_BYTES,
            )
            partitions = self._consumer.partitions_for_topic(self._topic)
            if not partitions:
                self._consumer.close()
                raise UnavailableError(f"the cluster has no topic {self._topic}: create it with 'airlock topics apply'")
            self._partitions = [TopicPartition(self._topic, partition) for partition in sorted(partitions)]
            self._consumer.assign(self._partitions)
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def letters(self, last: int | None = None) -> list[tuple[DeadLetter, bool]]:
        """The dead letters by their records' time, the ``last`` ones or all; with each, whether it was sent again."""
        with reaching(self._settings):
            retried = self._retried()
            records = list(self._records({})) if last is None else self._last(last)
        records.sort(key=_in_order)
        return [(DeadLetter.from_record(record), record.offset in retried[record.partition]) for record in records]

    def _last(self, wanted: int) -> list[Any]:
        """Reads back from the end, further each time: nobody knows how many offsets are transaction markers."""
        begin = min(self._consumer.beginning_offsets(self._partitions).values())
        ends = {tp.partition: end for tp, end in self._consumer.end_offsets(self._partitions).items()}
        back = 2 * wanted
        while True:
            starts = {partition: end - back for partition, end in ends.items()}
            found = nlargest(wanted, self._records(starts), key=_in_order)
            if len(found) == wanted or max(starts.values()) <= begin:
                return found
            back *= 4

    def retry(self, ids: Collection[str] | None) -> Retry:
        """Sends the dead letters of these ids (none: all) to their topics, with their own bytes, key and headers.

        Raises:
            UsageError: where there is no dead letter of such an id; nothing is sent then.
            UnavailableError: where the cluster doesn't answer, or another process retries at the same time.
        """
        with reaching(self._settings), self._producer() as producer:
            try:
                # Only now: a process that was fenced off has either committed what it sent, or never will.
                return self._retry(_Sender(producer, self._retried(), self._topic, self._group), ids)
            except (ProducerFencedError, InvalidProducerEpochError):
                raise UnavailableError("another 'dead-letters retry' took over: let it end, then try again") from None

    def _retry(self, sender: _Sender, ids: Collection[str] | None) -> Retry:
        result = Retry()
        seen: set[str] = set()
        chosen: list[DeadLetter] = []
        for record in self._records({partition: entry.below for partition, entry in sender.retried.items()}):
            letter = DeadLetter.from_record(record)
            sender.passed(letter)
            if ids is None or letter.id in ids:
                seen.add(letter.id)
                self._sort(letter, sender, chosen, result)
            if ids is None and len(chosen) >= _BATCH:
                result.sent += sender.commit(chosen)
        for unseen in set(ids or ()) - seen:
            if not sender.covers(unseen):
                raise UsageError(f"there is no dead letter {unseen}: see 'airlock dead-letters list'")
            result.before.append(unseen)
        result.sent += sender.commit(chosen)
        return result

    def _sort(self, letter: DeadLetter, sender: _Sender, chosen: list[DeadLetter], result: Retry) -> None:
        if sender.covers(letter.id):
            result.before.append(letter.id)
        elif letter.topic not in self._sources:
            result.refused.append((letter.id, "it doesn't come from a topic that the pipeline reads"))
        elif letter.key is None and letter.value is None:
            result.refused.append((letter.id, "it has neither key nor value"))
        else:
            chosen.append(letter)

    @contextmanager
    def _producer(self) -> Iterator[KafkaProducer]:
        producer = KafkaProducer(
            **client_options(self._settings),
            client_id="airlock-dead-letters",
            transactional_id=self._group,
            acks="all",
            allow_auto_create_topics=False,
            max_request_size=MAX_RECORD_BYTES + 64 * 1024,
            max_block_ms=int(_PATIENCE_S * 1000),
        )
        try:
            producer.init_transactions()
            yield producer
        finally:
            producer.close(timeout=1)

    def _retried(self) -> dict[int, Retried]:
        committed = {tp.partition: self._consumer.committed(tp, metadata=True) for tp in self._partitions}
        return {
            partition: Retried() if entry is None else Retried.from_committed(entry.offset, entry.metadata)
            for partition, entry in committed.items()
        }

    def _records(self, starts: Mapping[int, int]) -> Iterator[Any]:
        """The records from these offsets (else the first) up to the end as it is now."""
        begins: dict[TopicPartition, int] = self._consumer.beginning_offsets(self._partitions)
        ends: dict[TopicPartition, int] = self._consumer.end_offsets(self._partitions)
        for tp, begin in begins.items():
            self._consumer.seek(tp, max(begin, starts.get(tp.partition, begin)))
        deadline = time.monotonic() + _PATIENCE_S
        # A transaction's marker takes an offset too: the position tells the end, the last record doesn't.
        while any(self._consumer.position(tp) < end for tp, end in ends.items()):
            batches = self._consumer.poll(timeout_ms=_POLL_MS)
            for tp, records in batches.items():
                yield from (record for record in records if record.offset < ends[tp])
            if batches:
                deadline = time.monotonic() + _PATIENCE_S
            elif time.monotonic() > deadline:
                raise UnavailableError(f"the dead letters did not arrive within {_PATIENCE_S:.0f} s")


def _in_order(record: Any) -> tuple[int, int, int]:  # noqa: ANN401 - kafka-python is untyped
    return record.timestamp, record.partition, record.offset


class _Sender:
    """Sends letters and remembers them, both in one transaction."""

    def __init__(self, producer: KafkaProducer, retried: dict[int, Retried], topic: str, group: str) -> None:
        self.retried = retried
        self._producer = producer
        self._topic = topic
        self._group = group
        self._passed: dict[int, list[int]] = {partition: [] for partition in retried}

    def passed(self, letter: DeadLetter) -> None:
        """Notes that the letter is there, sent or not."""
        partition, offset = _place(letter.id)
        self._passed[partition].append(offset)

    def covers(self, letter_id: str) -> bool:
        """Whether the letter was sent."""
        partition, offset = _place(letter_id)
        return partition in self.retried and offset in self.retried[partition]

    def commit(self, letters: list[DeadLetter]) -> int:
        """Sends the letters, empties the list, and returns how many they were."""
        if not letters:
            return 0
        retried = self._after(letters)
        offsets = {
            TopicPartition(self._topic, partition): OffsetAndMetadata(entry.below, entry.metadata(), -1)
            for partition, entry in retried.items()
        }
        self._producer.begin_transaction()
        try:
            for letter in letters:
                self._producer.send(letter.topic, value=letter.value, key=letter.key, headers=letter.headers)
            self._producer.send_offsets_to_transaction(offsets, self._group)
            self._producer.commit_transaction()
        except KafkaError:
            self._abort()
            raise
        self.retried |= retried
        count = len(letters)
        letters.clear()
        return count

    def _abort(self) -> None:
        with suppress(KafkaError):  # the first error is the one to tell; what isn't committed is never seen
            self._producer.abort_transaction()

    def _after(self, letters: list[DeadLetter]) -> dict[int, Retried]:
        sent: dict[int, set[int]] = {}
        for letter in letters:
            partition, offset = _place(letter.id)
            sent.setdefault(partition, set()).add(offset)
        after = {}
        for partition, offsets in sent.items():
            passed = self._passed[partition]
            after[partition] = self.retried[partition].adding(offsets, passed, passed[-1] + 1)
            if len(after[partition].metadata()) > _METADATA_BYTES:
                raise UsageError(
                    "too many dead letters are left out between those sent again: retry some of them, or all"
                )
            self._passed[partition] = [offset for offset in passed if offset >= after[partition].below]
        return after


def _place(letter_id: str) -> tuple[int, int]:
    partition, _, offset = letter_id.partition(":")
    if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise UsageError(f"{letter_id!r} is no dead letter's id: see 'airlock dead-letters list'")
    return int(partition), int(offset)
