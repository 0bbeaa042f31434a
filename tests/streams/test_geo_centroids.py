import math

import pytest

from streams.geo.centroids import CENTROIDS

# The extremes of a country by place names; each should lie in its circle.
INSIDE = [
    *[("US", "Seattle", 47.6, -122.3), ("US", "Miami", 25.8, -80.2), ("US", "Caribou", 46.9, -68.0)],
    *[("CA", "Vancouver", 49.3, -123.1), ("CA", "St John's", 47.6, -52.7), ("AU", "Perth", -32.0, 115.9)],
    *[("AU", "Sydney", -33.9, 151.2), ("RU", "Kaliningrad", 54.7, 20.5), ("RU", "Vladivostok", 43.1, 131.9)],
    *[("RU", "Sochi", 43.6, 39.7), ("CN", "Urumqi", 43.8, 87.6), ("CN", "Shenzhen", 22.5, 114.1)],
    *[("BR", "Manaus", -3.1, -60.0), ("BR", "Porto Alegre", -30.0, -51.2), ("IN", "Srinagar", 34.1, 74.8)],
    *[("IN", "Trivandrum", 8.5, 76.9), ("ID", "Banda Aceh", 5.6, 95.3), ("ID", "Jayapura", -2.5, 140.7)],
    *[("JP", "Naha", 26.2, 127.7), ("JP", "Sapporo", 43.1, 141.4), ("FR", "Brest", 48.4, -4.5)],
    *[("FR", "Ajaccio", 41.9, 8.7), ("GB", "Lerwick", 60.2, -1.1), ("GB", "London", 51.5, -0.1)],
    *[("DE", "Konstanz", 47.7, 9.2), ("DE", "Flensburg", 54.8, 9.4), ("ES", "Tenerife", 28.5, -16.3)],
    *[("PT", "Ponta Delgada", 37.7, -25.7), ("PT", "Lisbon", 38.7, -9.1), ("IT", "Palermo", 38.1, 13.4)],
    *[("NO", "Kirkenes", 69.7, 30.0), ("SE", "Malmo", 55.6, 13.0), ("MX", "Tijuana", 32.5, -117.0)],
    *[("CL", "Punta Arenas", -53.2, -70.9), ("CL", "Arica", -18.5, -70.3), ("AR", "Ushuaia", -54.8, -68.3)],
    *[("KI", "Kiritimati", 1.9, -157.4), ("KI", "Tarawa", 1.3, 173.0), ("FJ", "Suva", -18.1, 178.4)],
    *[("NZ", "Auckland", -36.8, 174.8), ("ZA", "Cape Town", -33.9, 18.4), ("SG", "Changi", 1.4, 104.0)],
]


def kilometres(one, other):
    (lat1, lon1), (lat2, lon2) = (map(math.radians, place) for place in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371 * math.asin(math.sqrt(half))


@pytest.mark.parametrize(("country", "name", "latitude", "longitude"), INSIDE, ids=[city for _, city, _, _ in INSIDE])
def test_the_far_ends_of_a_country_lie_in_its_circle(country, name, latitude, longitude):
    circle = CENTROIDS[country]
    assert kilometres(circle[:2], (latitude, longitude)) <= circle.radius_km


@pytest.mark.parametrize(
    ("one", "other"), [("DE", "US"), ("FR", "JP"), ("GB", "IN"), ("ES", "BR"), ("PL", "NG"), ("NL", "SG")]
)
def test_the_circles_of_distant_countries_leave_a_distance_to_travel(one, other):
    a, b = CENTROIDS[one], CENTROIDS[other]
    assert kilometres(a[:2], b[:2]) - a.radius_km - b.radius_km > 500


def test_every_circle_is_on_the_globe_and_rounded_to_a_tenth_of_a_degree():
    for country, (latitude, longitude, radius_km) in CENTROIDS.items():
        assert len(country) == 2
        assert country.isupper()
        assert -90 <= latitude <= 90
        assert -180 <= longitude <= 180
        assert round(latitude, 1) == latitude
        assert round(longitude, 1) == longitude
        assert 0 < radius_km <= 4500
