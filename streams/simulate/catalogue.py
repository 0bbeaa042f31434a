"""Choosing the networks that simulated people and machines use: a maintainer's script over the packaged geo data.

``python -m streams.simulate.catalogue GEO.mmdb > streams/simulate/networks.tsv`` keeps some prefixes of the providers
below, as the data have them. The result is committed: a stream then doesn't change when the geo data are updated,
and a simulation starts at once (a walk over the whole database takes half a minute).
Each provider is listed under what its addresses are mostly used for: a home line, a phone, a server or a VPN.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network

import maxminddb

__all__ = ["PROVIDERS", "choose"]

RESIDENTIAL: dict[str, tuple[int, ...]] = {
    "AR": (7303, 22927, 27747, 11664),
    "AT": (8447, 8412, 8339, 12605),
    "AU": (1221, 4804, 7545, 9443, 4739),
    "BG": (8866, 8717, 9070),
    "BR": (28573, 18881, 8167, 27699, 7738, 53006),
    "CA": (577, 812, 6327, 852, 5769, 7992, 5645),
    "CH": (3303, 6730, 1836, 15600),
    "CN": (4134, 4837, 4812, 4808),
    "CO": (3816, 10620, 13489, 19429),
    "CZ": (5610, 16019, 13036, 30764),
    "DE": (3320, 3209, 8881, 9145, 20676),
    "DK": (3292, 9158, 44869, 15516),
    "EG": (8452, 24863, 24835),
    "ES": (3352, 12479, 6739, 57269, 12338),
    "FI": (719, 1759, 16086),
    "FR": (3215, 15557, 12322, 5410),
    "GB": (2856, 5089, 5607, 13285, 6871),
    "GR": (6799, 3329, 1241),
    "HK": (4760, 9304, 9269, 9908),
    "ID": (7713, 23700, 17451),
    "IE": (5466, 15502, 6830, 5607),
    "IL": (12400, 1680, 8551, 12849),
    "IN": (24560, 9829, 17488, 17813, 9498),
    "IT": (3269, 1267, 12874, 8612, 35612),
    "JP": (4713, 2516, 9824, 17506, 2527, 17511),
    "KE": (33771, 15399, 36866),
    "KR": (4766, 9318, 17858, 9848),
    "MX": (8151, 13999, 22884, 28509),
    "MY": (4788, 9930, 9534),
    "NG": (37340, 29091, 37637),
    "NL": (1136, 33915, 50266, 13127),
    "NO": (2119, 29695, 15659, 25400),
    "NZ": (9500, 4771, 9790, 56030),
    "PH": (9299, 17639, 6648, 23944),
    "PL": (5617, 12741, 29314, 21021, 13110),
    "PT": (3243, 2860, 12353, 13156),
    "RO": (8708, 9050, 12302),
    "RS": (8400, 31042),
    "RU": (12389, 3216, 42610, 25513),
    "SE": (3301, 1257, 29518, 8473),
    "SG": (9506, 55430, 3758, 4657),
    "TH": (17552, 23969, 45758),
    "TR": (9121, 34984, 47524, 12735),
    "TW": (3462, 9924, 38841, 4780),
    "UA": (6849, 13188, 31148, 34700),
    "US": (7922, 701, 7018, 20115, 22773, 209, 5650, 11427, 20001, 7843, 46690),
    "VN": (45899, 7552, 18403),
    "ZA": (5713, 37457, 37518, 3741),
}
MOBILE: dict[str, tuple[int, ...]] = {
    "AU": (133612, 135887),
    "BR": (26599, 26615, 22085),
    "CO": (26611, 27831),
    "DE": (6805,),
    "EG": (36992,),
    "ES": (12430,),
    "FR": (51207,),
    "GB": (5378, 206067),
    "ID": (23693, 4761, 24203),
    "IE": (13280,),
    "IN": (55836, 45609),
    "IT": (30722, 24608, 16232),
    "JP": (17676, 9605),
    "KE": (36926,),
    "KR": (9644,),
    "MY": (4818, 10030),
    "NG": (29465, 36873),
    "NL": (31615,),
    "PH": (4775, 132199, 10139),
    "PL": (12912, 39603, 8374),
    "RO": (35725,),
    "RU": (8402, 8359, 12714, 31133),
    "SE": (44034,),
    "SG": (4773,),
    "TH": (133481, 9931),
    "TR": (16135, 20978),
    "TW": (17421, 9674),
    "UA": (15895, 21497, 34058),
    "US": (21928, 6167, 20057, 22394),
    "VN": (131429, 24086),
    "ZA": (16637, 29975, 37168),
}
HOSTING: tuple[int, ...] = (16509, 14618, 8075, 396982, 14061, 24940, 16276, 31898, 63949, 20473, 12876, 51167, 45102)
VPN: tuple[int, ...] = (9009, 212238, 60068, 39351, 136787, 147049, 11878)

PROVIDERS: dict[str, dict[str, tuple[int, ...]]] = {"residential": RESIDENTIAL, "mobile": MOBILE}
_PREFIXES = {"residential": 8, "mobile": 6, "hosting": 4, "vpn": 4}
_SMALLEST_HOSTING = 8_192  # addresses in a country: fewer are offices and transit links, not a region

_Row = tuple[str, str, int, int, str, str]
_Networks = dict[tuple[str, int], list[IPv4Network | IPv6Network]]


def _walk(database: str) -> tuple[_Networks, dict[int, str]]:
    networks: _Networks = defaultdict(list)
    names: dict[int, str] = {}
    with maxminddb.open_database(database) as reader:
        for network, record in reader:
            if not isinstance(record, dict):
                continue
            traits, country = record.get("traits", {}), record.get("country", {})
            if not isinstance(traits, dict) or not isinstance(country, dict):
                continue
            asn, code = traits.get("autonomous_system_number"), country.get("iso_code")
            if isinstance(asn, int) and isinstance(code, str):
                networks[code, asn].append(network)
                names[asn] = str(traits.get("autonomous_system_organization", ""))
    return networks, names


def _kind_of(country: str, asn: int) -> str | None:
    for kind, providers in PROVIDERS.items():
        if asn in providers.get(country, ()):
            return kind
    if asn in VPN:
        return "vpn"
    return "hosting" if asn in HOSTING else None


def _some(networks: Iterable[IPv4Network | IPv6Network], most: int) -> list[str]:
    """The largest IPv4 prefixes and one of IPv6: where a provider's customers mostly are."""
    four = sorted((n for n in networks if n.version == 4 and n.prefixlen <= 24), key=lambda n: (n.prefixlen, n))
    six = sorted((n for n in networks if n.version == 6 and n.prefixlen <= 48), key=lambda n: (n.prefixlen, n))
    return [str(network) for network in four[:most] + six[:1]]


def choose(database: str) -> Iterator[_Row]:
    """Rows ``country, kind, asn, addresses (thousands of IPv4), prefixes, organisation``, sorted."""
    networks, names = _walk(database)
    for (country, asn), members in sorted(networks.items()):
        kind = _kind_of(country, asn)
        size = sum(network.num_addresses for network in members if network.version == 4)
        if kind is None or country not in RESIDENTIAL or size < (_SMALLEST_HOSTING if kind == "hosting" else 1_024):
            continue
        prefixes = _some(members, _PREFIXES[kind])
        yield country, kind, asn, max(1, size // 1_000), ",".join(prefixes), names[asn]


def main() -> None:
    """Write the table to stdout."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m streams.simulate.catalogue GEO.mmdb > streams/simulate/networks.tsv")
    for row in choose(sys.argv[1]):
        sys.stdout.write("\t".join(str(field) for field in row) + "\n")


if __name__ == "__main__":
    main()
