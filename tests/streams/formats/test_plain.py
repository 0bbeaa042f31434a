"""However an event is spelled, the short way says what the long way says, or leaves it to the long way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputError
from schemas.event import Credential, Event
from schemas.spelling import subjects_of
from streams.formats import parse
from streams.formats.plain import read_plain, spell_all
from streams.formats.shapes import PlainCredential, PlainEvent, Spelled

PLAIN = {"id": "e-1", "time": "2026-02-03T10:00:00Z", "actor": "maria", "action": "repo.clone"}
ALL = PLAIN | {
    "time": "2026-02-03T10:00:00.25Z",
    "actor_kind": "token",
    "resource": "acme/app",
    "source_ip": "::ffff:192.0.2.1",
    "user_agent": "git/2.47 \u2028 日本",
    "outcome": "denied",
    "source": "ci",
    "session": "s-1",
    "credential": {"id": "tok-1", "kind": "pat", "owner": "maria"},
    "on_behalf_of": "zoë",
    "tls": "1.3",
    "commit": "c0ffee",
    "run_id": "7",
    "deployment_id": "d-1",
    "environment": "production",
    "role": "admin",
    "attributes": {"b": "1", "a": ""},
}
PLAINLY_SPELLED = {
    "the least": PLAIN,
    "everything": ALL,
    "another order": dict(reversed(ALL.items())),
    "a port": PLAIN | {"source_ip": "192.0.2.1:443"},
    "a blank between date and time": PLAIN | {"time": "2026-02-03 10:00:00.000000Z"},
    "the longest names": PLAIN | {"id": "日" * 512, "actor": "x" * 512},
}
names = st.text(max_size=6) | st.sampled_from(
    ["", "a", "x" * 512, "x" * 513, "é" * 512, "a\u0085b", "a\x7fb", "\u202e"]
)
values = {
    "id": names,
    "time": st.sampled_from(
        [
            *("2026-02-03T10:00:00Z", "2026-02-03T10:00:00.7Z", "2026-02-03t10:00:00z", "2026-02-30T10:00:00Z"),
            *("2026-02-03T10:00:00.1234567Z", "2026-02-03T10:00:00+02:00", "2026-02-03T24:00:00Z", "2026-02-03"),
            *(
                "2026-02-03T10:00:00.Z",
                "2026-02-03T10:00:00.1-1Z",
                "2026-02-03T10:00:00Z.1Z",
                "2026-02-03T10:00:00,25Z",
            ),
            *("2026-02-03T10:00:00.²Z", "+026-02-03T10:00:00Z", "2026-W0-03T10:00:00Z", "2026-02-03T10:00:0Z"),
            *("1999-12-31T23:59:59Z", "2099-12-31T23:59:60Z", "2026-W06-2T10:00:00Z", "2026-02-03T10:00:00.000Z"),
        ]
    ),
    "actor": names,
    "action": st.sampled_from(["login", "repo.clone", "Login", " login", "login\n", "a..b", ".a", "a" * 129, ""]),
    "actor_kind": st.sampled_from(["human", "service", "token", "robot", ""]),
    "resource": names | st.just("x" * 1025),
    "source_ip": st.sampled_from(
        ["192.0.2.1", "::1", "fe80::1%eth0", "[::1]:80", "host", "", " 192.0.2.1 ", "1" * 200]
    ),
    "user_agent": names | st.just("u" * 5000),
    "outcome": st.sampled_from(["success", "failure", "denied", "maybe"]),
    "source": names,
    "credential": st.fixed_dictionaries({}, optional={"id": names, "kind": names, "expires_at": names, "more": names}),
    "attributes": st.dictionaries(names, names | st.integers() | st.none(), max_size=3),
    "environment": names,
    "unknown": names,
    "specversion": names,
    "_document_id": names,
}
events = st.fixed_dictionaries(
    {name: st.just(value) | values[name] for name, value in PLAIN.items()},
    optional={name: value | st.none() | st.integers() for name, value in values.items() if name not in PLAIN},
)


def spell(raw):
    (spelled,) = spell_all([(raw, "auto", ())])
    if isinstance(spelled, InputError):
        raise spelled
    return spelled


def the_long_way(raw):
    event = parse(raw)
    return Spelled(event.to_json(), subjects_of(event), event.source_ip, event.time.timestamp())


def outcome(way, raw):
    try:
        return way(raw)
    except InputError as error:
        return type(error), str(error)


@given(events, st.booleans())
def test_the_short_way_says_what_the_long_way_says(event, ascii_only):
    raw = json.dumps(event, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert outcome(spell, raw) == outcome(the_long_way, raw)


@given(st.binary(max_size=40) | st.binary(max_size=3).map(lambda end: json.dumps(PLAIN).encode()[:-1] + end))
def test_bytes_of_any_kind_meet_the_same_end(raw):
    assert outcome(spell, raw) == outcome(the_long_way, raw)


@pytest.mark.parametrize("event", PLAINLY_SPELLED.values(), ids=PLAINLY_SPELLED)
def test_the_short_way_is_taken(event):
    raw = json.dumps(event, ensure_ascii=False).encode()
    assert read_plain(raw) is not None
    assert spell(raw) == the_long_way(raw)


def test_it_knows_every_field_of_an_event_in_its_order():
    assert PlainEvent.__struct_fields__ == tuple(Event.model_fields)
    assert {*PlainCredential.__struct_fields__} == {*Credential.model_fields} - {"expires_at"}
