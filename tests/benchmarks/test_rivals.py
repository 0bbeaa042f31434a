"""The rivals do what their vendors publish, and the clocks of people are put together as told."""

from __future__ import annotations

import json

import pytest

from benchmarks.gitlog import measure
from benchmarks.rivals.clock import Density, OfficeHours, ThreeSigma
from benchmarks.rivals.rules import RULES, Access
from detectors.config import DetectorConfig

HOUR, DAY = 3_600.0, 86_400.0
MONDAY = 1_772_409_600.0  # 2026-03-02T00:00:00Z
LONDON = {"ip": "192.0.2.1", "country": "GB", "asn": 1, "latitude": 51.5, "longitude": -0.1}
PARIS = {"ip": "192.0.2.2", "country": "FR", "asn": 2, "latitude": 48.9, "longitude": 2.4}
TOKYO = {"ip": "192.0.2.3", "country": "JP", "asn": 3, "latitude": 35.7, "longitude": 139.7}
NOWHERE = {"ip": None, "country": None, "asn": None, "latitude": None, "longitude": None}


def fired(rule, *accesses, kind="human"):
    """Whether the rule fires at each of (seconds, place)."""
    watcher = RULES[rule]()
    return [watcher.see(Access("ana", kind, MONDAY + seconds, **place)) >= 1 for seconds, place in accesses]


@pytest.mark.parametrize(
    ("rule", "accesses", "expected"),
    [
        ("new country", [(0, LONDON), (1, PARIS), (2, PARIS), (3, NOWHERE)], [False, True, False, False]),
        (
            "Okta: country not in the last 10 sign-ins",
            [(0, PARIS), *((HOUR * n, LONDON) for n in range(2, 12)), (20 * HOUR, PARIS)],
            [False, True, *[False] * 9, True],
        ),
        (
            "Okta: country not in the last 10 sign-ins",
            [(0, PARIS), *((HOUR + n, LONDON) for n in range(12)), (2 * HOUR, PARIS)],
            [False, True, *[False] * 12],
        ),
        (
            "Datadog: impossible travel",
            [(0, LONDON), (25 * HOUR, TOKYO), (26 * HOUR, LONDON), (27 * HOUR, TOKYO), (70 * HOUR, LONDON)],
            [False, False, False, False, False],
        ),
        (
            "Datadog: impossible travel",
            [(0, LONDON), (25 * HOUR, LONDON), (26 * HOUR, TOKYO), (27 * HOUR, LONDON)],
            [False, False, True, False],
        ),
        ("Datadog: impossible travel", [(0, LONDON), (2 * HOUR, TOKYO)], [False, False]),
        ("Datadog: impossible travel", [(0, LONDON), (3 * DAY, LONDON), (3 * DAY + 60, PARIS)], [False] * 3),
        ("Microsoft: new network or country", [(0, LONDON), (4 * DAY, PARIS), (6 * DAY, TOKYO)], [False, False, True]),
    ],
    ids=[
        "a country is new once",
        "ten sign-ins push a country out",
        "events of one session are one sign-in",
        "slow enough, and then a known pair",
        "too fast after a day",
        "nothing within a day of learning",
        "under 500 km",
        "five days of learning",
    ],
)
def test_a_published_rule(rule, accesses, expected):
    assert fired(rule, *accesses) == expected


def test_a_rule_for_people_passes_services_over():
    accesses = [(0, LONDON), (6 * DAY, TOKYO)]
    assert fired("Microsoft: new network or country, people", *accesses, kind="service") == [False, False]
    assert fired("Microsoft: new network or country, people", *accesses) == [False, True]


def test_several_rules_add_up():
    watcher = RULES["new country + fixed hours + 3 sigma"]()
    watcher.see(Access("ana", "human", MONDAY + 12 * HOUR, **LONDON))
    assert watcher.see(Access("ana", "human", MONDAY + 12 * HOUR, **LONDON)) == 0
    assert watcher.see(Access("ana", "human", MONDAY + 23 * HOUR, **TOKYO)) == 2


@pytest.mark.parametrize(
    ("hour", "zone_h", "outside"),
    [(12, 0, 0.0), (6.9, 0, 1.0), (20, 0, 1.0), (12, -8, 1.0), (5 * 24 + 12, 0, 1.0), (4 * 24 + 19, 8, 1.0)],
    ids=["noon", "early", "late", "night in California", "Saturday", "Saturday in Singapore"],
)
def test_office_hours_are_local(hour, zone_h, outside):
    assert OfficeHours(zone_h * HOUR).see(MONDAY + hour * HOUR) == (outside,)


def test_a_density_is_low_where_nobody_worked_and_wraps_at_midnight():
    model = Density(online=False)
    for day in range(30):
        for hour in (22, 23, 0, 1):
            model.see(MONDAY + day * DAY + hour * HOUR)
    model.freeze()
    (near, near_cut), (far, far_cut) = model.see(MONDAY + 23.9 * HOUR), model.see(MONDAY + 12 * HOUR)
    assert near < 1 < far
    assert (near_cut, far_cut) == (0.0, 1.0)
    assert model.see(MONDAY + 12 * HOUR)[0] == far


def test_three_sigma_counts_the_clock_hour_against_those_before():
    model = ThreeSigma()
    for hour in range(20):
        for event in range(2 + hour % 2):
            assert model.see(MONDAY + hour * HOUR + event)[1] == 0.0
    sigmas = [model.see(MONDAY + 20 * HOUR + event) for event in range(5)]
    assert [fires for _, fires in sigmas] == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert sigmas[-1][0] == pytest.approx((5 - 2.5) / 0.5)


def test_a_takeover_by_night_and_a_burst_are_caught_in_a_persons_commits(tmp_path):
    def spell(seconds):
        day, rest = divmod(int(seconds), int(DAY))
        return f"2026-03-{1 + day:02d}T{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}Z"

    commits = [
        {"actor": actor, "time": spell(day * DAY + hour * HOUR + 60 * day), "tz": 0, "repo": "a/b", "bot": False}
        for actor in ("ana", "ben")
        for day in range(28)
        for hour in (9, 10, 11, 13, 14, 15)
    ]
    night = [{"time": spell(21 * DAY + 3 * HOUR + 60 * n), "repo": "a/b"} for n in range(3)]
    burst = [{"time": spell(22 * DAY + 10 * HOUR + 30 * n), "repo": "a/b"} for n in range(60)]
    cases = [
        {"id": kind, "kind": kind, "victim": "ana", "cut": spell(20 * DAY), "injected": injected}
        for kind, injected in (("takeover_clock", night), ("spike_in_hours", burst))
    ]
    for name, rows in (("events", commits), ("cases", cases)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = []
    found = measure(tmp_path / "events", tmp_path / "cases", DetectorConfig(), said.append)
    takeovers, spikes = ({row.name: row for row in rows} for rows in found)
    assert all(row.cases == 1 for row in (*takeovers.values(), *spikes.values()))
    assert takeovers["airlock, hours alone"].caught == 1
    assert takeovers["airlock, spikes alone"].caught == 0
    assert takeovers["outside 07-20 on weekdays"].flagged == pytest.approx(
        3 / 8
    )  # three of the eight days after the cut are of weekends
    assert spikes["airlock, spikes alone"].caught == 1
    assert spikes["hourly count over 3 sigma"].caught == 1
    assert "outside 07-20 on weekdays" not in spikes
    assert said
