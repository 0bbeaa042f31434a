"""Reading a raw event back from where it lies, and checking that it is the one an alert was raised on."""

from __future__ import annotations

import hashlib
import time

from kafka import KafkaConsumer, TopicPartition

from schemas.activity import Coordinate
from schemas.errors import EvidenceError, UnavailableError
from streams.kafka import client_options, reaching
from streams.settings import Settings

__all__ = ["RawEvents"]

_PATIENCE_S = 15.0


class RawEvents:
    """Reads raw events by their coordinate; a context manager that holds one consumer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> RawEvents:
        with reaching(self._settings):
            self._consumer = KafkaConsumer(
                **client_options(self._settings),
                client_id="airlock-evidence",
                isolation_level="read_committed",
                enable_auto_commit=False,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def verified(self, coordinate: Coordinate) -> bytes:
        """The publisher's bytes at ``coordinate``.

        Raises:
            EvidenceError: where the bytes there are others than the ones that were scored, or are gone.
            UnavailableError: where the cluster doesn't answer.
        """
        where = f"{coordinate.topic}/{coordinate.partition} at offset {coordinate.offset}"
        with reaching(self._settings):
            raw = self._read(coordinate, where)
        found = hashlib.sha256(raw).hexdigest()
        if found != coordinate.sha256:
            raise EvidenceError(f"{where} holds other bytes: SHA-256 {found}, the alert says {coordinate.sha256}")
        return raw

    def _read(self, coordinate: Coordinate, where: str) -> bytes:
        tp = TopicPartition(coordinate.topic, coordinate.partition)
        self._consumer.assign([tp])
        self._consumer.seek(tp, coordinate.offset)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            for record in self._consumer.poll(timeout_ms=500, max_records=1).get(tp, ()):
                if record.offset != coordinate.offset:
                    raise EvidenceError(f"{where} is gone: the next record there has offset {record.offset}")
                return record.value or b""
        raise UnavailableError(f"no record arrived from {where} within {_PATIENCE_S:.0f} s")
