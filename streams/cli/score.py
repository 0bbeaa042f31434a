"""``airlock score``: the engine without a broker, from a file or a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from schemas.errors import UsageError
from streams.text import printable

if TYPE_CHECKING:
    from streams.score import Fault, Scored
    from streams.score.baselines import Baselines
    from streams.score.blocks import Block
    from streams.settings import Settings

__all__ = ["score"]

_REPORTED = 20


@dataclass
class _Tally:
    name: str
    events: int = 0
    alerts: int = 0
    bad: int = 0
    started: float = field(default_factory=time.perf_counter)

    def add(self, scored: Scored) -> None:
        self.events += scored.events
        self.alerts += scored.alerts
        for fault in scored.faults:
            self._refuse(fault)

    def _refuse(self, fault: Fault) -> None:
        self.bad += 1
        if self.bad <= _REPORTED:
            print(f"{self.name}, line {fault[0]}: {fault[1]}", file=sys.stderr)
        elif self.bad == _REPORTED + 1:
            print("more lines can't be read; they are counted below", file=sys.stderr)

    def __str__(self) -> str:
        seconds = time.perf_counter() - self.started
        rate = self.events / seconds if seconds else 0.0
        bad = f", {_counted(self.bad, 'bad line')}" if self.bad else ""
        events, alerts = _counted(self.events, "event"), _counted(self.alerts, "alert")
        return f"{events}, {alerts}{bad}; {seconds:.1f} s, {rate:,.0f} events/s"


def score(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="One event a line; - is standard input.")] = "-",
    format: Annotated[
        str, typer.Option("--format", metavar="F", help="auto, native, github, cloudevents, or activity (recorded).")
    ] = "auto",
    baselines: Annotated[
        Path | None,
        typer.Option("--baselines", metavar="FILE", help="The baselines that recorded activity names, one a line."),
    ] = None,
    scores: Annotated[bool, typer.Option("--scores", help="One line an event in place of the alerts.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, max=256, help="How many processes score.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no progress.")] = False,
) -> None:
    """Score events without a broker: alerts as JSON lines on standard output.

    The same engine as the stream's, with baselines refreshed every 24 hours of the events' own time. With --scores,
    one JSON object an event: event_id, actor, time, score, alert, kind (the leading detector, "duplicate" or "none").
    Recorded activity is scored with what is written in it; with --baselines, by exactly the baselines of the stream
    that recorded it. Any number of --jobs gives the same output. Lines that are no event are reported on standard
    error; then the exit code is 1.

    Examples:
      airlock simulate --days 14 | airlock score
      airlock score audit.jsonl --format github --scores --jobs 4
      airlock score activity.jsonl --format activity --baselines baselines.jsonl
    """
    from streams.score import ACTIVITY, Job, rarely_collect, score_alone, score_together

    settings: Settings = ctx.obj
    _check_format(format, ACTIVITY)
    known = _baselines(baselines, recorded=format == ACTIVITY)
    name = "standard input" if file == "-" else file
    tally = _Tally(name)
    job = Job(settings, printable(Path(file).name), format, scores)
    rarely_collect()
    with _opened(file) as stream, _shown(stream, quiet=quiet) as progress:
        given = _blocks(stream, name, progress)
        run = score_alone(job, given, known) if jobs == 1 else score_together(job, given, known, jobs)
        with closing(run):
            _write(run, tally)
    if known.strangers and not quiet:
        print(
            f"{known.strangers:,} records name baselines that this file doesn't give; its own stood in", file=sys.stderr
        )
    if not quiet:
        print(tally, file=sys.stderr)
    if tally.bad:
        raise typer.Exit(1)


def _write(run: Iterable[Scored], tally: _Tally) -> None:
    out = sys.stdout.buffer
    for scored in run:
        tally.add(scored)
        if scored.output:
            out.write(scored.output)
            out.flush()


def _check_format(format: str, activity: str) -> None:
    from streams.formats import check_format

    if format == activity:
        return
    try:
        check_format(format)
    except UsageError as error:
        raise UsageError(f"{error}, {activity}") from None


def _baselines(file: Path | None, *, recorded: bool) -> Baselines:
    from streams.score import GrowingBaselines, RebuiltBaselines, RecordedBaselines

    if file is None:
        return RebuiltBaselines() if recorded else GrowingBaselines()
    if not recorded:
        raise UsageError("--baselines goes with --format activity: raw events name no baseline")
    return RecordedBaselines.read(file.read_bytes().splitlines(), str(file))


def _blocks(stream: BufferedReader, name: str, progress: Callable[[int], None]) -> Iterator[Block]:
    """The input in blocks. A whole file in another layout is one mistake of a person's, not a thousand bad lines."""
    from streams.score.blocks import blocks

    for block in blocks(stream, progress):
        if block.first == 1:
            first = block.data.partition(b"\n")[0].strip()
            if first.startswith(b"["):
                raise UsageError(f"{name} is one JSON array: make it one event a line, e.g. with  jq -c '.[]'")
            if first == b"{":
                raise UsageError(f"{name} spreads an event over several lines: make it one a line, e.g. with  jq -c .")
        yield block


@contextmanager
def _opened(file: str) -> Iterator[BufferedReader]:
    if file == "-":
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    with Path(file).open("rb") as stream:
        yield stream


@contextmanager
def _shown(stream: BufferedReader, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    from streams.cli.bars import bytes_bar

    seen = not quiet and sys.stderr.isatty() and not sys.stdout.isatty()
    with bytes_bar("scoring", _size(stream) if seen else None, shown=seen) as progress:
        yield progress


def _size(stream: BufferedReader) -> int | None:
    try:
        return Path(stream.name).stat().st_size if isinstance(stream.name, str) and stream.name != "<stdin>" else None
    except OSError:
        return None


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
