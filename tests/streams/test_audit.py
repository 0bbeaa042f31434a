"""The audit: it finds nothing where nothing is wrong, and each kind of wrong where there is one."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from detectors.config import DetectorConfig
from schemas.activity import Activity, Place
from schemas.baseline import NO_BASELINE
from schemas.errors import InputError, StateError
from streams.audit import Audit, audit, rescore
from streams.dead_letters import to_headers
from streams.normalise import Normaliser
from streams.settings import Settings

CONFIG = DetectorConfig(threshold=0.5)
HOME, ABROAD = "192.0.2.1", "198.51.100.1"
EVENTS, BAD = 400, 80


class Somewhere:
    """A geo database that knows two places."""

    version = "geo-1"

    def locate(self, ip):
        return Place(country="PT" if ip == HOME else "NZ"), None


def record(topic, offset, value, key=None, headers=()):
    return SimpleNamespace(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=1_800_000_000_000,
        key=key,
        value=value,
        headers=list(headers),
    )


def raw(number):
    if number % 5 == 4:
        return b"poison %d" % number
    day, hour = divmod(number, 10)
    event = {
        "id": f"e-{number}",
        "time": (datetime(2026, 2, 3, 9, tzinfo=UTC) + timedelta(days=day, hours=hour * 0.7)).isoformat(),
        "actor": f"u-{number % 3}",
        "action": "login",
        "source_ip": HOME if number < EVENTS - 10 else ABROAD,
    }
    return json.dumps(event).encode()


@pytest.fixture
def normaliser():
    return Normaliser(Settings(detectors=CONFIG), Somewhere())


@pytest.fixture
def topics(normaliser):
    """What an undisturbed run leaves, as lists that a test may spoil."""
    events = [record("airlock.events", number, raw(number)) for number in range(EVENTS)]
    activity, letters = [], []
    for event in events:
        try:
            for subject, value in normaliser.spelled(event):
                activity.append(record("airlock.activity", len(activity), value, subject.encode()))
        except InputError as error:
            headers = to_headers(event.topic, event.partition, event.offset, error)
            letters.append(record("airlock.dead-letters", len(letters), event.value, headers=headers))
    alerts, profiles = rescore(
        [Activity.from_json(one.value) for one in activity], {NO_BASELINE.version: NO_BASELINE}, CONFIG
    )
    return {
        "events": events,
        "activity": activity,
        "dead-letters": letters,
        "baselines": [],
        "alerts": [record("airlock.alerts", offset, value) for offset, value in enumerate(alerts.elements())],
        "profiles": [record("airlock.profiles", 0, b"an older value", b"actor:u-0")]
        + [record("airlock.profiles", offset, value, key) for offset, (key, value) in enumerate(profiles.items(), 1)],
    }


def test_an_undisturbed_run_is_sound(topics, normaliser):
    found = audit(topics, normaliser, CONFIG)
    alerts = len(topics["alerts"])
    assert found == Audit(EVENTS, EVENTS - BAD, BAD, alerts, 0, 0, 0, 0, 0)
    assert alerts > 0
    assert found.sound


@pytest.mark.parametrize(
    ("topic", "spoil", "found"),
    [
        pytest.param("activity", lambda rows: rows.pop(), "lost", id="an event that was not scored"),
        pytest.param("dead-letters", lambda rows: rows.pop(), "lost", id="a bad record that vanished"),
        pytest.param("activity", lambda rows: rows.append(rows[-1]), "doubled", id="an event scored twice"),
        pytest.param("dead-letters", lambda rows: rows.append(rows[0]), "doubled", id="a dead letter twice"),
        pytest.param("alerts", lambda rows: rows.pop(), "alerts_missing", id="an alert that was not raised"),
        pytest.param("alerts", lambda rows: rows.append(rows[0]), "alerts_extra", id="an alert raised twice"),
        pytest.param("profiles", lambda rows: rows.pop(), "profiles_differing", id="a profile that was not stored"),
        pytest.param(
            "profiles",
            lambda rows: rows.append(record("airlock.profiles", 99, None, rows[-1].key)),
            "profiles_differing",
            id="a profile that was deleted",
        ),
        pytest.param("profiles", lambda rows: rows.append(rows[0]), "profiles_differing", id="a profile set back"),
    ],
)
def test_what_is_wrong_is_found(topics, normaliser, topic, spoil, found):
    spoil(topics[topic])
    result = audit(topics, normaliser, CONFIG)
    assert getattr(result, found) == 1
    assert not result.sound


def test_an_activity_record_with_other_bytes_counts_as_lost_and_as_doubled(topics, normaliser):
    last = topics["activity"][-1]
    last.value = last.value.replace(b'"NZ"', b'"ES"')
    result = audit(topics, normaliser, CONFIG)
    assert (result.lost, result.doubled) == (1, 1)


def test_a_subject_that_was_forgotten_after_years_is_no_loss(topics, normaliser):
    gone = b"actor:u-1"
    topics["profiles"].append(record("airlock.profiles", 99, None, gone))
    late = json.loads(raw(0)) | {"id": "years later", "actor": "u-9", "time": "2031-01-01T00:00:00Z"}
    event = record("airlock.events", EVENTS, json.dumps(late).encode())
    event.timestamp *= 2
    topics["events"].append(event)
    ((subject, value),) = normaliser.spelled(event)
    topics["activity"].append(record("airlock.activity", EVENTS, value, subject.encode()))
    config = CONFIG.model_copy(update={"threshold": 99.0})
    topics["alerts"].clear()
    _, profiles = rescore(
        [Activity.from_json(one.value) for one in topics["activity"]], {NO_BASELINE.version: NO_BASELINE}, config
    )
    kept = [record("airlock.profiles", 0, value, key) for key, value in profiles.items() if key != gone]
    assert audit(topics | {"profiles": [*kept, topics["profiles"][-1]]}, normaliser, config).sound
    assert audit(topics | {"profiles": kept}, normaliser, config).profiles_differing == 1


def test_a_baseline_that_is_named_but_not_there_is_an_error(topics, normaliser):
    last = topics["activity"][-1]
    last.value = last.value.replace(b'"baseline":"none"', b'"baseline":"gone"')
    with pytest.raises(StateError, match="gone"):
        audit(topics, normaliser, CONFIG)
