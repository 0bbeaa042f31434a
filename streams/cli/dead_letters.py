"""``airlock dead-letters``: what could not be used and why, and sending it again once the reason is gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from streams.dead_letters import DeadLetter

__all__ = ["app"]

app = typer.Typer(help="Show what could not be read, or send it again.", no_args_is_help=True)


@app.command("list")
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="The last N; 0: all.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a dead letter.")] = False,
) -> None:
    """Show the last dead letters: where each came from, which step refused it, and why.

    Examples:
      airlock dead-letters list
      airlock dead-letters list --limit 0 --json
    """
    from streams.redelivery import DeadLetterBox  # Kafka's client is slow to import, and --help needs none

    with DeadLetterBox(ctx.obj) as box:
        letters = box.letters(limit or None)
    if as_json:
        for letter, again in letters:
            typer.echo(json.dumps(_as_dict(letter, again)))
    elif letters:
        _show(letters)
    else:
        typer.echo("There are no dead letters.")


def _as_dict(letter: DeadLetter, again: bool) -> dict[str, object]:
    return {
        "id": letter.id,
        "time": letter.time.isoformat().replace("+00:00", "Z"),
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "stage": letter.stage,
        "error": letter.error,
        "reason": letter.reason,
        "key": None if letter.key is None else letter.key.decode(errors="replace"),
        "size": letter.size,
        "retried": again,
    }


def _show(letters: Sequence[tuple[DeadLetter, bool]]) -> None:
    """Two lines a letter, which a narrow terminal shows better than a table of six columns."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from streams.text import printable

    console = Console(highlight=False)
    width = max(len(letter.id) for letter, _ in letters)
    for letter, again in letters:
        facts = (
            f"{letter.time:%Y-%m-%d %H:%M:%S}Z  {printable(letter.coordinate or 'unknown', 80)}  {letter.size:,} bytes"
        )
        console.print(
            Text.assemble((letter.id.rjust(width), "bold"), f"  {facts}"), Text("sent again" if again else "")
        )
        console.print(Padding(Text(printable(f"{letter.stage}: {letter.reason}", 500)), (0, 0, 0, width + 2)))


@app.command()
def retry(
    ctx: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As 'list' shows them.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that weren't sent again yet.")] = False,
) -> None:
    """Send dead letters to the topics they came from, with their own bytes, key and headers.

    Each is sent once only, however often this runs. What is still no valid event becomes a new dead letter.

    Examples:
      airlock dead-letters retry 0:17 0:23
      airlock dead-letters retry --all
    """
    from streams.redelivery import DeadLetterBox  # Kafka's client is slow to import, and --help needs none

    if bool(ids) == everything:
        raise UsageError("say which dead letters to send again: ids from 'airlock dead-letters list', or --all")
    with DeadLetterBox(ctx.obj) as box:
        result = box.retry(None if everything else ids)
    typer.echo(f"{result.sent:,} dead letter{'' if result.sent == 1 else 's'} sent again")
    if result.before and not everything:
        typer.echo(f"sent before, and left alone: {', '.join(result.before)}", err=True)
    for letter_id, reason in result.refused:
        typer.echo(f"{letter_id} can't be sent: {reason}", err=True)
    if result.refused:
        raise typer.Exit(1)
