"""The embedded broker itself, always on its own JVM, whatever Kafka the other tests use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from socket import socket

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from kafka import KafkaAdminClient
from kafka.errors import UnknownTopicOrPartitionError
from typer.testing import CliRunner

from schemas.errors import UnavailableError
from streams.broker import EmbeddedBroker, server
from streams.cli.broker import app
from streams.settings import BrokerSettings, Settings

START = """
import sys
from pathlib import Path
from streams.broker import EmbeddedBroker
from streams.settings import BrokerSettings
print(EmbeddedBroker(Path(sys.argv[1]), BrokerSettings(port=0)).start(lambda _: None).pid)
"""
ROOT = Path(__file__).parents[2]
ANY_PORT = BrokerSettings(port=0, start_timeout_s=100)


def start_elsewhere(data_dir):
    return subprocess.Popen([sys.executable, "-c", START, data_dir], stdout=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """One broker's folder, its name as awkward as a person's may be, for all tests of this module."""
    folder = tmp_path_factory.mktemp("broker") / "données, 1 = %d"
    yield folder
    EmbeddedBroker(folder, ANY_PORT).stop()


@pytest.fixture
def broker(data_dir):
    return EmbeddedBroker(data_dir, ANY_PORT)


@pytest.fixture
def running(broker):
    return broker.start(lambda _: None)


async def produce(bootstrap, value, topic="kept"):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    admin.wait_for_topics([topic])
    admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2**25) as producer:
        await producer.send_and_wait(topic, value)


async def consume(bootstrap, topic="kept"):
    async with AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        return (await consumer.getone()).value


def pid_file(data_dir):
    return data_dir / "broker" / "broker.json"


def test_starts_from_two_processes_at_once_end_in_one_broker(data_dir, broker):
    pids = [int(start.communicate(timeout=100)[0]) for start in [start_elsewhere(data_dir), start_elsewhere(data_dir)]]
    assert pids[0] == pids[1]
    found = broker.start(lambda _: None)
    assert found == broker.status()
    assert found.pid == pids[0]
    assert psutil.Process(found.pid).status() != psutil.STATUS_ZOMBIE  # it outlived both


def test_only_the_loopback_interface_is_listened_on_by_clients_and_by_the_controller(running):
    connections = psutil.Process(running.pid).net_connections("inet")
    listening = [connection.laddr for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert len(listening) == 2
    assert running.bootstrap in {f"127.0.0.1:{address.port}" for address in listening}


def test_a_topic_nobody_created_is_not_created_by_asking(running):
    admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
    (asked,) = admin.describe_topics(["misspelt"])
    assert asked["error_code"] == UnknownTopicOrPartitionError.errno
    assert admin.list_topics() == []
    admin.close()


async def test_records_outlive_a_killed_broker_even_when_its_port_is_snatched_at_the_last_moment(
    running, broker, monkeypatch
):
    value = os.urandom(16 * 2**20 - 1024)
    await produce(running.bootstrap, value)
    port = int(running.bootstrap.rpartition(":")[2])
    psutil.Process(running.pid).kill()
    psutil.wait_procs([psutil.Process(running.pid)], timeout=10)
    assert broker.status() is None
    free_ports = server.free_ports
    looks = iter([(port, free_ports(0)[1])])
    monkeypatch.setattr(server, "free_ports", lambda preferred: next(looks, None) or free_ports(preferred))
    with socket() as snatcher:
        snatcher.bind(("127.0.0.1", port))
        snatcher.listen()
        again = broker.start(lambda _: None)
    assert again.pid != running.pid
    assert again.bootstrap != running.bootstrap
    assert await consume(again.bootstrap) == value


def test_the_command_tells_a_machine_where_it_runs_and_stops_it_gracefully(running, data_dir):
    def airlock_broker(*arguments):
        settings = Settings(data_dir=data_dir.parent / "elsewhere", broker=ANY_PORT)
        return CliRunner().invoke(app, [*arguments, "--data", str(data_dir)], obj=settings)

    status = airlock_broker("status", "--json")
    assert json.loads(status.stdout) == {
        "running": True,
        "bootstrap": running.bootstrap,
        "pid": running.pid,
        "data_dir": str(data_dir),
        "log": str(data_dir / "broker" / "broker.log"),
    }
    assert running.bootstrap in airlock_broker("start").stdout
    assert airlock_broker("stop").stdout == "stopped\n"
    assert not psutil.pid_exists(running.pid) or psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE
    assert airlock_broker("stop").stdout == "no embedded broker is running\n"
    assert (airlock_broker("status").exit_code, airlock_broker("status", "--json").stdout) == (
        1,
        '{"running": false}\n',
    )


def test_a_start_that_is_interrupted_leaves_no_broker_behind(broker, data_dir, monkeypatch):
    seen = []

    def interrupted(pid, _):
        seen.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "answers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        broker.start(lambda _: None)
    assert not psutil.pid_exists(seen[0])
    assert not pid_file(data_dir).exists()


def test_a_broker_whose_starter_was_killed_is_taken_over_by_the_next_start(broker, data_dir, eventually):
    starter = start_elsewhere(data_dir)
    eventually(pid_file(data_dir).exists)
    starter.kill()
    starter.communicate()
    left = json.loads(pid_file(data_dir).read_text())
    assert broker.start(lambda _: None).pid == left["pid"]
    assert broker.status() is not None


@pytest.mark.parametrize("heap_mb", [10**9, 10**12], ids=["more-than-there-is", "more-than-java-counts"])
def test_a_jvm_that_does_not_start_says_why_in_one_sentence(broker, data_dir, heap_mb):
    broker.stop()
    with pytest.raises(UnavailableError, match="heap") as refusal:
        EmbeddedBroker(data_dir, BrokerSettings(port=0, heap_mb=heap_mb)).start(lambda _: None)
    assert "\n" not in str(refusal.value)
    assert "AIRLOCK_KAFKA__BOOTSTRAP" in str(refusal.value)
    assert not pid_file(data_dir).exists()
