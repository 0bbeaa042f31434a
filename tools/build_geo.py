"""Builds the packaged geo database (country and autonomous system in one file) from two public data sets.

For maintainers: ``python tools/build_geo.py`` fetches the newest releases by ``npm pack``, joins them, and writes
``streams/geo/data/airlock-geo.mmdb.xz`` and its manifest. The same input gives the same bytes: the build time in the
file is that of the data, not of the build. Format: MaxMind DB 2.0, record layout of GeoIP2 Country.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import maxminddb
from mmdb_writer import SearchTreeLeaf, SearchTreeNode, TreeWriter

__all__ = ["Span", "build_tree", "join", "main", "merged", "write_database"]

COUNTRY_PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb"
ASN_PACKAGE = "@ip-location-db/asn"
OUTPUT = Path(__file__).resolve().parent.parent / "streams" / "geo" / "data"
BITS = 128

# IANA's special-purpose registries: no such address is a place, whatever the sources say of it.
SPECIAL_PURPOSE = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    *("::ffff:0:0/96", "64:ff9b::/32", "100::/64", "2001:2::/48", "2001:10::/28", "2001:db8::/32", "2002::/16"),
    *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "ff00::/8"),
)


class Span(NamedTuple):
    """Addresses ``first`` to ``last`` (both in it) in the 128-bit space, IPv4 at ``::/96``, and their value."""

    first: int
    last: int
    value: tuple[object, ...]


def span_of(network: IPv4Network | IPv6Network, value: tuple[object, ...] = ()) -> Span:
    """The addresses of one prefix."""
    return Span(int(network.network_address), int(network.broadcast_address), value)


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Sorted, disjoint spans with neighbours of equal value made one."""
    held: Span | None = None
    for span in spans:
        if held is not None and span.first == held.last + 1 and span.value == held.value:
            held = Span(held.first, span.last, held.value)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held


def join(countries: list[Span], systems: list[Span], excluded: list[Span]) -> Iterator[Span]:
    """What both sets say of each address, less ``excluded``: country, number and organisation, each or ``None``.

    Each argument is sorted and disjoint in itself.
    """
    layers = (countries, systems, excluded)
    edges = sorted({edge for layer in layers for span in layer for edge in (span.first, span.last + 1)})
    cursors = [0, 0, 0]
    for first, after in pairwise(edges):
        found: list[tuple[object, ...] | None] = []
        for number, layer in enumerate(layers):
            while cursors[number] < len(layer) and layer[cursors[number]].last < first:
                cursors[number] += 1
            here = cursors[number] < len(layer) and layer[cursors[number]].first <= first
            found.append(layer[cursors[number]].value if here else None)
        country, system, special = found
        if special is None and (country or system):
            yield Span(first, after - 1, (*(country or (None,)), *(system or (None, None))))


def build_tree(spans: list[Span]) -> SearchTreeNode:
    """The smallest search tree of merged spans; equal values share one leaf."""
    firsts = [span.first for span in spans]
    lasts = [span.last for span in spans]
    leaves: dict[tuple[object, ...], SearchTreeLeaf] = {}

    def grow(start: int, depth: int) -> SearchTreeNode | SearchTreeLeaf | None:
        end = start + (1 << (BITS - depth)) - 1
        low = bisect_left(lasts, start)
        high = bisect_right(firsts, end, lo=low)
        if low == high:
            return None
        if firsts[low] <= start and end <= lasts[low]:
            value = spans[low].value
            return leaves.setdefault(value, SearchTreeLeaf(_record(value)))
        middle = start + (1 << (BITS - depth - 1))
        return SearchTreeNode(grow(start, depth + 1), grow(middle, depth + 1))

    tree = grow(0, 0)
    return tree if isinstance(tree, SearchTreeNode) else SearchTreeNode(tree, tree)


def _record(value: tuple[object, ...]) -> dict[str, dict[str, object]]:
    country, number, organisation = value
    record: dict[str, dict[str, object]] = {}
    if country is not None:
        record["country"] = {"iso_code": country}
    if number is not None:
        record["traits"] = {"autonomous_system_number": number, "autonomous_system_organization": organisation}
    return record


def write_database(spans: list[Span], built: datetime, path: Path) -> None:
    """Writes ``spans`` as a MaxMind DB file that GeoIP2 readers take for GeoLite2 Country."""
    metadata = {
        "ip_version": 6,
        "database_type": "GeoLite2-Country",
        "languages": ["en"],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "description": {"en": "Airlock: country and autonomous system; see LICENSES.md for the sources"},
        "build_epoch": int(built.timestamp()),
    }
    TreeWriter(build_tree(spans), metadata).write(str(path))


def read_countries(folder: Path) -> Iterator[Span]:
    """The country data set: one file of prefixes, already sorted."""
    with maxminddb.open_database(folder / "geo-whois-asn-country.mmdb") as reader:
        for network, record in reader:
            if isinstance(record, dict):
                yield span_of(network, (record["country_code"],))


def read_systems(folder: Path) -> Iterator[Span]:
    """The autonomous systems: IPv4 ranges and then IPv6 ranges, as numbers."""
    for name in ("asn-ipv4-num.csv", "asn-ipv6-num.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as lines:
            for first, last, number, organisation in csv.reader(lines):
                yield Span(int(first), int(last), (int(number), organisation or None))


def fetch(package: str, folder: Path) -> tuple[Path, str]:
    """The unpacked newest release of an npm package, and its version."""
    target = folder / package.replace("/", "_")
    target.mkdir()
    command = ["npm", "pack", "--silent", "--json", package]
    done = subprocess.run(command, cwd=target, check=True, stdout=subprocess.PIPE)  # noqa: S603  # no shell, fixed names
    (packed,) = json.loads(done.stdout)
    with tarfile.open(target / packed["filename"]) as archive:
        archive.extractall(target, filter="data")
    return target / "package", packed["version"]


def _built(version: str) -> datetime:
    """When the data was made: their versions end in ``YYYYMMDDHH``."""
    return datetime.strptime(version.rpartition(".")[2], "%Y%m%d%H").replace(tzinfo=UTC)


def main() -> None:
    """Fetches, joins, writes, and says what came of it."""
    parser = argparse.ArgumentParser(description="Build Airlock's packaged geo database.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the compressed database")
    output: Path = parser.parse_args().output
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("Fetching the two data sets ...", file=sys.stderr)
        country_folder, country_version = fetch(COUNTRY_PACKAGE, folder)
        asn_folder, asn_version = fetch(ASN_PACKAGE, folder)
        print("Joining them ...", file=sys.stderr)
        excluded = sorted(merged(sorted(span_of(ip_network(prefix)) for prefix in SPECIAL_PURPOSE)))
        countries, systems = list(merged(read_countries(country_folder))), list(merged(read_systems(asn_folder)))
        spans = list(merged(join(countries, systems, excluded)))
        print(f"Writing {len(spans):,} ranges ...", file=sys.stderr)
        path = folder / "airlock-geo.mmdb"
        built = max(_built(country_version), _built(asn_version))
        write_database(spans, built, path)
        raw = path.read_bytes()
    packed = lzma.compress(raw, format=lzma.FORMAT_XZ, check=lzma.CHECK_SHA256, preset=9 | lzma.PRESET_EXTREME)
    manifest = {
        "built": built.date().isoformat(),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": len(raw),
        "sources": {COUNTRY_PACKAGE: country_version, ASN_PACKAGE: asn_version},
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "airlock-geo.mmdb.xz").write_bytes(packed)
    (output / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(f"{len(raw):,} bytes, {len(packed):,} compressed, in {output}", file=sys.stderr)


if __name__ == "__main__":
    main()
