"""Sending raw events: byte for byte, confirmed by the broker, keyed by their actor where that costs little."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import msgspec
from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError

from schemas.errors import UnavailableError, UsageError
from streams.formats import AUTO, FORMAT_HEADER, check_format
from streams.kafka import MAX_RECORD_BYTES, client_options, reaching
from streams.settings import Settings

__all__ = ["Publisher", "key_of"]

_IN_FLIGHT = 2 * MAX_RECORD_BYTES  # bytes read ahead of the broker's answers: what memory is spent on a slow broker
_DELIVERY_S = 30.0  # a broker may be away for 10 s without a word; after 30 s a person wants to know
_LONGEST_KEY = 512  # the longest actor of a valid event


class _Keyed(msgspec.Struct):
    actor: str | None = None
    partitionkey: str | None = None


_decoder = msgspec.json.Decoder(_Keyed)


def key_of(raw: bytes) -> bytes | None:
    """The advised key, the actor, so that one actor's events stay in order; a CloudEvent may name its own.

    None where it isn't on the surface, as in an event within an envelope: then any partition will do.
    """
    try:
        found = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    key = (found.partitionkey or found.actor or "")[: _LONGEST_KEY + 1]
    return key.encode() if 0 < len(key) <= _LONGEST_KEY else None


def _require_topic(options: Mapping[str, Any], topic: str) -> None:
    """A producer would look for it in silence for as long as it may block."""
    admin = KafkaAdminClient(**options)
    try:
        (found,) = admin.describe_topics([topic])
    finally:
        admin.close()
    if found["error_code"] == UnknownTopicOrPartitionError.errno:
        raise UnavailableError(f"the cluster has no topic {topic}: create it with 'airlock topics apply'")


class Publisher:
    """A context manager that sends raw events to one topic; ``sent`` counts those that the broker has confirmed.

    ``format`` other than ``auto`` goes along in a header, and is then believed instead of guessed. Leaving the context
    waits for what is under way.

    Raises:
        UsageError: where the format is unknown, or an event is larger than the broker takes.
        UnavailableError: where the cluster doesn't answer or has no such topic.
    """

    def __init__(self, settings: Settings, topic: str, format: str = AUTO) -> None:
        check_format(format)
        self.sent = 0
        self._settings = settings
        self._topic = topic
        self._headers = [] if format == AUTO else [(FORMAT_HEADER, format.encode())]
        self._waiting: deque[tuple[int, Any]] = deque()
        self._bytes = 0

    def __enter__(self) -> Self:
        compression = self._settings.kafka.compression
        milliseconds = int(_DELIVERY_S * 1000)
        with reaching(self._settings):
            options = client_options(self._settings) | {"client_id": "airlock-publish"}
            _require_topic(options, self._topic)
            self._producer = KafkaProducer(
                **options,
                acks="all",
                allow_auto_create_topics=False,
                compression_type=None if compression == "none" else compression,
                delivery_timeout_ms=milliseconds,
                request_timeout_ms=milliseconds - 5_000,
                max_block_ms=milliseconds,
                max_request_size=MAX_RECORD_BYTES + 64 * 1024,  # the record, its key and headers
                linger_ms=10,
                batch_size=256 * 1024,
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if not isinstance(error, UnavailableError):
                self.flush()
        finally:
            self._producer.close(timeout=1)

    def send(self, raw: bytes) -> None:
        """Sends one event; returns before it is confirmed, but never runs further ahead than memory allows."""
        with reaching(self._settings):
            future = self._producer.send(self._topic, value=raw, key=key_of(raw), headers=self._headers)
            self._waiting.append((len(raw), future))
            self._bytes += len(raw)
            while self._waiting and (self._bytes > _IN_FLIGHT or self._waiting[0][1].is_done):
                self._confirm()

    def flush(self) -> None:
        """Waits until all that was sent is confirmed."""
        with reaching(self._settings):
            self._producer.flush(timeout=_DELIVERY_S)
            while self._waiting:
                self._confirm()

    def _confirm(self) -> None:
        size, future = self._waiting.popleft()
        self._bytes -= size
        try:
            future.get(timeout=_DELIVERY_S)
        except MessageSizeTooLargeError:
            raise UsageError(f"an event of {size:,} bytes is more than {self._topic} takes") from None
        self.sent += 1
