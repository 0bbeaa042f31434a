"""``airlock publish`` on a real Kafka: the bytes that were given are the bytes that are kept."""

import io
import random
import sys

import pytest
from kafka import KafkaAdminClient

from schemas.errors import UnavailableError, UsageError
from streams.kafka import client_options
from streams.publisher import Publisher, key_of
from streams.settings import KafkaSettings
from streams.topics import apply_topics

EVENT = b'{"id":"e1","time":"2026-03-04T05:06:07Z","actor":"alice","action":"login"}'


@pytest.fixture
def stdin(monkeypatch):
    def give(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


def test_lines_are_kept_byte_for_byte_and_keyed_by_their_actor(settings, airlock, tmp_path, read_topic):
    apply_topics(settings)
    bad = b'{"actor":"bob","broken\xff\x00'
    file = tmp_path / "events.jsonl"
    file.write_bytes(EVENT + b"\r\n\n  \n \t" + EVENT + b" \n" + bad + b"\n" + b"last line without an end")
    code, out, _ = airlock("publish", str(file))
    assert (code, out) == (0, f"4 events sent to {settings.topic('events')}\n")
    found = {(record.key, record.value) for record in read_topic(settings, "events")}
    assert found == {
        (b"alice", EVENT),
        (b"alice", b" \t" + EVENT + b" "),
        (None, bad),
        (None, b"last line without an end"),
    }


def test_a_pipe_is_sent_with_the_format_in_a_header(settings, airlock, stdin, read_topic):
    apply_topics(settings)
    stdin(EVENT + b"\n")
    assert airlock("publish", "--format", "native")[0] == 0
    (record,) = read_topic(settings, "events")
    assert list(record.headers) == [("airlock-format", b"native")]


def test_a_line_of_15_mib_is_sent(settings, airlock, stdin):
    apply_topics(settings)
    line = b"x" * (15 * 1024 * 1024)
    stdin(line + b"\n" + line)
    code, out, _ = airlock("publish")
    assert (code, out.split()[0]) == (0, "2")


def test_a_line_beyond_16_mib_is_refused_by_its_number_after_the_others(settings, airlock, stdin, read_topic):
    apply_topics(settings)
    stdin(EVENT + b"\n" + b"x" * (16 * 1024 * 1024 + 1))
    code, _, err = airlock("publish")
    assert code == 2
    assert "line 2 is longer than" in err
    assert len(read_topic(settings, "events")) == 1


def test_a_rate_spreads_the_events(settings, airlock, stdin, read_topic):
    apply_topics(settings)
    stdin((EVENT + b"\n") * 31)
    assert airlock("publish", "--rate", "100")[0] == 0
    stamps = sorted(record.timestamp for record in read_topic(settings, "events"))
    assert stamps[-1] - stamps[0] >= 240  # thirty gaps of 10 ms, less what may be caught up on


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["no-such-file.jsonl"], "no-such-file.jsonl: can't be read (No such file", id="missing file"),
        pytest.param(["."], ".: can't be read (Is a directory)", id="directory"),
        pytest.param(["--format", "gitlab"], "unknown format 'gitlab'", id="unknown format"),
        pytest.param(["--topic", "nowhere"], "no topic nowhere: create it", id="unknown topic"),
        pytest.param(["--rate", "0"], "--rate", id="rate of nothing"),
    ],
)
def test_a_persons_mistake_is_one_sentence(airlock, stdin, arguments, told):
    stdin(EVENT)
    code, out, err = airlock("publish", *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert "Traceback" not in err


def test_a_broker_that_is_not_there_is_told_with_the_way_out(settings):
    away = settings.model_copy(update={"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    with pytest.raises(UnavailableError, match="airlock broker start"), Publisher(away, "t"):
        pass


def test_what_the_broker_finds_too_large_is_told_by_its_size(settings):
    topic = f"{settings.topics.prefix}.small"
    spec = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "1000"}}
    admin = KafkaAdminClient(**client_options(settings))
    try:
        admin.create_topics({topic: spec})
        admin.wait_for_topics([topic])
    finally:
        admin.close()
    with pytest.raises(UsageError, match=r"2,000 bytes is more than .* takes"), Publisher(settings, topic) as publisher:
        publisher.send(random.Random(1).randbytes(2000))


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        pytest.param(EVENT, b"alice", id="actor"),
        pytest.param(b'{"specversion":"1.0","partitionkey":"p","data":{"actor":"a"}}', b"p", id="partition key"),
        pytest.param(b'{"data":{"actor":"a"}}', None, id="an actor within"),
        pytest.param(b'{"actor":""}', None, id="empty actor"),
        pytest.param(b'{"actor":5}', None, id="number for an actor"),
        pytest.param(b'{"actor":"' + b"a" * 513 + b'"}', None, id="long actor"),
        pytest.param(b"[]", None, id="array"),
        pytest.param(b'{"actor":"\xff"}', None, id="broken UTF-8"),
        pytest.param(b"[" * 100_000, None, id="deep nesting"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_the_key_is_the_actor_where_it_is_on_the_surface(raw, key):
    assert key_of(raw) == key
