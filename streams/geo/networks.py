"""Public networks of the packaged database by country, for whoever needs plausible addresses.

``public_networks(database, countries) -> dict[str, list[Network]]``; each list is in the order of the addresses, so
that the same database gives the same lists. It is a sample of the IPv4 space: the network that holds the first address
of each /18, which is every network of that size or larger and a fair share of the smaller ones. Configured files play
no part: what is drawn from it must not depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from socket import inet_ntoa

from schemas.activity import NetworkClass
from streams.geo.database import GeoDatabase
from streams.geo.network_class import network_class

__all__ = ["Network", "public_networks"]

_STEP = 1 << 14  # a /18: 85,000 look-ups, about half a second; visiting every network takes ten times that
_FIRST, _END = 1 << 24, 224 << 24  # the unicast addresses


@dataclass(frozen=True, slots=True)
class Network:
    """One announced IPv4 prefix (``192.0.2.0/24``): its country (ISO 3166 alpha-2), its announcer and its class."""

    prefix: str
    asn: int | None
    organisation: str | None
    country: str
    network: NetworkClass

    @property
    def first(self) -> int:
        """Its first address, as a number."""
        a, b, c, d = self.prefix.partition("/")[0].split(".")
        return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)

    @property
    def size(self) -> int:
        """How many addresses it has."""
        return 1 << (32 - int(self.prefix.partition("/")[2]))


def public_networks(database: GeoDatabase, countries: Iterable[str]) -> dict[str, list[Network]]:
    """The sampled networks of each of ``countries``; a country without any has an empty list."""
    found: dict[str, list[Network]] = {country: [] for country in countries}
    address = _FIRST
    while address < _END:
        country, asn, organisation, length = database.packaged_record(inet_ntoa(address.to_bytes(4, "big")))
        size = 1 << (32 - length)
        first = address & -size
        if country in found:
            kind = network_class(asn, organisation)
            prefix = f"{inet_ntoa(first.to_bytes(4, 'big'))}/{length}"
            found[country].append(Network(prefix, asn, organisation, country, kind))
        address = (max(first + size, address + 1) + _STEP - 1) & -_STEP
    return found
