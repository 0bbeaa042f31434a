"""Labels: which events were an attacker's, and what only looked like one. The format is ``airlock simulate``'s.

``streams.simulate.spec`` tells it. Names of attacks, levels and nuisances are the user's own; an incident's
``difficulty``, ``actor`` and ``end`` may be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.errors import UsageError

__all__ = ["Incident", "Labels", "Nuisance", "read_labels"]

_Time = Annotated[datetime, Meta(tz=True)]
_Name = Annotated[str, Meta(min_length=1)]


class Incident(msgspec.Struct, frozen=True):
    """One attack: its events' ids, and when it began."""

    id: str
    kind: _Name
    start: _Time
    event_ids: Annotated[tuple[str, ...], Meta(min_length=1)]
    difficulty: str = "unrated"


class Nuisance(msgspec.Struct, frozen=True):
    """Something innocent but strange that an actor did from ``start`` until ``end``."""

    nuisance: _Name
    actor: str
    start: _Time
    end: _Time


class Labels(msgspec.Struct, frozen=True):
    """All that is known of a stream."""

    incidents: Sequence[Incident]
    nuisances: Sequence[Nuisance] = ()

    def since(self, start: datetime) -> Labels:
        """These without the incidents that began earlier."""
        return Labels([one for one in self.incidents if one.start >= start], self.nuisances)

    def incident_of(self) -> dict[str, int]:
        """The index of the incident that an event belongs to, by the event's id."""
        return {event: index for index, one in enumerate(self.incidents) for event in one.event_ids}


_INCIDENT: Final = msgspec.json.Decoder(Incident)
_NUISANCE: Final = msgspec.json.Decoder(Nuisance)


def read_labels(lines: Iterable[bytes], where: str) -> Labels:
    """The labels of a file, one JSON object a line; ``where`` names it to people.

    Raises:
        UsageError: where a line is neither an incident nor a nuisance, or there is no incident at all.
    """
    incidents, nuisances = list[Incident](), list[Nuisance]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if b'"nuisance"' in line and b'"event_ids"' not in line:
                nuisances.append(_NUISANCE.decode(line))
            else:
                incidents.append(_INCIDENT.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{where}, line {number}: not a label: {error}") from None
    if not incidents:
        raise UsageError(f"{where} has no incident: without one there is nothing to catch")
    return Labels(incidents, nuisances)
