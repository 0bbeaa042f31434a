import importlib.util
import lzma
import sys
from datetime import UTC, datetime
from ipaddress import IPv6Address, ip_network
from itertools import pairwise
from pathlib import Path

import maxminddb
import pytest
from geoip2.database import Reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmdb_writer import MMDBWriter
from netaddr import IPSet

SCRIPT = Path(__file__).parents[2] / "tools" / "build_geo.py"
BUILT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location("build_geo", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_geo"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["build_geo"]


@st.composite
def layers(draw, values):
    """Sorted, disjoint (first, last, value) in a space of 64 addresses."""
    edges = sorted(draw(st.sets(st.integers(0, 64), max_size=12)))
    return [
        (first, after - 1, draw(st.sampled_from(values))) for first, after in pairwise(edges) if draw(st.booleans())
    ]


def value_at(layer, address):
    return next((value for first, last, value in layer if first <= address <= last), None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    countries=layers([("DE",), ("FR",)]),
    systems=layers([(1, "One"), (2, "Two")]),
    excluded=layers([()]),
)
def test_each_address_says_what_both_sources_say_of_it(build, tmp_path, countries, systems, excluded):
    base = 8 << 24  # 8.0.0.0

    def spans(layer):
        return [build.Span(base + first, base + last, value) for first, last, value in layer]

    joined = list(build.merged(build.join(spans(countries), spans(systems), spans(excluded))))
    path = tmp_path / "joined.mmdb"
    build.write_database(joined, BUILT, path)
    with maxminddb.open_database(path) as reader:
        for address in range(64):
            country, system = value_at(countries, address), value_at(systems, address)
            expected = {}
            if country:
                expected["country"] = {"iso_code": country[0]}
            if system:
                expected["traits"] = dict(
                    zip(("autonomous_system_number", "autonomous_system_organization"), system, strict=True)
                )
            if value_at(excluded, address) is not None:
                expected = {}
            assert (reader.get(IPv6Address(base + address)) or {}) == expected
            assert (reader.get(f"8.0.0.{address}") or {}) == expected


def test_neighbours_of_equal_value_become_one(build):
    spans = [
        build.Span(0, 3, ("DE",)),
        build.Span(4, 7, ("DE",)),
        build.Span(9, 9, ("DE",)),
        build.Span(10, 11, ("FR",)),
    ]
    assert list(build.merged(spans)) == [
        build.Span(0, 7, ("DE",)),
        build.Span(9, 9, ("DE",)),
        build.Span(10, 11, ("FR",)),
    ]


def test_the_same_ranges_give_the_same_bytes_and_carry_the_time_of_the_data(build, tmp_path):
    spans = [build.span_of(ip_network("2001:4860::/32"), ("US", 15169, "Google LLC"))]
    for name in ("a", "b"):
        build.write_database(spans, BUILT, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with Reader(tmp_path / "a") as reader:
        assert reader.metadata().build_epoch == int(BUILT.timestamp())
        found = reader.country("2001:4860::1")
    assert (found.country.iso_code, found.traits.autonomous_system_number) == ("US", 15169)


def test_the_script_writes_what_two_releases_say(build, tmp_path, monkeypatch):
    def fetch(package, folder):
        target = folder / package.replace("/", "_")
        target.mkdir()
        if package == build.COUNTRY_PACKAGE:
            writer = MMDBWriter(6, "country ipvAll", ipv4_compatible=True)
            writer.insert_network(IPSet(["8.8.0.0/16", "10.0.0.0/8"]), {"country_code": "US"})
            writer.to_db_file(str(target / "geo-whois-asn-country.mmdb"))
        else:
            first = 0x08080000
            (target / "asn-ipv4-num.csv").write_text(f'{first},{first + 255},15169,"Google, LLC"\n')
            (target / "asn-ipv6-num.csv").write_text("")
        return target, "2.3.2026061719"

    monkeypatch.setattr(build, "fetch", fetch)
    monkeypatch.setattr(sys, "argv", ["build_geo.py", "--output", str(tmp_path / "data")])
    build.main()
    path = tmp_path / "geo.mmdb"
    path.write_bytes(lzma.decompress((tmp_path / "data" / "airlock-geo.mmdb.xz").read_bytes()))
    with Reader(path) as reader:
        assert reader.country("8.8.0.8").traits.autonomous_system_organization == "Google, LLC"
        assert reader.country("8.8.8.8").traits.autonomous_system_number is None
        assert reader.metadata().build_epoch == int(datetime(2026, 6, 17, 19, tzinfo=UTC).timestamp())
    with maxminddb.open_database(path) as raw:
        assert raw.get("10.0.0.1") is None
    assert '"built": "2026-06-17"' in (tmp_path / "data" / "manifest.json").read_text()
