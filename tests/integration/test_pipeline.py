"""The main job on a real broker with real workers: a simulated week, after two of training, with attacks in it."""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from schemas.activity import Activity
from schemas.alert import Alert
from streams.audit import recorded_baselines, rescore
from streams.dead_letters import DeadLetter
from streams.progress import await_caught_up
from streams.publisher import key_of
from streams.raw_events import RawEvents
from streams.settings import KafkaSettings, Settings, TopicSettings, WorkerSettings
from streams.simulate import Simulation, SimulationSpec
from streams.stack import Workers
from streams.topics import apply_topics

SPEC = SimulationSpec(
    seed=21,
    days=21,
    actors=14,
    incidents=6,
    training=0.67,
    difficulties=("easy",),
    kinds=("takeover_abroad_loud", "mass_clone", "secret_burst"),
)

VALID = {"id": "e", "time": "2026-02-03T10:00:00Z", "actor": "u-1", "actor_kind": "human", "action": "login"}


def event(**changes):
    return json.dumps(VALID | changes).encode()


BAD = {
    "malformed JSON": b'{"id": ',
    "wrong type": event(actor=7),
    "2 MB": event(resource="x" * 2_000_000),
    "empty value": b"",
    "NUL bytes": b"\x00\x00\x00",
    "deeply nested": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a time in 1970": event(time="1970-01-01T00:00:00Z"),
    "a time in 2200": event(time="2200-01-01T00:00:00Z"),
    "a time ahead of its record": event(time="2099-01-01T00:00:00Z"),
    "200-kB actor": event(actor="a" * 200_000),
    "unknown format": b'{"hello": "world"}',
    "invalid UTF-8": b'{"id": "\xff\xfe"}',
    "a number": b"42",
}


@dataclass
class Run:
    """What a run left on the topics."""

    settings: Settings
    simulation: Simulation
    published: int
    read_topic: Callable
    topics: dict[str, list] = field(default_factory=dict)

    def records(self, name):
        """All committed records of a topic, by partition and offset."""
        if name not in self.topics:
            self.topics[name] = self.read_topic(self.settings, name)
        return self.topics[name]

    @property
    def alerts(self):
        return [Alert.from_json(record.value) for record in self.records("alerts")]

    @property
    def activity(self):
        return [Activity.from_json(record.value) for record in self.records("activity")]


@pytest.fixture(scope="module")
def run(bootstrap, tmp_path_factory, read_topic, send, eventually):
    """Three weeks published in two halves, with the bad messages in between and a worker restarted in mid-stream."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        kafka=KafkaSettings(bootstrap=bootstrap),
        topics=TopicSettings(prefix=f"test-{uuid.uuid4().hex[:12]}", partitions=4),
        worker=WorkerSettings(baseline_interval_s=1.0, batch_records=500),
    )
    apply_topics(settings)
    simulation = Simulation(SPEC)
    events = [event.raw for event in simulation.events()]
    half = len(events) // 2
    for share in (events[:half], list(BAD.values()) + events[half:]):
        workers = Workers(settings, 1)
        try:
            send(settings, "events", share, key=key_of)
            await_caught_up(settings, patience_s=60)
            eventually(lambda: read_topic(settings, "baselines"), every=0.5)  # the second half has one in force
        finally:
            workers.stop()
    return Run(settings, simulation, len(events) + len(BAD), read_topic)


def test_every_planted_obvious_attack_raised_its_alert(run):
    alerted = {alert.event_id for alert in run.alerts}
    missed = [one.id for one in run.simulation.incidents if not alerted & set(one.event_ids)]
    assert len(run.simulation.incidents) == SPEC.incidents
    assert missed == []


def test_every_bad_message_is_in_the_dead_letters_with_its_bytes_coordinate_and_reason(run):
    letters = [DeadLetter.from_record(record) for record in run.records("dead-letters")]
    assert Counter(letter.value for letter in letters) == Counter(BAD.values())
    raw = {(record.topic, record.partition, record.offset): record.value for record in run.records("events")}
    for letter in letters:
        assert raw[letter.topic, letter.partition, letter.offset] == letter.value
        assert letter.stage in {"parse", "recognise", "validate"}
        assert letter.error in {"InvalidEventError", "MalformedInputError", "UnknownFormatError"}
        assert 0 < len(letter.reason) <= 500


def test_what_came_in_was_scored_or_is_a_dead_letter_and_nothing_twice(run):
    assert len(run.records("events")) == run.published
    records = Counter((activity.subject, activity.evidence) for activity in run.activity)
    assert set(records.values()) == {1}
    scored = {activity.evidence for activity in run.activity}
    assert len(scored) + len(run.records("dead-letters")) == run.published


def test_alerts_and_profiles_equal_those_of_an_undisturbed_replay_byte_for_byte(run):
    """The worker was restarted in mid-stream: its profiles came back from their changelog."""
    baselines = recorded_baselines(run.records("baselines"))
    alerts, profiles = rescore(run.activity, baselines, run.settings.detectors)
    assert len(baselines) > 1
    assert alerts == Counter(record.value for record in run.records("alerts"))
    assert profiles == {record.key: record.value for record in run.records("profiles")}


def test_alerts_are_keyed_by_actor_and_their_raw_events_are_the_ones_that_were_scored(run):
    assert run.alerts
    for record in run.records("alerts"):
        assert record.key.decode() == Alert.from_json(record.value).actor
    with RawEvents(run.settings) as raw_events:
        for alert in run.alerts[:20]:
            assert json.loads(raw_events.verified(alert.evidence))["id"] == alert.event_id


def test_activity_is_keyed_by_subject_and_says_where_it_came_from(run):
    for record in run.records("activity"):
        activity = Activity.from_json(record.value)
        source = activity.evidence
        assert record.key.decode() == activity.subject
        assert dict(record.headers)["airlock.source"].decode() == f"{source.topic}/{source.partition}/{source.offset}"
