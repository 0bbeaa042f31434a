"""Round trips and refusals of every record that crosses a topic."""

import json
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.activity import NETWORK_CLASSES, Activity, Coordinate, Place, Versions
from schemas.alert import Alert, Finding, Located, NotEvaluable
from schemas.baseline import NO_BASELINE, Baseline, Population
from schemas.event import ACTOR_KINDS, Credential, Event
from schemas.record import explain_validation
from schemas.spelling import subjects_of
from schemas.verdict import VERDICTS, Verdict

_PRINTABLE = st.characters(blacklist_categories=("Cs",), blacklist_characters="\x7f", min_codepoint=0x20)
_WORD = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=12)
_TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)
_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))

identifiers = st.text(_PRINTABLE, min_size=1, max_size=40)
times = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=_ZONES)
addresses = st.ip_addresses().map(str)
credentials = st.builds(
    Credential,
    id=identifiers,
    kind=st.none() | identifiers,
    owner=st.none() | identifiers,
    expires_at=st.none() | times,
)
_EVENT_FIELDS = {
    "id": identifiers,
    "time": times,
    "actor": identifiers,
    "actor_kind": st.sampled_from(ACTOR_KINDS),
    "action": st.lists(_WORD, min_size=1, max_size=4).map(".".join),
    "resource": _TEXT,
    "source_ip": st.none() | addresses,
    "user_agent": st.none() | _TEXT,
    "outcome": st.sampled_from(["success", "failure", "denied"]),
    "source": identifiers,
    "credential": st.none() | credentials,
    "attributes": st.dictionaries(_TEXT, _TEXT, max_size=4),
} | {
    name: st.none() | identifiers
    for name in ("session", "on_behalf_of", "tls", "commit", "run_id", "deployment_id", "environment", "role")
}
events = st.builds(Event, **_EVENT_FIELDS)
places = st.builds(
    Place,
    country=st.none() | st.text(string.ascii_uppercase, min_size=2, max_size=2),
    city=st.none() | _TEXT,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    radius_km=st.none() | st.floats(0, 20_000),
    asn=st.none() | st.integers(0, 2**32 - 1),
    organisation=st.none() | _TEXT,
    network=st.sampled_from(NETWORK_CLASSES),
)
coordinates = st.builds(
    Coordinate,
    topic=identifiers,
    partition=st.integers(0, 1000),
    offset=st.integers(0, 2**63 - 1),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
)
versions = st.builds(Versions, config=identifiers, geo=identifiers, baseline=identifiers)
activities = st.builds(
    Activity,
    v=st.just(1),
    subject=identifiers,
    event=events,
    place=st.none() | places,
    unplaced=st.none() | _TEXT,
    versions=versions,
    evidence=coordinates,
)
findings = st.builds(
    Finding, detector=identifiers, score=st.floats(-100, 100), reason=_TEXT, observed=_TEXT, expected=_TEXT
)
alerts = st.builds(
    Alert,
    id=identifiers,
    event_id=identifiers,
    time=times,
    actor=identifiers,
    actor_kind=st.sampled_from(ACTOR_KINDS),
    subject=identifiers,
    score=st.floats(-100, 100),
    severity=st.sampled_from(["low", "medium", "high", "critical"]),
    title=_TEXT,
    findings=st.lists(findings, max_size=3).map(tuple),
    not_evaluable=st.lists(st.builds(NotEvaluable, detector=identifiers, reason=_TEXT), max_size=3).map(tuple),
    event=st.builds(Located, place=st.none() | places, **_EVENT_FIELDS),
    evidence=coordinates,
    group=identifiers,
    config=identifiers,
)
verdicts = st.builds(
    Verdict,
    alert_id=identifiers,
    verdict=st.sampled_from(VERDICTS),
    reviewer=identifiers,
    time=times,
    reason=_TEXT,
    scope=st.none() | identifiers,
    expires_at=st.none() | times,
)
_COUNTS = st.dictionaries(_TEXT, st.integers(0, 10**6), max_size=3)
populations = st.builds(
    Population,
    actors=st.integers(0, 10**6),
    countries=_COUNTS,
    networks=_COUNTS,
    hours=st.lists(st.integers(0, 9), min_size=168, max_size=168).map(tuple),
)
baselines = st.builds(
    Baseline,
    version=identifiers,
    offsets=_COUNTS,
    populations=st.dictionaries(st.sampled_from(ACTOR_KINDS), populations, max_size=2),
)

EVENT = {"id": "e1", "time": "2026-03-04T05:06:07Z", "actor": "alice", "action": "repo.clone"}


@given(record=st.one_of(events, activities, alerts, verdicts, baselines))
def test_a_record_survives_its_json_and_has_one_spelling(record):
    spelt = record.to_json()
    read = type(record).from_json(spelt)
    assert read == record
    assert read.to_json() == spelt


@given(event=events)
def test_an_event_is_in_utc_whatever_its_publishers_offset(event):
    assert event.time.tzinfo is UTC
    assert json.loads(event.to_json())["time"].endswith("Z")


def test_absent_fields_are_left_out_of_the_json():
    spelt = json.loads(Event.model_validate(EVENT).to_json())
    assert set(spelt) == {*EVENT, "actor_kind", "resource", "outcome", "source", "attributes"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"time": "2026-03-04T05:06:07"}, "time", id="time without an offset"),
        pytest.param({"time": "1970-01-01T00:00:00Z"}, "time", id="time in 1970"),
        pytest.param({"time": "2200-01-01T00:00:00Z"}, "time", id="time in 2200"),
        pytest.param({"time": "0001-01-01T00:00:00+14:00"}, "time", id="time before the first year in UTC"),
        pytest.param({"time": "9999-12-31T23:59:59-12:00"}, "time", id="time after the last year in UTC"),
        pytest.param({"actor": ""}, "actor", id="empty actor"),
        pytest.param({"actor": "a" * 200_000}, "actor", id="200-kB actor"),
        pytest.param({"actor": "a\nb"}, "actor", id="line break in an actor"),
        pytest.param({"actor": 7}, "actor", id="number for an actor"),
        pytest.param({"actor_kind": "robot"}, "actor_kind", id="unknown kind"),
        pytest.param({"action": "Repo.Clone"}, "action", id="upper-case action"),
        pytest.param({"action": "repo..clone"}, "action", id="action with an empty part"),
        pytest.param({"resource": "r" * 1025}, "resource", id="long resource"),
        pytest.param({"source_ip": "300.1.1.1"}, "source_ip", id="no IP address"),
        pytest.param({"outcome": "maybe"}, "outcome", id="unknown outcome"),
        pytest.param({"credential": {}}, "credential.id", id="credential without id"),
        pytest.param({"attributes": {"a": 1}}, "attributes.a", id="number in the attributes"),
        pytest.param({"colour": "red"}, "colour", id="unknown field"),
    ],
)
def test_an_invalid_event_is_refused_by_the_field_without_its_value(change, named):
    with pytest.raises(ValidationError) as caught:
        Event.model_validate(EVENT | change)
    told = explain_validation(caught.value)
    assert told.startswith(f"{named}: ")
    assert len(told) < 200


def test_several_faults_are_counted():
    with pytest.raises(ValidationError) as caught:
        Event.model_validate({})
    assert explain_validation(caught.value) == "id: Field required (and 3 more)"


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        pytest.param("2001:DB8:0:0::1", "2001:db8::1", id="IPv6 in full"),
        pytest.param("::ffff:192.0.2.7", "192.0.2.7", id="IPv4 in IPv6"),
        pytest.param("fe80::1%eth0", "fe80::1", id="IPv6 with a zone"),
    ],
)
def test_an_address_has_one_spelling(given, canonical):
    assert Event.model_validate(EVENT | {"source_ip": given}).source_ip == canonical


def test_a_record_cannot_be_changed():
    event = Event.model_validate(EVENT)
    with pytest.raises(ValidationError, match="frozen"):
        event.actor = "mallory"


def test_an_event_is_about_its_actor_and_its_credential():
    event = Event.model_validate(EVENT | {"credential": {"id": "sha256:aa"}})
    assert subjects_of(event) == ("actor:alice", "credential:sha256:aa")


@given(actor=st.integers(1, 512), credential=st.integers(1, 512))
def test_every_valid_event_has_valid_activity_records(actor, credential):
    event = Event.model_validate(EVENT | {"actor": "a" * actor, "credential": {"id": "c" * credential}})
    for subject in subjects_of(event):
        activity = Activity(
            subject=subject,
            event=event,
            versions=Versions(config="c", geo="g", baseline="b"),
            evidence=Coordinate(topic="t", partition=0, offset=0, sha256="0" * 64),
        )
        assert Activity.from_json(activity.to_json()) == activity


def test_an_activity_record_of_another_version_is_refused():
    with pytest.raises(ValidationError):
        Activity.model_validate({"v": 2})


def test_before_the_first_baseline_nothing_is_known_of_anyone():
    assert NO_BASELINE.populations == {}
    assert Baseline.from_json(NO_BASELINE.to_json()) == NO_BASELINE


def test_a_population_has_all_hours_of_the_week():
    with pytest.raises(ValidationError):
        Population(hours=(0,) * 167)
