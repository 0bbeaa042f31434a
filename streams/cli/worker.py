"""``airlock worker``: one worker process."""

from __future__ import annotations

import typer

__all__ = ["worker"]


def worker(ctx: typer.Context) -> None:
    """Run one worker: it normalises and scores its share of the partitions until it is stopped.

    Start as many as there are partitions (topics.partitions); they share the work by themselves. A supervisor
    (compose, systemd, 'airlock up') should start it again when it ends: it goes on from its last commit.

    Example:  airlock --bootstrap kafka:9092 worker
    """
    from streams.worker import run_worker

    run_worker(ctx.obj)
