import geoip2.database
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from schemas.activity import Place
from schemas.errors import UsageError
from schemas.record import Identifier
from streams.geo import GeoDatabase
from streams.geo.packaged import unpacked
from streams.settings import GeoSettings

LONDON = {
    "country": {"iso_code": "GB"},
    "city": {"names": {"en": "London", "de": "London"}},
    "location": {"latitude": 51.5142, "longitude": -0.0931, "accuracy_radius": 10},
}
CITY_RECORDS = {
    "81.2.69.142/31": LONDON,
    "2a02:d000::/24": LONDON,
    "8.8.8.0/24": {"country": {"iso_code": "CA"}, "location": {"latitude": 43.6, "longitude": -79.4}},
    "9.9.9.0/24": {"country": {"iso_code": "CH"}},
    "1.1.1.0/24": {"registered_country": {"iso_code": "NZ"}},
    "10.20.0.0/16": {**LONDON, "city": {"names": {"en": "Reading"}}},
    "4.4.4.0/24": {
        "country": {"iso_code": "FR"},
        "city": {"names": {"en": "Lyon"}},
        "location": {"latitude": 45.8, "longitude": 4.8},
    },
    "5.5.5.0/24": {"country": {"iso_code": "FR"}, "location": {"latitude": 145.8, "longitude": 4.8}},
    "6.6.6.0/24": {"country": "FR", "location": "unknown", "city": {"names": []}},
}
ASN_RECORDS = {
    "8.8.8.0/24": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Broadband"},
    "81.2.69.0/24": {"autonomous_system_number": 64501, "autonomous_system_organization": "Example Hosting"},
    "98.97.0.0/24": {"autonomous_system_number": 14593},
    "98.97.1.0/24": {"autonomous_system_number": 64502},
}
ANONYMOUS_RECORDS = {
    "8.8.8.0/28": {"is_anonymous": True, "is_anonymous_vpn": True, "is_hosting_provider": True},
    "8.8.8.16/28": {"is_anonymous": True, "is_hosting_provider": True},
    "8.8.8.32/28": {"is_anonymous": True, "is_tor_exit_node": True},
    "8.8.8.48/28": {"is_anonymous": True, "is_public_proxy": True},
    "8.8.8.64/28": {"is_anonymous": True, "is_residential_proxy": True},
    "8.8.8.80/28": {"is_anonymous": True},
}


def write(path, database_type, records, ip_version=6):
    writer = MMDBWriter(ip_version, database_type, languages=["en"], ipv4_compatible=ip_version == 6)
    for prefix, record in records.items():
        writer.insert_network(IPSet([prefix]), record)
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("geo-cache")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("geo-files")
    return {
        "city": write(folder / "city.mmdb", "GeoLite2-City", CITY_RECORDS),
        "asn": write(folder / "asn.mmdb", "GeoLite2-ASN", ASN_RECORDS),
        "anonymous_ip": write(folder / "anonymous.mmdb", "GeoIP2-Anonymous-IP", ANONYMOUS_RECORDS),
    }


@pytest.fixture(scope="module")
def packaged(cache):
    database = GeoDatabase.open(GeoSettings(), cache)
    yield database
    database.close()


@pytest.fixture(scope="module")
def own(cache, files):
    database = GeoDatabase.open(GeoSettings(**files), cache)
    yield database
    database.close()


UNPLACED = [
    (None, "no address"),
    ("", "no address"),
    ("10.0.0.1", "private address"),
    ("172.16.4.5", "private address"),
    ("192.168.1.1", "private address"),
    ("127.0.0.1", "private address"),
    ("::1", "private address"),
    ("169.254.1.1", "private address"),
    ("fe80::1", "private address"),
    ("fe80::1%eth0", "private address"),
    ("fe80::1%no-such-interface", "private address"),
    ("100.64.0.1", "private address"),
    ("fd00::1", "private address"),
    ("192.0.2.1", "private address"),
    ("2001:db8::1", "private address"),
    ("0.0.0.0", "private address"),
    ("2002:808:808::1", "unknown address"),
    ("not an address", "not an address"),
    ("300.1.1.1", "not an address"),
]


@pytest.mark.parametrize(("ip", "reason"), UNPLACED, ids=[str(ip) for ip, _ in UNPLACED])
def test_an_address_without_a_place_has_a_reason_in_words(packaged, ip, reason):
    assert packaged.locate(ip) == (None, reason)


@pytest.mark.parametrize(
    ("ip", "country", "asn", "network"),
    [
        ("8.8.8.8", "US", 15169, "hosting"),
        ("2001:4860:4860::8888", "US", 15169, "hosting"),
        ("2a01:4f8::1", "DE", 24940, "hosting"),
        ("140.82.112.3", "US", 36459, "hosting"),
        ("98.97.0.1", "US", 14593, "satellite"),
        ("41.0.0.1", "ZA", 36994, "mobile"),
    ],
)
def test_the_packaged_database_knows_country_system_and_class(packaged, ip, country, asn, network):
    place, reason = packaged.locate(ip)
    assert reason is None
    assert (place.country, place.asn, place.network, place.city) == (country, asn, network, None)


def test_a_country_alone_is_the_circle_around_it(packaged):
    place, _ = packaged.locate("2a01:4f8::1")
    assert (place.latitude, place.longitude, place.radius_km) == (51.1, 10.4, 470)


def test_the_hot_path_says_what_geoip2_says(packaged, cache):
    with geoip2.database.Reader(unpacked(cache)) as reader:
        for ip in ("8.8.8.8", "81.2.69.142", "2a01:4f8::1", "1.1.1.1", "98.97.0.1"):
            expected, (place, _) = reader.country(ip), packaged.locate(ip)
            assert place.country == expected.country.iso_code
            assert place.asn == expected.traits.autonomous_system_number
            assert place.organisation == expected.traits.autonomous_system_organization


@pytest.mark.parametrize("ip", ["81.2.69.142", "2a02:d0ff::1"])
def test_a_city_file_gives_city_coordinates_and_their_accuracy(own, ip):
    place, _ = own.locate(ip)
    assert (place.country, place.city, place.latitude, place.longitude) == ("GB", "London", 51.5142, -0.0931)
    assert place.radius_km == 10


def test_an_asn_file_takes_precedence_and_its_name_is_judged(own):
    place, _ = own.locate("81.2.69.142")
    assert (place.asn, place.organisation, place.network) == (64501, "Example Hosting", "hosting")


def test_a_system_without_a_name_keeps_the_packaged_one_only_if_it_is_the_same_system(own):
    assert own.locate("98.97.0.1")[0].organisation == "Space Exploration Technologies Corporation"
    assert own.locate("98.97.1.1")[0].model_dump(include={"asn", "organisation"}) == {
        "asn": 64502,
        "organisation": None,
    }


def test_what_an_asn_file_does_not_know_the_packaged_database_says(own):
    place, _ = own.locate("9.9.9.9")
    assert place.country == "CH"
    assert place.asn == 19281


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("4.4.4.4", {"city": "Lyon", "radius_km": 50}),
        ("8.8.8.8", {"country": "CA", "latitude": 43.6, "radius_km": 3200}),
        ("9.9.9.9", {"country": "CH", "latitude": 46.8, "radius_km": 190}),
        ("1.1.1.1", {"country": "AU", "latitude": -27.0, "radius_km": 2250}),
        ("6.6.6.6", {"country": "US", "city": None, "radius_km": 2700}),
    ],
    ids=[
        "city without accuracy",
        "coordinates of a country",
        "country alone",
        "registered country",
        "malformed record",
    ],
)
def test_a_city_record_may_be_incomplete(own, ip, expected):
    place, _ = own.locate(ip)
    assert place.model_dump(include=set(expected)) == expected


def test_a_city_file_may_know_your_internal_networks(own):
    place, reason = own.locate("10.20.30.40")
    assert (place.city, reason) == ("Reading", None)
    assert own.locate("10.21.0.1") == (None, "private address")


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("8.8.8.1", "vpn"),
        ("8.8.8.17", "hosting"),
        ("8.8.8.33", "vpn"),
        ("8.8.8.49", "vpn"),
        ("8.8.8.65", "vpn"),
        ("8.8.8.81", "vpn"),
        ("8.8.8.97", "residential"),
    ],
    ids=["vpn in a data centre", "hosting", "tor", "public proxy", "residential proxy", "anonymous", "not listed"],
)
def test_an_anonymous_ip_file_decides_the_class_before_the_name(own, ip, network):
    place, _ = own.locate(ip)
    assert place.network == network


def test_a_repeated_address_is_the_same_place(packaged):
    assert packaged.locate("8.8.8.8")[0] is packaged.locate("8.8.8.8")[0]


def test_an_ipv4_file_says_nothing_of_ipv6_and_does_not_fail(cache, tmp_path):
    records = {"81.2.69.142/32": LONDON}
    city = write(tmp_path / "v4.mmdb", "GeoIP2-City", records, ip_version=4)
    database = GeoDatabase.open(GeoSettings(city=city), cache)
    assert database.locate("81.2.69.142")[0].city == "London"
    assert database.locate("2a01:4f8::1")[0].country == "DE"
    assert database.locate("fd00::1") == (None, "private address")


def test_a_record_with_impossible_values_is_told_by_its_setting(own):
    with pytest.raises(UsageError, match=r"geo\.city.*5\.5\.5\.5.*latitude"):
        own.locate("5.5.5.5")


@pytest.mark.parametrize("setting", ["city", "asn", "anonymous_ip"])
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "doesn't exist"), (b"", "damaged, or not a MaxMind DB"), (b"x" * 5000, "damaged, or not a MaxMind DB")],
    ids=["missing", "empty", "garbage"],
)
def test_an_unusable_file_is_one_sentence_that_names_its_setting(cache, tmp_path, setting, content, said):
    path = tmp_path / "own.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        GeoDatabase.open(GeoSettings(**{setting: path}), cache)
    assert str(caught.value).startswith(f"geo.{setting}: {path} ")
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_database(cache, tmp_path):
    with pytest.raises(UsageError, match=r"^geo\.city: .* is damaged, or not a MaxMind DB file"):
        GeoDatabase.open(GeoSettings(city=tmp_path), cache)


def test_a_truncated_file_is_refused(cache, tmp_path, files):
    path = tmp_path / "cut.mmdb"
    path.write_bytes(files["city"].read_bytes()[:-40])
    with pytest.raises(UsageError, match=r"^geo\.city: .* is damaged"):
        GeoDatabase.open(GeoSettings(city=path), cache)


@pytest.mark.parametrize(("setting", "given"), [("city", "asn"), ("asn", "city"), ("anonymous_ip", "asn")])
def test_a_file_of_another_kind_is_refused(cache, files, setting, given):
    with pytest.raises(
        UsageError, match=rf"^geo\.{setting}: .* type GeoLite2-(ASN|City), which has no {setting} records"
    ):
        GeoDatabase.open(GeoSettings(**{setting: files[given]}), cache)


def test_a_file_damaged_inside_is_told_when_it_is_met(cache, tmp_path):
    path = write(tmp_path / "city.mmdb", "GeoLite2-City", {"81.2.69.142/32": LONDON})
    content = path.read_bytes()
    start, end = content.index(b"\0" * 16) + 16, content.index(b"\xab\xcd\xefMaxMind.com")
    path.write_bytes(content[:start] + b"\xff" * (end - start) + content[end:])
    database = GeoDatabase.open(GeoSettings(city=path), cache)
    with pytest.raises(UsageError, match=r"^geo\.city: .* is damaged"):
        database.locate("81.2.69.142")


def test_the_version_names_the_data_and_changes_with_the_files(packaged, own):
    assert packaged.version.startswith("airlock-2026")
    assert own.version.startswith(f"{packaged.version}+GeoLite2-City-")
    assert own.version.count("+") == 3
    Place.model_validate({"organisation": own.version})
    assert len(own.version) <= Identifier.__metadata__[0].max_length


def test_a_closed_database_does_not_take_addresses_for_unknown(cache):
    database = GeoDatabase.open(GeoSettings(), cache)
    database.close()
    with pytest.raises(ValueError, match="closed"):
        database.locate("8.8.8.8")
