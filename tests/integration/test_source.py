"""What the source promises, on a real broker with real processes: nothing lost, nothing counted twice."""

import itertools
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.kafka import client_options

RECORDS, KEYS = 6_000, 60


@pytest.fixture
def start_worker(applied, tmp_path):
    """Starts a counting worker under a name; all of them are killed at the end."""
    started = []

    def start(member):
        script = Path(__file__).with_name("counting_worker.py")
        arguments = [sys.executable, script, applied.kafka.bootstrap, applied.topics.prefix, member, tmp_path]
        process = subprocess.Popen(arguments, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def publish(applied, send):
    """Publishes that many records, of all keys in turn."""
    numbers = itertools.count()
    return lambda records: send(
        applied, "activity", [b"x"] * records, key=lambda _: f"key-{next(numbers) % KEYS}".encode()
    )


class Counted:
    """Follows the committed outputs of the counting workers."""

    def __init__(self, settings):
        self.numbers = []
        self._consumer = KafkaConsumer(
            **client_options(settings), isolation_level="read_committed", auto_offset_reset="earliest"
        )
        partitions = range(settings.topics.partitions)
        self._consumer.assign([TopicPartition(settings.topic("alerts"), partition) for partition in partitions])

    def __len__(self):
        for records in self._consumer.poll(timeout_ms=50).values():
            self.numbers += [(record.key, int(record.value)) for record in records]
        return len(self.numbers)

    def close(self):
        self._consumer.close()


@pytest.fixture
def counted(applied):
    counted = Counted(applied)
    yield counted
    counted.close()


def assert_exact(counted, records=RECORDS):
    expected = {(f"key-{key}".encode(), number) for key in range(KEYS) for number in range(1, records // KEYS + 1)}
    assert Counter(counted.numbers) == Counter(expected)


def test_a_worker_killed_again_and_again_counts_each_record_once(publish, start_worker, counted, eventually):
    publish(RECORDS)
    worker = start_worker("one")
    for share in (0.1, 0.3, 0.6):
        eventually(lambda share=share: len(counted) > RECORDS * share)
        worker.send_signal(signal.SIGKILL)
        worker = start_worker("one")
    eventually(lambda: len(counted) >= RECORDS)
    assert_exact(counted)


def test_workers_that_join_and_leave_count_each_record_once(publish, start_worker, counted, eventually):
    first = start_worker("one")
    publish(RECORDS // 2)
    eventually(lambda: len(counted) > RECORDS * 0.2)
    start_worker("two")
    publish(RECORDS // 2)
    eventually(lambda: len(counted) > RECORDS * 0.7)
    first.send_signal(signal.SIGTERM)
    eventually(lambda: len(counted) >= RECORDS)
    assert_exact(counted)


def test_an_agent_that_breaks_ends_its_process_and_commits_nothing_of_the_batch(applied, send, start_worker, counted):
    send(applied, "activity", [b"boom"])
    worker = start_worker("one")
    assert worker.wait(timeout=30) != 0
    assert b"ValueError: boom" in worker.stderr.read()
    assert len(counted) == 0
