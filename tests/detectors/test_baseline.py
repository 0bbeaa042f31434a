"""Baselines: distinct actors by place, actor-hours by hour of the week, whatever the order, under one name."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Peers
from detectors.baseline import BaselineBuilder
from detectors.config import DetectorConfig
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.baseline import Baseline, Population
from schemas.event import Event

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EVIDENCE = Coordinate(topic="t", partition=0, offset=0, sha256="0" * 64)


def seen(actor="alice", hours=0.0, country="GB", asn=2856, **other):
    kind, subject = other.get("kind", "human"), other.get("subject")
    return Activity(
        subject=subject or f"actor:{actor}",
        event=Event(id="e", time=MONDAY + timedelta(hours=hours), actor=actor, actor_kind=kind, action="login"),
        place=None if country is None and asn is None else Place(country=country, asn=asn),
        versions=Versions(config="c", geo="g", baseline="none"),
        evidence=EVIDENCE,
    )


def build(records, offsets=None):
    builder = BaselineBuilder()
    for record in records:
        builder.learn_one(record)
    return builder.build(offsets or {"0": len(records)})


def test_actors_count_once_a_place_and_once_an_hour():
    records = [seen(), seen(hours=0.5), seen(hours=1), seen("bob", 1, "DE", 3320), seen("bob", 1.2)]
    humans = build(records).populations["human"]
    assert (humans.actors, humans.countries, humans.networks) == (2, {"DE": 1, "GB": 2}, {"2856": 2, "3320": 1})
    assert (humans.hours[:3], sum(humans.hours)) == ((1, 2, 0), 3)


def test_kinds_are_kept_apart_and_unknown_places_left_out():
    baseline = build([seen(), seen("ci", kind="service", country=None, asn=None)])
    assert set(baseline.populations) == {"human", "service"}
    assert baseline.populations["service"] == Population(actors=1, hours=(1, *[0] * 167))


def test_a_credentials_record_is_not_counted_a_second_time():
    assert build([seen(), seen(subject="credential:k")], {"0": 2}) == build([seen()], {"0": 2})


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 47), st.sampled_from(["GB", "DE"])), max_size=30))
def test_the_order_within_two_days_does_not_matter(rows):
    records = [seen(actor, hour, country) for actor, hour, country in rows]
    shuffled = random.Random(1).sample(records, len(records))
    assert build(records) == build(shuffled)


def test_the_version_names_the_content():
    base = build([seen()], {"0": 1, "1": 5})
    assert base.version == build([seen()], {"1": 5, "0": 1}).version
    others = [build([seen()], {"0": 2, "1": 5}), build([seen("bob")], {"0": 1, "1": 6}), build([seen(hours=3)])]
    assert len({base.version, *(other.version for other in others)}) == 4
    assert Baseline.from_json(base.to_json()) == base


def test_a_builder_goes_on_after_a_build():
    builder = BaselineBuilder()
    builder.learn_one(seen())
    first = builder.build({"0": 1})
    builder.learn_one(seen("bob"))
    assert (first.populations["human"].actors, builder.build({"0": 2}).populations["human"].actors) == (1, 2)


@pytest.mark.parametrize("actors", [0, 5, 500])
def test_shares_of_members_and_of_attackers_are_probabilities(actors):
    population = Population(actors=actors, countries={"GB": actors, "DE": actors // 2}, networks={"1": actors})
    peers = Peers("human", population, DetectorConfig())
    for pairs, other in ((peers.countries, peers.no_country), (peers.networks, peers.no_network)):
        for pair in (*pairs.values(), other):
            assert all(0 < share < 1 for share in pair)
    if not actors:
        assert peers.no_country[0] == pytest.approx(peers.no_country[1])
        assert set(peers.hours) == {1.0}
