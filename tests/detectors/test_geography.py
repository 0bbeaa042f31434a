"""Places and travel: what is news, what never becomes a home, and what is not evaluable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detectors.base import Context, Sighting, country_code, country_name
from detectors.config import DetectorConfig
from detectors.geography import Geography
from detectors.habits import UNIT, Habits
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.alert import Finding, NotEvaluable
from schemas.baseline import NO_BASELINE, Baseline, Population
from schemas.event import Event

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONDON = Place(
    country="GB", city="London", latitude=51.5, longitude=-0.1, radius_km=20, asn=2856, network="residential"
)
BERLIN = Place(
    country="DE", city="Berlin", latitude=52.5, longitude=13.4, radius_km=20, asn=3320, network="residential"
)
SYDNEY = Place(country="AU", latitude=-33.9, longitude=151.2, radius_km=50, asn=1221, network="residential")
HOSTED = Place(country="SG", latitude=1.3, longitude=103.8, radius_km=50, asn=24940, network="hosting")
COLLEAGUES = Baseline(version="b", populations={"human": Population(actors=200, countries={"GB": 150, "DE": 80})})
CONTEXTS = {"alone": Context(DetectorConfig(), NO_BASELINE), "peers": Context(DetectorConfig(), COLLEAGUES)}


def sight(place, time=MONDAY, kind="human", context="alone", unplaced=None):
    event = Event(id="e", time=time, actor="alice", actor_kind=kind, action="repo.push")
    versions = Versions(config="c", geo="g", baseline="none")
    evidence = Coordinate(topic="t", partition=0, offset=0, sha256="0" * 64)
    record = Activity(
        subject="actor:alice", event=event, place=place, unplaced=unplaced, versions=versions, evidence=evidence
    )
    return Sighting(record, CONTEXTS[context])


def at_home(hours=200, place=LONDON, kind="human"):
    model = Geography()
    for n in range(hours):
        model.learn_one(sight(place, MONDAY + timedelta(days=n // 8, hours=n % 8), kind))
    return model, MONDAY + timedelta(days=hours // 8 + 1)


def test_home_speaks_for_the_subject_and_abroad_against_it():
    model, now = at_home()
    assert model.score_one(sight(LONDON, now)) < -0.5
    assert model.score_one(sight(BERLIN, now)) > 1.2


def test_evidence_grows_with_what_is_known():
    scores = []
    for hours in (1, 5, 20, 80, 320):
        model, now = at_home(hours)
        scores.append(model.score_one(sight(BERLIN, now)))
    assert scores == sorted(scores)
    assert scores[1] < 0.3


def test_a_country_of_many_colleagues_is_less_news_than_one_of_none():
    model, now = at_home()
    germany, australia = (model.score_one(sight(place, now, context="peers")) for place in (BERLIN, SYDNEY))
    assert australia - germany > 1.0


def test_a_session_does_not_vouch_for_itself():
    model, now = at_home()
    first = model.score_one(sight(BERLIN, now))
    for minutes in range(0, 300, 10):
        model.learn_one(sight(BERLIN, now + timedelta(minutes=minutes)))
    assert model.score_one(sight(BERLIN, now + timedelta(hours=5))) > first - 0.4
    assert model.score_one(sight(BERLIN, now + timedelta(hours=15))) < first - 0.7


def test_events_of_one_hour_count_once():
    model = Geography()
    for minute in range(60):
        model.learn_one(sight(LONDON, MONDAY + timedelta(minutes=minute)))
    assert model.networks.hours == model.countries.hours == 1


@pytest.mark.parametrize("network", ["hosting", "vpn", "satellite"])
def test_a_placeless_network_never_becomes_a_home(network):
    model, now = at_home()
    exit_node = HOSTED.model_copy(update={"network": network})
    for day in range(30):
        model.learn_one(sight(exit_node, now + timedelta(days=day)))
    assert set(model.countries.table) == {country_code("GB")}
    assert model.anchor.name == "London"


def test_a_service_may_move_over_the_regions_of_its_cloud():
    model, now = at_home(place=HOSTED, kind="service")
    elsewhere = HOSTED.model_copy(update={"country": "US", "latitude": 39.0, "longitude": -77.5})
    assert model.score_one(sight(elsewhere, now, "service")) < 0
    assert model.score_one(sight(LONDON, now, "service")) > 3


def test_faster_than_any_aircraft_is_evidence_and_slower_is_not():
    model, now = at_home(2000)
    model.learn_one(sight(LONDON, now))
    soon, later = (model.score_one(sight(SYDNEY, now + timedelta(hours=hours))) for hours in (1, 30))
    assert soon - later > 1.0


def test_the_radii_of_both_places_are_taken_off():
    model, _ = at_home()
    wide = SYDNEY.model_copy(update={"radius_km": 2_000.0})
    assert model.distance_from_anchor(SYDNEY) == pytest.approx(16_990 - 70, abs=60)
    assert model.distance_from_anchor(wide) == pytest.approx(model.distance_from_anchor(SYDNEY) - 1_950)
    assert model.distance_from_anchor(Place(country="FR")) == 0


def test_who_often_travels_impossibly_is_not_strange_for_it():
    settled, now = at_home()
    both = Geography()
    for n in range(200):
        place = LONDON if n % 2 else SYDNEY
        both.learn_one(sight(place, MONDAY + timedelta(days=n // 8, hours=n % 8)))
    both.learn_one(sight(LONDON, now))
    settled.learn_one(sight(LONDON, now))
    soon = now + timedelta(minutes=10)
    assert both.score_one(sight(SYDNEY, soon)) < 0.2
    assert settled.score_one(sight(SYDNEY, soon)) > 2


@pytest.mark.parametrize("context", ["alone", "peers"])
def test_an_event_without_a_place_is_not_evaluable_and_says_why(context):
    model, now = at_home()
    x = sight(None, now, context=context, unplaced="the address is private")
    assert model.score_one(x) is None
    assert model.explain_one(x) == NotEvaluable(detector="geography", reason="the address is private")


def test_a_finding_names_what_is_known_and_since_when():
    model, now = at_home()
    finding = model.explain_one(sight(SYDNEY, now))
    assert isinstance(finding, Finding)
    assert "country AU never seen in 178 session-hours" in finding.reason
    assert finding.observed == "AU (AS1221, residential)"
    assert "countries GB 100% of 178 session-hours" in finding.expected


def test_country_numbers_come_back_as_names():
    assert [country_name(country_code(name)) for name in ("AA", "GB", "ZZ")] == ["AA", "GB", "ZZ"]


def test_a_full_table_makes_room_by_the_least_used_row():
    habits = Habits()
    for hour in range(10):
        habits.add(1, hour, 3, 13)
    for key in (2, 3, 4):
        habits.add(key, 20 + key, 3, 13)
    assert set(habits.table) == {1, 3, 4}
    assert habits.total == sum(row.count for row in habits.table.values())


def test_half_of_a_habit_is_left_after_its_half_life():
    habits = Habits()
    for hour in range(100):
        habits.add(1, hour, 3, 13)
    habits.add(1, 100 + 13 * 168, 3, 13)
    assert habits.total == pytest.approx(101 * UNIT / 2, rel=0.02)


def test_a_clock_from_the_future_costs_half_of_the_habits_at_most():
    habits = Habits()
    for hour in range(100):
        habits.add(1, hour, 3, 13)
    habits.add(1, 10_000_000, 3, 13)
    habits.add(1, 101, 3, 13)
    assert habits.total >= 50 * UNIT
