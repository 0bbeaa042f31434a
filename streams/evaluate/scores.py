"""Scores as columns: what is kept of each event while an evaluation looks at all of them, about 40 bytes."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol, Self

import msgspec

from streams.evaluate.labels import Labels

__all__ = ["NOBODY", "ScoreLine", "Scores"]

NOBODY = -1
"""In place of an incident's index: the event is no attacker's."""


class ScoreLine(msgspec.Struct, gc=False):
    """One line of ``airlock score --scores``; ``kind`` is the leading detector."""

    event_id: str
    actor: str
    time: datetime
    score: float
    alert: bool
    kind: str = "none"


class _Line(Protocol):
    event_id: str
    actor: str
    time: datetime
    score: float
    alert: bool


class Scores:
    """The events' columns, in the order of the lines.

    ``actors`` numbers the names in ``names``; ``seconds`` are Unix time; ``incidents`` are indices into the labels, or
    ``NOBODY``.
    """

    __slots__ = ("actors", "alerts", "incidents", "names", "scores", "seconds")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.actors = array("l")
        self.seconds = array("d")
        self.scores = array("d")
        self.alerts = bytearray()
        self.incidents = array("l")

    @classmethod
    def of(cls, lines: Iterable[_Line], labels: Labels, start: datetime) -> Self:
        """The columns of the lines since ``start``; the incidents' indices are those of ``labels.since(start)``.

        What comes later of an incident that began before is left out: it is neither caught nor a mistake.
        """
        made, numbers = cls(), dict[str, int]()
        incident_of = labels.since(start).incident_of()
        passed_over = labels.incident_of().keys() - incident_of.keys()
        for line in lines:
            if line.time < start or line.event_id in passed_over:
                continue
            actor = numbers.get(line.actor)
            if actor is None:
                actor = numbers[line.actor] = len(made.names)
                made.names.append(line.actor)
            made.actors.append(actor)
            made.seconds.append(line.time.timestamp())
            made.scores.append(line.score)
            made.alerts.append(line.alert)
            made.incidents.append(incident_of.get(line.event_id, NOBODY))
        return made

    def __len__(self) -> int:
        return len(self.actors)
