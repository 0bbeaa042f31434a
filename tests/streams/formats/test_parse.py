"""Recognition, the limits that all formats share, and the law: any bytes give an event or an input error."""

import json
import string
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import InputError, InvalidEventError, MalformedInputError, UnknownFormatError, UsageError
from schemas.event import ACTOR_KINDS, Credential, Event
from streams.formats import FORMAT_HEADER, FORMATS, MAX_BYTES, parse

NATIVE = {"id": "e1", "time": "2026-03-04T05:06:07Z", "actor": "alice", "action": "repo.clone"}
GITHUB = {"@timestamp": 1770091506789, "_document_id": "d", "action": "git.clone", "actor": "mona", "org": "acme"}
ENVELOPE = {"specversion": "1.0", "id": "c1", "source": "/ci", "type": "t", "data": NATIVE}


def spelt(value):
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        pytest.param(NATIVE, "native", id="native"),
        pytest.param(
            NATIVE | {"created_at": "now", "org": "acme", "_document_id": 1}, "native", id="native with extras"
        ),
        pytest.param(GITHUB, "github", id="github"),
        pytest.param({name: GITHUB[name] for name in ("@timestamp", "action", "org")}, "github", id="little of github"),
        pytest.param(ENVELOPE, "native", id="cloudevents"),
    ],
)
def test_a_format_is_recognised_by_its_marks(fields, source):
    assert parse(spelt(fields)).source == source


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="empty object"),
        pytest.param(
            {"id": "1", "author_id": -3, "created_at": "2022-07-26T05:43:53Z", "event_type": "x"}, id="GitLab"
        ),
        pytest.param({"context": {"id": "1", "type": "dev.cdevents.x"}, "subject": {}}, id="CDEvents"),
        pytest.param({"id": "1", "timestamp": "2019-03-05T14:05:02Z", "actionId": "A.B"}, id="Azure DevOps"),
        pytest.param({"actor": "a", "action": "deploy"}, id="half an event"),
    ],
)
def test_what_no_format_claims_is_told_so(fields):
    with pytest.raises(UnknownFormatError, match="none of the formats github, native, cloudevents claims"):
        parse(spelt(fields))


def test_an_event_that_lacks_one_field_misses_it_by_name():
    with pytest.raises(InvalidEventError, match="actor: Field required"):
        parse(spelt({name: value for name, value in NATIVE.items() if name != "actor"}))


def test_a_header_names_the_format():
    raw = spelt({"action": "git.clone", "created_at": 1770091506789})
    with pytest.raises(UnknownFormatError):
        parse(raw)
    assert parse(raw, headers=[(FORMAT_HEADER, b"github")]).action == "repo.clone"


def test_a_format_that_the_settings_name_outranks_the_header():
    assert parse(spelt(NATIVE), "native", [(FORMAT_HEADER, b"github")]).actor == "alice"


@pytest.mark.parametrize("named", [b"gitlab", b"auto", b"", b"\xff\x1b[2J", None])
def test_a_header_that_names_no_format_is_the_publishers_mistake(named):
    with pytest.raises(UnknownFormatError, match="no known format") as caught:
        parse(spelt(NATIVE), headers=[(FORMAT_HEADER, named)])
    assert "\x1b" not in str(caught.value)


def test_an_unknown_format_is_a_persons_mistake():
    with pytest.raises(UsageError, match="'gitlab': known are auto, github, native, cloudevents"):
        parse(b"{}", "gitlab")


def nested(depth):
    return b'{"id":"e","time":"2026-03-04T05:06:07Z","actor":"a","action":"b","x":' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize("format", ["auto", *FORMATS])
@pytest.mark.parametrize(
    ("raw", "error", "told"),
    [
        pytest.param(None, MalformedInputError, "empty value", id="no value"),
        pytest.param(b"", MalformedInputError, "empty value", id="empty value"),
        pytest.param(b"\x00" * 10, MalformedInputError, "not valid JSON", id="NUL bytes"),
        pytest.param(b'{"a":"\x00"}', MalformedInputError, "not valid JSON", id="NUL in a string"),
        pytest.param(b'{"a":"\xff"}', MalformedInputError, "UTF-8", id="invalid UTF-8"),
        pytest.param(rb'{"a":"\ud800"}', MalformedInputError, "not valid JSON", id="half a surrogate pair"),
        pytest.param(b'{"a":NaN}', MalformedInputError, "not valid JSON", id="NaN"),
        pytest.param(b'{"a":1e999}', MalformedInputError, "not valid JSON", id="a number beyond all doubles"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", MalformedInputError, "not valid JSON", id="5,000 digits"),
        pytest.param(b'{"a":1', MalformedInputError, "not valid JSON", id="cut off"),
        pytest.param(b'{"a":1}{"b":2}', MalformedInputError, "not valid JSON", id="two objects"),
        pytest.param(b"id,time,actor", MalformedInputError, "not valid JSON", id="CSV"),
        pytest.param(b"[1]", MalformedInputError, "not an object", id="array"),
        pytest.param(b"5", MalformedInputError, "not an object", id="number"),
        pytest.param(b"[" * 200_000, MalformedInputError, "nested deeper than 64", id="200,000 brackets"),
        pytest.param(nested(64), MalformedInputError, "nested deeper than 64", id="65 levels"),
        pytest.param(b"x" * (MAX_BYTES + 1), InvalidEventError, "1,048,577 bytes", id="a byte too large"),
        pytest.param(b" " * 2_000_000, InvalidEventError, "2,000,000 bytes", id="2 MB"),
    ],
)
def test_bytes_that_are_no_event_are_refused_in_words(raw, error, told, format):
    with pytest.raises(error, match=told) as caught:
        parse(raw, format)
    assert len(str(caught.value)) < 300


def test_depth_is_counted_the_same_however_deep_the_caller_is():
    def deeper(levels):
        return parse(nested(63)) if levels == 0 else deeper(levels - 1)

    assert deeper(0) == deeper(sys.getrecursionlimit() // 2)


def test_many_brackets_are_not_depth():
    assert parse(spelt(NATIVE | {"x": [[]] * 1000})).attributes["x"].count("[]") == 1000


def test_the_largest_event_is_taken():
    raw = spelt(NATIVE | {"x": ""})
    raw = raw.replace(b'"x": ""', b'"x": "' + b"y" * (MAX_BYTES - len(raw)) + b'"')
    assert len(raw) == MAX_BYTES
    assert parse(raw).actor == "alice"


def test_a_byte_order_mark_is_passed_over():
    assert parse(b"\xef\xbb\xbf" + spelt(NATIVE)).actor == "alice"


def test_of_repeated_names_the_last_counts():
    assert parse(spelt(NATIVE)[:-1] + b', "actor": "bob"}').actor == "bob"


_IDENTIFIERS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20)
_TEXT = st.text(max_size=20)
_TIMES = st.datetimes(
    datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9.5))])
)
_OPTIONAL = ("session", "on_behalf_of", "tls", "commit", "run_id", "deployment_id", "environment", "role")
EVENTS = st.builds(
    Event,
    id=_IDENTIFIERS,
    time=_TIMES,
    actor=_IDENTIFIERS,
    actor_kind=st.sampled_from(ACTOR_KINDS),
    action=st.text(string.ascii_lowercase, min_size=1, max_size=5),
    resource=_TEXT,
    source_ip=st.none() | st.ip_addresses().map(str),
    user_agent=st.none() | _TEXT,
    outcome=st.sampled_from(["success", "failure", "denied"]),
    source=_IDENTIFIERS,
    credential=st.none()
    | st.builds(Credential, id=_IDENTIFIERS, owner=st.none() | _IDENTIFIERS, expires_at=st.none() | _TIMES),
    attributes=st.dictionaries(_TEXT, _TEXT, max_size=4),
    **{name: st.none() | _IDENTIFIERS for name in _OPTIONAL},
)


@given(event=EVENTS)
def test_an_event_in_its_own_format_is_the_same_event_again(event):
    assert parse(event.to_json()) == event
    assert parse(event.to_json(), "native") == event


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_NAMES = sorted({*Event.model_fields, *ENVELOPE, *GITHUB})
_NAMES += ["actor_ip", "actor_is_bot", "actor_location", "at_sign_timestamp", "created_at", "data_base64"]
_NAMES += ["hashed_token", "head_sha", "p_event_time", "programmatic_access_type", "repo", "status_code", "token_id"]
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type", FORMAT_HEADER]),
        st.sampled_from([b"1.0", b"application/cloudevents+json", b"application/json", b"github", b"\xff", None])
        | st.binary(max_size=8),
    ),
    max_size=5,
)


def event_or_input_error(raw, format="auto", headers=()):
    try:
        event = parse(raw, format, headers)
    except InputError as error:
        assert 0 < len(str(error)) < 600  # noqa: PT017 - either outcome is right; this bounds one of them
    else:
        assert Event.from_json(event.to_json()) == event
        assert parse(raw, format, headers) == event


@given(raw=st.binary(max_size=60), format=st.sampled_from(["auto", *FORMATS]), headers=_HEADERS)
@example(raw=b'{"', format="auto", headers=[])
def test_any_bytes_give_an_event_or_an_input_error(raw, format, headers):
    event_or_input_error(raw, format, headers)


@st.composite
def changed(draw):
    fields = draw(st.sampled_from([NATIVE, GITHUB, ENVELOPE]))
    fields = fields | draw(st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4))
    dropped = draw(st.sets(st.sampled_from(_NAMES), max_size=2))
    kept = {name: value for name, value in fields.items() if name not in dropped}
    return spelt(draw(st.sampled_from([kept, ENVELOPE | {"data": kept}])))


@given(raw=changed(), format=st.sampled_from(["auto", *FORMATS]), headers=_HEADERS)
def test_any_change_to_a_valid_event_gives_an_event_or_an_input_error(raw, format, headers):
    event_or_input_error(raw, format, headers)


@given(
    base=st.sampled_from([spelt(NATIVE), spelt(GITHUB), spelt(ENVELOPE)]),
    at=st.integers(0, 120),
    cut=st.integers(0, 3),
    put=st.binary(max_size=3),
)
def test_any_damage_to_a_valid_event_gives_an_event_or_an_input_error(base, at, cut, put):
    event_or_input_error(base[:at] + put + base[at + cut :])
