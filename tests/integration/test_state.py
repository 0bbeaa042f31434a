"""The local store against its changelog: whatever happens to the process, the two say the same."""

import asyncio
import json
import random
import sys
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from detectors.profile import Profile
from schemas.errors import StateError
from streams.kafka import aiokafka_options
from streams.progress import await_caught_up
from streams.source import disk
from streams.source.disk import DiskState, disk_states
from streams.source.restore import restore
from streams.stack import Workers

KILLS, ACTORS = 6, 7


def events(round_):
    for number in range(5 * ACTORS):
        event = {"id": f"e-{round_}-{number}", "actor": f"u-{number % ACTORS}", "action": "login"}
        yield json.dumps(event | {"time": f"2026-02-0{2 + round_}T10:00:00Z"}).encode()


@pytest.fixture
def changelog(applied):
    return TopicPartition(applied.topic("profiles"), 0)


@pytest.fixture
def write(applied, changelog):
    """Writes changes to the changelog, as another process would."""

    async def written(changes: Mapping[bytes, bytes | None]):
        async with AIOKafkaProducer(**aiokafka_options(applied)) as producer:
            for key, value in changes.items():
                await producer.send(changelog.topic, value, key=key, partition=0)

    return written


@pytest.fixture
def read(applied, changelog, tmp_path):
    """What a restore into a local store gives, how many records it read for that, and what the changelog says."""

    async def restored(origin="test"):
        told = []
        state = await restore(
            changelog, aiokafka_options(applied), disk_states(tmp_path / "state", origin), told.append
        )
        truth = await restore(changelog, aiokafka_options(applied))
        with closing(state):
            found = dict(state)
            assert len(state) == len(found)
        return found, told[-1].records, dict(truth)

    return restored


async def test_a_store_says_what_its_changelog_says_however_often_its_process_is_killed(
    applied, changelog, tmp_path, read
):
    rng = random.Random(5)
    script = Path(__file__).with_name("storing_worker.py")
    for kill in range(KILLS):
        arguments = [sys.executable, script, applied.kafka.bootstrap, changelog.topic, tmp_path / "state", str(kill)]
        process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        assert await process.stdout.readline() == b"ready\n"
        await process.stdout.readexactly(rng.randrange(1, 25))
        process.kill()
        await process.communicate()
        found, records, truth = await read()
        assert found == truth
        assert len(truth) > 50
        assert records < 4 * 80  # the tail alone: it has been catching up since the last kill


async def test_only_the_tail_of_the_changelog_is_read(write, read):
    await write({b"a": b"1", b"b": b"1", b"c": b"1"})
    assert (await read())[1] == 3
    await write({b"a": b"2", b"b": None})
    found, records, truth = await read()
    assert found == truth == {b"a": b"2", b"c": b"1"}
    assert records == 2


async def test_a_store_of_another_topic_is_read_anew(write, read):
    await write({b"a": b"1", b"b": b"1"})
    await read(origin="one")
    found, records, truth = await read(origin="another")
    assert (found, records) == (truth, 2)


async def test_a_store_that_has_been_away_for_longer_than_tombstones_are_kept_is_read_anew(write, read, monkeypatch):
    await write({b"a": b"1", b"b": b"1"})
    await read()
    monkeypatch.setattr(disk, "_LONGEST_AWAY_S", 0.0)
    found, records, truth = await read()
    assert (found, records) == (truth, 2)


async def test_a_store_that_reaches_further_than_its_changelog_is_read_anew(changelog, tmp_path, write, read):
    await write({b"a": b"1"})
    state = disk_states(tmp_path / "state", "test")(changelog)
    state.apply({b"b": b"from a changelog that lost its end"}, 1_000, 1e12)
    state.close()
    found, _, truth = await read()
    assert found == truth == {b"a": b"1"}


@pytest.mark.parametrize("victim", ["*.sst", "*.log", "MANIFEST-*", "CURRENT", "rocksdict-config.json"])
async def test_a_damaged_store_is_read_anew_at_once_or_at_the_next_start(victim, changelog, tmp_path, write, read):
    values = {b"key-%d" % number: random.Random(number).randbytes(2_000) for number in range(200)}
    await write(values)
    await read()
    (folder,) = (tmp_path / "state").iterdir()
    with closing(DiskState(folder, "test/0")) as state:
        state._db.flush()
    for path in folder.glob(victim):
        damaged = bytearray(path.read_bytes())
        damaged[::7] = bytes(len(damaged[::7]))
        path.write_bytes(damaged)
    with suppress(StateError):  # it may be seen only when the damaged part is read
        await read()
    found, _, truth = await read()
    assert found == truth == values


def test_a_worker_with_its_profiles_on_disk_goes_on_where_it_was_killed(applied, send, read_topic, eventually):
    worker = applied.worker.model_copy(update={"state_store": "disk"})
    settings = applied.model_copy(update={"worker": worker})
    for round_ in range(2):
        workers = Workers(settings, 1)
        try:
            send(settings, "events", events(round_))
            await_caught_up(settings, patience_s=60)
            for process in workers._workers:
                process.process.kill()
        finally:
            workers.stop()
    (member,) = (settings.data_dir / "state").iterdir()
    assert len(list(member.iterdir())) == settings.topics.partitions
    stored = {record.key: Profile.from_bytes(record.value) for record in read_topic(settings, "profiles")}
    assert [profile.events for profile in stored.values()] == [10] * ACTORS
