"""The JSON of activity records, written and read at a fraction of what building the whole records takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

import msgspec

from schemas.activity import NO_PLACE, Place, Recorded, RecordedLine, RecordedPlace
from schemas.event import Event

__all__ = ["read_recorded", "spell_activities", "spell_evidence", "spell_place", "subjects_named", "subjects_of"]


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
    return where if unplaced is None else where + b',"unplaced":' + _ENCODE(unplaced)


def spell_evidence(topic: str, partition: int, offset: int, raw: bytes) -> bytes:
    """The JSON of the coordinate of ``raw``: what ``Coordinate.to_json`` spells."""
    digest = sha256(raw).hexdigest().encode()
    return b'%b%d,"sha256":"%b"}' % (_lying(topic, partition), offset, digest)


def read_recorded(data: bytes) -> Recorded:
    """The activity record that ``data`` spells, as scoring reads it.

    Raises:
        msgspec.DecodeError: where it isn't such a record.
    """
    recorded: Recorded = _DECODE(data)
    place: Any = recorded.place  # still as JSON
    recorded.place = None if place is NO_PLACE else _place(bytes(place))
    recorded.raw = data
    return recorded


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(RecordedLine).decode
_PLACES: Final = msgspec.json.Decoder(RecordedPlace | None)


@lru_cache(maxsize=65_536)  # subjects repeat
def _opening(subject: str) -> bytes:
    return b'{"v":1,"subject":' + _ENCODE(subject)


@lru_cache(maxsize=4_096)
def _lying(topic: str, partition: int) -> bytes:
    return b'{"topic":%b,"partition":%d,"offset":' % (_ENCODE(topic), partition)


@lru_cache(maxsize=16_384)
def _place(data: bytes) -> RecordedPlace | None:
    place: RecordedPlace | None = _PLACES.decode(data)
    return place
