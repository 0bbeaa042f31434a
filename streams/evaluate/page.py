"""The evaluation as one HTML file that needs nothing else: the tables, and three plots.

Precision against recall as the threshold falls; how often benign events exceed a score, against what a likelihood ratio
claims; and the highest scores over time, by whether they were an attacker's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from heapq import nlargest
from html import escape

from streams.evaluate.run import Run
from streams.evaluate.scores import NOBODY, Scores
from streams.evaluate.svg import Axis, Marks, plot
from streams.evaluate.tables import Table, tables

__all__ = ["page"]

_MOST_DOTS = 3_000  # benign events in the plot over time: enough for its shape, few enough for a browser
_BENIGN, _ATTACK, _LIMIT = 2, 3, 4  # colours after those of two configurations

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; } caption { text-align: left; font-weight: 600; padding: .6rem 0 .2rem; }
th, td { padding: .15rem .8rem .15rem 0; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 0; } svg { width: 100%; height: auto; } figcaption span { margin-right: 1.2rem; }
svg text { font-size: 12px; fill: currentColor; } .middle { text-anchor: middle; } .end { text-anchor: end; }
.grid { stroke: #8883; } .line, .dashes { fill: none; stroke: currentColor; stroke-width: 2; }
.dashes { stroke-dasharray: 5 4; stroke-width: 1.5; }
.dots { fill: none; stroke: currentColor; stroke-width: 4; stroke-linecap: round; opacity: .75; }
.c0 { color: #1f6fd0; } .c1 { color: #d0701f; } .c2 { color: #7d8590; } .c3 { color: #c62839; } .c4 { color: #2f9e58; }
"""


def page(title: str, runs: Sequence[Run]) -> str:
    """The whole page; ``runs`` are one configuration or two."""
    found = list(tables(runs))
    body = [
        f"<h1>{escape(title)}</h1>",
        _html(found[0]),
        "<h2>Precision and recall</h2><p>Of the cases, as the threshold falls. Up and to the right is better.</p>",
        _curves(runs),
        "<h2>Calibration</h2><p>The share of benign events that score so much or more. A score is the log10 of a "
        "likelihood ratio, which claims to lie on the dashed line or below it.</p>",
        _calibration(runs),
        "<h2>Scores over time</h2><p>The highest benign scores, and the highest of each incident.</p>",
        *(f"<h3>{escape(one.name)}</h3>{_over_time(one)}" for one in runs),
        "<h2>By attack, difficulty and nuisance</h2>",
        *(_html(table) for table in found[1:]),
        "<p>A case is one actor's alerts, each within 60 minutes of the one before. All definitions are in "
        "docs/evaluation.md.</p>",
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body>\n{chr(10).join(body)}\n</body></html>\n"
    )


def _html(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return f"<table><caption>{escape(table.title)}</caption><tr>{head}</tr>{rows}</table>"


def _curves(runs: Sequence[Run]) -> str:
    ticks = [(tenth / 10, f"{tenth / 10:.1f}") for tenth in range(0, 11, 2)]
    marks = [
        Marks(one.name, [(point.recall, point.precision) for point in one.found.curve], number)
        for number, one in enumerate(runs)
    ]
    for number, one in enumerate(runs):
        now = one.found.all
        here = [] if now.precision is None else [(now.recall, now.precision)]
        marks.append(Marks(f"threshold {one.threshold:g}", here, number, "dots"))
    return plot("Precision against recall", Axis("recall", 0, 1, ticks), Axis("precision", 0, 1, ticks), marks)


def _calibration(runs: Sequence[Run]) -> str:
    highest = max((row.score for one in runs for row in one.found.calibration), default=1.0)
    marks = [
        Marks(one.name, [(row.score, row.share) for row in one.found.calibration], number)
        for number, one in enumerate(runs)
    ]
    marks.append(Marks("claimed", [(0.0, 1.0), (6.0, 1e-6)], _BENIGN, "dashes"))
    across = Axis("score", 0, 6, [(float(mark), str(mark)) for mark in range(7)])
    if highest > 6:
        across = Axis("score", 0, highest, [(float(mark), str(mark)) for mark in range(0, int(highest) + 1, 2)])
    down = Axis("share of benign events", 1e-6, 1, [(10.0**-mark, f"1e-{mark}") for mark in range(7)], log=True)
    return plot("How often benign events exceed a score", across, down, marks)


def _over_time(one: Run) -> str:
    scores, found = one.scores, one.found
    benign = nlargest(_MOST_DOTS, _benign(scores))
    attacks = _highest(scores)
    top = max([*(score for score, _ in benign[:1]), *(score for score, _ in attacks), one.threshold, 1.0])
    low = min([*(score for score, _ in benign[-1:]), *(score for score, _ in attacks), 0.0])
    start, end = found.start.timestamp(), found.end.timestamp()
    step = max(round(found.days / 6), 1) * 86_400
    ticks = [(at, f"{datetime.fromtimestamp(at, UTC):%m-%d}") for at in range(int(start), int(end) + 1, step)]
    every = max(1, int(top - low) // 8)
    down = Axis("score", low, top, [(float(mark), str(mark)) for mark in range(int(low), int(top) + 1, every)])
    marks = [
        Marks("benign", [(seconds, score) for score, seconds in benign], _BENIGN, "dots"),
        Marks("highest of an incident", [(seconds, score) for score, seconds in attacks], _ATTACK, "dots"),
        Marks(f"threshold {one.threshold:g}", [(start, one.threshold), (end, one.threshold)], _LIMIT, "dashes"),
    ]
    return plot("Scores over time", Axis("day (UTC)", start, end, ticks), down, marks)


def _benign(scores: Scores) -> Iterator[tuple[float, float]]:
    rows = zip(scores.scores, scores.seconds, scores.incidents, strict=True)
    return ((score, seconds) for score, seconds, incident in rows if incident == NOBODY)


def _highest(scores: Scores) -> list[tuple[float, float]]:
    """The highest score of each incident, and when it was."""
    highest = dict[int, tuple[float, float]]()
    for score, seconds, incident in zip(scores.scores, scores.seconds, scores.incidents, strict=True):
        if incident != NOBODY:
            highest[incident] = max((score, seconds), highest.get(incident, (score, seconds)))
    return list(highest.values())
