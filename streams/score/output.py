"""What ``airlock score`` prints: alerts as they are, or one line an event over all its subjects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from detectors.outcome import Outcome
from streams.score.entries import Entry, Glimpse, Head, Result, Tail

__all__ = ["AlertLines", "Lines", "ScoreLines", "arrange", "result_of"]


_ENCODE: Final = msgspec.json.Encoder().encode


def result_of(entry: Entry, outcome: Outcome) -> Result:
    """What is printed of an outcome."""
    alert = None if outcome.alert is None else outcome.alert.to_json()
    repeated = outcome.kind == "duplicate"
    return Result(entry.number, entry.order, repeated, outcome.score, outcome.leading, alert)


class Lines(Protocol):
    """Collects results in the order of the lines."""

    alerts: int

    def head(self, entry: Entry) -> bytes:
        """What a line says of an event itself, by any of its entries."""

    def add(self, result: Result, head: bytes | None) -> None:
        """Takes a result; ``head`` comes with an event's first one."""

    def take(self, last: bool = False) -> bytes:
        """The lines that are complete; at the ``last`` call all are."""


class AlertLines:
    """Alerts, one JSON object a line."""

    def __init__(self) -> None:
        self.alerts = 0
        self._lines: list[bytes] = []

    def head(self, entry: Entry) -> bytes:
        """Nothing: an alert says all itself."""
        return b""

    def add(self, result: Result, head: bytes | None) -> None:
        """Keeps the alert, if there is one."""
        if result.alert is not None:
            self.alerts += 1
            self._lines += (result.alert, b"\n")

    def take(self, last: bool = False) -> bytes:
        """All alerts since the last call."""
        lines, self._lines = self._lines, []
        return b"".join(lines)


class ScoreLines:
    """One JSON object an event: the highest score over its subjects, and whether any of them raised an alert."""

    def __init__(self) -> None:
        self.alerts = 0
        self._lines: list[bytes] = []
        self._head = b""
        self._leading: Result | None = None
        self._alerted = False

    def head(self, entry: Entry) -> bytes:
        """The event's id, actor and time."""
        event = entry.event
        return _ENCODE(Head(event.id, event.actor, event.time))

    def add(self, result: Result, head: bytes | None) -> None:
        """Begins an event's line, or goes on with it."""
        if head is not None:
            self._end()
            self._head, self._leading, self._alerted = head, result, False
        elif self._leading is None or _rank(result) > _rank(self._leading):
            self._leading = result
        if result.alert is not None:
            self.alerts += 1
            self._alerted = True

    def take(self, last: bool = False) -> bytes:
        """The lines of all events but the one that may still go on."""
        if last:
            self._end()
        lines, self._lines = self._lines, []
        return b"".join(lines)

    def _end(self) -> None:
        leading = self._leading
        if leading is None:
            return
        kind = "duplicate" if leading.repeated else leading.leading or "none"
        tail = _ENCODE(Tail(round(leading.score, 6), self._alerted, kind))
        self._lines += (self._head[:-1], b",", tail[1:], b"\n")
        self._leading = None


def _rank(result: Result) -> tuple[bool, float]:
    return not result.repeated, result.score


def arrange(
    lines: Lines, glimpses: Sequence[Glimpse], begins: Sequence[bool], heads: Sequence[bytes], results: list[Result]
) -> None:
    """Hands on the results of a block in the order of its lines; whatever of an event comes first brings its head."""
    at, head = 0, None
    for glimpse, new, of_event in zip(glimpses, begins, heads, strict=True):
        if new:
            head = of_event
        while at < len(results) and results[at].number == glimpse.number:
            lines.add(results[at], head)
            head, at = None, at + 1
