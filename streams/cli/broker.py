"""``airlock broker``: the embedded Apache Kafka alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from streams.broker import KAFKA_VERSION, EmbeddedBroker, RunningBroker
from streams.settings import Settings
from streams.text import printable

__all__ = ["app"]

app = typer.Typer(help="Start, stop or inspect the embedded Apache Kafka.", no_args_is_help=True)

_Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder of the broker's records, pid and log (default: data_dir)."),
]


@app.command()
def start(ctx: typer.Context, data: _Data = None) -> None:
    """Start one node of Apache Kafka on 127.0.0.1, or find it running; it keeps running until it's stopped.

    The first start fetches Kafka (44 MB) and takes some seconds more.

    Example:
      airlock broker start --data ./kafka
    """
    console = Console(stderr=True, soft_wrap=True)
    with console.status("looking for the broker") as shown:
        running = _broker(ctx, data).start(lambda step: _show(step, console, shown))
    _tell(running)


@app.command()
def stop(ctx: typer.Context, data: _Data = None) -> None:
    """Stop it gracefully; its records stay.

    Example:
      airlock broker stop --data ./kafka
    """
    typer.echo("stopped" if _broker(ctx, data).stop() else "no embedded broker is running")


@app.command()
def status(
    ctx: typer.Context,
    data: _Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Show whether it runs, and where; exit code 1 where it doesn't.

    Example:
      airlock broker status --json
    """
    running = _broker(ctx, data).status()
    if as_json:
        typer.echo(json.dumps(_as_object(running)))
    elif running is None:
        typer.echo("no embedded broker is running; start one with 'airlock broker start'")
    else:
        _tell(running)
    if running is None:
        raise typer.Exit(1)


def _broker(ctx: typer.Context, data: Path | None) -> EmbeddedBroker:
    settings: Settings = ctx.obj
    return EmbeddedBroker(data or settings.data_dir, settings.broker)


def _show(step: str, console: Console, shown: Status) -> None:
    if console.is_terminal:
        shown.update(step)
    elif ":" not in step:  # a log keeps the steps, not each jar
        console.print(step, markup=False)


def _tell(running: RunningBroker) -> None:
    typer.echo(f"Apache Kafka {KAFKA_VERSION} at {running.bootstrap} (pid {running.pid})")
    typer.echo(f"log: {printable(str(running.log))}")


def _as_object(running: RunningBroker | None) -> dict[str, object]:
    if running is None:
        return {"running": False}
    return {
        "running": True,
        "bootstrap": running.bootstrap,
        "pid": running.pid,
        "data_dir": str(running.data_dir),
        "log": str(running.log),
    }
