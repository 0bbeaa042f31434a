from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from schemas.alert import Alert
from schemas.errors import UsageError
from schemas.event import Event
from streams.audit import recorded_baselines, rescore
from streams.geo import GeoDatabase
from streams.normalise import Normaliser, coordinate_of
from streams.settings import Settings
from streams.simulate import Story, demo_story

ENDS = [datetime(2026, 11, 23, hour, 17, tzinfo=UTC) for hour in (1, 9, 17)]


@pytest.fixture(scope="module", params=ENDS, ids=lambda end: f"told at {end:%H:%M} UTC")
def told(request: pytest.FixtureRequest) -> tuple[datetime, Story]:
    return request.param, demo_story(request.param)


def test_two_quiet_weeks_come_first(told: tuple[datetime, Story]):
    end, story = told
    times = [event.time for event in story.quiet]
    assert min(times) < end - timedelta(days=13)
    assert max(times) < end - timedelta(hours=1)
    assert all(event.incident is None for event in story.quiet)
    assert 1_500 < len(times) < 12_000


def test_three_attacks_follow_one_after_the_other_in_the_last_hour(told: tuple[datetime, Story]):
    end, story = told
    spans = [(attack.events[0].time, attack.events[-1].time) for attack in story.attacks]
    moments = [end - timedelta(hours=1), *(moment for span in spans for moment in span), end]
    assert len(spans) == 3
    assert moments == sorted(moments)


def test_the_victims_are_three_known_accounts(told: tuple[datetime, Story]):
    _, story = told
    victims = [attack.actor for attack in story.attacks]
    assert len(set(victims)) == 3
    for attack in story.attacks:
        before = [event for event in story.quiet if event.actor == attack.actor]
        assert len(before) > 40
        assert {event.actor for event in attack.events} == {attack.actor}


def test_the_attacks_are_what_their_titles_say(told: tuple[datetime, Story]):
    _, story = told
    takeover, clones, night = ([Event.from_json(e.raw) for e in attack.events] for attack in story.attacks)
    known = {Event.from_json(e.raw).source_ip for e in story.quiet}
    assert {event.source_ip for event in takeover} & known == set()
    assert {event.action for event in clones} == {"repo.clone"}
    assert {event.actor_kind for event in clones} == {"token"}
    assert len({event.resource for event in clones}) >= 15
    assert {"secret.read", "deploy"} <= {event.action for event in night}


@pytest.mark.parametrize("hours", range(0, 168, 17), ids=lambda hours: f"{hours} hours later")
def test_at_any_hour_of_the_week_every_attack_and_nothing_else_raises_alerts(hours: int):
    story = demo_story(ENDS[0] + timedelta(hours=hours))
    settings = Settings()
    events = (*story.quiet, *(event for attack in story.attacks for event in attack.events))
    with closing(GeoDatabase.open(settings.geo)) as geo:
        normaliser = Normaliser(settings, geo)
        records = [
            record
            for number, event in enumerate(events)
            for record in normaliser.activities(event.raw, coordinate_of("events", 0, number, event.raw))
        ]
    alerts, _ = rescore(records, recorded_baselines(()), settings.detectors)
    alerted = {Alert.from_json(alert).event_id for alert in alerts}
    assert alerted.isdisjoint(event.event_id for event in story.quiet)
    assert all(alerted & {event.event_id for event in attack.events} for attack in story.attacks)


def test_a_story_is_the_same_for_the_same_moment():
    assert demo_story(ENDS[0]) == demo_story(ENDS[0])


def test_too_few_actors_are_refused():
    with pytest.raises(UsageError, match="1 actors"):
        demo_story(ENDS[0], actors=1)
