"""``airlock score``: the engine without a broker, from a file or a pipe."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from schemas.errors import InputError, UsageError
from streams.text import printable

if TYPE_CHECKING:
    from streams.score import ActivityScorer, RawScorer, Scored
    from streams.settings import Settings

__all__ = ["score"]

_LONGEST_LINE = 16 * 1024 * 1024  # what the topics take at most; a longer line is refused without being held
_REPORTED = 20
_ACTIVITY = "activity"


@dataclass
class _Tally:
    events: int = 0
    alerts: int = 0
    bad: int = 0
    started: float = field(default_factory=time.perf_counter)

    def refuse(self, where: str, number: int, error: InputError) -> None:
        self.bad += 1
        if self.bad <= _REPORTED:
            print(f"{where}, line {number}: {error}", file=sys.stderr)
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
    scores: Annotated[bool, typer.Option("--scores", help="One line an event in place of the alerts.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary, no progress.")] = False,
) -> None:
    """Score events without a broker: alerts as JSON lines on standard output.

    The same engine as the stream's, with baselines refreshed every 24 hours of the events' own time. With --scores,
    one JSON object an event: event_id, actor, time, score, alert, kind (the leading detector, "duplicate" or "none").
    Lines that are no event are reported on standard error; then the exit code is 1.

    Examples:
      airlock simulate --days 14 | airlock score
      airlock score audit.jsonl --format github --scores
    """
    settings: Settings = ctx.obj
    name = "standard input" if file == "-" else file
    tally = _Tally()
    write = _score_line if scores else _alert_lines
    with _opened(file) as stream, _scorer(settings, file, format) as scorer, _shown(stream, quiet=quiet) as progress:
        _run(_lines(stream, progress), scorer, tally, name, write)
        strangers = getattr(scorer, "strangers", 0)
    if strangers and not quiet:
        print(f"{strangers:,} records name baselines that this file doesn't give; its own stood in", file=sys.stderr)
    if not quiet:
        print(tally, file=sys.stderr)
    if tally.bad:
        raise typer.Exit(1)


def _run(
    lines: Iterator[tuple[int, bytes]],
    scorer: RawScorer | ActivityScorer,
    tally: _Tally,
    name: str,
    write: Callable[[Scored], bytes],
) -> None:
    out = sys.stdout.buffer
    for number, raw in lines:
        if number == 1:
            _refuse_layout(name, raw)
        try:
            if len(raw) > _LONGEST_LINE:
                raise InputError(f"is longer than {_LONGEST_LINE:,} bytes")
            for scored in scorer.score(number, raw):
                _count(scored, tally)
                out.write(write(scored))
        except InputError as error:
            tally.refuse(name, number, error)
    for scored in scorer.finish():
        _count(scored, tally)
        out.write(write(scored))
    out.flush()


def _refuse_layout(name: str, first: bytes) -> None:
    """A whole file in another layout is one mistake of a person's, not a thousand bad lines."""
    if first.startswith(b"["):
        raise UsageError(f"{name} is one JSON array: make it one event a line, e.g. with  jq -c '.[]'")
    if first.strip() == b"{":
        raise UsageError(f"{name} spreads an event over several lines: make it one a line, e.g. with  jq -c .")


def _count(scored: Scored, tally: _Tally) -> None:
    tally.events += 1
    tally.alerts += len(scored.alerts)


def _alert_lines(scored: Scored) -> bytes:
    return b"".join(alert.to_json() + b"\n" for alert in scored.alerts)


def _score_line(scored: Scored) -> bytes:
    event, leading = scored.event, scored.leading
    line = {
        "event_id": event.id,
        "actor": event.actor,
        "time": event.time.isoformat().replace("+00:00", "Z"),
        "score": round(leading.score, 6),
        "alert": bool(scored.alerts),
        "kind": "duplicate" if leading.kind == "duplicate" else leading.leading or "none",
    }
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


@contextmanager
def _scorer(settings: Settings, file: str, format: str) -> Iterator[RawScorer | ActivityScorer]:
    from streams.formats import check_format
    from streams.geo import GeoDatabase
    from streams.normalise import Normaliser
    from streams.score import ActivityScorer, RawScorer

    if format == _ACTIVITY:
        yield ActivityScorer(settings.detectors)
        return
    try:
        check_format(format)
    except UsageError as error:
        raise UsageError(f"{error}, {_ACTIVITY}") from None
    geo = GeoDatabase.open(settings.geo)
    try:
        yield RawScorer(Normaliser(settings, geo), settings.detectors, printable(Path(file).name), format)
    finally:
        geo.close()


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


def _lines(stream: BinaryIO, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines without their ends; of one that is too long, as much as shows that it is."""
    number = 0
    while line := stream.readline(_LONGEST_LINE + 2):
        number += 1
        progress(len(line))
        rest = line
        while not rest.endswith(b"\n") and (rest := stream.readline(_LONGEST_LINE)):
            progress(len(rest))
        if stripped := line.rstrip(b"\r\n"):
            yield number, stripped


@contextmanager
def _shown(stream: BinaryIO, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if quiet or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("scoring"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("scoring", total=_size(stream))
        yield lambda size: bar.advance(task, size)


def _size(stream: BinaryIO) -> int | None:
    try:
        return Path(stream.name).stat().st_size if isinstance(stream.name, str) and stream.name != "<stdin>" else None
    except OSError:
        return None


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
