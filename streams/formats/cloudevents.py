"""CloudEvents 1.0 and 0.3 in Kafka records, structured (one JSON object) and binary (attributes in ``ce_`` headers).

An envelope round an event of another format: opened here, recognised by the caller. Written by hand, because the
``cloudevents`` package invents an id and the present time where they are missing (a replay would differ), refuses the
``null`` attributes that the specification allows, and lets foreign exceptions out on hostile bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from schemas.errors import InvalidEventError, MalformedInputError, UnknownFormatError
from streams.formats.fields import Envelope, Fields, Headers, as_text, check_time, decode
from streams.text import printable

__all__ = ["CloudEvent", "claims", "in_headers", "unwrap"]

_VERSIONS = ("1.0", "0.3")
_REQUIRED = ("id", "source", "type")
_STRUCTURED = "application/cloudevents"
_PREFIX = "ce_"
_JSON = re.compile(r"(?:application|text)/(?:[a-z0-9.-]+\+)?json", re.ASCII)
_NOT_ATTRIBUTES = ("data", "data_base64", "datacontenttype", "datacontentencoding", "specversion")


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """An opened envelope: the JSON object inside, its bytes where they came as bytes, and what the envelope says."""

    type: str
    data: Fields
    raw: bytes
    envelope: Envelope


def claims(fields: Fields) -> bool:
    """Whether a JSON object is a CloudEvent in structured mode."""
    return isinstance(fields.get("specversion"), str) and "type" in fields and "source" in fields


def in_headers(headers: Headers) -> bool:
    """Whether the headers say that the record is a CloudEvent, in either mode."""
    return any(
        name.lower() == "ce_specversion" or (name.lower() == "content-type" and _text(value).startswith(_STRUCTURED))
        for name, value in headers
    )


def unwrap(raw: bytes, headers: Headers) -> CloudEvent:
    """Opens the CloudEvent in a record.

    Raises:
        MalformedInputError: where the bytes don't decode.
        UnknownFormatError: where it is no CloudEvent, or holds something else than a JSON object.
        InvalidEventError: where an attribute that the specification requires is missing or wrong.
    """
    attributes: Fields = {name.lower(): _text(value) for name, value in headers}
    media = attributes.get("content-type", "")
    if not media.startswith(_STRUCTURED) and "ce_specversion" in attributes:
        return _binary(raw, attributes, media)
    if media.startswith(_STRUCTURED) and not _media_type(media) == f"{_STRUCTURED}+json" and "+" in media:
        raise UnknownFormatError(f"a CloudEvent in {printable(media, 100)}: only the JSON format is known")
    if media.startswith(f"{_STRUCTURED}-batch"):
        raise UnknownFormatError("a batch of CloudEvents: send one a record")
    fields = decode(raw)
    if not claims(fields):
        raise UnknownFormatError("not a CloudEvent: it has no specversion, type and source")
    return _structured(fields)


def _text(value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise MalformedInputError("a header of the record is not valid UTF-8") from None


def _media_type(value: str) -> str:
    return value.partition(";")[0].strip().lower()


def _binary(raw: bytes, headers: Fields, media: str) -> CloudEvent:
    attributes = {name.removeprefix(_PREFIX): value for name, value in headers.items() if name.startswith(_PREFIX)}
    kind, envelope = _envelope(attributes)
    _expect_json(kind, media)
    return CloudEvent(kind, decode(raw), raw, envelope)


def _structured(fields: Fields) -> CloudEvent:
    kind, envelope = _envelope(fields)
    data, encoded = fields.get("data"), fields.get("data_base64")
    if data is not None and encoded is not None:
        raise InvalidEventError("data_base64: must not stand beside data")
    media = fields.get("datacontenttype") or ""
    if not isinstance(media, str):
        raise InvalidEventError("datacontenttype: must be a string")
    if str(fields.get("datacontentencoding", "")).lower() == "base64":  # how version 0.3 says it
        data, encoded = None, data
    _expect_json(kind, media)
    if encoded is not None:
        raw = _base64(encoded)
        return CloudEvent(kind, decode(raw), raw, envelope)
    if not isinstance(data, dict):
        has = "no data" if data is None else "data that is no JSON object"
        raise UnknownFormatError(f"a CloudEvent of type {printable(kind, 100)} with {has}")
    return CloudEvent(kind, data, b"", envelope)


def _base64(encoded: object) -> bytes:
    try:
        return base64.b64decode(encoded if isinstance(encoded, str) else "=", validate=True)
    except ValueError:  # binascii.Error is one, and so is what isn't ASCII
        raise MalformedInputError("data_base64: is not Base64") from None


def _expect_json(kind: str, media: str) -> None:
    """Data of no stated type is JSON, says the specification."""
    if media and _JSON.fullmatch(_media_type(media)) is None:
        raise UnknownFormatError(
            f"a CloudEvent of type {printable(kind, 100)} whose data is {printable(media, 100)}, not JSON"
        )


def _envelope(attributes: Fields) -> tuple[str, Envelope]:
    if attributes.get("specversion") not in _VERSIONS:
        raise UnknownFormatError(f"a CloudEvent of a version other than {' and '.join(_VERSIONS)}")
    for name in _REQUIRED:
        value = attributes.get(name)
        if not isinstance(value, str) or not value:
            raise InvalidEventError(f"{name}: a CloudEvent must have it, as a string that isn't empty")
    time = attributes.get("time")
    if time is not None:
        check_time(time, "time")
    kept = {
        f"{_PREFIX}{name}": as_text(value)
        for name, value in attributes.items()
        if name not in _NOT_ATTRIBUTES and value is not None
    }
    return attributes["type"], Envelope(_identity(attributes), time, kept)


def _identity(attributes: Fields) -> str:
    """The specification makes ``source`` and ``id`` together the event's identity; one alone may repeat."""
    identity = f"{attributes['source']}#{attributes['id']}"
    if len(identity) > 512 or not identity.isprintable():
        return f"sha256:{hashlib.sha256(identity.encode()).hexdigest()}"
    return identity
