"""Every detector obeys the laws, on any valid activity; and a detector that breaks one is found out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors import checks
from detectors.base import Context, Sighting
from detectors.config import DetectorConfig
from detectors.detector import Detector
from detectors.profile import DETECTORS
from schemas.activity import NETWORK_CLASSES, Activity, Coordinate, Place, Versions
from schemas.alert import Finding, NotEvaluable
from schemas.baseline import NO_BASELINE, Baseline, Population
from schemas.event import ACTOR_KINDS, Event

VERSIONS = Versions(config="c", geo="g", baseline="none")
EVIDENCE = Coordinate(topic="airlock.events", partition=0, offset=0, sha256="0" * 64)
PEERS = Baseline(
    version="b",
    populations={
        "human": Population(actors=40, countries={"GB": 30, "DE": 12}, networks={"2856": 30}, hours=(3,) * 168),
    },
)

texts = st.text(st.characters(codec="utf-8", exclude_characters=[chr(c) for c in [*range(32), 127]]), max_size=40)
names = texts.filter(bool)
moments = st.one_of(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 9)),
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)),
).map(lambda moment: moment.replace(tzinfo=UTC))
places = st.none() | st.builds(
    Place,
    country=st.none() | st.sampled_from(["GB", "DE", "US", "SG", "BR"]),
    city=st.none() | texts,
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    radius_km=st.none() | st.floats(0, 3_000),
    asn=st.none() | st.integers(0, 2**32 - 1) | st.sampled_from([2856, 24940]),
    organisation=st.none() | texts,
    network=st.sampled_from(NETWORK_CLASSES),
)
activities = st.builds(
    lambda place, **event: Activity(
        subject="actor:a", event=Event(**event), place=place, versions=VERSIONS, evidence=EVIDENCE
    ),
    place=places,
    id=names,
    time=moments,
    actor=names,
    actor_kind=st.sampled_from(ACTOR_KINDS),
    action=st.sampled_from(["repo.clone", "secret.read", "deploy", "login"]),
    resource=st.sampled_from(["", "acme/app", "acme/lib"]) | texts,
)
streams = st.lists(activities, min_size=1, max_size=12).flatmap(
    lambda few: st.lists(st.sampled_from(few), min_size=1, max_size=24)
)
contexts = st.sampled_from([Context(DetectorConfig(), NO_BASELINE), Context(DetectorConfig(), PEERS)])


@pytest.mark.parametrize("law", checks.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stream=streams, context=contexts)
def test_every_detector_obeys_the_law(law, detector, stream, context):
    law(detector, [Sighting(activity, context) for activity in stream])


def flood(number: int) -> Activity:
    """The worst stream: everything is new with every event."""
    return Activity(
        subject="actor:a",
        event=Event(
            id=str(number),
            time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number * 7 % 90_000),
            actor="a",
            action=f"act.{number}",
            resource=f"org/{number}",
        ),
        place=Place(
            country=chr(65 + number % 26) + chr(65 + number // 26 % 26),
            city="x" * 300,
            latitude=number % 90,
            longitude=number % 180,
            asn=4_000_000_000 + number,
            network=NETWORK_CLASSES[number % len(NETWORK_CLASSES)],
        ),
        versions=VERSIONS,
        evidence=EVIDENCE,
    )


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_a_flood_of_novelty_leaves_every_state_small(detector):
    context = Context(DetectorConfig(), NO_BASELINE)
    checks.law_state_is_bounded(detector, [Sighting(flood(number), context) for number in range(1_500)])


class Model(msgspec.Struct, array_like=True):
    """A lawful detector, to be spoilt."""

    name: ClassVar[str] = "model"
    layout: ClassVar[object] = tuple[list[int]]
    seen: list[int] = msgspec.field(default_factory=list)

    @classmethod
    def of_row(cls, row, /):
        return cls(*row)

    def row(self):
        return (self.seen,)

    def score_one(self, x: Sighting, /) -> float | None:
        return 1.0 if self.seen else None

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        if not self.seen:
            return NotEvaluable(detector=self.name, reason="nothing is known")
        return Finding(detector=self.name, score=1.0, reason="because", observed="this", expected="that")

    def learn_one(self, x: Sighting, /) -> None:
        self.seen = [*self.seen, x.hour][-3:]

    def skip_one(self, x: Sighting, /) -> None:
        pass


class LearnsWhileJudging(Model):
    def score_one(self, x, /):
        self.seen.append(x.hour)
        return 1.0


class ChangesItsArgument(Model):
    def learn_one(self, x, /):
        x.hour += 1


class ScoresInfinity(Model):
    def score_one(self, x, /):
        return float("inf")


class ForgetsInItsBytes(Model):
    remembered: ClassVar[dict[int, int]] = {}

    def score_one(self, x, /):
        return float(self.remembered.get(id(self), 0))

    def learn_one(self, x, /):
        self.remembered[id(self)] = self.remembered.get(id(self), 0) + 1


class GrowsForEver(Model):
    def learn_one(self, x, /):
        self.seen = self.seen + [x.hour] * 100


class ExplainsNothing(Model):
    def explain_one(self, x, /):
        return NotEvaluable(detector=self.name, reason="no idea")


class JudgesStrangers(Model):
    def score_one(self, x, /):
        return 3.0


class RollsDice(Model):
    rolls: ClassVar[list[int]] = []

    def score_one(self, x, /):
        self.rolls.append(1)
        return float(len(self.rolls))


SPOILT = [
    (LearnsWhileJudging, checks.law_judging_changes_nothing),
    (ChangesItsArgument, checks.law_learning_leaves_its_argument),
    (ScoresInfinity, checks.law_scores_are_finite),
    (ForgetsInItsBytes, checks.law_state_survives_bytes),
    (GrowsForEver, checks.law_state_is_bounded),
    (ExplainsNothing, checks.law_scores_are_explained),
    (JudgesStrangers, checks.law_nothing_is_known_of_a_stranger),
    (RollsDice, checks.law_runs_agree),
]


@pytest.mark.parametrize(("spoilt", "law"), SPOILT, ids=lambda part: part.__name__)
def test_a_detector_that_breaks_the_law_is_found_out(spoilt, law):
    context = Context(DetectorConfig(), NO_BASELINE)
    with pytest.raises(AssertionError, match="model"):
        law(spoilt, [Sighting(flood(number), context) for number in range(40)])


@pytest.mark.parametrize("law", checks.LAWS, ids=lambda law: law.__name__)
def test_a_lawful_detector_passes(law):
    context = Context(DetectorConfig(), NO_BASELINE)
    law(Model, [Sighting(flood(number), context) for number in range(40)])


def test_every_detector_has_the_verbs_and_a_name_of_its_own():
    assert all(isinstance(detector(), Detector) for detector in DETECTORS)
    assert len({detector.name for detector in DETECTORS}) == len(DETECTORS)
