"""What all formats share: strict JSON (RFC 8259), RFC 3339 times, addresses as people spell them, and the last step.

Limits are our own and the same everywhere, so that what one process accepts no other one refuses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

import msgspec
from pydantic import ValidationError

from schemas.errors import InvalidEventError, MalformedInputError
from schemas.event import Event
from schemas.record import explain_validation

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Envelope",
    "Fields",
    "Headers",
    "Payload",
    "as_text",
    "build",
    "check_time",
    "cut_user_agent",
    "decode",
    "plain_address",
    "take_address",
]

MAX_BYTES = 1024 * 1024
"""Most bytes of one event: 500 times a large audit event, and small enough that a bad one costs milliseconds."""

MAX_DEPTH = 64
"""Deepest nesting of one event. Python's own limit depends on how deep the caller already is; this one doesn't."""

_USER_AGENT_CHARACTERS = 4096
_BOM = b"\xef\xbb\xbf"
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_IPV4_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}", re.ASCII)
_BRACKETS = re.compile(r"\[([^\]]+)\](?::\d{1,5})?", re.ASCII)

Fields = dict[str, Any]
"""A decoded JSON object on its way to an event; it never leaves this package."""

Headers = Sequence[tuple[str, bytes]]
"""The headers of a Kafka record."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a wrapper round the event says of it: used where the event itself says nothing."""

    id: str | None = None
    time: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class Payload(NamedTuple):
    """A format that describes an event itself: how to recognise it, and how to map it to an ``Event``'s fields."""

    name: str
    claims: Callable[[Fields, Envelope], bool]
    event_fields: Callable[[Fields, bytes, Envelope], Fields]


_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def decode(raw: bytes) -> Fields:
    """The JSON object in ``raw``. Of repeated names the last one counts, as in most parsers.

    Raises:
        MalformedInputError: where ``raw`` is not one JSON object in UTF-8, or is nested deeper than ``MAX_DEPTH``.
    """
    try:
        value = _decoder.decode(raw.removeprefix(_BOM))
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise MalformedInputError("the record is not valid UTF-8") from None
    except msgspec.DecodeError as error:
        told = str(error).removeprefix("JSON is malformed: ")
        raise MalformedInputError(f"the record is not valid JSON: {told}") from None
    if not isinstance(value, dict):
        raise MalformedInputError("the record is JSON, but not an object: send one event a record")
    # The brackets are a bound on the depth that costs next to nothing; few events have as many.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        raise _too_deep()
    return value


def _too_deep() -> MalformedInputError:
    return MalformedInputError(f"the record's JSON is nested deeper than {MAX_DEPTH} levels")


def _deeper_than(value: Fields, limit: int) -> bool:
    level: list[Any] = [value]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, (dict, list))
        ]
        if not level:
            return False
    return True


def as_text(value: object) -> str:
    """A JSON value as an attribute: strings as they are, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    try:
        return _encoder.encode(value).decode()
    except OverflowError:  # integers beyond 64 bits, which JSON allows
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def check_time(value: object, name: str) -> None:
    """Refuses what pydantic would take for a time although RFC 3339 doesn't: numbers, and times without an offset.

    Raises:
        InvalidEventError: where ``value`` isn't an RFC 3339 time.
    """
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        raise InvalidEventError(f"{name}: must be an RFC 3339 time with its offset, such as 2026-01-31T09:30:00Z")


@lru_cache(maxsize=65_536)
def plain_address(value: str) -> str | None:
    """The IP address in ``value``, without port, brackets or zone; none where it holds none."""
    value = value.strip()
    wrapped = _BRACKETS.fullmatch(value) or _IPV4_PORT.fullmatch(value)
    bare = (wrapped[1] if wrapped else value).partition("%")[0]  # a zone means something on the sender's machine only
    try:
        return str(ip_address(bare))
    except ValueError:
        return None


def take_address(fields: Fields, name: str, attributes: dict[str, str]) -> str | None:
    """The IP address in ``fields[name]``, without port, brackets or zone.

    What is no address (a host name, ``AWS Internal``) stays in ``attributes``: losing an event is worse than losing
    its place.

    Raises:
        InvalidEventError: where it isn't even a string.
    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidEventError(f"{name}: must be a string")
    address = plain_address(value) if len(value) <= 128 else None
    if address is None and value.strip():
        attributes.setdefault(name, value)
    return address


def cut_user_agent(user_agent: object) -> object:
    """A user agent cut to what an event holds: an attacker chooses it, and must not escape judgement by its length."""
    return user_agent[:_USER_AGENT_CHARACTERS] if isinstance(user_agent, str) else user_agent


def build(fields: Fields) -> Event:
    """The event with these fields.

    Raises:
        InvalidEventError: where a field is missing, of the wrong type or out of its range.
    """
    try:
        return Event.model_validate(fields)
    except ValidationError as error:
        raise InvalidEventError(explain_validation(error)) from None
