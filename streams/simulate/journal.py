"""The day's events of one actor on their way out: fills in what all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TypedDict

from streams.simulate.wire import Credential, Draft, Wire, rfc3339

__all__ = ["Extras", "Identity", "Journal"]


class Extras(TypedDict, total=False):
    """The optional fields of an event."""

    outcome: str
    session: str | None
    credential: Credential | None
    on_behalf_of: str | None
    commit: str | None
    run_id: str | None
    deployment_id: str | None
    environment: str | None
    role: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an event is said to be by."""

    id: str
    kind: str


class Journal:
    """Collects the drafts of one actor; ``incident`` marks all of them as an attacker's."""

    __slots__ = ("_identity", "_rng", "drafts", "incident")

    def __init__(self, identity: Identity, rng: Random, incident: str | None = None) -> None:
        self._identity = identity
        self._rng = rng
        self.incident = incident
        self.drafts: list[Draft] = []

    def write(  # noqa: PLR0913, PLR0917 - an event has these fields
        self,
        at: int,
        action: str,
        resource: str,
        ip: str | None,
        agent: str | None,
        extras: Extras | None = None,
    ) -> None:
        """One event at ``at`` (ms); its id comes from the journal's generator."""
        wire = Wire(
            f"{self._rng.getrandbits(80):020x}",
            rfc3339(at),
            self._identity.id,
            self._identity.kind,
            action,
            resource,
            ip,
            agent,
            "success",
        )
        if extras is not None:
            for name, value in extras.items():
                setattr(wire, name, value)
        self.drafts.append(Draft(at, wire, self.incident))
