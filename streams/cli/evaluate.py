"""``airlock evaluate``: measures detection on labelled events, or runs detector cases."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from streams.evaluate.run import Run, Task
    from streams.evaluate.tables import Table
    from streams.settings import Settings

__all__ = ["evaluate"]

_MOST_JOBS = 4  # beyond it the parent, which decodes what comes back, is what takes the time


def evaluate(
    ctx: typer.Context,
    events: Annotated[Path | None, typer.Argument(metavar="EVENTS", help="The events, one a line.")] = None,
    labels: Annotated[
        Path | None, typer.Argument(metavar="LABELS", help="Attacks and oddities, as simulate --labels writes them.")
    ] = None,
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", metavar="FILE", help="Settings to evaluate; two are shown side by side."),
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Where the period begins.  [day of the first attack]")
    ] = None,
    format: Annotated[str, typer.Option("--format", metavar="F", help="As of airlock score.")] = "auto",
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, max=256, help="How many processes score.  [up to 4]")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with plots.")] = None,
    cases: Annotated[
        Path | None, typer.Option("--cases", metavar="PATH", help="Run these detector cases (a file or a folder).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Measure detection: recall, precision, false cases a day, delay, and the area under precision and recall.

    Scores the events as airlock score does and compares with the labels, by attack, by difficulty, and by what explains
    the false cases. A case is one actor's alerts, each within 60 minutes of the one before. Tune on attacks of your
    own: labels are one JSON object a line, {"id", "kind", "start", "event_ids", "difficulty"}, and {"nuisance",
    "actor", "start", "end"} for what is innocent but strange. With --cases, detector cases are played instead; then
    the exit code is 1 where one fails.

    Examples:
      airlock simulate --days 30 --labels labels.jsonl > events.jsonl
      airlock evaluate events.jsonl labels.jsonl --html report.html
      airlock evaluate events.jsonl labels.jsonl --config airlock.toml --config bolder.toml
      airlock evaluate --cases my-cases/
    """
    settings = _settings(ctx.obj, config or [])
    if cases is not None:
        if events is not None or html is not None:
            raise UsageError("--cases goes with --config and --json alone: cases need no events and have no plots")
        _play(cases, settings, as_json=as_json)
        return
    if events is None or labels is None:
        raise UsageError("name a file of EVENTS and one of LABELS, or --cases")
    task = _task(events, labels, since, format, jobs or min(_MOST_JOBS, os.cpu_count() or 1))
    if html is not None:
        html.write_bytes(b"")  # a file that can't be written is told of before a minute's work, not after it
    runs = [_run(task, name, one) for name, one in settings]
    if html is not None:
        from streams.evaluate.page import page

        html.write_text(page(f"Evaluation of {events.name}", runs), encoding="utf-8")
    _tell(runs, as_json=as_json)


def _settings(current: Settings, files: Sequence[Path]) -> list[tuple[str, Settings]]:
    from streams.config import load_settings
    from streams.text import printable

    if len(files) > 2:
        raise UsageError("--config may be given twice at most: two configurations are shown side by side")
    if not files:
        return [("current settings", current)]
    whole = len({file.stem for file in files}) < len(files)
    return [(printable(str(file) if whole else file.stem), load_settings(file).settings) for file in files]


def _task(events: Path, labels: Path, since: str | None, format: str, jobs: int) -> Task:
    from streams.evaluate.labels import read_labels
    from streams.evaluate.metrics import period_start
    from streams.evaluate.run import Task
    from streams.formats import check_format
    from streams.score import ACTIVITY

    if format != ACTIVITY:
        check_format(format)
    known = read_labels(labels.read_bytes().splitlines(), str(labels))
    return Task(events, format, known, period_start(known) if since is None else _time(since), jobs)


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--from {text!r} is no time: write it as in 2026-02-15 or 2026-02-15T08:00Z") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _run(task: Task, name: str, settings: Settings) -> Run:
    from streams.cli.bars import bytes_bar
    from streams.evaluate.run import run

    with bytes_bar(f"scoring, {name}", task.events.stat().st_size, shown=sys.stderr.isatty()) as progress:
        made = run(task, name, settings, progress)
    if made.faults:
        number, reason = made.faults[0]
        print(
            f"{len(made.faults):,} lines can't be read and count for nothing; line {number}: {reason}", file=sys.stderr
        )
    return made


def _tell(runs: Sequence[Run], *, as_json: bool) -> None:
    from streams.evaluate.tables import tables

    if not as_json:
        _print(tables(runs))
        return
    import msgspec

    found = [
        {"name": one.name, "threshold": one.threshold, "bad_lines": len(one.faults), **msgspec.to_builtins(one.found)}
        for one in runs
    ]
    typer.echo(msgspec.json.format(msgspec.json.encode({"configurations": found})))


def _print(found: Iterable[Table]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as Shown
    from rich.text import Text

    from streams.text import printable

    console = Console()
    for table in found:
        console.print(Text(table.title, style="bold"))
        shown = Shown(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
        for number, name in enumerate(table.head):
            shown.add_column(Text(name), justify="right" if number and not table.words else "left")
        for row in table.rows:
            shown.add_row(*(Text(printable(cell)) for cell in row))
        console.print(shown)
        console.print()


def _play(path: Path, settings: Sequence[tuple[str, Settings]], *, as_json: bool) -> None:
    from streams.evaluate.detector_cases import judge, read_cases
    from streams.evaluate.tables import case_table

    cases = read_cases(path)
    played = [(name, [judge(case, one.detectors) for case in cases]) for name, one in settings]
    if as_json:
        import msgspec

        found = [{"name": name, "cases": [one._asdict() for one in verdicts]} for name, verdicts in played]
        typer.echo(msgspec.json.format(msgspec.json.encode({"configurations": found})))
    else:
        _print([case_table(name, verdicts) for name, verdicts in played])
    if not all(one.holds for _, verdicts in played for one in verdicts):
        raise typer.Exit(1)
