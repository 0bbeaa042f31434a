"""What the tests on a real Kafka share: topics, reading one to its end, sending to it, and the command itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from kafka import KafkaProducer

from benchmarks.cluster import read_committed
from streams.cli import main
from streams.kafka import MAX_RECORD_BYTES, client_options
from streams.settings import Settings
from streams.topics import apply_topics


@pytest.fixture
def applied(settings: Settings) -> Settings:
    """The settings, with their topics on the cluster."""
    apply_topics(settings)
    return settings


@pytest.fixture(scope="session")
def read_topic() -> Callable[[Settings, str], list[Any]]:
    """``read_topic(settings, name)``: all committed records of a topic of the table, by partition and offset."""
    return read_committed


@pytest.fixture(scope="session")
def send() -> Callable[..., None]:
    """``send(settings, name, values, key=...)``: sends values to a topic of the table, ``key(value)`` with each."""

    def sent(
        settings: Settings,
        name: str,
        values: Iterable[bytes],
        key: Callable[[bytes], bytes | None] = lambda _: None,
        partition: int | None = None,
    ) -> None:
        producer = KafkaProducer(**client_options(settings), linger_ms=20, max_request_size=MAX_RECORD_BYTES)
        for value in values:
            producer.send(settings.topic(name), value, key=key(value), partition=partition)
        producer.flush()
        producer.close()

    return sent


@pytest.fixture
def airlock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """``airlock(*arguments) -> (exit code, out, err)``: runs the command in this process."""
    monkeypatch.setenv("AIRLOCK_KAFKA__BOOTSTRAP", settings.kafka.bootstrap or "")
    monkeypatch.setenv("AIRLOCK_TOPICS__PREFIX", settings.topics.prefix)
    monkeypatch.setenv("AIRLOCK_DATA_DIR", str(settings.data_dir))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
