"""The ``airlock`` command: the settings, the commands, and the one place where an error becomes a sentence.

Exit codes: 0 good, 1 found something wrong, 2 usage or input, 70 a bug in Airlock (``sysexits.h``), 130 interrupted,
141 the reader of the output went away (as a process that SIGPIPE ended).
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from schemas.errors import AirlockError, UsageError
from streams.cli.group import LazyGroup

__all__ = ["ORIGINS", "main", "root"]

ORIGINS = "airlock.origins"
"""Key of the context's ``meta`` under which the root leaves the ``streams.config.Loaded``."""

_HELP = "airlock.help"


class _Root(LazyGroup):
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer doesn't export click's Context
        ctx.meta[_HELP] = "--help" in args
        return super().parse_args(ctx, args)


_app = typer.Typer(
    cls=_Root,
    name="airlock",
    help="The watchdog of the way to production: scores CI/CD access, explains its alerts, keeps the evidence.",
    epilog="Start here:  airlock demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version  # 30 ms that only --version needs

        try:
            typer.echo(f"airlock {version('airlock-pipeline')}")
        except PackageNotFoundError:
            raise UsageError("this copy isn't installed, so it has no version: run 'make install'") from None
        raise typer.Exit


@_app.callback()
def _root(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Configuration file.  [airlock.toml]")] = None,
    bootstrap: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Kafka cluster to use.  [the embedded broker]")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the embedded broker and of local state.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log in detail.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if ctx.meta[_HELP]:  # help is there even where the configuration is broken
        return
    from streams.config import load_settings  # 0.4 s that --help doesn't pay
    from streams.logs import configure_logs

    flags: dict[str, tuple[str, object]] = {}
    if bootstrap is not None:
        flags["kafka.bootstrap"] = ("--bootstrap", bootstrap)
    if data is not None:
        flags["data_dir"] = ("--data", data)
    if verbose:
        flags["log.level"] = ("--verbose", "debug")
    loaded = load_settings(config, flags)
    configure_logs(loaded.settings.log)
    ctx.obj = loaded.settings
    ctx.meta[ORIGINS] = loaded


def root() -> Any:  # noqa: ANN401 - typer doesn't export click's Group
    """The click group behind ``airlock``, for documentation and tests."""
    return get_command(_app)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs ``airlock`` with these arguments (without them: the process's own) and returns its exit code."""
    _open_closed_streams()
    try:
        code = root().main(args=argv, prog_name="airlock", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # typer turns it into an exit of its own
            return _output_gone()
        return stop.code if isinstance(stop.code, int) else 2 if stop.code else 0
    except BrokenPipeError:
        return _output_gone()
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def _open_closed_streams() -> None:
    """Some supervisors start processes without standard streams: the first sockets would take their places."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def _output_gone() -> int:
    # What is still buffered has nowhere to go; without this the interpreter complains about it on its way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def _failed(error: Exception) -> int:
    sentence = _sentence(error)
    if sentence is None or "AIRLOCK_DEBUG" in os.environ:
        traceback.print_exception(error)
    print(sentence or "airlock: this is a bug in Airlock; please report it with the lines above", file=sys.stderr)
    return 70 if sentence is None else 2


def _sentence(error: Exception) -> str | None:
    """What to tell a person, or nothing where the error is unforeseen."""
    if isinstance(error, AirlockError):
        return f"airlock: {_one_line(str(error))}"
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, OSError):
        what = error.strerror or str(error) or type(error).__name__
        return f"airlock: {_one_line(f'{error.filename}: {what}' if error.filename else what)}"
    kafka = sys.modules.get("kafka.errors")
    if kafka is not None and isinstance(error, kafka.KafkaError):
        return f"airlock: Kafka refused: {_one_line(str(error) or type(error).__name__)}"
    return None


def _usage(error: typer.TyperException) -> str:
    ctx = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return error.message  # the help itself
    where = "airlock" if ctx is None else ctx.command_path
    return f"{where}: {_one_line(error.format_message()).rstrip('.')} (see '{where} --help')"


def _one_line(text: str) -> str:
    from streams.text import printable  # only a failing command needs it

    return printable(" ".join(text.split()), 1_000)
