"""``airlock topics``: the topics of the table on the cluster."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(help="Create, check or grow the topics on any cluster.", no_args_is_help=True)


@app.command()
def apply(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a topic.")] = False,
) -> None:
    """Create the topics that are missing and set the others' retention; never deletes, never shrinks.

    Where topics.principals says who plays which role, the cluster's ACLs are created too.
    Exits with 1 where a topic has another number of partitions than the settings ask for.

    Example:  airlock --bootstrap kafka:9092 topics apply
    """
    from streams.acls import apply_acls
    from streams.topics import apply_topics

    changes = apply_topics(ctx.obj)
    for change in changes:
        if as_json:
            typer.echo(json.dumps(dataclasses.asdict(change)))
        else:
            detail = f"  ({change.detail})" if change.detail else ""
            typer.echo(f"{change.action:<10} {change.topic:<30} {change.partitions:>3} partitions{detail}")
    acls = apply_acls(ctx.obj)
    if acls and not as_json:
        typer.echo(f"{acls} ACLs in place")
    if any(change.action == "differs" for change in changes):
        raise typer.Exit(1)


@app.command()
def grow(
    ctx: typer.Context,
    partitions: Annotated[int, typer.Option(help="How many there shall be: a multiple of what there is.", min=1)],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Split the partitions of the topics, and move the profiles to where their subjects' activity will be.

    Stop all workers before; publishers may go on. What waits to be scored is scored first. If it is interrupted, run
    it again. Set topics.partitions to the new number afterwards.

    Example:  airlock --bootstrap kafka:9092 topics grow --partitions 8
    """
    from streams.repartition import grow as split

    growth = split(ctx.obj, partitions, lambda line: typer.echo(line, err=True))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(growth)))
    else:
        typer.echo(f"{growth.partitions} partitions; {growth.moved:,} profiles moved, {growth.scored:,} records scored")
        typer.echo(
            f"Set topics.partitions to {growth.partitions} (AIRLOCK_TOPICS__PARTITIONS), then start the workers."
        )
