"""More partitions for a running installation: nothing of what the subjects' profiles know is lost on the way."""

import itertools
import json
from collections import Counter

import pytest
from kafka import KafkaAdminClient

from schemas.activity import Activity
from streams import repartition
from streams.audit import recorded_baselines, rescore
from streams.kafka import client_options
from streams.progress import await_caught_up
from streams.repartition import grow
from streams.settings import Settings, TopicSettings
from streams.simulate import SimulationSpec, simulate
from streams.source.keys import partition_of
from streams.stack import Workers
from streams.topics import apply_topics

BEFORE, AFTER = 2, 6
SPEC = SimulationSpec(seed=4, days=9, actors=12, incidents=5, training=0.5, difficulties=("easy",))


@pytest.fixture
def small(settings):
    """Settings with few partitions, and a short session so that ended workers leave their groups soon."""
    worker = settings.worker.model_copy(update={"session_timeout_s": 6.0, "baseline_interval_s": 1.0})
    settings = settings.model_copy(
        update={"topics": TopicSettings(prefix=settings.topics.prefix, partitions=BEFORE), "worker": worker}
    )
    apply_topics(settings)
    return settings


def grown(settings: Settings) -> Settings:
    topics = settings.topics.model_copy(update={"partitions": AFTER})
    return settings.model_copy(update={"topics": topics})


@pytest.fixture
def score(send, eventually, read_topic):
    """Publishes events to a worker, and kills it in the middle of them unless it is to finish."""

    def scored(settings, events, finish=True):
        before = len(read_topic(settings, "activity"))
        workers = Workers(settings, 1)
        try:
            send(settings, "events", events, key=lambda raw: raw[:40])
            if finish:
                await_caught_up(settings, patience_s=60)
            else:
                eventually(lambda: len(read_topic(settings, "activity")) > before + 100, within=60)
                for worker in workers._workers:
                    worker.process.kill()
        finally:
            workers.stop()

    return scored


def waiting(settings, read_topic, send):
    """Leaves activity unscored: fifty subjects' last events come once more, under other ids."""
    records = [Activity.from_json(record.value) for record in read_topic(settings, "activity")[-50:]]
    again = [
        record.model_copy(update={"event": record.event.model_copy(update={"id": f"{record.event.id}-again"})})
        for record in records
    ]
    subjects = {record.to_json(): record.subject.encode() for record in again}
    send(settings, "activity", subjects, key=subjects.__getitem__)
    return len(subjects)


def stored(settings, read_topic):
    """The profiles in the changelog, by partition and key."""
    values = {}
    for record in read_topic(settings, "profiles"):
        values[record.partition, record.key] = record.value
    return {place: value for place, value in values.items() if value is not None}


def assert_undisturbed(settings, read_topic):
    """What the topics say is what an undisturbed run would have said, and each profile is where its subject is."""
    activities = [Activity.from_json(record.value) for record in read_topic(settings, "activity")]
    baselines = recorded_baselines(read_topic(settings, "baselines"))
    alerts, profiles = rescore(activities, baselines, settings.detectors)
    found = stored(settings, read_topic)
    assert {key: value for (_, key), value in found.items()} == profiles
    assert len(found) == len(profiles)
    assert all(partition == partition_of(key, settings.topics.partitions) for partition, key in found)
    assert alerts
    assert Counter(record.value for record in read_topic(settings, "alerts")) == alerts


def test_profiles_move_with_their_subjects_and_results_are_those_of_an_undisturbed_run(
    small, score, send, read_topic, airlock
):
    events = [event.raw for event in simulate(SPEC)]
    half = len(events) // 2
    score(small, events[:half], finish=False)
    left = waiting(small, read_topic, send)
    code, out, err = airlock("topics", "grow", "--partitions", str(AFTER), "--json")
    assert code == 0, err
    growth = json.loads(out)
    assert growth["partitions"] == AFTER
    assert growth["scored"] >= left
    assert growth["moved"] > 0
    after = grown(small)
    assert {change.action for change in apply_topics(after)} == {"unchanged"}
    score(after, events[half:])
    assert_undisturbed(after, read_topic)


@pytest.mark.parametrize(
    "interruption", [("_ends", 2, BEFORE), ("_tidy", 1, AFTER)], ids=["before the switch", "after the switch"]
)
def test_work_goes_on_after_an_interrupted_run_and_the_next_one_finishes_it(
    small, score, read_topic, monkeypatch, interruption
):
    step_name, call, in_force = interruption
    events = [event.raw for event in simulate(SPEC)]
    half = len(events) // 2
    score(small, events[:half])
    undisturbed, calls = getattr(repartition._Growing, step_name), itertools.count(1)

    async def interrupted(*arguments):
        if next(calls) == call:
            raise KeyboardInterrupt
        return await undisturbed(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(repartition._Growing, step_name, interrupted)
        with pytest.raises(KeyboardInterrupt):
            grow(small, AFTER, print)
    score(grown(small) if in_force == AFTER else small, events[half:])
    grow(small, AFTER, print)
    assert_undisturbed(grown(small), read_topic)


def test_it_refuses_while_a_worker_runs_and_what_can_not_be_split(small, airlock, eventually):
    code, _, err = airlock("topics", "grow", "--partitions", str(BEFORE + 1))
    assert (code, err.count("\n")) == (2, 1)
    assert f"a multiple of {BEFORE}" in err
    workers = Workers(small, 1)
    try:
        admin = KafkaAdminClient(**client_options(small))
        eventually(lambda: admin.describe_groups([small.topic("score")])[small.topic("score")]["members"])
        admin.close()
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("AIRLOCK_WORKER__SESSION_TIMEOUT_S", "6")
            code, _, err = airlock("topics", "grow", "--partitions", str(AFTER))
    finally:
        workers.stop()
    assert code == 2
    assert "stop all workers, then try again" in err.splitlines()[-1]
