"""An evaluation's figures as tables of words, which the console and the page show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.evaluate.detector_cases import Verdict
from streams.evaluate.metrics import Evaluation, Group
from streams.evaluate.run import Run

__all__ = ["Table", "case_table", "tables"]


class Table(NamedTuple):
    """A title, the head, and the rows; the first column is words, the others are figures unless all are ``words``."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False


def tables(runs: Sequence[Run]) -> Iterator[Table]:
    """What there is to tell: all together, by attack, by difficulty, and the false cases by nuisance."""
    first = runs[0].found
    period = f"{first.start:%Y-%m-%d} to {first.end:%Y-%m-%d}"
    yield Table(f"{period}, {first.events:,} events", ["", *_names(runs)], _summary(runs))
    yield from _split("by attack", runs, [one.found.kinds for one in runs])
    yield from _split("by difficulty", runs, [one.found.difficulties for one in runs])
    rows = [[name, *(str(one.found.nuisances.get(name, 0)) for one in runs)] for name in _nuisances(runs)]
    yield Table("false cases by what explains them", ["", *_names(runs)], rows)


def case_table(name: str, verdicts: Sequence[Verdict]) -> Table:
    """What became of each detector case, the failed ones marked, under one configuration."""
    failed = sum(not one.holds for one in verdicts)
    rows = [
        ["ok" if one.holds else "FAILED", one.file, one.case, one.expect, f"{one.score:.2f}", one.leading or "-"]
        for one in verdicts
    ]
    title = f"{name}: {len(verdicts)} cases, {failed} failed"
    return Table(title, ["", "file", "case", "expected", "score", "led by"], rows, words=True)


def _names(runs: Sequence[Run]) -> list[str]:
    return [one.name for one in runs]


def _summary(runs: Sequence[Run]) -> list[list[str]]:
    columns = [list(_figures(one.threshold, one.found)) for one in runs]
    return [[row[0][0], *(figure for _, figure in row)] for row in zip(*columns, strict=True)]


def _figures(threshold: float, found: Evaluation) -> Iterator[tuple[str, str]]:
    whole = found.all
    yield "threshold", f"{threshold:g}"
    yield "incidents caught", f"{whole.caught} of {whole.incidents}"
    yield "recall", f"{whole.recall:.2f}"
    yield "precision", _or_dash(whole.precision)
    yield "cases, false ones", f"{found.cases}, {found.false_cases}"
    yield "false cases a day", f"{found.false_a_day:.2f}"
    yield "minutes to the first alert (median)", _or_dash(whole.delay_min, ".1f")
    yield "PR-AUC", f"{whole.pr_auc:.2f}"
    for budget in found.budgets:
        at = "none" if budget.threshold is None else f"{budget.threshold:.2f}"
        yield f"recall at {budget.false_a_day:g} false a day (threshold)", f"{budget.recall:.2f} ({at})"


def _split(title: str, runs: Sequence[Run], groups: Sequence[Sequence[Group]]) -> Iterator[Table]:
    """A table for each configuration: its columns wouldn't find room beside each other."""
    budgets = [f"@{budget.false_a_day:g}" for budget in runs[0].found.budgets]
    head = ["", "recall", "precision", "minutes", "PR-AUC", *budgets]
    for one, of_run in zip(runs, groups, strict=True):
        of = "" if len(runs) == 1 else f", {one.name}"
        yield Table(f"{title}{of} (@: recall at so many false cases a day)", head, [_row(group) for group in of_run])


def _row(group: Group) -> list[str]:
    return [
        group.name,
        f"{group.caught}/{group.incidents} {group.recall:.2f}",
        _or_dash(group.precision),
        _or_dash(group.delay_min, ".1f"),
        f"{group.pr_auc:.2f}",
        *(f"{recall:.2f}" for recall in group.recall_at),
    ]


def _or_dash(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else format(value, form)


def _nuisances(runs: Sequence[Run]) -> list[str]:
    totals = dict[str, int]()
    for one in runs:
        for name, count in one.found.nuisances.items():
            totals[name] = totals.get(name, 0) + count
    return sorted(totals, key=lambda name: (-totals[name], name))
