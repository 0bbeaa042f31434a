"""The metrics, on sets so small that the right answer is computed by hand beside them."""

from __future__ import annotations

import doctest
import itertools
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import UsageError
from streams.evaluate import cases
from streams.evaluate.cases import GAP_S, CaseBook, cases_of
from streams.evaluate.labels import Incident, Labels, Nuisance, read_labels
from streams.evaluate.metrics import UNEXPLAINED, calibration_of, evaluate, period_start
from streams.evaluate.page import page
from streams.evaluate.run import Run
from streams.evaluate.scores import NOBODY, ScoreLine, Scores
from streams.evaluate.sweep import sweep
from streams.evaluate.tables import tables

START = datetime(2026, 2, 2, tzinfo=UTC)


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


def line(event: str, actor: str, at: float, score: float, threshold: float = 2.0) -> ScoreLine:
    return ScoreLine(event, actor, minute(at), score, score >= threshold)


def incident(name: str, kind: str, at: float, *events: str, difficulty: str = "easy") -> Incident:
    return Incident(name, kind, minute(at), events, difficulty)


DAY = 1440
# Two days. Threshold 2: ana's alerts at 100 and 150 are one case of theft (with ana's own event at 120 between them),
# ben's at 300 is false, ben's at 361 is another one, 61 minutes later; the second theft (eve) scores 1 and is missed.
LABELS = Labels(
    [incident("i1", "theft", 90, "a1", "a3"), incident("i2", "theft", 500, "e1", difficulty="hard")],
    [
        Nuisance("trip", "ben", minute(0), minute(DAY)),
        Nuisance("on_call", "ben", minute(290), minute(310)),
        Nuisance("trip", "ana", minute(0), minute(DAY)),
    ],
)
LINES = [
    line("a1", "ana", 100, 5.0),
    line("a2", "ana", 120, 3.0),
    line("a3", "ana", 150, 2.5),
    line("b1", "ben", 300, 4.0),
    line("b2", "ben", 361, 2.0),
    line("e1", "eve", 510, 1.0),
    line("z", "zoe", 600, 0.5),
    line("end", "zoe", 2 * DAY, 0.0),
]


def scores_of(lines, labels=LABELS, start=START):
    return Scores.of(lines, labels, start)


@pytest.fixture
def found():
    return evaluate(scores_of(LINES), LABELS, START)


def test_cases_and_false_cases_are_counted_by_actor_and_hour(found):
    assert (found.days, found.events) == (2.0, 8)
    assert (found.cases, found.false_cases, found.false_a_day) == (3, 2, 1.0)


def test_recall_precision_and_delay_are_those_at_the_threshold(found):
    assert (found.all.incidents, found.all.caught, found.all.recall) == (2, 1, 0.5)
    assert found.all.precision == pytest.approx(1 / 3)
    assert found.all.delay_min == 10.0


def test_the_area_is_the_sum_of_rises_times_precision(found):
    # at 5: recall 1/2 with precision 1; at 1: recall 1 with two true and two false cases
    assert found.all.pr_auc == pytest.approx(0.5 * 1 + 0.5 * 2 / 4)
    assert [tuple(point) for point in found.curve] == [(5.0, 0.5, 1.0), (1.0, 1.0, 0.5)]


def test_recall_at_a_budget_is_that_before_false_cases_exceed_it(found):
    # one a day is two false cases in all: down to 1.0 there are ben's two; zoe's at 0.5 would be the third
    assert [tuple(budget) for budget in found.budgets] == [(1.0, 1.0, 1.0), (3.0, 0.0, 1.0), (10.0, 0.0, 1.0)]


def test_groups_have_their_own_recall_and_area(found):
    easy, hard = found.difficulties
    assert (easy.name, easy.recall, easy.pr_auc, easy.precision) == ("easy", 1.0, 1.0, pytest.approx(1 / 3))
    assert (hard.name, hard.recall, hard.pr_auc, hard.precision) == ("hard", 0.0, pytest.approx(1 / 3), 0.0)
    assert hard.delay_min is None
    assert hard.recall_at == (1.0, 1.0, 1.0)
    assert [kind.name for kind in found.kinds] == ["theft"]


def test_a_false_case_is_explained_by_its_actors_shortest_nuisance_then(found):
    assert found.nuisances == {"on_call": 1, "trip": 1}
    without = evaluate(scores_of(LINES), Labels(LABELS.incidents), START)
    assert without.nuisances == {UNEXPLAINED: 2}


def test_calibration_is_the_share_of_benign_events_at_or_above_each_score(found):
    rows = {row.score: row for row in found.calibration}
    assert (rows[0.0].share, rows[0.0].claimed) == (1.0, 1.0)
    assert rows[0.5].share == pytest.approx(4 / 5)  # benign: 3, 4, 2, 0.5 and 0
    assert rows[3.0].share == pytest.approx(2 / 5)
    assert rows[3.0].claimed == pytest.approx(1e-3)
    assert max(rows) == 4.0
    assert calibration_of([]) == ()


@pytest.mark.parametrize(
    ("apart_s", "cases"), [(0, 1), (GAP_S, 1), (GAP_S + 1, 2)], ids=["at once", "an hour", "over an hour"]
)
def test_alerts_an_hour_apart_are_one_case(apart_s, cases):
    lines = [line("x", "ana", 0, 3.0), line("y", "ana", apart_s / 60, 3.0)]
    assert len(cases_of(scores_of(lines))) == cases


def test_the_examples_in_the_documentation_hold():
    assert doctest.testmod(cases).failed == 0


def test_alerts_of_different_actors_are_different_cases():
    assert len(cases_of(scores_of([line("x", "ana", 0, 3.0), line("y", "ben", 0, 3.0)]))) == 2


def test_a_lower_threshold_may_join_a_false_case_to_a_true_one():
    # benign at 0 and attack at 100 minutes are two cases until the benign one at 50 joins them
    labels = Labels([incident("i", "theft", 100, "bad")])
    lines = [
        line("x", "ana", 0, 3.0),
        line("bad", "ana", 100, 2.0),
        line("y", "ana", 50, 1.0),
        line("late", "ana", 400, 0.0),
    ]
    swept = sweep(scores_of(lines, labels), [("all",)], "all", 1.0, [0.0, 1.0])
    assert [tuple(point) for point in swept.points] == [(2.0, 1.0, 0.5)]
    assert swept.budgets[0].threshold is None
    assert tuple(swept.budgets[1]) == (1.0, 0.0, 1.0)


def test_equal_scores_come_in_together():
    labels = Labels([incident("i", "theft", 0, "bad")])
    lines = [line("bad", "ana", 0, 1.0), line("x", "ben", 0, 1.0), line("y", "eve", 0, 1.0)]
    swept = sweep(scores_of(lines, labels), [("all",)], "all", 1.0, [1.0])
    assert swept.areas["all"] == pytest.approx(1 / 3)
    assert tuple(swept.budgets[0]) == (1.0, None, 0.0)


def test_an_attack_before_the_period_is_neither_caught_nor_a_mistake():
    start = minute(200)
    later = [*LINES, line("a4", "ana", 250, 6.0)]
    labels = Labels([incident("i1", "theft", 90, "a1", "a3", "a4"), LABELS.incidents[1]])
    found = evaluate(scores_of(later, labels, start), labels.since(start), start)
    assert (found.all.incidents, found.cases, found.false_cases, found.events) == (1, 2, 2, 5)


def test_the_period_begins_with_the_day_of_the_first_attack():
    labels = Labels([incident("i", "theft", 3 * DAY + 500, "x"), incident("j", "theft", 2 * DAY + 700, "y")])
    assert period_start(labels) == minute(2 * DAY)


@pytest.mark.parametrize(
    ("lines", "word"),
    [([], "no event"), ([line("q", "ana", 10, 1.0)], "same stream")],
    ids=["nothing", "other events than the labels name"],
)
def test_what_cannot_be_evaluated_is_told_in_a_sentence(lines, word):
    with pytest.raises(UsageError, match=word):
        evaluate(scores_of(lines), LABELS, START)


ALERTS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 600), st.sampled_from([NOBODY, NOBODY, 0, 1]), st.integers(0, 6)),
    max_size=40,
)


def formed(alerts):
    """Cases by the plain definition: sort an actor's alerts, cut where they are over an hour apart."""
    found = []
    for actor in range(3):
        own = sorted((minutes * 60.0, incident) for who, minutes, incident, _ in alerts if who == actor)
        for index, (seconds, incident) in enumerate(own):
            if not index or seconds - own[index - 1][0] > GAP_S:
                found.append((actor, [seconds, seconds, set()]))
            found[-1][1][1] = seconds
            if incident != NOBODY:
                found[-1][1][2].add(incident)
    return sorted((actor, start, end, sorted(incidents)) for actor, (start, end, incidents) in found)


@given(ALERTS)
def test_the_book_has_the_same_cases_in_whatever_order_alerts_come(alerts):
    book = CaseBook()
    for actor, minutes, index, _ in alerts:
        book.add(actor, minutes * 60.0, index)
    assert sorted((who, case.start, case.end, sorted(case.incidents)) for who, case in book.cases()) == formed(alerts)


@given(ALERTS)
def test_the_sweep_is_what_forming_all_cases_anew_at_each_threshold_gives(alerts):
    labels = Labels([incident("0", "a", 0, "none"), incident("1", "b", 0, "none")])
    scores = scores_of([line(f"{n}", f"{who}", at, score) for n, (who, at, _, score) in enumerate(alerts)], labels)
    for place, (_, _, index, _) in enumerate(alerts):
        scores.incidents[place] = index
    swept = sweep(scores, [("all",), ("all",)], "all", 1.0, [1.0])
    area = recall = best = 0.0
    within = True
    for threshold in sorted({score for *_, score in alerts}, reverse=True):
        cases = formed([one for one in alerts if one[3] >= threshold])
        true = sum(bool(incidents) for *_, incidents in cases)
        now = len(set(itertools.chain(*(incidents for *_, incidents in cases)))) / 2
        area += (now - recall) * true / len(cases)
        recall = now
        within = within and len(cases) - true <= 1
        best = recall if within else best
    assert swept.areas["all"] == pytest.approx(area)
    assert swept.budgets[0].recall == best


@given(st.floats(0.1, 10), st.floats(-2, 2))
def test_the_area_depends_on_the_order_of_scores_alone(scale, shift):
    moved = [ScoreLine(one.event_id, one.actor, one.time, scale * one.score + shift, one.alert) for one in LINES]
    found, other = evaluate(scores_of(LINES), LABELS, START), evaluate(scores_of(moved), LABELS, START)
    assert other.all == found.all


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b'{"id": "x"}', "line 1: not a label"),
        (b'\n{"nuisance": "trip", "actor": "a", "start": "yesterday", "end": "2026-02-02T00:00:00Z"}', "line 2"),
        (
            b'{"nuisance": "trip", "actor": "a", "start": "2026-02-01T00:00:00Z", "end": "2026-02-02T00:00:00Z"}',
            "no inc",
        ),
        (b'{"id": "x", "kind": "theft", "start": "2026-02-02T00:00:00", "event_ids": ["a"]}', "line 1"),
        (b'{"id": "x", "kind": "theft", "start": "2026-02-02T00:00:00Z", "event_ids": []}', "line 1"),
        (b"\xff", "line 1"),
    ],
    ids=["not an incident", "no time", "nuisances alone", "a time without an offset", "no events", "no text"],
)
def test_a_bad_label_is_told_by_its_line(text, word):
    with pytest.raises(UsageError, match=word):
        read_labels(text.splitlines(), "labels.jsonl")


def test_a_period_without_an_attack_is_told_in_a_sentence():
    start = minute(600)
    with pytest.raises(UsageError, match="no attack"):
        evaluate(scores_of(LINES, LABELS, start), LABELS.since(start), start)


def test_labels_may_leave_out_what_is_not_needed():
    text = b'{"id": "x", "kind": "own words", "start": "2026-02-02T00:00:00Z", "event_ids": ["a"], "note": "ours"}'
    (one,) = read_labels([text, b""], "labels").incidents
    assert (one.kind, one.difficulty) == ("own words", "unrated")


def test_the_page_is_well_formed_and_needs_nothing_else(found):
    scores = scores_of(LINES)
    text = page("<b>Evaluation</b>", [Run("a & b", 2.0, scores, found, []), Run("c", 1.0, scores, found, [])])
    assert "<b>Evaluation</b>" not in text
    assert not {"http", "src=", "<script", "@import", "url("} & set(text.split())
    assert "http" not in text
    body = text.partition("<body>")[2].partition("</body>")[0]
    figures = ET.fromstring(f"<body>{body}</body>").findall(".//svg")
    assert len(figures) == 4


def test_two_configurations_stand_side_by_side(found):
    scores = scores_of(LINES)
    first, *_, last = tables([Run("bold", 2.0, scores, found, []), Run("calm", 3.0, scores, found, [])])
    assert list(first.head) == ["", "bold", "calm"]
    assert ["recall", "0.50", "0.50"] in first.rows
    assert ["threshold", "2", "3"] in first.rows
    assert ["on_call", "1", "1"] in last.rows
