"""From a publisher's bytes to an ``Event``: one pure function, and one file a format.

A format that describes an event is a ``Payload``: a file with ``claims`` and ``event_fields``, and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from schemas.errors import InvalidEventError, MalformedInputError, UnknownFormatError, UsageError
from schemas.event import Event
from streams.formats import cloudevents, github, native
from streams.formats.fields import MAX_BYTES, Envelope, Fields, Headers, Payload, build, decode
from streams.text import printable

__all__ = ["AUTO", "FORMATS", "FORMAT_HEADER", "MAX_BYTES", "check_format", "parse"]

AUTO = "auto"
"""The name under which a format is recognised by its marks."""

FORMAT_HEADER = "airlock-format"
"""The record header by which a publisher names the format; ``auto`` honours it."""

Parser = Callable[[bytes, Headers], Event]

# Asked in this order: GitHub's marks are sharper than ours.
_PAYLOADS = (
    Payload("github", github.claims, github.event_fields),
    Payload("native", native.claims, native.event_fields),
)
_BARE = Envelope()


def _parser(payload: Payload) -> Parser:
    return lambda raw, headers: build(payload.event_fields(decode(raw), raw, _BARE))


def _cloudevent(raw: bytes, headers: Headers) -> Event:
    opened = cloudevents.unwrap(raw, headers)
    payload = None if cloudevents.claims(opened.data) else _recognise(opened.data, opened.envelope)
    if payload is None:
        raise UnknownFormatError(
            f"a CloudEvent of type {printable(opened.type, 100)} whose data is of none of the formats "
            + ", ".join(payload.name for payload in _PAYLOADS)
        )
    return build(payload.event_fields(opened.data, opened.raw, opened.envelope))


def _auto(raw: bytes, headers: Headers) -> Event:
    if headers:
        named = [value for name, value in headers if name == FORMAT_HEADER]
        if named:
            return _named(named[-1])(raw, headers)
        if cloudevents.in_headers(headers):
            return _cloudevent(raw, headers)
    fields = decode(raw)
    if cloudevents.claims(fields):
        return _cloudevent(raw, ())
    payload = _recognise(fields, _BARE)
    if payload is None:
        raise UnknownFormatError(
            f"none of the formats {', '.join(FORMATS)} claims the record; a native event has id, time, actor and action"
        )
    return build(payload.event_fields(fields, raw, _BARE))


def _recognise(fields: Fields, envelope: Envelope) -> Payload | None:
    return next((payload for payload in _PAYLOADS if payload.claims(fields, envelope)), None)


def _named(value: bytes | None) -> Parser:
    name = (value or b"").decode(errors="replace")
    if name == AUTO or name not in FORMATS:
        raise UnknownFormatError(f"the header {FORMAT_HEADER} names {printable(name, 50)!r}, which is no known format")
    return FORMATS[name]


FORMATS: Mapping[str, Parser] = MappingProxyType(
    {payload.name: _parser(payload) for payload in _PAYLOADS} | {"cloudevents": _cloudevent}
)
"""The formats by name. Each parses a record's value, given its headers."""


def check_format(name: str) -> None:
    """Refuses a format that nobody knows.

    Raises:
        UsageError: where ``name`` is neither ``auto`` nor a known format.
    """
    if name != AUTO and name not in FORMATS:
        raise UsageError(f"unknown format {printable(name, 50)!r}: known are {', '.join((AUTO, *FORMATS))}")


def parse(raw: bytes | None, format: str = AUTO, headers: Headers = ()) -> Event:
    """The event in a record's value.

    Args:
        raw: the value as the publisher sent it.
        format: a name in ``FORMATS``, or ``auto``.
        headers: the record's headers: CloudEvents in binary mode live there, and a publisher may name the format.

    Raises:
        InputError: where ``raw`` is no valid event; the text names what is wrong and never quotes the value.
        UsageError: where the format is unknown.
    """
    check_format(format)
    if not raw:
        raise MalformedInputError("the record has an empty value")
    if len(raw) > MAX_BYTES:
        raise InvalidEventError(f"the record has {len(raw):,} bytes; an event may have {MAX_BYTES:,}")
    return _auto(raw, headers) if format == AUTO else FORMATS[format](raw, headers)
