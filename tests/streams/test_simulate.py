from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import pairwise

import pytest

from schemas.errors import UsageError
from schemas.event import Event
from streams.geo import GeoDatabase
from streams.settings import GeoSettings
from streams.simulate import (
    DIFFICULTIES,
    INCIDENT_KINDS,
    NUISANCES,
    SimulatedEvent,
    Simulation,
    SimulationSpec,
    labels,
    simulate,
)
from streams.simulate.addresses import packaged_addresses
from streams.simulate.places import CITIES, ELSEWHERE, days_of_change, utc_offset
from streams.simulate.randomness import derive
from streams.simulate.spec import DAY, HOUR, MAX_LATENESS, SECOND

SMALL = SimulationSpec(seed=5, days=7, actors=20, incidents=11)
# Changes only where the generator is meant to give other events: then put the new value here.
GOLDEN = "1f3c1387f79c86dacddff298ee6e21988a43d506933abc5a6c5d153147c4fca1"


class Run:
    """A whole simulation: what came out, and its labels."""

    def __init__(self, spec: SimulationSpec) -> None:
        self.spec = spec
        self.simulation = Simulation(spec)
        self.published: list[SimulatedEvent] = list(self.simulation.events())
        self.first = {event.event_id: event for event in reversed(self.published)}
        self.incidents = {incident.id: incident for incident in self.simulation.incidents}
        self.events = {id: Event.from_json(event.raw) for id, event in self.first.items()}


@pytest.fixture(scope="module")
def run() -> Run:
    return Run(SimulationSpec(seed=11, days=45, actors=60, incidents=33))


def ms(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1_000)


def test_a_seed_gives_these_very_bytes_on_every_machine():
    stream = sha256(b"\n".join(event.raw for event in simulate(SMALL))).hexdigest()
    assert stream == GOLDEN


def test_labels_are_the_same_every_time_too():
    assert labels(SMALL) == labels(SMALL)


def test_another_seed_gives_another_stream():
    other = SimulationSpec(seed=6, days=1, actors=20)
    assert [e.raw for e in simulate(other)] != [e.raw for e in simulate(SimulationSpec(seed=5, days=1, actors=20))]


def test_every_event_says_what_its_wrapper_says(run: Run):
    skewed = {(n.actor, ms(n.start), ms(n.end)) for n in run.simulation.nuisances if n.nuisance == "clock_skew"}
    for id, event in run.events.items():
        wrapper = run.first[id]
        assert (event.id, event.actor, event.source) == (id, wrapper.actor, "native")
        wrong_clock = any(actor == event.actor and start <= wrapper.at < end for actor, start, end in skewed)
        assert wrong_clock or event.time == wrapper.time


def test_events_come_in_the_order_of_publishing_and_none_is_later_than_promised(run: Run):
    assert all(one.arrival <= other.arrival for one, other in pairwise(run.published))
    assert all(0 < event.arrival - event.at <= MAX_LATENESS for event in run.published)
    assert all(run.spec.start_ms <= event.at < run.spec.end_ms for event in run.published)


def test_some_events_are_late_and_some_come_twice_with_the_same_bytes(run: Run):
    late = sum(event.arrival - event.at > 60 * SECOND for event in run.published)
    assert 0.001 < late / len(run.published) < 0.05
    copies = Counter(event.event_id for event in run.published)
    assert 0.0005 < sum(n - 1 for n in copies.values()) / len(copies) < 0.02
    assert len({event.raw for event in run.published}) == len(copies)


def test_the_volume_is_that_of_a_real_company(run: Run):
    assert 15 < len(run.first) / (run.spec.days * run.spec.actors) < 27


def test_labels_name_exactly_the_attackers_events(run: Run):
    marked = defaultdict(set)
    for event in run.published:
        if event.incident is not None:
            marked[event.incident].add(event.event_id)
    assert marked == {id: set(incident.event_ids) for id, incident in run.incidents.items()}
    for incident in run.incidents.values():
        events = [run.first[id] for id in incident.event_ids]
        assert {event.actor for event in events} == {incident.actor}
        assert (ms(incident.start), ms(incident.end)) == (events[0].at, events[-1].at)


def test_incidents_wait_for_the_training_to_end_and_hit_different_actors(run: Run):
    assert min(ms(incident.start) for incident in run.incidents.values()) >= run.spec.training_ends_ms
    assert len({incident.actor for incident in run.incidents.values()}) > 0.8 * len(run.incidents)


def test_every_kind_difficulty_and_nuisance_is_there(run: Run):
    assert {incident.kind for incident in run.incidents.values()} == set(INCIDENT_KINDS)
    assert {incident.difficulty for incident in run.incidents.values()} == set(DIFFICULTIES)
    assert {nuisance.nuisance for nuisance in run.simulation.nuisances} == set(NUISANCES)


def test_nuisances_lie_within_the_stream_and_name_its_actors(run: Run):
    actors = {actor.id for actor in run.simulation.world.actors}
    for nuisance in run.simulation.nuisances:
        assert nuisance.actor in actors
        assert run.spec.start_ms <= ms(nuisance.start) < ms(nuisance.end) <= run.spec.end_ms


def test_people_keep_hours_as_irregular_as_real_ones(run: Run):
    shares = []
    for human in run.simulation.world.humans:
        hours = [0] * 24
        for event in run.first.values():
            if event.actor == human.id and event.incident is None:
                zone = human.itinerary.on(human.day_of(event.at)).city.zone
                hours[(event.at + utc_offset(zone, event.at // DAY * DAY)) // HOUR % 24] += 1
        if sum(hours) >= 200:
            shares.append(max(sum((hours + hours)[first : first + 10]) for first in range(24)) / sum(hours))
    shares.sort()
    assert len(shares) > 25
    assert 0.75 < shares[len(shares) // 2] < 0.9  # measured on 210 people: 0.83
    assert shares[len(shares) // 10] < 0.75
    assert 0.08 < sum(share >= 0.9 for share in shares) / len(shares) < 0.5  # measured: 60 of 210


def test_fixed_working_hours_would_flag_a_good_part_of_the_innocent(run: Run):
    innocent = [event for event in run.first.values() if event.incident is None]
    outside = sum(not 7 <= event.at // HOUR % 24 < 20 for event in innocent)
    assert 0.15 < outside / len(innocent) < 0.5


def test_attackers_work_with_what_others_work_with(run: Run):
    stolen = [run.events[id] for incident in run.incidents.values() for id in incident.event_ids]
    agents = {event.user_agent for id, event in run.events.items() if run.first[id].incident is None}
    assert sum(event.user_agent in agents for event in stolen) > 0.9 * len(stolen)


def test_optional_fields_are_there_and_may_be_missing(run: Run):
    events = run.events.values()
    assert 0 < sum(event.source_ip is None for event in events) < 0.15 * len(run.events)
    assert {event.actor_kind for event in events} == {"human", "service", "token"}
    assert {event.outcome for event in events} == {"success", "failure", "denied"}
    for name in ("credential", "session", "run_id", "commit", "deployment_id", "environment", "role"):
        assert any(getattr(event, name) is not None for event in events), name


def test_no_incidents_and_no_nuisances_can_be_asked_for():
    quiet = Run(SimulationSpec(seed=3, days=5, actors=15, incidents=0, nuisances=()))
    assert quiet.simulation.incidents == quiet.simulation.nuisances == ()
    assert len(quiet.published) == len(quiet.first)
    assert max(event.arrival - event.at for event in quiet.published) < 60 * SECOND


@pytest.mark.parametrize("kind", INCIDENT_KINDS)
def test_a_kind_and_a_difficulty_can_be_chosen(kind):
    chosen = Simulation(
        SimulationSpec(seed=2, days=12, actors=30, incidents=3, kinds=(kind,), difficulties=("easy",))
    ).incidents
    assert [(incident.kind, incident.difficulty) for incident in chosen] == [(kind, "easy")] * 3
    assert all(incident.event_ids for incident in chosen)


@pytest.mark.parametrize("actors", [1, 2, 5], ids=lambda actors: f"{actors} actors")
def test_a_company_may_be_tiny(actors: int):
    assert list(simulate(SimulationSpec(seed=1, days=10, actors=actors, incidents=11)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"days": 0}, "days"),
        ({"actors": 0}, "actors"),
        ({"incidents": -1}, "incidents"),
        ({"training": 1.5}, "training"),
        ({"start": date(1999, 1, 1)}, "year"),
        ({"kinds": ("flood",)}, "'flood'"),
        ({"difficulties": ("absurd",)}, "'absurd'"),
        ({"nuisances": ("rain",)}, "'rain'"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_what_cannot_be_simulated_is_refused_by_name(changes, sentence: str):
    with pytest.raises(UsageError, match=sentence):
        SimulationSpec(**changes)


def test_addresses_lie_where_the_packaged_geo_data_put_them():
    geo = GeoDatabase.open(GeoSettings())
    rng, leases, strangers = derive(1, "addresses"), 0, []
    for provider in packaged_addresses().providers:
        for _ in range(3):
            place, _ = geo.locate(provider.line(rng).lease(rng))
            leases += 1
            if place is None or (place.country, place.asn) != (provider.country, provider.asn):
                strangers.append((provider.country, provider.asn))
    geo.close()
    assert len(strangers) < 0.02 * leases, strangers


def test_every_city_has_homes_and_a_clock():
    start = int(datetime(2026, 2, 2, tzinfo=UTC).timestamp()) * SECOND
    book = packaged_addresses()
    for city in (*CITIES, *ELSEWHERE):
        assert city.country in book.countries_with("residential"), city
        assert -12 * HOUR <= utc_offset(city.zone, start) <= 14 * HOUR


def test_clocks_change_on_the_days_on_which_they_do():
    start, end = (int(datetime(2026, month, 1, tzinfo=UTC).timestamp()) * SECOND for month in (2, 5))
    changes = [days_of_change(zone, start, end) for zone in ("Europe/Berlin", "America/New_York", "Asia/Tokyo")]
    assert [[f"{datetime.fromtimestamp(at / 1_000, UTC):%m-%d}" for at in days] for days in changes] == [
        ["03-29"],
        ["03-08"],
        [],
    ]
