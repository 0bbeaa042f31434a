"""``airlock demo``: the newcomer's first minute."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

__all__ = ["demo"]


def demo(ctx: typer.Context) -> None:
    """Watch real alerts come out of a real Kafka: two quiet weeks, three attacks, a few bad messages, and the proof.

    Everything runs on this machine, on a fresh embedded broker of its own, and ends by itself.

    Example:  airlock demo
    """
    from rich.console import Console

    from streams.demo import run_demo

    if run_demo(ctx.obj, Console(highlight=False), datetime.now(UTC)):
        raise typer.Exit(1)
