"""``airlock up``: the whole stack, kept running."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

__all__ = ["up"]


def up(
    ctx: typer.Context,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 1,
) -> None:
    """Run the whole stack until Ctrl-C: the embedded broker (where no cluster is configured), topics and workers.

    What has been published stays: the next 'airlock up' goes on from there.

    Example:  airlock up --workers 2
    """
    from streams.stack import running_stack

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with running_stack(ctx.obj, workers, _report) as stack:
        _report(f"running on Kafka at {stack.bootstrap}; Ctrl-C stops it")
        _report("publish:  airlock publish events.jsonl      watch:  airlock alerts --follow")
        while not stop.wait(1.0):
            stack.workers.check()
        _report("stopping")


def _report(line: str) -> None:
    typer.echo(f"airlock: {line}", err=True)
