"""The table of commands: each is imported when it is called, so that ``airlock --help`` costs nothing of Kafka."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["COMMANDS", "LazyGroup", "command"]

COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Start": {
        "demo": "Watch real alerts come out of a real Kafka, with an explanation.",
        "up": "Run the whole stack: broker, topics, workers.",
        "simulate": "Write a seeded, labelled, realistic event stream as JSON lines.",
    },
    "Events and alerts": {
        "publish": "Send events, one JSON a line.",
        "alerts": "Show the alerts, or follow them as they come.",
        "score": "Score events without a broker: alerts as JSON lines.",
        "evaluate": "Measure detection on labelled events: what is caught, and at what cost.",
        "dead-letters": "Show what could not be read, or send it again.",
    },
    "Operation": {
        "worker": "Run one worker; start as many as there are partitions.",
        "broker": "Start, stop or inspect the embedded Apache Kafka.",
        "topics": "Create or check the topics on any cluster.",
        "config": "Show the settings in force and where each came from.",
    },
}
"""The commands and what they are for, by section; ``streams/cli/<name>.py`` has the command itself."""

_SUMMARIES = {name: summary for section in COMMANDS.values() for name, summary in section.items()}


class LazyGroup(TyperGroup):
    """A group that knows its commands by name and imports them one at a time."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - whatever typer passes on
        super().__init__(**attributes)
        self.commands = dict.fromkeys(_SUMMARIES)  # type: ignore[assignment]  # the names that a misspelt one may mean

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer doesn't export click's
        """The names, in the table's order."""
        return list(_SUMMARIES)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401 - as above
        """The command of that name, or none."""
        return command(cmd_name) if cmd_name in _SUMMARIES else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """The table itself, without an import."""
        width = max(map(len, _SUMMARIES))
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in section.items()])


def command(name: str) -> Any:  # noqa: ANN401 - typer doesn't export click's Command
    """The click command of that name: the one thing that its module exports, a function or a ``typer.Typer``."""
    module = import_module(f"streams.cli.{name.replace('-', '_')}")
    exported = getattr(module, module.__all__[0])
    outer = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
    outer.callback()(lambda: None)  # keeps a single command from becoming the whole
    if isinstance(exported, typer.Typer):
        exported.rich_markup_mode = None
        outer.add_typer(exported, name=name)
    else:
        outer.command(name)(exported)
    built = cast("TyperGroup", get_command(outer)).commands[name]
    _keep_examples(built)
    return built


def _keep_examples(built: Any) -> None:  # noqa: ANN401 - as above
    """Marks the examples in the help as click wants it, that they aren't wrapped as prose."""
    for part in ("help", "epilog"):
        text = getattr(built, part)
        if text and "\b" not in text:
            setattr(built, part, re.sub(r"(?m)^(Examples?:)", "\b\n\\1", text))
    for below in getattr(built, "commands", {}).values():
        _keep_examples(below)
