"""What a partition knows by key: in memory, or anything else that can take over committed changes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping

__all__ = ["Changes", "MemoryState", "State"]

Changes = Mapping[bytes, bytes | None]
"""New values by key; ``None`` forgets the key."""


class State(Mapping[bytes, bytes]):
    """A mapping that is a changelog partition up to ``offset``, and whatever a batch that reaches further has told.

    To apply the changelog's tail from ``offset`` on once more leads to the same values: ``offset`` may lag behind what
    the state holds, never run ahead.
    """

    offset: int = 0

    @abstractmethod
    def apply(self, changes: Changes, offset: int, at: float | None = None) -> None:
        """Takes over committed changes that reach up to ``offset``; ``at`` (Unix s) the changelog had no more.

        Without ``at``, more has been there for longer: the changelog is still being read.
        """

    @abstractmethod
    def snapshot_keys(self) -> Iterator[bytes]:
        """The keys of now, whatever is applied while they are being read."""

    @abstractmethod
    def reset(self) -> None:
        """Forgets everything, to be read anew."""

    @abstractmethod
    def close(self) -> None:
        """Ends its use; what is applied afterwards is ignored."""


class MemoryState(dict[bytes, bytes], State):
    """State in this process's memory: the changelog is read from its start."""

    def apply(self, changes: Changes, offset: int, at: float | None = None) -> None:
        """Takes over the changes; where they came from is of no use, for nothing outlives the process."""
        for key, value in changes.items():
            if value is None:
                self.pop(key, None)
            else:
                self[key] = value

    def snapshot_keys(self) -> Iterator[bytes]:
        """The keys of now."""
        return iter(tuple(self))

    def reset(self) -> None:
        """Forgets everything."""
        self.clear()

    def close(self) -> None:
        """Nothing to end."""
