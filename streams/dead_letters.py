"""The dead letter: a record that could not be used, and why, in the headers that Kafka Connect named (KIP-298).

The headers come after the publisher's own, so that nothing of the record is lost and all of it can be sent again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from schemas.errors import InputError, StateError
from streams.text import printable

__all__ = ["DeadLetter", "Letter", "Retried", "to_headers"]

_PREFIX = "__connect.errors."
_TOPIC = f"{_PREFIX}topic"
_PARTITION = f"{_PREFIX}partition"
_OFFSET = f"{_PREFIX}offset"
_STAGE = f"{_PREFIX}stage"
_CLASS = f"{_PREFIX}exception.class.name"
_MESSAGE = f"{_PREFIX}exception.message"
_MESSAGE_CHARACTERS = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Headers = Sequence[tuple[str, bytes]]


def to_headers(topic: str, partition: int, offset: int, error: InputError) -> list[tuple[str, bytes]]:
    """The headers to append to a record's own: where it came from, which step refused it, and why.

    The message is the error's, on one line of at most 500 characters; errors never quote the record.
    """
    kind = type(error)
    values = {
        _TOPIC: topic,
        _PARTITION: str(partition),
        _OFFSET: str(offset),
        _STAGE: error.stage,
        _CLASS: f"{kind.__module__}.{kind.__qualname__}",
        _MESSAGE: printable(str(error), _MESSAGE_CHARACTERS),
    }
    return [(name, value.encode()) for name, value in values.items()]


class Letter(Protocol):
    """What is read of a consumed record, whichever client consumed it; ``timestamp`` is in Unix milliseconds."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter read back.

    ``id`` names it among the dead letters; ``topic``, ``partition`` and ``offset`` say where the record first was (-1:
    the headers don't say); ``key``, ``value`` and ``headers`` are the record's own, as its publisher sent them.
    """

    id: str
    time: datetime
    topic: str
    partition: int
    offset: int
    stage: str
    error: str
    reason: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]

    @classmethod
    def from_record(cls, record: Letter) -> DeadLetter:
        """The dead letter in a record of the dead-letters topic; what its headers don't say stays empty."""
        own, ours = _split(record.headers)
        texts = {name: (value or b"").decode(errors="replace") for name, value in ours}
        return cls(
            id=f"{record.partition}:{record.offset}",
            time=_EPOCH + timedelta(milliseconds=max(record.timestamp, 0)),
            topic=texts.get(_TOPIC, ""),
            partition=_number(texts.get(_PARTITION)),
            offset=_number(texts.get(_OFFSET)),
            stage=texts.get(_STAGE, ""),
            error=texts.get(_CLASS, "").rpartition(".")[2],
            reason=texts.get(_MESSAGE, ""),
            key=record.key,
            value=record.value,
            headers=own,
        )

    @property
    def coordinate(self) -> str:
        """Where the record first was, as one word."""
        return f"{self.topic}/{self.partition}/{self.offset}" if self.topic else ""

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return len(self.value or b"")


def _split(headers: Headers) -> tuple[list[tuple[str, bytes]], Headers]:
    """The publisher's headers and ours: ours begin with the last topic header, for a publisher may have sent some."""
    starts = [index for index, (name, _) in enumerate(headers) if name == _TOPIC]
    start = starts[-1] if starts else len(headers)
    return list(headers[:start]), headers[start:]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else -1


@dataclass(frozen=True, slots=True)
class Retried:
    """Which dead letters of one partition were sent again: all below ``below``, and those in the closed ``runs``.

    Kafka keeps it as the committed offset of a consumer group and that offset's metadata, in the same transaction as
    the records that were sent: either both are there or neither, so none is sent twice.
    """

    below: int = 0
    runs: tuple[tuple[int, int], ...] = ()

    def __contains__(self, offset: int) -> bool:
        return offset < self.below or any(first <= offset <= last for first, last in self.runs)

    def adding(self, sent: Collection[int], letters: Iterable[int], end: int) -> Retried:
        """The same with ``sent``. ``letters`` are all that the partition has from ``below`` up to ``end``, in order.

        Offsets between two of them belong to no letter, so a run may span them.
        """
        end = max(end, self.below)
        below, gap = end, True
        runs: list[tuple[int, int]] = []
        for offset in letters:
            if offset not in self and offset not in sent:
                below, gap = min(below, offset), True
            elif below < end and gap:
                runs.append((offset, offset))
                gap = False
            elif below < end:
                runs[-1] = (runs[-1][0], offset)
        later = ((max(first, end), last) for first, last in self.runs if last >= end)
        return Retried(below, (*runs, *later))

    def metadata(self) -> str:
        """The runs as text, to stand beside the committed offset ``below``."""
        return ",".join(f"{first}-{last}" for first, last in self.runs)

    @classmethod
    def from_committed(cls, offset: int, metadata: str | None) -> Retried:
        """What ``below`` and ``metadata`` were made from.

        Raises:
            StateError: where somebody else wrote the metadata.
        """
        pairs = (run.partition("-") for run in (metadata or "").split(",") if run)
        try:
            return cls(max(offset, 0), tuple((int(first), int(last)) for first, _, last in pairs))
        except ValueError:
            raise StateError("the record of which dead letters were sent again is not ours") from None
