"""A batch's work follows from its records and the stored profiles alone, whatever the worker has done before."""

import json
from dataclasses import dataclass, field

import pytest

from detectors.config import DetectorConfig
from schemas.activity import Versions
from schemas.baseline import NO_BASELINE
from schemas.spelling import spell_activities, spell_evidence
from streams import batches
from streams.batches import Scorer
from streams.source import Result

BASELINES = {NO_BASELINE.version: NO_BASELINE}
VERSIONS = Versions(config="c", geo="g", baseline=NO_BASELINE.version).to_json()


@dataclass
class Record:
    value: bytes
    offset: int = 0
    topic: str = "activity"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    headers: list = field(default_factory=list)


def records(first, count, subjects=("actor:a", "actor:b")):
    made = []
    for number in range(first, first + count):
        time = f"2026-02-03T{number % 24:02d}:00:00Z"
        event = {"id": f"e{number}", "time": time, "actor": "a", "action": "repo.clone", "resource": f"o/{number % 7}"}
        evidence = spell_evidence("events", 0, number, b"")
        spelled = spell_activities(subjects, json.dumps(event).encode(), b"", VERSIONS, evidence)
        made += [Record(value) for _, value in spelled]
    return made


@pytest.fixture
def scorer():
    return fresh()


def fresh():
    return Scorer(DetectorConfig(), "alerts", "dead-letters")


def outcome(scorer, batch, state):
    result = Result()
    scorer.score(scorer.read(batch, result), state, BASELINES, result)
    return result


def test_batch_after_batch_one_scorer_writes_what_a_new_one_would(scorer):
    state = {}
    for first in range(0, 60, 10):
        batch = records(first, 10)
        right = outcome(fresh(), batch, state)
        assert outcome(scorer, batch, state) == right
        state |= right.state
    assert len(state) == 2


def test_a_batch_done_again_after_an_aborted_transaction_gives_the_same_bytes(scorer):
    state = outcome(scorer, records(0, 10), {}).state
    aborted = outcome(scorer, records(10, 10), state)
    assert outcome(scorer, records(10, 10), state) == aborted


def test_what_another_worker_wrote_meanwhile_counts(scorer):
    state = outcome(scorer, records(0, 10), {}).state
    state = outcome(fresh(), records(10, 10), state).state
    assert outcome(scorer, records(20, 5), state) == outcome(fresh(), records(20, 5), state)


def test_a_profile_that_was_forgotten_begins_anew(scorer):
    outcome(scorer, records(0, 10), {})
    assert outcome(scorer, records(10, 5), {}) == outcome(fresh(), records(10, 5), {})


def test_no_more_profiles_are_kept_than_there_is_room_for(scorer):
    for first in range(3):
        subjects = [f"actor:{first}-{number}" for number in range(batches._MOST_PROFILES // 2)]
        outcome(scorer, records(first, 1, subjects), {})
    assert len(scorer._profiles._known) == batches._MOST_PROFILES
