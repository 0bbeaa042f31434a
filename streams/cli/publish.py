"""``airlock publish``: events from a file or a pipe to Kafka, one a line, byte for byte."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from schemas.errors import UsageError
from streams.settings import Settings

__all__ = ["publish"]

_MAX_LINE = 16 * 1024 * 1024 - 64 * 1024  # a record of 16 MiB with its key and headers is what the topics take
_CATCH_UP_S = 0.05  # a late wake-up is made good, a broker that was away isn't: that would be a spike of our making


def publish(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines; - is standard input.")] = "-",
    format: Annotated[
        str, typer.Option("--format", metavar="F", help="native, github or cloudevents; auto recognises them.")
    ] = "auto",
    topic: Annotated[str | None, typer.Option(metavar="T", help="Topic to send to.  [airlock.events]")] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, metavar="N", help="Send N events a second, not more.")] = None,
) -> None:
    """Send events, one JSON a line; the bytes of a line stay as they are.

    Lines that are no valid events are sent, too, and end up in the dead letters: they are evidence.

    Examples:
      airlock publish events.jsonl
      airlock simulate --days 1 | airlock publish --rate 200
      airlock publish --format github audit-log.jsonl
    """
    from streams.publisher import Publisher  # Kafka's client is slow to import, and --help needs none

    settings: Settings = ctx.obj
    target = topic or settings.topic("events")
    with _opened(file) as source, Publisher(settings, target, format) as publisher:
        for line in _shown(_paced(_lines(source, file), rate), quiet=source.isatty()):
            publisher.send(line)
    typer.echo(f"{publisher.sent:,} event{'' if publisher.sent == 1 else 's'} sent to {target}")


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        if sys.stdin.isatty():
            typer.echo("Type or paste events, one JSON a line; Ctrl-D ends.", err=True)
        yield sys.stdin.buffer
        return
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - only opening may fail here; it is closed below
    except OSError as error:
        raise UsageError(f"{file}: can't be read ({error.strerror})") from None
    with source:
        yield source


def _lines(source: BinaryIO, name: str) -> Iterator[bytes]:
    """The lines that aren't blank, without their ends."""
    number = 0
    while line := source.readline(_MAX_LINE + 2):
        number += 1
        line = line.removesuffix(b"\n").removesuffix(b"\r")
        if len(line) > _MAX_LINE:
            raise UsageError(f"{name}: line {number:,} is longer than {_MAX_LINE:,} bytes: is it one event a line?")
        if line.strip():
            yield line


def _paced(lines: Iterator[bytes], rate: float | None) -> Iterator[bytes]:
    if rate is None:
        yield from lines
        return
    due = time.monotonic()
    for line in lines:
        time.sleep(max(0.0, due - time.monotonic()))
        yield line
        due = max(due + 1 / rate, time.monotonic() - _CATCH_UP_S)


def _shown(lines: Iterator[bytes], *, quiet: bool) -> Iterator[bytes]:
    """The same lines, counted on a terminal's standard error."""
    if quiet or not sys.stderr.isatty():
        yield from lines
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("Sending: {task.completed:,} events"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        for line in lines:
            yield line
            progress.advance(task)
