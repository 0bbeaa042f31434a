import json
from datetime import UTC, datetime

import pytest

from schemas.errors import InvalidEventError
from schemas.event import Credential, Event
from streams.formats import parse

EVENT = {"id": "e1", "time": "2026-03-04T05:06:07Z", "actor": "alice", "action": "repo.clone"}


def parsed(**changes):
    fields = {name: value for name, value in (EVENT | changes).items() if value is not ...}
    return parse(json.dumps(fields).encode(), "native")


def test_the_four_required_fields_make_an_event():
    assert parsed() == Event(
        id="e1", time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), actor="alice", action="repo.clone", source="native"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"action": " Repo.Clone "}, {"action": "repo.clone"}, id="action in upper case"),
        pytest.param(
            {"time": "2026-03-04T07:06:07+02:00"}, {"time": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)}, id="offset"
        ),
        pytest.param(
            {"time": "2026-03-04t05:06:07.1234567z"},
            {"time": datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC)},
            id="seven digits of a second, lower case",
        ),
        pytest.param({"source": "jenkins"}, {"source": "jenkins"}, id="a source of the publisher's own"),
        pytest.param(
            {"session": "", "run_id": None}, {"session": None, "run_id": None}, id="empty and null are absent"
        ),
        pytest.param({"actor_kind": ""}, {"actor_kind": "human"}, id="empty kind"),
        pytest.param({"user_agent": "x" * 5000}, {"user_agent": "x" * 4096}, id="a long user agent is cut"),
        pytest.param({"source_ip": "203.0.113.9"}, {"source_ip": "203.0.113.9", "attributes": {}}, id="IPv4"),
        pytest.param({"source_ip": " 203.0.113.9:443 "}, {"source_ip": "203.0.113.9"}, id="IPv4 with a port"),
        pytest.param({"source_ip": "[2001:DB8::1]:443"}, {"source_ip": "2001:db8::1"}, id="IPv6 with a port"),
        pytest.param({"source_ip": "[2001:db8::1]"}, {"source_ip": "2001:db8::1"}, id="IPv6 in brackets"),
        pytest.param({"source_ip": "fe80::1%eth0"}, {"source_ip": "fe80::1"}, id="IPv6 with a zone"),
        pytest.param({"source_ip": "::ffff:203.0.113.9"}, {"source_ip": "203.0.113.9"}, id="IPv4 in IPv6"),
        pytest.param({"source_ip": ""}, {"source_ip": None, "attributes": {}}, id="empty address"),
        pytest.param({"source_ip": "  "}, {"source_ip": None, "attributes": {}}, id="blank address"),
        pytest.param(
            {"source_ip": "build.internal"},
            {"source_ip": None, "attributes": {"source_ip": "build.internal"}},
            id="a host name is kept, but is no address",
        ),
        pytest.param({"source_ip": "010.1.1.1"}, {"source_ip": None}, id="octal or decimal, nobody knows"),
        pytest.param(
            {"a": "x", "b": 1, "c": True, "d": 1.5, "e": {"f": [1, None]}, "g": None, "h": 10**25, "i": [10**25]},
            {
                "attributes": {
                    "a": "x",
                    "b": "1",
                    "c": "true",
                    "d": "1.5",
                    "e": '{"f":[1,null]}',
                    "h": "1" + 25 * "0",
                    "i": "[1" + 25 * "0" + "]",
                }
            },
            id="unknown fields are kept as text",
        ),
        pytest.param(
            {"attributes": {"team": "core", "n": 1}, "team": "web"},
            {"attributes": {"team": "core", "n": "1"}},
            id="the attributes' own word counts",
        ),
        pytest.param(
            {"credential": {"id": "c1", "kind": "", "expires_at": "2027-01-01T00:00:00Z", "scopes": ["repo"]}},
            {
                "credential": Credential(id="c1", expires_at=datetime(2027, 1, 1, tzinfo=UTC)),
                "attributes": {"credential.scopes": '["repo"]'},
            },
            id="a credential",
        ),
    ],
)
def test_what_publishers_send_is_understood(given, expected):
    event = parsed(**given)
    assert {name: getattr(event, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"id": ...}, "id: ", id="no id"),
        pytest.param({"time": ...}, "time: ", id="no time"),
        pytest.param({"actor": ...}, "actor: ", id="no actor"),
        pytest.param({"action": None}, "action: ", id="null action"),
        pytest.param({"actor": ""}, "actor: ", id="empty actor"),
        pytest.param({"time": ""}, "time: ", id="empty time"),
        pytest.param({"time": 1772600767}, "time: must be an RFC 3339", id="Unix time"),
        pytest.param({"time": "1772600767"}, "time: must be an RFC 3339", id="Unix time as text"),
        pytest.param({"time": "2026-03-04T05:06:07"}, "time: must be an RFC 3339", id="no offset"),
        pytest.param({"time": "2026-03-04"}, "time: must be an RFC 3339", id="date alone"),
        pytest.param({"time": "2026-13-04T05:06:07Z"}, "time: ", id="month 13"),
        pytest.param({"time": "٢٠٢٦-03-04T05:06:07Z"}, "time: ", id="digits of another script"),
        pytest.param({"time": "1970-01-01T00:00:00Z"}, "time: is outside the years", id="1970"),
        pytest.param({"time": "2200-01-01T00:00:00Z"}, "time: is outside the years", id="2200"),
        pytest.param({"actor": "a" * 200_000}, "actor: String should have at most 512", id="200-kB actor"),
        pytest.param({"actor": ["a"]}, "actor: ", id="list for an actor"),
        pytest.param({"actor": "a\x00b"}, "actor: ", id="NUL in an actor"),
        pytest.param({"id": 7}, "id: ", id="number for an id"),
        pytest.param({"action": 7}, "action: ", id="number for an action"),
        pytest.param({"action": "rm -rf"}, "action: ", id="no action's name"),
        pytest.param({"source_ip": 3405803777}, "source_ip: must be a string", id="number for an address"),
        pytest.param({"user_agent": 1}, "user_agent: ", id="number for a user agent"),
        pytest.param({"outcome": "maybe"}, "outcome: ", id="unknown outcome"),
        pytest.param({"attributes": []}, "attributes: must be an object", id="list of attributes"),
        pytest.param({"credential": "c1"}, "credential: must be an object", id="text for a credential"),
        pytest.param({"credential": {"kind": "pat"}}, "credential.id: ", id="credential without id"),
        pytest.param({"credential": {"id": "c", "expires_at": 1}}, "credential.expires_at: ", id="expiry as a number"),
    ],
)
def test_an_invalid_event_is_refused_by_the_field_without_its_value(change, named):
    with pytest.raises(InvalidEventError) as caught:
        parsed(**change)
    assert str(caught.value).startswith(named)
    assert len(str(caught.value)) < 200


def test_attributes_keep_the_publishers_order():
    event = parsed(zeta="1", alpha="2", mid="3")
    assert list(event.attributes) == ["zeta", "alpha", "mid"]
