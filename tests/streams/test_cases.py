"""Cases: a burst is one of them, however many alerts it has, and none is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.activity import Coordinate
from schemas.alert import Alert, Located
from streams.cases import cases_of

EVIDENCE = Coordinate(topic="airlock.events", partition=0, offset=0, sha256="0" * 64)


def alert(number, minute, actor="alice", score=2.0, credential=False):
    event = Located(id=f"e{number}", time="2026-03-02T09:00:00Z", actor=actor, action="repo.clone", resource="acme/app")
    event = event.model_copy(update={"time": event.time + timedelta(minutes=minute)})
    return Alert(
        id=f"a{number}",
        event_id=event.id,
        time=event.time,
        actor=actor,
        actor_kind="human",
        subject=f"credential:{actor}-key" if credential else f"actor:{actor}",
        score=score,
        severity="critical" if score > 5 else "low",
        title=f"score {score}",
        findings=(),
        event=event,
        evidence=EVIDENCE,
        group=f"g{number}",
        config="c",
    )


def test_a_storm_of_a_thousand_alerts_is_one_case_with_a_number_on_it():
    (case,) = cases_of([alert(n, n / 20, score=7.0 if n == 500 else 2.0) for n in range(1_000)], 60)
    assert len(case.alerts) == 1_000
    assert (case.score, case.severity, case.title) == (7.0, "critical", "score 7.0")
    assert (case.id, case.last - case.first) == ("g0", timedelta(minutes=999 / 20))


@pytest.mark.parametrize(("minutes", "cases"), [((0, 60), 1), ((0, 61), 2), ((0, 59, 118), 1)], ids=str)
def test_alerts_belong_together_while_none_is_an_hour_after_the_last(minutes, cases):
    assert len(cases_of([alert(n, minute) for n, minute in enumerate(minutes)], 60)) == cases


def test_the_alerts_of_one_event_meet_in_one_case():
    (case,) = cases_of([alert(0, 0), alert(1, 0, credential=True)], 60)
    assert case.subjects == ("actor:alice", "credential:alice-key")


def test_two_actors_have_two_cases():
    assert [case.actor for case in cases_of([alert(0, 0, "bob"), alert(1, 1), alert(2, 2, "bob")], 60)] == [
        "bob",
        "alice",
    ]


@given(st.lists(st.tuples(st.integers(0, 600), st.sampled_from(["alice", "bob", "carol"])), max_size=60))
def test_no_alert_is_lost_and_none_is_in_two_cases(rows):
    alerts = [alert(n, minute, actor) for n, (minute, actor) in enumerate(sorted(rows))]
    found = [alert_id for case in cases_of(alerts, 60) for alert_id in case.alerts]
    assert sorted(found) == sorted(one.id for one in alerts)
