"""An activity record has one spelling, and scoring reads from it what the whole record says."""

import msgspec
import pytest

from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.event import Credential, Event
from schemas.spelling import read_recorded, spell_activities, spell_evidence, spell_place, subjects_of

PLAIN = {"id": "e1", "time": "2026-02-03T10:00:00.25Z", "actor": "maria", "action": "repo.clone", "resource": "a/b"}
EVENTS = {
    "an actor alone": Event(**PLAIN),
    "with a credential": Event(**PLAIN, credential=Credential(id="tok-1", owner="maria")),
    "other scripts and quotes": Event(**PLAIN | {"actor": 'zoë "日本" \\ 🚀', "resource": "a/\u2028"}, source_ip="::1"),
    "everything": Event(**PLAIN, user_agent="git\n", attributes={"k": "v\x00"}, environment="production"),
}
PLACES = {
    "placed": (Place(country="DE", city="Köln", latitude=50.9, longitude=7.0, radius_km=5, asn=3320), None),
    "unplaced": (None, 'no "address"'),
}
VERSIONS = Versions(config="c", geo="g", baseline="none")


@pytest.fixture(params=EVENTS.values(), ids=EVENTS)
def event(request):
    return request.param


@pytest.fixture(params=PLACES.values(), ids=PLACES)
def place(request):
    return request.param


def spelled(event, place, evidence):
    return spell_activities(subjects_of(event), event.to_json(), spell_place(*place), VERSIONS.to_json(), evidence)


def test_what_is_spelled_at_once_is_what_each_record_spells(event, place):
    raw = b'{"raw": "bytes"}'
    evidence = spell_evidence("airlock.events", 3, 42, raw)
    records = spelled(event, place, evidence)
    assert len(records) == 1 + (event.credential is not None)
    for subject, value in records:
        activity = Activity.from_json(value)
        assert activity.to_json() == value
        assert (activity.subject, activity.event, activity.place) == (subject, event, place[0])
        assert activity.evidence == Coordinate.from_json(evidence)


def test_scoring_reads_what_the_whole_record_says(event, place):
    ((_, value), *_) = spelled(event, place, spell_evidence("t", 0, 0, b""))
    recorded, activity = read_recorded(value), Activity.from_json(value)
    assert recorded.activity() == activity
    assert (recorded.subject, recorded.unplaced) == (activity.subject, activity.unplaced)
    for part in ("event", "versions", "place"):
        fields = msgspec.structs.asdict(getattr(recorded, part)) if getattr(recorded, part) else {}
        assert {name: getattr(getattr(activity, part), name) for name in fields} == fields


@pytest.mark.parametrize(
    "value",
    [b"", b"{", b"[]", b'{"subject":""}', b'{"subject":"actor:a","event":{},"versions":{"geo":"g","baseline":"b"}}'],
)
def test_what_is_no_activity_record_is_refused(value):
    with pytest.raises(msgspec.DecodeError):
        read_recorded(value)
