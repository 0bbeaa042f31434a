"""How a batch's records are packed, with a producer that only keeps what it is sent."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from streams.source.keys import partition_of
from streams.source.partition import Partition
from streams.source.result import Produced, Result


class Keeping:
    """A producer of topics with five partitions, whose batches hold 2 KB."""

    def __init__(self):
        self.sent = {}

    @asynccontextmanager
    async def transaction(self):
        yield

    async def partitions_for(self, topic):
        return frozenset(range(5))

    def create_batch(self):
        return BatchBuilder(2_048, 0, is_transactional=True)

    async def send_batch(self, builder, topic, *, partition):
        rows = self.sent.setdefault((topic, partition), [])
        rows += list(DefaultRecordBatch(bytes(builder._build())))
        sent = asyncio.get_running_loop().create_future()
        sent.set_result(SimpleNamespace(offset=100 + len(rows) - builder.record_count()))
        return sent

    async def send_offsets_to_transaction(self, offsets, group):
        self.offsets = offsets


@pytest.fixture
def partition():
    return Partition(TopicPartition("in", 7), Keeping(), "group", "log")


async def test_every_record_goes_out_once_in_order_to_where_its_key_belongs(partition):
    records = [
        Produced("out", b"key-%d" % (number % 9), b"%d" % number * 50, number, [("h", b"v")]) for number in range(90)
    ]
    await partition.commit([SimpleNamespace(offset=41)], Result(records=records))
    for (topic, number), rows in partition.producer.sent.items():
        expected = [record for record in records if partition_of(record.key, 5) == number]
        assert topic == "out"
        assert [(row.key, row.value, row.timestamp, row.headers) for row in rows] == [
            (record.key, record.value, record.timestamp_ms, [("h", b"v")]) for record in expected
        ]
    assert sum(map(len, partition.producer.sent.values())) == len(records)
    assert partition.producer.offsets == {partition.tp: 42}


async def test_records_without_a_key_or_with_a_partition_of_their_own_go_there(partition):
    records = [Produced("out", None, b"1", 0), Produced("out", b"k", b"2", 0, partition=3)]
    await partition.commit([SimpleNamespace(offset=0)], Result(records=records))
    assert set(partition.producer.sent) == {("out", 7 % 5), ("out", 3)}


async def test_changes_go_to_the_partition_of_the_same_number_and_then_into_the_state(partition):
    changes = {b"key-%d" % number: b"x" * 100 for number in range(60)} | {b"key-3": None}
    taken = []
    partition.state.apply = lambda *arguments: taken.append(arguments)
    await partition.commit([SimpleNamespace(offset=0)], Result(state=changes))
    rows = partition.producer.sent["log", 7]
    assert {row.key: row.value for row in rows} == changes
    (applied, offset, _) = taken[0]
    assert (applied, offset) == (changes, 100 + len(changes))


async def test_a_source_without_a_changelog_takes_no_state(partition):
    partition.changelog = None
    with pytest.raises(ValueError, match="keeps no state"):
        await partition.commit([SimpleNamespace(offset=0)], Result(state={b"k": b"v"}))
