"""The score: a tempered, limited sum that doesn't count one burst twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from detectors.combine import Pool, severity_of
from detectors.config import DetectorConfig, SeverityConfig, WeightConfig

POOL = Pool(WeightConfig())
terms = st.none() | st.floats(-50, 50)


@given(st.tuples(*[terms] * 7))
def test_the_parts_add_up_to_the_score(values):
    score, parts = POOL.combine(values)
    assert score == pytest.approx(sum(parts))
    assert all(part == 0 for part, value in zip(parts, values, strict=True) if value is None)


@given(st.tuples(*[terms] * 7), st.integers(0, 6), st.floats(0, 10))
def test_more_evidence_never_lowers_the_score(values, which, more):
    if values[which] is None:
        return
    raised = tuple(value + more if n == which else value for n, value in enumerate(values))
    assert POOL.combine(raised)[0] >= POOL.combine(values)[0] - 1e-9


def judged(**values):
    names = ("geography", "hours", "spikes", "resources", "repositories", "agents", "actions")
    return POOL.combine(tuple(values.get(name) for name in names))[0]


def test_one_burst_seen_three_times_counts_little_more_than_once():
    once = judged(repositories=4.0)
    thrice = judged(spikes=4.0, resources=4.0, repositories=4.0)
    assert once < thrice < once * 1.3


def test_no_detector_can_talk_an_alert_away():
    alarming = judged(geography=5.0)
    assert judged(geography=5.0, hours=-50.0, actions=-50.0) > alarming - 0.5


@pytest.mark.parametrize(
    ("score", "severity"),
    [(0.0, "low"), (2.5, "medium"), (3.49, "medium"), (3.5, "high"), (5.0, "critical"), (99.0, "critical")],
)
def test_severity_rises_with_the_score(score, severity):
    assert severity_of(score, DetectorConfig()) == severity


def test_severities_that_do_not_rise_are_refused():
    with pytest.raises(ValidationError, match="must rise"):
        DetectorConfig(severity=SeverityConfig(medium=4.0, high=3.0))
