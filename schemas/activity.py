"""The activity record: an event with all that was known of it then, so that scoring needs nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from pydantic import Field, StringConstraints

from schemas.event import ActorKind, Event
from schemas.record import Identifier, Record

__all__ = [
    "NETWORK_CLASSES",
    "NO_PLACE",
    "Activity",
    "Coordinate",
    "NetworkClass",
    "Place",
    "Recorded",
    "RecordedEvent",
    "RecordedLine",
    "RecordedPlace",
    "RecordedVersions",
    "Subject",
    "Versions",
]

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

    def activity(self) -> Activity:
        """The record itself; see ``Recorded``, which has to read it first."""
        return self


class RecordedPlace(msgspec.Struct, frozen=True, gc=False):
    """A ``Place`` as read back for scoring."""

    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    city: str | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    radius_km: Annotated[float, Meta(ge=0)] | None = None
    asn: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    organisation: str | None = None
    network: NetworkClass = "unknown"


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """What scoring looks at of an ``Event``."""

    id: str
    time: Annotated[datetime, Meta(tz=True)]
    actor: str
    action: str
    actor_kind: ActorKind = "human"
    resource: str = ""
    source: str = "native"
    user_agent: str | None = None


class RecordedVersions(msgspec.Struct, frozen=True, gc=False):
    """What scoring looks at of ``Versions``."""

    geo: str
    baseline: str


class Recorded(msgspec.Struct, gc=False):
    """An activity record as scoring reads it: what most events need, in a sixth of the time that all of it takes.

    The pipeline wrote it, so its whole form was checked before; ``activity`` checks and gives the rest, for an alert.
    """

    subject: Annotated[str, Meta(min_length=1, max_length=528)]
    event: RecordedEvent
    versions: RecordedVersions
    place: RecordedPlace | None = None
    unplaced: str | None = None
    raw: bytes = b""

    def activity(self) -> Activity:
        """The whole record.

        Raises:
            pydantic.ValidationError: where what scoring didn't look at is wrong.
        """
        return Activity.from_json(self.raw)


NO_PLACE: Final = msgspec.Raw()


class RecordedLine(Recorded, gc=False):
    """The same with the place still as JSON: places repeat, and have more fields than all the rest."""

    place: msgspec.Raw = NO_PLACE  # type: ignore[assignment]  # never seen outside ``schemas.spelling``
