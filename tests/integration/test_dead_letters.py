"""``airlock dead-letters`` on a real Kafka: shown with their reasons, and sent again once each."""

import json
from contextlib import contextmanager
from functools import partial

import pytest
from kafka import KafkaProducer

from schemas.errors import MalformedInputError, UnavailableError, UsageError
from streams import dead_letters
from streams.kafka import client_options
from streams.redelivery import DeadLetterBox
from streams.settings import Settings

OWN = [("trace", b"\xff1"), ("trace", b"2")]


@contextmanager
def producing(settings, **options):
    producer = KafkaProducer(**client_options(settings), **options)
    try:
        yield producer
    finally:
        producer.close(timeout=5)


def bury(settings, *values, topic=None, commit=True):
    """Writes dead letters as the pipeline does: in transactions, whose markers take offsets too."""
    with producing(settings, transactional_id=f"{settings.topics.prefix}-pipeline") as producer:
        producer.init_transactions()
        for number, value in enumerate(values):
            error = MalformedInputError(f"reason {number}")
            headers = [*OWN, *dead_letters.to_headers(topic or settings.topic("events"), 0, number, error)]
            producer.begin_transaction()
            producer.send(settings.topic("dead-letters"), value=value, key=b"key", headers=headers)
            if commit:
                producer.commit_transaction()
            else:
                producer.flush()
                producer.abort_transaction()


@pytest.fixture
def command(airlock):
    """``airlock dead-letters`` with these arguments."""
    return partial(airlock, "dead-letters")


@pytest.fixture
def resent(read_topic):
    return partial(read_topic, name="events")


def test_the_list_shows_where_each_came_from_and_why(applied, command):
    bury(applied, b"first", b"second one")
    bury(applied, b"never committed", commit=False)
    code, out, _ = command("list", "--json")
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert first.items() >= {"topic": applied.topic("events"), "partition": 0, "offset": 0, "size": 5}.items()
    assert (
        second.items()
        >= {
            "stage": "parse",
            "error": "MalformedInputError",
            "reason": "reason 1",
            "key": "key",
            "retried": False,
        }.items()
    )
    code, out, _ = command("list", "--limit", "1")
    assert code == 0
    assert "reason 1" in out
    assert "reason 0" not in out


def test_without_dead_letters_the_list_says_so(applied, command):
    assert command("list") == (0, "There are no dead letters.\n", "")


def test_all_are_sent_again_untouched_and_only_once(applied, command, resent):
    values = [b"\xff\x00broken", b'{"id":1}', b""]
    bury(applied, *values)
    assert command("retry", "--all")[:2] == (0, "3 dead letters sent again\n")
    found = resent(applied)
    assert sorted(record.value for record in found) == sorted(values)
    assert all((record.key, list(record.headers)) == (b"key", OWN) for record in found)
    assert command("retry", "--all")[:2] == (0, "0 dead letters sent again\n")
    assert len(resent(applied)) == 3
    bury(applied, b"a new one")
    assert command("retry", "--all")[:2] == (0, "1 dead letter sent again\n")
    assert len(resent(applied)) == 4


def test_chosen_ones_are_sent_and_remembered_among_the_others(applied, command, resent):
    bury(applied, b"a", b"b", b"c", b"d")
    ids = [json.loads(line)["id"] for line in command("list", "--json")[1].splitlines()]
    assert command("retry", ids[1], ids[3])[:2] == (0, "2 dead letters sent again\n")
    assert sorted(record.value for record in resent(applied)) == [b"b", b"d"]
    marks = [json.loads(line)["retried"] for line in command("list", "--json")[1].splitlines()]
    assert marks == [False, True, False, True]
    code, out, err = command("retry", ids[1], ids[0])
    assert (code, out) == (0, "1 dead letter sent again\n")
    assert f"sent before, and left alone: {ids[1]}" in err
    assert command("retry", "--all")[1] == "1 dead letter sent again\n"
    assert sorted(record.value for record in resent(applied)) == [b"a", b"b", b"c", b"d"]


def test_many_are_sent_in_several_transactions(applied, resent):
    bury(applied, b"one")
    error = MalformedInputError("bulk")
    headers = dead_letters.to_headers(applied.topic("events"), 0, 0, error)
    with producing(applied) as producer:
        for number in range(1200):
            producer.send(applied.topic("dead-letters"), value=b"%d" % number, key=b"k", headers=headers)
        producer.flush()
    with DeadLetterBox(applied) as box:
        assert len(box.letters(5)) == 5
        assert box.retry(None).sent == 1201
        assert box.retry(None).sent == 0
    assert len({record.value for record in resent(applied)}) == 1201


def test_a_letter_from_a_topic_that_nobody_reads_is_refused(applied, command):
    bury(applied, b"x", topic="elsewhere")
    code, out, err = command("retry", "--all")
    assert (code, out) == (1, "0 dead letters sent again\n")
    assert "0:0 can't be sent: it doesn't come from a topic that the pipeline reads" in err


@pytest.mark.parametrize("unknown", ["0:99", "7:0", "17", "a:b", "-1:0"])
def test_an_unknown_id_is_told_and_nothing_is_sent(applied, unknown, resent):
    bury(applied, b"x")
    with DeadLetterBox(applied) as box, pytest.raises(UsageError, match="dead-letters list"):
        box.retry(["0:0", unknown])
    assert resent(applied) == []


def test_a_retry_that_another_took_over_sends_nothing(applied, resent):
    bury(applied, b"x")

    class Overtaken(DeadLetterBox):
        def _retried(self):
            with DeadLetterBox(applied) as other:
                other.retry(None)
            return super()._retried()

    with Overtaken(applied) as box:
        assert box.retry(None).sent == 0
    assert len(resent(applied)) == 1


def test_neither_ids_nor_all_is_a_persons_mistake(command):
    code, _, err = command("retry")
    assert code == 2
    assert "or --all" in err


def test_a_cluster_without_the_topic_is_told(settings: Settings):
    with pytest.raises(UnavailableError, match="airlock topics apply"), DeadLetterBox(settings):
        pass
