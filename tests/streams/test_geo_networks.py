from ipaddress import ip_network
from itertools import pairwise

import pytest

from streams.geo import GeoDatabase, public_networks
from streams.geo.centroids import CENTROIDS
from streams.settings import GeoSettings

COUNTRIES = ("DE", "US", "CY", "ZZ")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    database = GeoDatabase.open(GeoSettings(), tmp_path_factory.mktemp("geo-cache"))
    yield database
    database.close()


@pytest.fixture(scope="module")
def every(database):
    return public_networks(database, COUNTRIES)


def test_every_country_of_the_data_has_a_circle(database):
    seen = {database.packaged_record(f"{a}.{b}.0.0").country for a in range(1, 224) for b in range(0, 256, 2)} - {None}
    assert len(seen) > 150
    assert seen <= set(CENTROIDS)


def test_large_countries_have_many_networks_and_unknown_ones_none(every):
    assert len(every["US"]) > 10_000
    assert len(every["DE"]) > 1_000
    assert len(every["CY"]) > 20
    assert every["ZZ"] == []


def test_networks_are_public_disjoint_and_in_the_order_of_their_addresses(every):
    for networks in (every["DE"], every["CY"]):
        prefixes = [ip_network(network.prefix) for network in networks]
        assert all(prefix.is_global for prefix in prefixes)
        assert all(one.broadcast_address < other.network_address for one, other in pairwise(prefixes))
        assert [network.first for network in networks] == [int(prefix.network_address) for prefix in prefixes]
        assert [network.size for network in networks] == [prefix.num_addresses for prefix in prefixes]


def test_an_address_of_a_network_is_located_as_the_network_says(database, every):
    for network in every["DE"][::50]:
        prefix = ip_network(network.prefix)
        for address in (prefix[0], prefix[-1]):
            place, _ = database.locate(str(address))
            assert (place.country, place.asn, place.organisation, place.network) == (
                network.country,
                network.asn,
                network.organisation,
                network.network,
            )


def test_a_country_has_networks_of_the_classes_that_matter(every):
    assert {"hosting", "vpn", "mobile", "residential", "corporate", "satellite"} <= {n.network for n in every["US"]}


def test_the_lists_do_not_depend_on_which_countries_are_asked_for(database, every):
    assert public_networks(database, ("CY",)) == {"CY": every["CY"]}
