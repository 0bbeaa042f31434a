"""Where an address lies and what kind of network it belongs to, from the packaged database and from your own files.

Your City file gives country, city and coordinates, your ASN file the autonomous system, your Anonymous-IP file the
network class; what they don't know of an address, the packaged database says. Where only the country is known, the
place is the circle around it (``streams.geo.centroids``). Formats: MaxMind DB 2.0, records of GeoIP2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from schemas.activity import NetworkClass, Place
from schemas.errors import UsageError
from schemas.record import explain_validation
from streams.geo.centroids import CENTROIDS
from streams.geo.files import GeoFile, Kind
from streams.geo.network_class import RULES, SYSTEMS, network_class
from streams.geo.packaged import default_cache, manifest, unpacked
from streams.settings import GeoSettings

__all__ = ["Announced", "GeoDatabase", "Located"]

Located = tuple[Place | None, str | None]
"""A place, or ``None`` and the reason in words why there is none."""

_ADDRESSES: Final = 65_536  # remembered by address: a stream's addresses repeat, and a hit is nearly free
_PLACES: Final = 16_384  # remembered by content: addresses are many, pairs of country and network few
_CITY_RADIUS_KM: Final = 50.0  # a City file that states no accuracy: the reach of a large city
# Written out (IANA's special-purpose registries): ipaddress' own judgement changes with the Python version, and what an
# activity record says may not.
_PRIVATE: Final = tuple(
    map(
        ip_network,
        [
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "::1/128",
            "64:ff9b:1::/48",
            "100::/64",
            "2001:db8::/32",
            "3fff::/20",
            "fc00::/7",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
        ],
    )
)
_NOTHING: Final[Mapping[str, Any]] = {}
_VPN_FLAGS: Final = ("is_anonymous_vpn", "is_tor_exit_node", "is_public_proxy", "is_residential_proxy")


class Announced(NamedTuple):
    """What the packaged database says of an address, and the length of the prefix for which it says so."""

    country: str | None
    asn: int | None
    organisation: str | None
    prefix_length: int


class _Position(NamedTuple):
    country: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None


class GeoDatabase:
    """Looks addresses up. ``version`` names the data in force; it changes with whatever could change an answer."""

    def __init__(self, packaged: GeoFile, own: Mapping[Kind, GeoFile]) -> None:
        self._packaged = packaged
        self._own = dict(own)
        self._city, self._asn, self._anonymous = own.get("city"), own.get("asn"), own.get("anonymous_ip")
        self.version = "+".join((_packaged_version(), *(file.version for file in own.values())))
        self._remembered = lru_cache(_ADDRESSES)(self._look_up)

    @classmethod
    def open(cls, settings: GeoSettings, cache: Path | None = None) -> GeoDatabase:
        """The packaged database (unpacked to ``cache``, by default the user's) and the files that are configured.

        Raises:
            UsageError: where a configured file is missing, damaged or of another kind.
            UnavailableError: where the packaged one can't be unpacked.
        """
        paths: tuple[tuple[Kind, Path | None], ...] = (
            ("city", settings.city),
            ("asn", settings.asn),
            ("anonymous_ip", settings.anonymous_ip),
        )
        own = {kind: GeoFile(path, kind, f"geo.{kind}") for kind, path in paths if path is not None}
        packaged = unpacked(default_cache() if cache is None else cache)
        return cls(GeoFile(packaged, "country", "the packaged geo database"), own)

    def locate(self, ip: str | None) -> Located:
        """The place of an address, or why it has none: ``no address``, ``private address``, ``unknown address``.

        A private address is looked up all the same: a City file of your own may know your internal networks.

        Raises:
            UsageError: where a configured file turns out to be damaged.
        """
        return self._remembered(ip) if ip else (None, "no address")

    def packaged_record(self, ip: str) -> Announced:
        """What the packaged database alone says of a valid address."""
        record, length = self._packaged.get_with_prefix_length(ip)
        return Announced(*_country_and_system(record or _NOTHING), length)

    def close(self) -> None:
        """Lets go of the files; nothing can be located afterwards."""
        self._remembered.cache_clear()
        for file in (self._packaged, *self._own.values()):
            file.close()

    def _look_up(self, ip: str) -> Located:
        try:
            ours = self._packaged.get(ip)
            city = self._city.get(ip) if self._city else None
            system = self._asn.get(ip) if self._asn else None
            anonymous = self._anonymous.get(ip) if self._anonymous else None
        except ValueError:
            if not _is_address(ip):
                return None, "not an address"
            address, zone, _ = ip.partition("%")
            if not zone:
                raise
            return self._look_up(address)  # the zone names an interface of the publisher's, not one of ours
        if not (ours or city or system or anonymous):
            return None, "private address" if _is_private(ip) else "unknown address"
        country, asn, organisation = _country_and_system(ours or _NOTHING)
        position = (_position(city) if city else None) or _Position(country)
        if system:
            number, name = _system(system)
            asn, organisation = number, name or (organisation if number == asn else None)
        kind = (_anonymity(anonymous) if anonymous else None) or network_class(asn, organisation)
        try:
            return _place(position, asn, organisation, kind), None
        except ValidationError as error:
            names = " and ".join(f"geo.{name}" for name in self._own)
            raise UsageError(f"{names}: the record of {ip} can't be used ({explain_validation(error)}).") from error


def _is_private(ip: str) -> bool:
    address = ip_address(ip)
    return any(address in network for network in _PRIVATE if network.version == address.version)


def _packaged_version() -> str:
    """Day of the packaged data and a digest of all that makes a place of it, tables in code included."""
    rules = [(rule.kind, sorted(rule.words), rule.phrases) for rule in RULES]  # a set has no order of its own
    tables = repr((manifest().sha256, sorted(CENTROIDS.items()), sorted(SYSTEMS.items()), rules))
    return f"airlock-{manifest().built.replace('-', '')}-{sha256(tables.encode()).hexdigest()[:12]}"


def _is_address(ip: str) -> bool:
    try:
        ip_address(ip)
    except ValueError:
        return False
    return True


def _map(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else _NOTHING


def _system(record: Mapping[str, Any]) -> tuple[int | None, str | None]:
    return record.get("autonomous_system_number"), record.get("autonomous_system_organization")


def _country_and_system(record: Mapping[str, Any]) -> tuple[str | None, int | None, str | None]:
    return (_map(record, "country").get("iso_code"), *_system(_map(record, "traits")))


def _position(record: Mapping[str, Any]) -> _Position | None:
    """What a City record says of the place; ``None`` where it says neither country nor coordinates."""
    country = _map(record, "country").get("iso_code")
    city = _map(_map(record, "city"), "names").get("en")
    location = _map(record, "location")
    latitude, longitude = location.get("latitude"), location.get("longitude")
    if latitude is None or longitude is None:
        return _Position(country, city) if country else None
    radius = location.get("accuracy_radius")
    if radius is None:
        circle = None if city else CENTROIDS.get(country or "")
        radius = circle.radius_km if circle else _CITY_RADIUS_KM
    return _Position(country, city, latitude, longitude, radius)


def _anonymity(record: Mapping[str, Any]) -> NetworkClass | None:
    """The class that an Anonymous-IP record tells; a VPN's exit in a data centre is a VPN first."""
    if any(record.get(flag) for flag in _VPN_FLAGS):
        return "vpn"
    if record.get("is_hosting_provider"):
        return "hosting"
    return "vpn" if record.get("is_anonymous") else None


@lru_cache(_PLACES)
def _place(position: _Position, asn: int | None, organisation: str | None, kind: NetworkClass) -> Place:
    if position.latitude is None and (circle := CENTROIDS.get(position.country or "")) is not None:
        position = position._replace(**circle._asdict())
    return Place(**position._asdict(), asn=asn, organisation=organisation, network=kind)
