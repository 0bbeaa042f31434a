"""One MaxMind DB file: opened with its mistakes told in one sentence, read by the C extension on the hot path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import geoip2.database
import maxminddb
from geoip2.errors import AddressNotFoundError

from schemas.errors import UsageError

__all__ = ["GeoFile", "Kind"]

Kind = Literal["country", "city", "asn", "anonymous_ip"]
"""The kinds of database, as ``geoip2.database.Reader`` names its methods."""

_PROBE = "192.0.2.1"  # any address does: GeoIP2's reader checks the kind before it looks


class GeoFile:
    """A database of one kind. ``setting`` names it in errors, such as ``geo.city``."""

    def __init__(self, path: Path, kind: Kind, setting: str) -> None:
        self._where = f"{setting}: {path}"
        self._check(path, kind)
        self._reader = maxminddb.open_database(path)
        metadata = self._reader.metadata()
        self._ipv4_only = metadata.ip_version == 4
        self.version = f"{metadata.database_type}-{metadata.build_epoch}"

    def get(self, ip: str) -> dict[str, Any] | None:
        """What the file knows of an address; nothing of an IPv6 address where it holds only IPv4.

        Raises:
            UsageError: where the file turns out to be damaged.
        """
        if self._ipv4_only and ":" in ip:
            return None
        try:
            record = self._reader.get(ip)
        except maxminddb.InvalidDatabaseError as error:
            raise UsageError(f"{self._where} is damaged ({error}).") from error
        return record if isinstance(record, dict) else None

    def get_with_prefix_length(self, ip: str) -> tuple[dict[str, Any] | None, int]:
        """The same with the length of the prefix for which it holds; the file must know addresses of that version."""
        record, length = self._reader.get_with_prefix_len(ip)
        return (record if isinstance(record, dict) else None), length

    def close(self) -> None:
        """Lets go of the file."""
        self._reader.close()

    def _check(self, path: Path, kind: Kind) -> None:
        try:
            with geoip2.database.Reader(path) as reader:
                getattr(reader, kind)(_PROBE)
        except AddressNotFoundError:
            return
        except FileNotFoundError as error:
            raise UsageError(f"{self._where} doesn't exist.") from error
        except OSError as error:
            raise UsageError(f"{self._where} can't be read ({error.strerror or error}).") from error
        except TypeError as error:
            with maxminddb.open_database(path) as reader:
                found = reader.metadata().database_type
            raise UsageError(f"{self._where} is a database of type {found}, which has no {kind} records.") from error
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            raise UsageError(f"{self._where} is damaged, or not a MaxMind DB file.") from error
