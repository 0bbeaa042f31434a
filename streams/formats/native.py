"""Airlock's own format: the fields of an ``Event`` as one JSON object.

``id``, ``time``, ``actor`` and ``action`` are required. Fields that an event doesn't know become attributes; ``null``
says nothing and is left out, and so is an empty string where a name is expected.
"""

from __future__ import annotations

from schemas.errors import InvalidEventError
from schemas.event import Credential, Event
from streams.formats.fields import Envelope, Fields, as_text, check_time, cut_user_agent, take_address

__all__ = ["claims", "event_fields"]

_MARKS = ("id", "time", "actor", "action")
_FIELDS = frozenset(Event.model_fields)
_KNOWN = _FIELDS - {"attributes"}
_CREDENTIAL = frozenset(Credential.model_fields)
# Where an empty string is as good as none. In a required field it is a mistake, and is refused.
_MAY_BE_EMPTY = _KNOWN - {*_MARKS, "resource", "user_agent"}


def claims(fields: Fields, envelope: Envelope) -> bool:
    """Whether at least three of the four required fields are there, so that the fourth is missed by its name."""
    named = ("id" in fields or envelope.id is not None) + ("time" in fields or envelope.time is not None)
    return named + ("actor" in fields) + ("action" in fields) >= 3


def event_fields(fields: Fields, raw: bytes, envelope: Envelope) -> Fields:
    """The event's fields, of which only times, addresses and attributes need a hand.

    Raises:
        InvalidEventError: where one of them is of the wrong type.
    """
    known = {
        name: value
        for name, value in fields.items()
        if name in _KNOWN and value is not None and (value != "" or name not in _MAY_BE_EMPTY)
    }
    attributes = _attributes(fields, envelope)
    if envelope.id is not None:
        known.setdefault("id", envelope.id)
    if envelope.time is not None:
        known.setdefault("time", envelope.time)
    if "time" in known:
        check_time(known["time"], "time")
    if isinstance(action := known.get("action"), str):
        known["action"] = action.strip().lower()
    if "source_ip" in known:
        known["source_ip"] = take_address(known, "source_ip", attributes)
    if "user_agent" in known:
        known["user_agent"] = cut_user_agent(known["user_agent"])
    if "credential" in known:
        known["credential"] = _credential(known["credential"], attributes)
    known["attributes"] = attributes
    return known


def _attributes(fields: Fields, envelope: Envelope) -> dict[str, str]:
    attributes = dict(envelope.attributes)
    if not _FIELDS.issuperset(fields):
        attributes |= {
            name: as_text(value) for name, value in fields.items() if name not in _FIELDS and value is not None
        }
    given = fields.get("attributes")
    if given is None:
        return attributes
    if not isinstance(given, dict):
        raise InvalidEventError("attributes: must be an object")
    return attributes | {name: as_text(value) for name, value in given.items() if value is not None}


def _credential(value: object, attributes: dict[str, str]) -> Fields:
    if not isinstance(value, dict):
        raise InvalidEventError("credential: must be an object")
    known = {name: item for name, item in value.items() if name in _CREDENTIAL and item is not None and item != ""}
    for name, item in value.items():
        if name not in _CREDENTIAL and item is not None:
            attributes.setdefault(f"credential.{name}", as_text(item))
    if "expires_at" in known:
        check_time(known["expires_at"], "credential.expires_at")
    return known
