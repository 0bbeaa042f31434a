"""The activity record: an event with all that was known of it then, so that scoring needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from pydantic import Field, StringConstraints

from schemas.event import ActorKind, Event
from schemas.record import Identifier, Record

__all__ = [
    "NETWORK_CLASSES",
    "Activity",
    "Coordinate",
    "NetworkClass",
    "Place",
    "Recorded",
    "Subject",
    "Versions",
    "spell_activities",
    "spell_evidence",
    "spell_place",
    "subjects_named",
    "subjects_of",
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


def subjects_of(event: Event) -> tuple[str, ...]:
    """The subjects that an event is about: its actor and, where it names one, its credential."""
    return subjects_named(event.actor, None if event.credential is None else event.credential.id)


def subjects_named(actor: str, credential: str | None) -> tuple[str, ...]:
    """The subjects of an event of that actor, made with the credential of that id."""
    return (f"actor:{actor}",) if credential is None else (f"actor:{actor}", f"credential:{credential}")


def spell_activities(
    subjects: Sequence[str], event: bytes, place: bytes, versions: bytes, evidence: bytes
) -> list[tuple[str, bytes]]:
    """Each subject of an event with its activity record's JSON: what ``Activity.to_json`` spells, for a third.

    The records of one event differ in their subject alone, so the rest is spelled once. All parts come as JSON, see
    ``spell_place`` and ``spell_evidence``.
    """
    rest = b"".join((b',"event":', event, place, b',"versions":', versions, b',"evidence":', evidence, b"}"))
    return [(subject, _opening(subject) + rest) for subject in subjects]


def spell_place(place: Place | None, unplaced: str | None) -> bytes:
    """The fields ``place`` and ``unplaced`` of an activity record, each with a comma before it."""
    where = b"" if place is None else b',"place":' + place.to_json()
    return where if unplaced is None else where + b',"unplaced":' + _ENCODER.encode(unplaced)


def spell_evidence(topic: str, partition: int, offset: int, raw: bytes) -> bytes:
    """The JSON of the coordinate of ``raw``: what ``Coordinate.to_json`` spells."""
    digest = sha256(raw).hexdigest().encode()
    return b'%b%d,"sha256":"%b"}' % (_lying(topic, partition), offset, digest)


@lru_cache(maxsize=65_536)  # subjects repeat
def _opening(subject: str) -> bytes:
    return b'{"v":1,"subject":' + _ENCODER.encode(subject)


@lru_cache(maxsize=4_096)
def _lying(topic: str, partition: int) -> bytes:
    return b'{"topic":%b,"partition":%d,"offset":' % (_ENCODER.encode(topic), partition)


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

    @classmethod
    def from_json(cls, data: bytes) -> Recorded:
        """The record that ``data`` spells.

        Raises:
            msgspec.DecodeError: where it isn't such a record.
        """
        spelled = _DECODER.decode(data)
        place = None if spelled.place is _NO_PLACE else _place(bytes(spelled.place))
        return cls(spelled.subject, spelled.event, spelled.versions, place, spelled.unplaced, data)

    def activity(self) -> Activity:
        """The whole record.

        Raises:
            pydantic.ValidationError: where what scoring didn't look at is wrong.
        """
        return Activity.from_json(self.raw)


_NO_PLACE = msgspec.Raw()


class _Spelled(Recorded, gc=False):
    """The same with the place still as JSON: places repeat, and have more fields than all the rest."""

    place: msgspec.Raw = _NO_PLACE  # type: ignore[assignment]  # never seen outside


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Spelled)
_PLACES = msgspec.json.Decoder(RecordedPlace | None)


@lru_cache(maxsize=16_384)
def _place(data: bytes) -> RecordedPlace | None:
    place: RecordedPlace | None = _PLACES.decode(data)
    return place
