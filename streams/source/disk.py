"""A partition's state on local disk (RocksDB), for more subjects than memory holds; the changelog stays the truth.

What holds, always:

1. Changes are written after their transaction has been committed, in one RocksDB batch with the changelog offset up to
   which the store then reaches: a process that is killed leaves a store that is the changelog up to its offset, and
   the rest is read from the changelog. RocksDB's own log makes the batch whole or void; after a loss of power the
   store may be an earlier one, with its earlier offset.
2. A store is used only for the topic that it was filled from (``origin``: the cluster's and the topic's ids, and the
   partition), and only while the changelog still has every tombstone that the store has not seen: Kafka drops them
   ``delete.retention.ms`` after they were written, a day by default.
3. Any other store, and one that RocksDB finds damaged, is thrown away and read anew.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from aiokafka import TopicPartition
from rocksdict import BlockBasedOptions, Cache, DbClosedError, Options, Rdict, WriteBatch

from schemas.errors import StateError, UnavailableError
from streams.source.state import Changes, State

__all__ = ["DiskState", "disk_states"]

_log = structlog.get_logger("airlock.source")

_DATA, _META = b"k", b"m"  # first byte of a key
_DAMAGED: Final = "DAMAGED"
_LONGEST_AWAY_S: Final = 12 * 3600.0  # half of Kafka's default delete.retention.ms
_CACHE_BYTES: Final = 32 * 1024 * 1024
_BUFFER_BYTES: Final = 16 * 1024 * 1024  # RocksDB's 64 MiB, twice a partition, would be memory that this is to save


class _Meta(msgspec.Struct, array_like=True):
    """What a store says of itself: where from, up to which offset, when that was all (Unix s), how many keys."""

    origin: str
    offset: int = 0
    at: float = 0.0
    keys: int = 0


def disk_states(folder: Path, origin: str) -> Callable[[TopicPartition], State]:
    """Opens the stores of one worker, each in a folder of its own; ``origin`` tells this topic from all others."""

    def open_state(tp: TopicPartition) -> State:
        return DiskState(folder / f"{tp.topic}-{tp.partition}", f"{origin}/{tp.partition}")

    return open_state


class DiskState(State):
    """State in a folder of its own; one process at a time may have it open."""

    def __init__(self, folder: Path, origin: str, now: Callable[[], float] = time.time) -> None:
        """Opens the store in ``folder`` where it can be used, else an empty one.

        Raises:
            UnavailableError: where the folder can't be written, or another process has the store open.
        """
        self._folder = folder
        self._existed: dict[bytes, bool] = {}
        self._db: Any  # its stubs know keys of any type, raw mode only bytes
        self._db, self._meta = _open_usable(folder, origin, now())
        self.offset = self._meta.offset

    def __getitem__(self, key: bytes) -> bytes:
        with self._guarded():
            value: bytes | None = self._db.get(_DATA + key)
        self._existed[key] = value is not None
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[bytes]:
        return self.snapshot_keys()

    def __len__(self) -> int:
        return self._meta.keys

    def apply(self, changes: Changes, offset: int, at: float | None = None) -> None:
        """Takes over the changes and their offset, at once or not at all; nothing, where the store has been closed.

        Raises:
            StateError: where the store can't be read or written.
        """
        batch = WriteBatch(raw_mode=True)
        meta = _Meta(self._meta.origin, max(offset, self.offset), at or self._meta.at, self._meta.keys)
        try:
            with self._guarded():
                for key, value in changes.items():
                    meta.keys += (value is not None) - self._has(key)
                    if value is None:
                        batch.delete(_DATA + key)
                    else:
                        batch.put(_DATA + key, value)
                batch.put(_META, msgspec.msgpack.encode(meta))
                self._db.write(batch)
        except DbClosedError:
            return  # the partition was given up while this batch was being committed: its changelog has it
        self._existed.clear()
        self._meta, self.offset = meta, meta.offset

    def snapshot_keys(self) -> Iterator[bytes]:
        """The keys of now: RocksDB reads a snapshot."""
        with self._guarded():
            found = self._db.iter()
            found.seek(_DATA)
            while found.valid() and (key := found.key()).startswith(_DATA):
                yield key[len(_DATA) :]
                found.next()
            found.status()  # raises where it ended because it couldn't read on

    def reset(self) -> None:
        """Throws the store away and starts an empty one."""
        self._db.close()
        shutil.rmtree(self._folder)
        self._db, self._meta = _open_usable(self._folder, self._meta.origin, 0.0)
        self.offset = self._meta.offset
        self._existed.clear()

    def close(self) -> None:
        """Closes the files."""
        with suppress(DbClosedError):
            self._db.close()

    def _has(self, key: bytes) -> bool:
        """Whether the key is there: mostly known, because a batch reads what it is going to change."""
        known = self._existed.get(key)
        return self._db.get(_DATA + key) is not None if known is None else known

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except DbClosedError:
            raise
        except Exception as error:  # RocksDB's errors have no class of their own
            if str(error).startswith("Corruption"):
                (self._folder / _DAMAGED).touch()
                text = f"the local state in {self._folder} is damaged ({error}): the next start reads it anew"
            else:
                text = f"the local state in {self._folder} can't be used ({error})"
            raise StateError(text) from error


def _open_usable(folder: Path, origin: str, now: float) -> tuple[Rdict, _Meta]:
    """The store in the folder with what it says of itself, or an empty one in its place."""
    if not folder.exists():
        return _open(folder), _Meta(origin)
    why = "it is damaged"
    if not (folder / _DAMAGED).exists():
        try:
            database = _open(folder)
            meta = msgspec.msgpack.decode(database.get(_META) or b"", type=_Meta)
        except UnavailableError:
            raise
        except Exception as error:  # whatever is wrong with it, the changelog has it all
            why = f"it can't be read: {error}"
        else:
            if meta.origin == origin and abs(now - meta.at) < _LONGEST_AWAY_S:
                return database, meta
            why = "it is of another topic" if meta.origin != origin else "it is too old or was never complete"
            database.close()
    _log.warning("local state is read anew", folder=str(folder), reason=why)
    shutil.rmtree(folder)
    return _open(folder), _Meta(origin)


def _open(folder: Path) -> Rdict:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Rdict(str(folder), _options())
    except OSError as error:
        raise UnavailableError(f"the local state's folder {folder} can't be made ({error})") from error
    except Exception as error:
        if "LOCK" in str(error):
            raise UnavailableError(f"the local state in {folder} is in use by another process") from error
        raise


def _options() -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(Cache(_CACHE_BYTES))
    table.set_bloom_filter(10, False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(table)
    options.set_write_buffer_size(_BUFFER_BYTES)
    options.set_keep_log_file_num(2)
    return options
