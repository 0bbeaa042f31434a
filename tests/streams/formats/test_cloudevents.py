"""The envelopes are made by the CloudEvents project's own package, so that its idea of the format is what is read."""

import base64
import json

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from schemas.errors import InputError, InvalidEventError, MalformedInputError, UnknownFormatError
from streams.formats import parse

NATIVE = {"actor": "alice", "action": "deploy", "id": "e1", "time": "2026-03-04T05:06:07Z"}
GITHUB = {"@timestamp": 1770091506789, "action": "git.clone", "actor": "mona", "org": "acme"}
BARE = {"specversion": "1.0", "id": "c1", "source": "/ci", "type": "com.example.access", "data": NATIVE}


def record(mode, data, **attributes):
    given = {"id": "c1", "source": "/ci", "type": "com.example.access", "datacontenttype": "application/json"}
    event = CloudEvent(given | attributes, data)
    message = {"structured": kafka.to_structured_event, "binary": kafka.to_binary_event}[mode](event)
    return message.value, list(message.headers.items())


def parsed_bare(**changes):
    fields = {name: value for name, value in (BARE | changes).items() if value is not ...}
    return parse(json.dumps(fields).encode())


@pytest.mark.parametrize("format", ["auto", "cloudevents"])
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_the_event_inside_is_taken_and_the_envelope_kept(mode, format):
    value, headers = record(mode, NATIVE, partitionkey="alice", subject="run 7")
    event = parse(value, format, headers)
    assert (event.id, event.actor, event.action, event.source) == ("e1", "alice", "deploy", "native")
    kept = {name: text for name, text in event.attributes.items() if name != "ce_time"}
    assert kept == {
        "ce_id": "c1",
        "ce_source": "/ci",
        "ce_type": "com.example.access",
        "ce_partitionkey": "alice",
        "ce_subject": "run 7",
    }


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_a_github_event_is_recognised_inside(mode):
    value, headers = record(mode, GITHUB)
    event = parse(value, "auto", headers)
    assert (event.id, event.actor, event.action, event.source) == ("/ci#c1", "mona", "repo.clone", "github")


def test_the_envelope_fills_in_what_the_event_lacks():
    event = parsed_bare(time="2026-03-04T05:06:07Z", data={"actor": "alice", "action": "deploy", "time": None})
    assert (event.id, event.time.isoformat()) == ("/ci#c1", "2026-03-04T05:06:07+00:00")


def test_an_identity_too_long_to_name_an_event_is_hashed():
    data = {"actor": "a", "action": "deploy"}
    ids = {parsed_bare(id=identity, data=data, time=NATIVE["time"]).id for identity in ("x" * 600, "y" * 600, "a\nb")}
    assert len(ids) == 3
    assert all(name.startswith("sha256:") for name in ids)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"subject": None, "time": None, "datacontenttype": None}, id="null attributes"),
        pytest.param({"datacontenttype": "application/vnd.acme+json; charset=utf-8"}, id="a JSON type of one's own"),
        pytest.param({"data": ..., "data_base64": base64.b64encode(json.dumps(NATIVE).encode()).decode()}, id="Base64"),
        pytest.param(
            {
                "specversion": "0.3",
                "datacontentencoding": "base64",
                "data": base64.b64encode(json.dumps(NATIVE).encode()).decode(),
            },
            id="Base64 in version 0.3",
        ),
    ],
)
def test_what_the_specification_allows_is_understood(change):
    assert parsed_bare(**change).actor == "alice"


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        pytest.param({"specversion": "2.0"}, UnknownFormatError, "version other than 1.0", id="version 2.0"),
        pytest.param({"id": ""}, InvalidEventError, "id: ", id="empty id"),
        pytest.param({"id": 7}, InvalidEventError, "id: ", id="number for an id"),
        pytest.param({"source": None}, InvalidEventError, "source: ", id="null source"),
        pytest.param({"time": "noon"}, InvalidEventError, "time: ", id="words for a time"),
        pytest.param({"data": ...}, UnknownFormatError, "type com.example.access with no data", id="no data"),
        pytest.param({"data": "text"}, UnknownFormatError, "no JSON object", id="text is not parsed again"),
        pytest.param({"data_base64": "e30="}, InvalidEventError, "data_base64: ", id="data twice"),
        pytest.param({"data": ..., "data_base64": "%"}, MalformedInputError, "Base64", id="no Base64"),
        pytest.param({"data": ..., "data_base64": "é"}, MalformedInputError, "Base64", id="Base64 beyond ASCII"),
        pytest.param({"data": ..., "data_base64": 5}, MalformedInputError, "Base64", id="number for Base64"),
        pytest.param({"datacontenttype": "text/plain"}, UnknownFormatError, "text/plain, not JSON", id="plain text"),
        pytest.param({"datacontenttype": 5}, InvalidEventError, "datacontenttype: ", id="number for a media type"),
        pytest.param({"data": BARE}, UnknownFormatError, "none of the formats", id="an envelope in an envelope"),
        pytest.param(
            {"type": "dev.cdevents.deployment.started.0.1.0", "data": {"context": {}, "subject": {}}},
            UnknownFormatError,
            "type dev.cdevents.deployment.started.0.1.0 whose data is of none of the formats github, native",
            id="a CDEvent",
        ),
        pytest.param({"type": "t" * 5000, "data": {}}, UnknownFormatError, "none of the formats", id="a long type"),
        pytest.param({"data": NATIVE | {"actor": 1}}, InvalidEventError, "actor: ", id="an invalid event inside"),
    ],
)
def test_what_is_wrong_is_told(change, error, told):
    with pytest.raises(error, match=told) as caught:
        parsed_bare(**change)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("raw", "headers", "told"),
    [
        pytest.param(
            b"{}", [("content-type", b"application/cloudevents+json")], "no specversion", id="an empty object"
        ),
        pytest.param(b"[]", [("content-type", b"application/cloudevents-batch+json")], "batch", id="a batch"),
        pytest.param(b"x", [("content-type", b"application/cloudevents+avro")], "only the JSON", id="Avro"),
        pytest.param(b"{}", [("ce_specversion", b"1.0")], "id: ", id="binary without id"),
        pytest.param(b"{}", [("ce_specversion", b"\xff")], "UTF-8", id="a header of broken UTF-8"),
        pytest.param(b"{}", [("ce_specversion", None)], "version", id="a header without value"),
    ],
)
def test_bad_records_are_refused(raw, headers, told):
    with pytest.raises(InputError, match=told):
        parse(raw, "auto", headers)


def test_binary_data_that_is_not_json_is_refused_by_its_type():
    value, headers = record("binary", "<xml/>", datacontenttype="text/xml")
    with pytest.raises(UnknownFormatError, match="text/xml, not JSON"):
        parse(value, "auto", headers)
