"""Public addresses for people and machines, out of real providers' prefixes (``networks.tsv``, see ``catalogue``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from ipaddress import ip_address, ip_network
from random import Random

from streams.simulate.randomness import Weighted

__all__ = ["AddressBook", "Line", "Provider", "packaged_addresses"]

_POOL = {4: 2**11, 6: 2**72}
"""How many addresses one customer's leases come from: a /21, or the /64s of a /56."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider's network in one country; ``kind`` is what most of its addresses are used for."""

    country: str
    kind: str
    asn: int
    organisation: str
    size: int
    prefixes: tuple[tuple[int, int, int], ...]
    """IP version, first address, number of addresses."""

    def line(self, rng: Random, pools: int = 1, only_v4: bool = False) -> Line:
        """A new customer's line, whose leases come from ``pools`` places within the provider's prefixes."""
        candidates = [p for p in self.prefixes if p[0] == 4] if only_v4 else list(self.prefixes)
        chosen = []
        for _ in range(pools):
            version, first, size = candidates[int(rng.random() * len(candidates))]
            width = min(size, _POOL[version])
            chosen.append((version, first + int(rng.random() * (size // width)) * width, width))
        return Line(self, tuple(chosen))


@dataclass(frozen=True, slots=True)
class Line:
    """Where one customer's addresses come from."""

    provider: Provider
    pools: tuple[tuple[int, int, int], ...]

    def lease(self, rng: Random) -> str:
        """One address of it."""
        version, first, width = self.pools[int(rng.random() * len(self.pools))]
        if version == 4:
            return str(ip_address(first + 1 + int(rng.random() * (width - 2))))
        subnet = int(rng.random() * (width >> 64)) if width > 1 << 64 else 0
        return str(ip_address(first + (subnet << 64) + rng.getrandbits(62)))


class AddressBook:
    """Providers by country and kind, the larger ones the likelier."""

    def __init__(self, providers: Iterable[Provider]) -> None:
        self.providers = tuple(providers)
        groups: defaultdict[tuple[str, str], list[Provider]] = defaultdict(list)
        for provider in self.providers:
            groups[provider.country, provider.kind].append(provider)
        # Square root: a country's largest provider leads, and the smaller ones still occur.
        self._groups = {key: Weighted([(p, p.size**0.5) for p in members]) for key, members in groups.items()}
        self.countries = tuple(sorted({country for country, _ in self._groups}))

    def countries_with(self, kind: str) -> tuple[str, ...]:
        """The countries that have a provider of ``kind``, sorted."""
        return tuple(country for country in self.countries if (country, kind) in self._groups)

    def provider(self, rng: Random, country: str, kind: str) -> Provider:
        """A provider of ``kind`` there; of homes where there is none of it."""
        group = self._groups.get((country, kind)) or self._groups[country, "residential"]
        return group.pick(rng)

    def named(self, country: str, asn: int) -> Provider | None:
        """That provider's network in ``country``, where it has one."""
        for (where, _), group in self._groups.items():
            if where == country:
                for provider in group.items:
                    if provider.asn == asn:
                        return provider
        return None


def _provider(line: str) -> Provider:
    country, kind, asn, size, prefixes, organisation = line.split("\t")
    networks = [ip_network(prefix) for prefix in prefixes.split(",")]
    spans = tuple((n.version, int(n.network_address), n.num_addresses) for n in networks)
    return Provider(country, kind, int(asn), organisation, int(size), spans)


@cache
def packaged_addresses() -> AddressBook:
    """The address book that ships with the package."""
    table = (files("streams.simulate") / "networks.tsv").read_text(encoding="utf-8")
    return AddressBook(_provider(line) for line in table.splitlines())
