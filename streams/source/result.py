"""What the work on a batch leads to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

__all__ = ["Produced", "Result"]


class Produced(msgspec.Struct, gc=False):
    """A record to write. ``timestamp_ms`` is Unix milliseconds: its input's, so that a replay writes the same."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


@dataclass(slots=True)
class Result:
    """What a batch leads to: records to write, and new values by key for the state (``None`` forgets the key).

    ``tally`` counts what the batch came to, by words that the source hands on with ``Spent`` once it is committed.
    """

    records: list[Produced] = field(default_factory=list)
    state: dict[bytes, bytes | None] = field(default_factory=dict)
    tally: Counter[tuple[str, ...]] = field(default_factory=Counter)
