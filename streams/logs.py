"""What the processes say of themselves: structured lines on standard error, those of the libraries among them."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from streams.settings import LogSettings
from streams.text import printable

__all__ = ["configure_logs"]

_LONGEST = 2_000  # a stack of causes fits; a 2 MB event that an error quotes doesn't

# The libraries tell every reconnect and heartbeat at INFO; an operator needs what they warn of.
_SELDOM_S = 10.0
_CHATTY = ("aiokafka", "faust", "kafka", "mode", "asyncio", "urllib3")
# What aiokafka logs as an error while a broker that has just started makes ready: it asks again at once.
_PASSING = frozenset({"GroupCoordinatorNotAvailableError", "GroupLoadInProgressError"})
# What mode says where a crash has ended a service's thread before its turn to be stopped.
_ENDED = "Event loop is closed"


class _Seldom(logging.Filter):
    """Lets a library say the same thing once in a while: a broker that is away is a dozen lines ten times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether that place in a library's code has been silent for long enough."""
        if record.name.partition(".")[0] not in _CHATTY or record.levelno < logging.WARNING:
            return True
        if isinstance(record.args, tuple) and any(map(_is_benign, record.args)):
            return False
        place = (record.pathname, record.lineno)
        if record.created - self._said.get(place, 0.0) < _SELDOM_S:
            return False
        self._said[place] = record.created
        return True


def _is_benign(value: object) -> bool:
    return type(value).__name__ in _PASSING or (isinstance(value, RuntimeError) and str(value) == _ENDED)


class _StandardError(logging.Handler):
    """Writes to what standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def configure_logs(settings: LogSettings) -> None:
    """Sends the logs of this process, structlog's and the standard library's, to standard error in one format."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _bounded,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _StandardError()
    if level > logging.DEBUG:
        handler.addFilter(_Seldom())
    handler.setFormatter(_formatter(shared, as_json=as_json))
    root = logging.getLogger()
    for earlier in [known for known in root.handlers if isinstance(known, _StandardError)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(level if level <= logging.DEBUG else max(level, logging.WARNING))
    if level > logging.DEBUG:  # what kafka-python logs as an error it also raises, and then it is told in one sentence
        logging.getLogger("kafka").setLevel(logging.CRITICAL)


def _formatter(shared: list[structlog.typing.Processor], *, as_json: bool) -> structlog.stdlib.ProcessorFormatter:
    renderer: list[structlog.typing.Processor] = (
        # Without the frames' variables: a password is among them, and what events hold.
        [
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
        if as_json
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )


def _bounded(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own signature
    """Text that came with an event neither moves the cursor nor fills the disk."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable(value, _LONGEST)
    return event
