"""Detector cases: tables of what must raise an alert and what must not, in ``tests/cases/*.jsonl``.

A case is a history and a moment to judge. Its blocks are spans (``days`` [first, last), ``span`` of the week, ``from``
and ``to`` in UTC, ``per_hour``) or bursts (``day``, ``time``, ``times``, ``every_s``); day 0 is a Monday. ``action``
and ``resource`` are gone through in turn, ``{n}`` counts modulo n. ``copies`` are deliveries of the same event;
``hold_until`` delivers a span only then. Over the ``judged`` blocks, ``alert`` expects at least one alert, ``quiet``
none.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.config import DetectorConfig
from detectors.profile import Profile
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.baseline import NO_BASELINE
from schemas.event import Event
from streams.pipeline import step

FOLDER = Path(__file__).parent.parent / "cases"
PLACES = {name: Place(**place) for name, place in json.loads((FOLDER / "places.json").read_text("utf-8")).items()}
FILES = sorted(FOLDER.glob("*.jsonl"))
CASES = [(path.stem, json.loads(line)) for path in FILES for line in path.read_text("utf-8").splitlines()]
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SPANS = {"daily": range(7), "weekdays": range(5), "weekends": (5, 6)}
VERSIONS = Versions(config="c", geo="g", baseline="none")
EVIDENCE = Coordinate(topic="airlock.events", partition=0, offset=0, sha256="0" * 64)


def moment(day: int, clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def moments(block):
    if "day" in block:
        start = moment(block["day"], block["time"])
        return [start + timedelta(seconds=n * block["every_s"]) for n in range(block["times"])]
    found = []
    for day in range(*block["days"]):
        if day % 7 in SPANS[block["span"]]:
            time, end = moment(day, block["from"]), moment(day, block["to"])
            while time < end:
                # a few minutes earlier or later by the day, so that nothing is steadier than life
                found.append(time + timedelta(seconds=day * 37 % 300))
                time += timedelta(hours=1) / block["per_hour"]
    return found


def numbered(template: str, number: int) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: str(number % int(match[1])), template)


def deliveries(case):
    """(delivered at, judged, record) in the order of delivery."""
    found = []
    for index, block in enumerate(case["blocks"]):
        for number, time in enumerate(moments(block)):
            event = Event(
                id=f"{index}-{number}",
                time=time,
                actor="alice",
                actor_kind=block.get("kind", "human"),
                action=block["action"][number % len(block["action"])],
                resource=numbered(block["resource"][number % len(block["resource"])], number),
            )
            place = PLACES.get(block["place"])
            record = Activity(subject="actor:alice", event=event, place=place, versions=VERSIONS, evidence=EVIDENCE)
            at = moment(*block["hold_until"]) if "hold_until" in block else time
            found += [(at, block.get("judged", False), record)] * block.get("copies", 1)
    return sorted(found, key=lambda entry: entry[0])


@pytest.mark.parametrize(("file", "case"), CASES, ids=[f"{file}: {case['case']}" for file, case in CASES])
def test_case(file, case):
    profile, config = Profile("actor:alice"), DetectorConfig()
    judged = []
    for _, is_judged, record in deliveries(case):
        profile, outcome = step(profile, record, NO_BASELINE, config)
        if is_judged:
            judged.append(outcome)
    assert judged
    highest = max(judged, key=lambda outcome: outcome.score)
    if case["expect"] == "quiet":
        assert highest.alert is None, f"{highest.alert.title}: {highest.alert.findings}"
    else:
        assert highest.alert is not None, f"highest score {highest.score:.2f} by {highest.leading}"
        assert case.get("leading", highest.leading) == highest.leading


def test_the_cases_are_both_kinds_in_every_file():
    kinds = {(file, case["expect"]) for file, case in CASES}
    assert kinds == {(path.stem, expect) for path in FILES for expect in ("alert", "quiet")}
