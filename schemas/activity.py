"""The activity record: an event with all that was known of it then, so that scoring needs nothing else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.event import Event
from schemas.record import Identifier, Record

__all__ = ["NETWORK_CLASSES", "Activity", "Coordinate", "NetworkClass", "Place", "Subject", "Versions", "subjects_of"]

NetworkClass = Literal["hosting", "vpn", "mobile", "satellite", "corporate", "residential", "unknown"]
NETWORK_CLASSES: tuple[NetworkClass, ...] = (
    "hosting",
    "vpn",
    "mobile",
    "satellite",
    "corporate",
    "residential",
    "unknown",
)


Subject = Annotated[str, StringConstraints(min_length=1, max_length=528, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What a profile is about: an ``Identifier`` after the word that says of what kind it is."""


class Place(Record):
    """Where an address lies, as the geo database in force knew it.

    ``latitude`` and ``longitude`` are degrees; the true place lies within ``radius_km`` of them (a country's radius
    where only the country is known). ``asn`` is the autonomous system that announces the address.
    """

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    city: str | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    radius_km: Annotated[float, Field(ge=0)] | None = None
    asn: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    organisation: str | None = None
    network: NetworkClass = "unknown"


class Coordinate(Record):
    """Where a raw event lies for ever, and the SHA-256 (hex) of its value as the publisher sent it."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Versions(Record):
    """What was in force when the activity was recorded: config hash, geo database version, baseline version."""

    config: Identifier
    geo: Identifier
    baseline: Identifier


class Activity(Record):
    """One event as seen by one subject.

    ``place`` is absent where the address can't be located; ``unplaced`` then says why in words.
    """

    v: Literal[1] = 1
    subject: Subject
    event: Event
    place: Place | None = None
    unplaced: str | None = None
    versions: Versions
    evidence: Coordinate


def subjects_of(event: Event) -> tuple[str, ...]:
    """The subjects that an event is about: its actor and, where it names one, its credential."""
    actor = f"actor:{event.actor}"
    return (actor,) if event.credential is None else (actor, f"credential:{event.credential.id}")
