"""Hours, counts and resources: what is unusual, what is only late, and how the formulas are grounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Context, RatePrior, Sighting, bin_of_hour
from detectors.config import DetectorConfig
from detectors.hours import Hours
from detectors.maths import distance_km, evidence_of_tail, stable_hash, student_t_tail
from detectors.rates import Rate
from detectors.resources import Resources
from detectors.spikes import Spikes
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.alert import NotEvaluable
from schemas.baseline import NO_BASELINE, Baseline, Population
from schemas.event import Event

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
CONFIG = DetectorConfig()
ALONE = Context(CONFIG, NO_BASELINE)
PRIOR = RatePrior(CONFIG.spikes, "human", least=1)


def sight(time, *, resource="acme/app", kind="human", longitude=None, context=ALONE):
    event = Event(id="e", time=time, actor="alice", actor_kind=kind, action="repo.push", resource=resource)
    place = None if longitude is None else Place(country="GB", latitude=51.0, longitude=longitude)
    evidence = Coordinate(topic="t", partition=0, offset=0, sha256="0" * 64)
    versions = Versions(config="c", geo="g", baseline="none")
    record = Activity(subject="actor:alice", event=event, place=place, versions=versions, evidence=evidence)
    return Sighting(record, context)


def clock(day, hour, minute=0, **kw):
    return sight(MONDAY + timedelta(days=day, hours=hour, minutes=minute), **kw)


def office(model, days=60, per_hour=2, **kw):
    for day in range(days):
        if day % 7 < 5:
            for hour in range(9, 17):
                for n in range(per_hour):
                    model.learn_one(clock(day, hour, 60 * n // per_hour, **kw))
    return model


@pytest.mark.parametrize(
    ("hour", "index"),
    [(0, 0), (9, 9), (5 * 24, 24), (6 * 24 + 23, 47), (7 * 24 + 3, 3)],
    ids=["Monday 0", "Monday 9", "Saturday 0", "Sunday 23", "next Monday 3"],
)
def test_an_hour_falls_into_its_bin(hour, index):
    assert bin_of_hour(int(MONDAY.timestamp()) // 3600 + hour) == index


def test_office_hours_are_usual_and_night_is_not():
    hours = office(Hours())
    usual, early, night, sunday = (
        hours.score_one(clock(day, hour)) for day, hour in ((63, 11), (63, 8), (63, 3), (62, 3))
    )
    assert usual < -0.3
    assert usual < early < 0.5 < night
    assert sunday > 0.5


def test_an_hour_of_clock_change_is_no_surprise():
    hours = office(Hours())
    assert max(hours.score_one(clock(63, hour)) for hour in range(8, 18)) < 0.5


def test_who_works_round_the_clock_is_at_home_at_any_hour():
    hours = Hours()
    for hour in range(24 * 40):
        hours.learn_one(clock(0, hour, kind="service"))
    assert all(abs(hours.score_one(clock(42, hour, kind="service"))) < 0.15 for hour in range(168))


def test_a_few_known_hours_say_little():
    hours = Hours()
    for hour in range(9, 14):
        hours.learn_one(clock(0, hour))
    hours.learn_one(clock(1, 9))
    assert hours.score_one(clock(1, 3)) < 0.6


def test_a_session_does_not_make_its_own_hour_usual():
    hours = office(Hours())
    hours.learn_one(clock(63, 3))
    first = hours.score_one(clock(63, 3))
    for minute in range(5, 60, 5):
        hours.learn_one(clock(63, 3, minute))
    assert hours.score_one(clock(63, 3, 59)) == first


def test_a_traveller_keeps_the_hours_of_the_place():
    hours = office(Hours(), longitude=0.0)
    home, east = clock(63, 1, longitude=0.0), clock(63, 1, longitude=150.0)  # 11:00 there
    assert hours.score_one(east) < 0
    assert hours.score_one(home) > 0.5


def test_peers_make_a_night_shift_less_strange():
    night = tuple(8 if hour % 24 < 6 else 1 for hour in range(168))
    peers = Context(CONFIG, Baseline(version="b", populations={"human": Population(actors=300, hours=night)}))
    hours = office(Hours(), days=5)
    assert hours.score_one(clock(7, 3, context=peers)) < hours.score_one(clock(7, 3)) - 0.3


def test_the_usual_hours_are_told_in_words():
    finding = office(Hours()).explain_one(clock(63, 3))
    assert finding.observed == "03:00 UTC on weekdays"
    assert finding.expected == "mostly 09:00 to 17:00 UTC; 3.0% if spread evenly"


def test_counts_beyond_the_usual_are_evidence_that_grows():
    spikes = office(Spikes())
    scores = []
    for n in range(200):
        x = clock(63, 11, n * 59 // 200)
        scores.append(spikes.score_one(x))
        spikes.learn_one(x)
    assert scores == sorted(scores)
    assert scores[1] == 0
    assert scores[20] > 1
    assert scores[-1] > 3


def test_twice_the_usual_is_no_spike_even_for_the_steadiest():
    spikes = office(Spikes(), per_hour=10, kind="service")
    for n in range(20):
        x = clock(63, 11, n * 3, kind="service")
        assert spikes.score_one(x) < 1
        spikes.learn_one(x)


def test_an_hour_with_an_alert_is_not_learned_but_counts_on():
    spikes = office(Spikes())
    spikes.skip_one(clock(63, 11))
    mean = spikes.all.usual.mean
    for n in range(1, 100):
        spikes.skip_one(clock(63, 11, n * 59 // 100))
    assert spikes.burst(clock(63, 11, 59)) == ("101 repo.push events", 59)
    spikes.learn_one(clock(63, 13))
    assert spikes.all.usual.mean == mean


def test_a_burst_across_the_full_hour_is_one_burst():
    rate = Rate()
    for minute in (50, 52, 54, 56, 58):
        rate.note(clock(0, 10, minute), PRIOR)
    assert rate.trailing(clock(0, 11, 3)) == pytest.approx(1 + 5 * 57 / 60)
    assert rate.minutes(clock(0, 11, 3)) == 60


@pytest.mark.parametrize("model", [Spikes, Resources])
def test_what_arrives_hours_late_is_not_evaluable(model):
    late = clock(63, 10)
    known = office(model())
    known.learn_one(clock(63, 15))
    assert known.score_one(late) is None
    assert known.explain_one(late) == NotEvaluable(
        detector=model.name, reason="the event arrived after its hour was over"
    )


def test_many_late_events_are_no_burst():
    spikes = office(Spikes())
    spikes.learn_one(clock(63, 15))
    for n in range(300):
        spikes.learn_one(clock(63, 10, n % 60))
    assert spikes.all.trailing(clock(63, 15, 1)) == 2


def test_resources_never_touched_are_counted_once_each():
    resources = office(Resources())
    for n in range(30):
        x = clock(63, 11, n, resource=f"acme/new-{n % 10}")
        score = resources.score_one(x)
        resources.learn_one(x)
    assert resources.burst(clock(63, 11, 31, resource="acme/new-3")) == (10, 31)
    assert score > 1
    assert resources.score_one(clock(63, 11, 32, resource="acme/app")) == 0


def test_an_alerted_resource_stays_unknown():
    resources = office(Resources())
    for minute in range(20):
        resources.skip_one(clock(63, 11, minute, resource=f"acme/new-{minute}"))
    assert resources.burst(clock(64, 11, resource="acme/new-3"))[0] == 1


def test_the_last_250_resources_are_known_and_few_others_are_mistaken_for_them():
    resources = Resources()
    for n in range(1_000):
        resources.learn_one(clock(n // 24, n % 24, resource=f"acme/r-{n}"))
    later = clock(60, 3)

    def is_known(name):
        x = clock(60, 3, resource=name)
        return resources.burst(x)[0] == 0

    assert later.hour > resources.rate.hour
    assert all(is_known(f"acme/r-{n}") for n in range(750, 1_000))
    assert sum(is_known(f"acme/other-{n}") for n in range(1_000)) < 80


def test_an_event_without_a_resource_is_not_evaluable():
    explained = office(Resources()).explain_one(clock(63, 11, resource=""))
    assert explained == NotEvaluable(detector="resources", reason="the event names no resource")


@pytest.mark.parametrize(
    ("t", "df", "tail"),
    [(0.0, 5, 0.5), (2.015, 5, 0.05), (3.365, 5, 0.01), (4.587, 10, 5e-4), (3.090, 1e6, 1e-3)],
)
def test_the_tail_of_students_t_agrees_with_tables(t, df, tail):
    assert student_t_tail(t, df) == pytest.approx(tail, rel=0.06)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_smaller_tail_is_never_less_evidence(p, q):
    low, high = sorted((p, q))
    assert evidence_of_tail(low) >= evidence_of_tail(high) >= 0


@given(st.floats(0, 1e6), st.floats(1, 1e6))
def test_the_tail_is_a_probability(t, df):
    assert 0 <= student_t_tail(t, df) <= 0.5


@given(*[st.floats(-90, 90), st.floats(-180, 180)] * 2)
def test_distances_are_symmetric_and_at_most_half_the_globe(a, b, c, d):
    there, back = distance_km(a, b, c, d), distance_km(c, d, a, b)
    assert there == pytest.approx(back, abs=1e-3)
    assert 0 <= there <= 20_016


def test_hashes_are_the_same_in_every_process():
    assert stable_hash("acme/app") == 7647804910091523774
