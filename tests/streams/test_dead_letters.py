from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvalidEventError, MalformedInputError, StateError
from streams.dead_letters import DeadLetter, Retried, to_headers

_HEADERS = st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=4)


@dataclass
class Record:
    partition: int = 0
    offset: int = 17
    timestamp: int = 1_772_600_767_000
    key: bytes | None = b"alice"
    value: bytes | None = b"\xffbroken"
    headers: list = field(default_factory=list)


def test_the_headers_have_the_names_that_kafka_connect_gave_them():
    assert to_headers("airlock.events", 3, 99, MalformedInputError("the record is not valid UTF-8")) == [
        ("__connect.errors.topic", b"airlock.events"),
        ("__connect.errors.partition", b"3"),
        ("__connect.errors.offset", b"99"),
        ("__connect.errors.stage", b"parse"),
        ("__connect.errors.exception.class.name", b"schemas.errors.MalformedInputError"),
        ("__connect.errors.exception.message", b"the record is not valid UTF-8"),
    ]


def test_a_message_is_one_bounded_line():
    message = dict(to_headers("t", 0, 0, InvalidEventError("a\nb\x1b[2J" + "c" * 9000)))[
        "__connect.errors.exception.message"
    ].decode()
    assert len(message) <= 500
    assert message.isprintable()


@given(
    own=_HEADERS,
    place=st.tuples(st.text(min_size=1, max_size=9), st.integers(0, 999), st.integers(0, 2**63 - 1)),
    value=st.none() | st.binary(max_size=9),
    key=st.none() | st.binary(max_size=9),
)
def test_a_dead_letter_is_read_back_with_its_record_untouched(own, place, value, key):
    topic, partition, offset = place
    headers = [*own, *to_headers(topic, partition, offset, InvalidEventError("actor: Field required"))]
    letter = DeadLetter.from_record(Record(value=value, key=key, headers=headers))
    assert (letter.topic, letter.partition, letter.offset) == place
    assert (letter.stage, letter.error, letter.reason) == ("validate", "InvalidEventError", "actor: Field required")
    assert (letter.key, letter.value, letter.headers) == (key, value, own)
    assert (letter.id, letter.time) == ("0:17", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))


def test_headers_that_a_publisher_forged_are_its_own():
    forged = to_headers("elsewhere", 9, 9, InvalidEventError("x"))
    letter = DeadLetter.from_record(
        Record(headers=[*forged, *to_headers("airlock.events", 1, 2, InvalidEventError("y"))])
    )
    assert (letter.coordinate, letter.reason, letter.headers) == ("airlock.events/1/2", "y", forged)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("__connect.errors.partition", b"1")], id="no topic"),
        pytest.param([("__connect.errors.topic", b"t"), ("__connect.errors.offset", b"\xff")], id="no number"),
        pytest.param([("__connect.errors.topic", b"t"), ("__connect.errors.offset", b"9" * 5000)], id="5,000 digits"),
        pytest.param([("__connect.errors.topic", b"t"), ("__connect.errors.partition", None)], id="no value"),
    ],
)
def test_a_letter_that_somebody_else_wrote_is_read_as_far_as_it_goes(headers):
    assert DeadLetter.from_record(Record(headers=headers)).offset == -1


@st.composite
def _rounds(draw):
    """Offsets of letters (others are transaction markers), and in which order some of them are sent again."""
    letters = sorted(draw(st.sets(st.integers(0, 60), max_size=30)))
    rounds = draw(st.lists(st.sets(st.sampled_from(letters), max_size=8) if letters else st.just(set()), max_size=5))
    return letters, rounds, draw(st.integers(0, 61))


@given(case=_rounds())
def test_exactly_what_was_sent_is_remembered_however_far_one_read(case):
    letters, rounds, until = case
    retried, sent = Retried(), set()
    for chosen in rounds:
        end = until if chosen and max(chosen) < until else 61
        passed = [offset for offset in letters if retried.below <= offset < end]
        retried = retried.adding(chosen, passed, end)
        sent |= chosen
        assert {offset for offset in letters if offset < 61 and offset in retried} == sent
        assert Retried.from_committed(retried.below, retried.metadata()) == retried


def test_runs_span_the_gaps_between_letters():
    retried = Retried().adding({2, 5, 9}, [0, 2, 5, 9, 12], 13)
    assert (retried.below, retried.metadata()) == (0, "2-9")


def test_when_all_are_sent_only_the_end_is_remembered():
    assert Retried(0, ((2, 9),)).adding({0, 12}, [0, 2, 5, 9, 12], 13) == Retried(13)


@pytest.mark.parametrize("metadata", ["1", "a-b", "1-2;3-4"])
def test_what_somebody_else_committed_is_not_trusted(metadata):
    with pytest.raises(StateError):
        Retried.from_committed(5, metadata)
