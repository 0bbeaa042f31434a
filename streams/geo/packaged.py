"""The database that ships with Airlock: compressed in the package, unpacked once into the user's cache folder.

A MaxMind DB is read through a memory map, so it must be a file. What the cache holds is checked by its SHA-256 at every
start; it is replaced whole, by renaming, so that a process that reads the old one keeps what it has.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import tempfile
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict

from schemas.errors import UnavailableError

__all__ = ["Manifest", "default_cache", "manifest", "unpacked"]

_DATA = files("streams.geo") / "data"


class Manifest(BaseModel):
    """What the packaged database is: day of its data, SHA-256 and bytes when unpacked, releases of its sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    built: str
    sha256: str
    size: int
    sources: dict[str, str]


@lru_cache(maxsize=1)
def manifest() -> Manifest:
    """The manifest beside the packaged database."""
    return Manifest.model_validate(json.loads((_DATA / "manifest.json").read_text(encoding="utf-8")))


def default_cache() -> Path:
    """The user's cache folder for geo databases."""
    return user_cache_path("airlock", appauthor=False) / "geo"


def unpacked(cache: Path) -> Path:
    """The packaged database as a file below ``cache``, unpacked if it isn't there or isn't what it should be.

    Raises:
        UnavailableError: where the folder can't be written, or the package itself is damaged.
    """
    expected = manifest()
    path = cache / f"{expected.sha256[:16]}.mmdb"
    try:
        if _is_intact(path, expected):
            return path
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "unpack.lock"):
            if not _is_intact(path, expected):  # another process may have done it meanwhile
                _unpack(path, expected)
    except OSError as error:
        raise UnavailableError(
            f"The geo database can't be unpacked to {cache} ({error.strerror or error}): make that folder writable, "
            "or set XDG_CACHE_HOME to one that is."
        ) from error
    return path


def _is_intact(path: Path, expected: Manifest) -> bool:
    try:
        if path.stat().st_size != expected.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == expected.sha256
    except FileNotFoundError:
        return False


def _unpack(path: Path, expected: Manifest) -> None:
    try:
        data = lzma.decompress((_DATA / "airlock-geo.mmdb.xz").read_bytes())
    except (lzma.LZMAError, FileNotFoundError):
        data = b""
    if hashlib.sha256(data).hexdigest() != expected.sha256:
        raise UnavailableError("The geo database in the installed package is damaged: install Airlock again.")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    temporary = Path(name)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # a descriptor, not a path
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
