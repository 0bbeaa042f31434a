"""``airlock config``: the settings in force and where each came from."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from streams.config import Loaded
from streams.text import printable

__all__ = ["app"]

app = typer.Typer(help="Show the settings in force and where each came from.", no_args_is_help=True)

_ORIGINS = "airlock.origins"


@app.callback()
def _config() -> None:
    """Show the settings in force and where each came from."""


@app.command()
def show(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Show every setting, its value (secrets masked) and where it came from.

    Later sources win: defaults, airlock.toml, AIRLOCK_... variables, flags.

    Example:
      AIRLOCK_KAFKA__BOOTSTRAP=kafka:9092 airlock config show
    """
    loaded: Loaded = ctx.meta[_ORIGINS]
    if as_json:
        typer.echo(
            json.dumps({name: {"value": value, "from": origin} for name, value, origin in loaded.rows()}, indent=2)
        )
        return
    rows = [(printable(name), _spelt(value), printable(origin)) for name, value, origin in loaded.rows()]
    rows.insert(0, ("setting", "value", "from"))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    console = Console()
    for name, value, origin in rows:
        style = "dim" if origin == "default" else "bold" if origin == "from" else ""
        line = f"{name:<{widths[0]}}  {value:<{widths[1]}}  {origin}"
        console.print(Text(line, style=style), soft_wrap=True)  # a value is for copying: it isn't cut


def _spelt(value: object) -> str:
    return "-" if value is None else printable(value if isinstance(value, str) else json.dumps(value))
