"""The pure step: scores, learns, forgets duplicates, opens cases, and writes alerts that hold up."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.alerts import LONGEST_TITLE, config_digest
from detectors.config import MODEL_VERSION, DetectorConfig, GeographyConfig, LearningConfig
from detectors.profile import DETECTORS, LARGEST, PROFILE_VERSION, Profile, expired
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.alert import Alert
from schemas.baseline import NO_BASELINE
from schemas.errors import StateError
from schemas.event import Event
from streams.pipeline import step

CONFIG = DetectorConfig()
EVIDENCE = Coordinate(topic="airlock.events", partition=2, offset=41, sha256="ab" * 32)
LONDON = Place(
    country="GB", city="London", latitude=51.5, longitude=-0.1, radius_km=20, asn=2856, network="residential"
)
SINGAPORE = Place(country="SG", latitude=1.3, longitude=103.8, radius_km=50, asn=24940, network="hosting")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS = 6
ATTACK = MONDAY + timedelta(weeks=WEEKS, hours=3)


def activity(
    number: int, time: datetime, place: Place | None = LONDON, *, geo: str = "geo-1", subject: str = "", **event: str
) -> Activity:
    event = {"id": f"e{number}", "actor": "alice", "action": "repo.push", "resource": "acme/app", **event}
    return Activity(
        subject=subject or f"actor:{event['actor']}",
        event=Event(time=time, **event),
        place=place,
        unplaced=None if place else "the event names no address",
        versions=Versions(config="c", geo=geo, baseline="none"),
        evidence=EVIDENCE,
    )


def office_weeks(weeks: int = WEEKS, **event: str) -> list[Activity]:
    """Two events an hour, 09:00 to 17:00 on weekdays, from London, on five repositories."""
    moments = [
        MONDAY + timedelta(weeks=week, days=day, hours=hour, minutes=minute)
        for week in range(weeks)
        for day in range(5)
        for hour in range(9, 17)
        for minute in (5, 35)
    ]
    return [activity(n, time, **{"resource": f"acme/app-{n % 5}", **event}) for n, time in enumerate(moments)]


def run(records, profile=None, config=CONFIG):
    profile = profile or Profile(records[0].subject)
    outcomes = []
    for record in records:
        profile, outcome = step(profile, record, NO_BASELINE, config)
        outcomes.append(outcome)
    return profile, outcomes


def alerts_of(outcomes) -> list[Alert]:
    return [outcome.alert for outcome in outcomes if outcome.alert is not None]


def takeover(count: int = 3, start: datetime = ATTACK, every_s: int = 60, **event: str) -> list[Activity]:
    return [
        activity(10_000 + n, start + timedelta(seconds=n * every_s), SINGAPORE, action="secret.read", **event)
        for n in range(count)
    ]


@pytest.fixture
def trained() -> Profile:
    profile, outcomes = run(office_weeks())
    assert not alerts_of(outcomes)
    return profile


def test_an_ordinary_event_raises_nothing_and_is_learned(trained):
    before = trained.to_bytes()
    _, (outcome,) = run([activity(9_000, ATTACK + timedelta(hours=7))], trained)
    assert (outcome.kind, outcome.alert, outcome.changed) == ("scored", None, True)
    assert outcome.score < 0.5
    assert trained.to_bytes() != before


def test_a_takeover_from_abroad_raises_an_alert_that_says_who_what_where_and_when(trained):
    _, outcomes = run(takeover(1), trained)
    (alert,) = alerts_of(outcomes)
    assert outcomes[0].leading == alert.findings[0].detector == "geography"
    assert alert.score >= CONFIG.threshold
    assert alert.title == (
        "alice did secret.read on acme/app from an unusual place (country SG never seen in 204 session-hours), "
        "at 03:00 UTC on Monday 2026-04-13, from SG (AS24940, hosting), 10,779 km from London"
    )
    assert alert.event.place == SINGAPORE
    assert alert.evidence == EVIDENCE
    assert [finding.score for finding in alert.findings] == sorted((f.score for f in alert.findings), reverse=True)
    assert "never seen" in alert.findings[0].reason
    assert "GB 100%" in alert.findings[0].expected
    assert Alert.from_json(alert.to_json()) == alert


def test_a_burst_is_told_with_its_count_and_its_minutes(trained):
    start = ATTACK + timedelta(hours=8)  # 11:00, from the desk
    clones = [
        activity(20_000 + n, start + timedelta(seconds=15 * n), action="repo.clone", resource=f"acme/secret-{n}")
        for n in range(42)
    ]
    _, outcomes = run(clones, trained)
    last = alerts_of(outcomes)[-1]
    assert outcomes[-1].leading == "repositories"
    assert "reached 42 repositories never worked in before within 11 minutes, last by repo.clone" in last.title
    assert last.group == alerts_of(outcomes)[0].group


def test_what_cannot_be_judged_is_named_on_the_alert(trained):
    start = ATTACK + timedelta(hours=8)
    clones = [
        activity(20_000 + n, start + timedelta(seconds=15 * n), None, resource=f"acme/secret-{n}") for n in range(42)
    ]
    alert = alerts_of(run(clones, trained)[1])[-1]
    assert [(entry.detector, entry.reason) for entry in alert.not_evaluable] == [
        ("geography", "the event names no address"),
        ("agents", "the event names no user agent"),
    ]
    assert {finding.detector for finding in alert.findings} == {
        "hours",
        "spikes",
        "resources",
        "repositories",
        "actions",
    }


def test_a_first_event_is_no_alert_however_strange():
    _, (outcome,) = run(takeover(1))
    assert (outcome.score, outcome.leading, outcome.alert) == (0.0, None, None)


def test_a_publishers_retry_is_one_event(trained):
    record = activity(9_000, ATTACK + timedelta(hours=7))
    run([record], trained)
    before = trained.to_bytes()
    _, (outcome,) = run([record], trained)
    assert (outcome.kind, outcome.score, outcome.alert, outcome.changed) == ("duplicate", 0.0, None, False)
    assert trained.to_bytes() == before


def test_the_same_id_from_another_source_is_another_event(trained):
    moment = ATTACK + timedelta(hours=7)
    _, outcomes = run([activity(9_000, moment), activity(9_000, moment, source="github")], trained)
    assert [outcome.kind for outcome in outcomes] == ["scored", "scored"]


def test_ids_beyond_the_remembered_ones_are_forgotten():
    config = DetectorConfig(learning=LearningConfig(remembered_ids=3))
    records = office_weeks(1)[:4]
    profile, _ = run(records, config=config)
    assert [run([record], profile, config)[1][0].kind for record in (records[3], records[0])] == ["duplicate", "scored"]


def test_what_raised_an_alert_is_not_learned(trained):
    places, hours = trained.geography.networks.total, trained.hours.total
    _, outcomes = run(takeover(30), trained)
    assert len(alerts_of(outcomes)) == 30
    assert (trained.geography.networks.total, trained.hours.total) == (places, hours)


def test_the_same_behaviour_on_enough_days_is_let_in(trained):
    days = CONFIG.learning.ageing_days
    known = [len(trained.geography.networks.table)]
    for day in range(days):
        run([activity(10_000 + day, ATTACK + timedelta(days=day), SINGAPORE)], trained)
        known.append(len(trained.geography.networks.table))
    assert known == [1] * days + [2]


def test_another_behaviour_does_not_age_with_it(trained):
    for day in range(CONFIG.learning.ageing_days):
        elsewhere = SINGAPORE.model_copy(update={"asn": 30_000 + day})
        assert alerts_of(run([activity(10_000 + day, ATTACK + timedelta(days=day), elsewhere)], trained)[1])
    assert len(trained.geography.networks.table) == 1


def test_alerts_an_hour_apart_are_two_cases(trained):
    minutes = (0, 50, 100, 161)
    records = [activity(10_000 + m, ATTACK + timedelta(minutes=m), SINGAPORE) for m in minutes]
    groups = [alert.group for alert in alerts_of(run(records, trained)[1])]
    assert groups[0] == groups[1] == groups[2] != groups[3]


def test_an_alert_that_comes_late_joins_the_case_it_belongs_to(trained):
    minutes = (0, 30, 10, -20, -600)
    records = [activity(20_000 + m, ATTACK + timedelta(minutes=m), SINGAPORE) for m in minutes]
    groups = [alert.group for alert in alerts_of(run(records, trained)[1])]
    assert len(set(groups[:4])) == 1
    assert groups[4] != groups[0]


def test_ids_follow_from_event_subject_and_configuration_alone(trained):
    stored = trained.to_bytes()

    def alert_of(config=CONFIG, **record):
        return alerts_of(run(takeover(1, **record), Profile.from_bytes(stored), config)[1])[0]

    other_config = DetectorConfig(geography=GeographyConfig(ramp_hours=8.5))
    base = alert_of()
    assert alert_of() == base
    others = [alert_of(config=other_config), alert_of(geo="geo-2"), alert_of(id="other"), alert_of(source="github")]
    others.append(alert_of(subject="credential:k"))
    assert len({alert.id for alert in [base, *others]}) == 6
    assert base.config == config_digest(CONFIG, "geo-1")
    assert config_digest(other_config, "geo-1") != base.config != config_digest(CONFIG, "geo-2")
    assert MODEL_VERSION >= 1


def test_a_replay_gives_the_same_profiles_and_alerts_byte_for_byte():
    records = [*office_weeks(), *takeover(5)]
    first, second = run(records), run(records)
    assert first[0].to_bytes() == second[0].to_bytes()
    assert [alert.to_json() for alert in alerts_of(first[1])] == [alert.to_json() for alert in alerts_of(second[1])]


def test_a_profile_stored_after_every_event_gives_the_same_alerts():
    records = [*office_weeks(3), *takeover(5, start=MONDAY + timedelta(weeks=3, hours=3))]
    profile, kept = Profile("actor:alice"), []
    for record in records:
        profile, outcome = step(Profile.from_bytes(profile.to_bytes()), record, NO_BASELINE, CONFIG)
        kept.append(outcome)
    whole, outcomes = run(records)
    assert kept == outcomes
    assert profile.to_bytes() == whole.to_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "version None; this release reads 2, 3"),
        (b"\x04rest", "version 4; this release reads 2, 3"),
        (b"\x03\x93", "version 3 is damaged"),
        (b"\x03\xc0", "version 3 is damaged"),
        (b"\x02\x93", "version 2 is damaged"),
        (b"\x02\x94\xa1a\xa1b\x01\xa1c", "version 2 is damaged"),
    ],
    ids=["empty", "newer", "cut off", "another type", "older, cut off", "older, another type"],
)
@pytest.mark.parametrize("read", [Profile.from_bytes, Profile.last_seen_of], ids=["whole", "last seen"])
def test_stored_bytes_that_cannot_be_trusted_stop_the_reader(read, data, message):
    assert PROFILE_VERSION == 3
    with pytest.raises(StateError, match=message):
        read(data)


def test_a_profile_stored_by_an_older_release_keeps_what_it_knew():
    stored = (Path(__file__).parent.parent / "cases" / "profile-v2.bin").read_bytes()
    made, _ = run(office_weeks(3))
    migrated = Profile.from_bytes(stored)
    assert stored[0] == 2
    assert migrated.geography.row() == made.geography.row()
    assert migrated.hours.row() == made.hours.row()
    assert migrated.spikes.all.row()[1:] == made.spikes.all.row()[1:]
    assert migrated.spikes.all.usual.row()[:3] == made.spikes.all.usual.row()[:3]
    assert migrated.spikes.all.usual.record == pytest.approx(made.spikes.all.usual.record, rel=0.5)
    assert migrated.resources.row()[:4] == made.resources.row()[:4]
    assert (migrated.recent, migrated.last_seen, migrated.events) == (made.recent, made.last_seen, made.events)
    assert Profile.last_seen_of(stored) == made.last_seen
    assert Profile.from_bytes(migrated.to_bytes()).to_bytes() == migrated.to_bytes()


def test_a_typical_profile_takes_two_kilobytes_at_most(trained):
    assert len(trained.to_bytes()) <= 2_048


def test_the_worst_stream_cannot_make_a_profile_larger_than_its_bound():
    rng = random.Random(7)
    profile = Profile("actor:alice")
    for number in range(2_500):
        place = Place(
            country=chr(65 + rng.randrange(26)) + chr(65 + rng.randrange(26)),
            city="é" * 300,
            latitude=rng.uniform(-90, 90),
            longitude=rng.uniform(-180, 180),
            asn=rng.randrange(2**32),
            network=rng.choice(["mobile", "hosting", "residential", "unknown"]),
        )
        time = MONDAY + timedelta(seconds=number * rng.choice([5, 900, 4_000]))
        step(profile, activity(number, time, place, action=f"a{number}", resource=f"r/{number}"), NO_BASELINE, CONFIG)
        assert len(profile.to_bytes()) <= LARGEST


def test_a_senders_names_cannot_break_a_title(trained):
    actor, resource = "eve\u2028\u202e" + "x" * 400, "r\u2029\nFAKE: all is well" + "y" * 900
    profile = Profile(f"actor:{actor}")
    run(office_weeks(actor=actor), profile)
    (alert,) = alerts_of(run(takeover(1, actor=actor, resource=resource), profile)[1])
    assert len(alert.title.splitlines()) == 1
    assert alert.title.isprintable()
    assert len(alert.title) <= LONGEST_TITLE


@pytest.mark.parametrize("year", [2003, 2099], ids=["the past", "the future"])
def test_one_broken_clock_does_not_blind_the_profile(trained, year):
    seen = trained.last_seen
    run([activity(9_000, datetime(year, 3, 3, 10, tzinfo=UTC))], trained)
    assert trained.last_seen == seen
    monday = ATTACK.replace(hour=0)
    normal = [activity(9_100 + n, monday + timedelta(hours=9 + n // 2, minutes=20 * (n % 2))) for n in range(8)]
    assert not alerts_of(run(normal, trained)[1])
    start = monday + timedelta(days=1, hours=11)
    clones = [activity(20_000 + n, start + timedelta(seconds=9 * n), resource=f"acme/s-{n}") for n in range(40)]
    assert alerts_of(run(clones, trained)[1])


anything = st.lists(
    st.builds(
        lambda number, hours, place, action, resource, actor: activity(
            number,
            MONDAY + timedelta(hours=hours),
            place,
            action=action,
            resource=resource,
            actor=actor,
            subject="actor:alice",
        ),
        number=st.integers(0, 30),
        hours=st.integers(-200_000, 600_000) | st.integers(0, 100),
        place=st.sampled_from([None, LONDON, SINGAPORE, Place(), Place(country="FR"), Place(asn=1, network="vpn")]),
        action=st.sampled_from(["deploy", "repo.clone"]),
        resource=st.text(max_size=50),
        actor=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=50),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(anything)
def test_any_valid_stream_is_scored_stored_and_told_in_valid_records(records):
    config = DetectorConfig(threshold=-10.0)  # whatever speaks for an attacker raises an alert
    profile = Profile("actor:alice")
    for record in records:
        profile, outcome = step(Profile.from_bytes(profile.to_bytes()), record, NO_BASELINE, config)
        assert isfinite(outcome.score)
        if outcome.alert is not None:
            assert Alert.from_json(outcome.alert.to_json()) == outcome.alert
            assert outcome.alert.title.isprintable()


def test_last_seen_only_moves_forward(trained):
    seen = trained.last_seen
    run([activity(9_000, ATTACK - timedelta(days=20))], trained)
    assert trained.last_seen == seen


def after(profile: Profile, days: float, number: int = 30_000, **event: str) -> Activity:
    return activity(number, datetime.fromtimestamp(profile.last_seen, UTC) + timedelta(days=days), **event)


FORGET_DAYS = CONFIG.learning.forget_days


@pytest.mark.parametrize("days", [FORGET_DAYS + 0.01, FORGET_DAYS * 3], ids=["just over", "long"])
def test_a_subject_away_for_too_long_starts_afresh_as_if_nothing_had_been_stored(trained, days):
    back = [after(trained, days, action="secret.read"), after(trained, days + 0.1, 30_001)]
    repeat = after(trained, days, number=len(office_weeks()) - 1)  # its id is remembered, were it not for the absence
    stored = trained.to_bytes()
    for records in (back, [repeat]):
        known, outcomes = run(records, Profile.from_bytes(stored))
        fresh, expected = run(records, Profile(trained.subject))
        assert outcomes == expected
        assert known.to_bytes() == fresh.to_bytes()


@pytest.mark.parametrize("days", [FORGET_DAYS - 0.01, 1, -20, -FORGET_DAYS * 3, 40_000 // 2])
def test_neither_a_shorter_absence_nor_a_late_event_nor_a_broken_clock_makes_it_forgotten(trained, days):
    events = trained.events
    assert run([after(trained, days)], trained)[0].events == events + 1


def test_an_absence_is_counted_from_the_last_event_however_long_the_one_before_it_was(trained):
    days = FORGET_DAYS - 10
    run([after(trained, days)], trained)
    events = trained.events
    assert run([after(trained, days, 30_001)], trained)[0].events == events + 1


def test_an_absence_is_as_long_as_configured(trained):
    config = DetectorConfig(learning=LearningConfig(forget_days=3))
    assert run([after(trained, 4)], trained, config)[0].events == 1


def test_a_stored_profile_outlives_its_absence_by_a_month_for_what_comes_late(trained):
    seen, day = Profile.last_seen_of(trained.to_bytes()), 86_400
    assert seen == trained.last_seen
    assert not expired(seen, seen + (FORGET_DAYS + 31) * day, CONFIG)
    assert expired(seen, seen + (FORGET_DAYS + 31) * day + 1, CONFIG)
    assert not expired(seen, seen - 400 * day, CONFIG)


def test_every_detector_has_its_place_in_the_profile_and_its_weight():
    names = [detector.name for detector in DETECTORS]
    assert [detector.name for detector in Profile("actor:a").detectors()] == names
    assert set(names) < set(type(CONFIG.weights).model_fields)
