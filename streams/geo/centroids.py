"""The circle that stands for a country where nothing but the country is known.

A bare centroid would put everybody in the middle of the map. The centre is that of a circle, to a tenth of a degree,
and the radius is so wide that some 99 of 100 inhabitants live within it: main islands and states that share the
ISO 3166 code are in, remote places with few people (Galapagos, San Andres) are not. The United States are their
contiguous states: Alaska and Hawaii, under 1 % of the people, would double the radius. Overseas territories with a
code of their own have a circle of their own. Radii are good to about a tenth, rather too wide than too narrow: two
places are apart by their distance less both radii. ``AN`` and ``XK`` are not in ISO 3166 but in the registries' data.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = ["CENTROIDS", "Centroid"]


class Centroid(NamedTuple):
    """A circle on the globe: degrees and kilometres."""

    latitude: float
    longitude: float
    radius_km: float


# fmt: off
CENTROIDS: Final[Mapping[str, Centroid]] = MappingProxyType({
    "AD": Centroid(42.5, 1.6, 25), "AE": Centroid(24.2, 54.5, 300), "AF": Centroid(34.0, 66.5, 700),
    "AG": Centroid(17.3, -61.8, 40), "AI": Centroid(18.2, -63.1, 20), "AL": Centroid(41.1, 20.1, 190),
    "AM": Centroid(40.2, 45.0, 200), "AN": Centroid(14.5, -66.5, 700), "AO": Centroid(-12.0, 17.5, 950),
    "AQ": Centroid(-82.0, 0.0, 2900), "AR": Centroid(-36.5, -64.5, 2150), "AS": Centroid(-14.2, -170.4, 150),
    "AT": Centroid(47.5, 13.3, 320), "AU": Centroid(-27.0, 134.0, 2250), "AW": Centroid(12.5, -70.0, 20),
    "AX": Centroid(60.2, 20.0, 60), "AZ": Centroid(40.3, 47.7, 270), "BA": Centroid(44.1, 17.8, 190),
    "BB": Centroid(13.2, -59.6, 20), "BD": Centroid(23.8, 90.3, 400), "BE": Centroid(50.6, 4.7, 160),
    "BF": Centroid(12.3, -1.6, 450), "BG": Centroid(42.7, 25.3, 280), "BH": Centroid(26.0, 50.5, 35),
    "BI": Centroid(-3.4, 29.9, 130), "BJ": Centroid(9.4, 2.3, 370), "BL": Centroid(17.9, -62.8, 8),
    "BM": Centroid(32.3, -64.8, 20), "BN": Centroid(4.5, 114.7, 80), "BO": Centroid(-16.7, -64.7, 800),
    "BQ": Centroid(14.8, -66.0, 600), "BR": Centroid(-12.0, -52.0, 2450), "BS": Centroid(24.3, -76.2, 480),
    "BT": Centroid(27.4, 90.4, 190), "BV": Centroid(-54.4, 3.4, 10), "BW": Centroid(-22.2, 23.8, 580),
    "BY": Centroid(53.5, 28.0, 340), "BZ": Centroid(17.2, -88.7, 160), "CA": Centroid(54.0, -94.0, 3200),
    "CC": Centroid(-12.2, 96.8, 15), "CD": Centroid(-3.5, 23.5, 1250), "CF": Centroid(6.6, 20.5, 720),
    "CG": Centroid(-0.8, 15.2, 680), "CH": Centroid(46.8, 8.2, 190), "CI": Centroid(7.6, -5.6, 400),
    "CK": Centroid(-17.5, -159.8, 650), "CL": Centroid(-36.0, -71.3, 2200), "CM": Centroid(6.0, 12.5, 620),
    "CN": Centroid(33.0, 105.0, 2700), "CO": Centroid(4.3, -73.0, 1050), "CR": Centroid(9.9, -84.2, 250),
    "CU": Centroid(21.8, -79.3, 620), "CV": Centroid(16.0, -24.0, 180), "CW": Centroid(12.2, -69.0, 40),
    "CX": Centroid(-10.5, 105.6, 15), "CY": Centroid(35.0, 33.2, 130), "CZ": Centroid(49.8, 15.4, 260),
    "DE": Centroid(51.1, 10.4, 470), "DJ": Centroid(11.8, 42.6, 130), "DK": Centroid(56.0, 10.8, 320),
    "DM": Centroid(15.4, -61.4, 30), "DO": Centroid(18.8, -70.2, 210), "DZ": Centroid(30.5, 2.7, 1150),
    "EC": Centroid(-1.5, -78.9, 380), "EE": Centroid(58.7, 25.4, 230), "EG": Centroid(27.0, 30.7, 600),
    "EH": Centroid(24.5, -13.7, 550), "ER": Centroid(15.3, 38.9, 480), "ES": Centroid(38.0, -5.5, 1500),
    "ET": Centroid(8.9, 39.8, 850), "FI": Centroid(64.2, 26.0, 660), "FJ": Centroid(-17.7, 178.3, 300),
    "FK": Centroid(-51.8, -59.2, 150), "FM": Centroid(6.9, 152.8, 1700), "FO": Centroid(62.0, -6.9, 70),
    "FR": Centroid(46.5, 2.6, 720), "GA": Centroid(-0.7, 11.7, 450), "GB": Centroid(54.7, -3.4, 680),
    "GD": Centroid(12.2, -61.7, 40), "GE": Centroid(42.1, 43.6, 300), "GF": Centroid(4.2, -53.1, 270),
    "GG": Centroid(49.5, -2.5, 45), "GH": Centroid(8.0, -1.1, 420), "GI": Centroid(36.1, -5.4, 6),
    "GL": Centroid(67.5, -46.0, 1350), "GM": Centroid(13.4, -15.5, 190), "GN": Centroid(10.5, -11.0, 460),
    "GP": Centroid(16.2, -61.5, 70), "GQ": Centroid(2.0, 9.8, 480), "GR": Centroid(38.6, 24.0, 480),
    "GS": Centroid(-54.6, -36.5, 300), "GT": Centroid(15.6, -90.3, 270), "GU": Centroid(13.4, 144.8, 30),
    "GW": Centroid(12.0, -15.0, 170), "GY": Centroid(5.2, -59.0, 420), "HK": Centroid(22.3, 114.1, 40),
    "HM": Centroid(-53.1, 73.5, 25), "HN": Centroid(14.8, -86.5, 340), "HR": Centroid(44.6, 16.2, 270),
    "HT": Centroid(18.9, -72.8, 200), "HU": Centroid(47.2, 19.4, 280), "ID": Centroid(-3.0, 117.0, 2750),
    "IE": Centroid(53.2, -8.0, 270), "IL": Centroid(31.5, 34.9, 250), "IM": Centroid(54.2, -4.6, 35),
    "IN": Centroid(21.5, 80.5, 1650), "IO": Centroid(-7.3, 72.4, 40), "IQ": Centroid(33.2, 43.9, 580),
    "IR": Centroid(32.6, 54.2, 1150), "IS": Centroid(64.9, -18.8, 270), "IT": Centroid(42.3, 12.3, 680),
    "JE": Centroid(49.2, -2.1, 15), "JM": Centroid(18.2, -77.3, 130), "JO": Centroid(31.3, 36.6, 280),
    "JP": Centroid(35.0, 135.5, 1650), "KE": Centroid(0.4, 37.8, 620), "KG": Centroid(41.5, 74.6, 480),
    "KH": Centroid(12.6, 104.9, 300), "KI": Centroid(0.5, -174.0, 2000), "KM": Centroid(-12.1, 43.8, 110),
    "KN": Centroid(17.3, -62.7, 30), "KP": Centroid(40.0, 126.9, 420), "KR": Centroid(36.2, 127.8, 340),
    "KW": Centroid(29.3, 47.6, 130), "KY": Centroid(19.5, -80.6, 110), "KZ": Centroid(48.2, 67.3, 1500),
    "LA": Centroid(18.2, 103.9, 580), "LB": Centroid(33.9, 35.9, 120), "LC": Centroid(13.9, -61.0, 30),
    "LI": Centroid(47.2, 9.5, 15), "LK": Centroid(7.6, 80.7, 260), "LR": Centroid(6.4, -9.4, 310),
    "LS": Centroid(-29.6, 28.2, 150), "LT": Centroid(55.3, 23.8, 220), "LU": Centroid(49.8, 6.1, 50),
    "LV": Centroid(56.9, 24.9, 260), "LY": Centroid(28.0, 17.5, 950), "MA": Centroid(31.5, -7.0, 900),
    "MC": Centroid(43.7, 7.4, 5), "MD": Centroid(47.2, 28.5, 210), "ME": Centroid(42.8, 19.3, 110),
    "MF": Centroid(18.1, -63.1, 10), "MG": Centroid(-19.0, 46.8, 850), "MH": Centroid(8.5, 169.0, 550),
    "MK": Centroid(41.6, 21.7, 120), "ML": Centroid(15.5, -3.0, 1100), "MM": Centroid(19.5, 96.5, 1120),
    "MN": Centroid(46.8, 103.5, 1200), "MO": Centroid(22.2, 113.5, 10), "MP": Centroid(16.5, 145.6, 300),
    "MQ": Centroid(14.7, -61.0, 45), "MR": Centroid(19.5, -11.0, 800), "MS": Centroid(16.7, -62.2, 12),
    "MT": Centroid(35.9, 14.4, 30), "MU": Centroid(-19.9, 58.5, 700), "MV": Centroid(3.2, 73.2, 480),
    "MW": Centroid(-13.3, 34.2, 470), "MX": Centroid(23.8, -101.5, 1850), "MY": Centroid(4.0, 109.5, 1150),
    "MZ": Centroid(-18.2, 35.5, 1000), "NA": Centroid(-22.1, 17.2, 940), "NC": Centroid(-21.3, 165.5, 330),
    "NE": Centroid(16.0, 8.0, 850), "NF": Centroid(-29.0, 168.0, 10), "NG": Centroid(9.2, 8.2, 780),
    "NI": Centroid(12.8, -85.2, 280), "NL": Centroid(52.2, 5.3, 180), "NO": Centroid(65.0, 14.0, 950),
    "NP": Centroid(28.3, 84.0, 460), "NR": Centroid(-0.5, 166.9, 8), "NU": Centroid(-19.1, -169.9, 20),
    "NZ": Centroid(-41.0, 173.0, 850), "OM": Centroid(21.0, 56.5, 620), "PA": Centroid(8.5, -80.1, 360),
    "PE": Centroid(-9.5, -74.8, 1100), "PF": Centroid(-17.0, -148.0, 1600), "PG": Centroid(-6.5, 147.5, 950),
    "PH": Centroid(11.8, 122.8, 1000), "PK": Centroid(30.2, 69.4, 950), "PL": Centroid(52.0, 19.3, 410),
    "PM": Centroid(46.9, -56.3, 35), "PN": Centroid(-25.1, -130.1, 20), "PR": Centroid(18.2, -66.4, 120),
    "PS": Centroid(31.9, 35.0, 110), "PT": Centroid(38.7, -17.5, 1220), "PW": Centroid(7.4, 134.5, 100),
    "PY": Centroid(-23.2, -58.4, 520), "QA": Centroid(25.3, 51.2, 100), "RE": Centroid(-21.1, 55.5, 40),
    "RO": Centroid(45.9, 25.0, 400), "RS": Centroid(44.2, 20.8, 260), "RU": Centroid(66.0, 90.0, 3950),
    "RW": Centroid(-2.0, 29.9, 120), "SA": Centroid(23.9, 44.5, 1150), "SB": Centroid(-9.2, 160.5, 650),
    "SC": Centroid(-5.5, 55.0, 300), "SD": Centroid(15.6, 30.2, 950), "SE": Centroid(62.0, 16.0, 850),
    "SG": Centroid(1.4, 103.8, 30), "SH": Centroid(-20.0, -10.0, 2300), "SI": Centroid(46.1, 14.9, 140),
    "SJ": Centroid(78.2, 16.0, 250), "SK": Centroid(48.7, 19.5, 230), "SL": Centroid(8.6, -11.8, 180),
    "SM": Centroid(43.9, 12.5, 10), "SN": Centroid(14.4, -14.5, 360), "SO": Centroid(5.5, 46.0, 900),
    "SR": Centroid(4.1, -55.9, 280), "SS": Centroid(7.3, 30.3, 600), "ST": Centroid(0.7, 6.9, 130),
    "SV": Centroid(13.7, -88.9, 150), "SX": Centroid(18.0, -63.1, 12), "SY": Centroid(34.9, 38.3, 400),
    "SZ": Centroid(-26.5, 31.5, 100), "TC": Centroid(21.8, -71.8, 90), "TD": Centroid(15.3, 18.7, 950),
    "TF": Centroid(-45.0, 60.0, 2700), "TG": Centroid(8.6, 1.0, 310), "TH": Centroid(13.5, 101.0, 900),
    "TJ": Centroid(38.6, 71.0, 400), "TK": Centroid(-9.0, -171.8, 110), "TL": Centroid(-8.8, 125.8, 200),
    "TM": Centroid(39.1, 59.4, 650), "TN": Centroid(34.4, 9.4, 420), "TO": Centroid(-19.5, -174.9, 400),
    "TR": Centroid(39.0, 35.4, 820), "TT": Centroid(10.6, -61.2, 110), "TV": Centroid(-7.8, 178.2, 400),
    "TW": Centroid(23.8, 120.7, 200), "TZ": Centroid(-6.3, 34.9, 760), "UA": Centroid(48.8, 31.3, 700),
    "UG": Centroid(1.3, 32.4, 380), "UM": Centroid(16.0, -170.0, 4500), "US": Centroid(39.5, -98.5, 2700),
    "UY": Centroid(-32.8, -56.0, 330), "UZ": Centroid(41.0, 65.5, 800), "VA": Centroid(41.9, 12.5, 3),
    "VC": Centroid(13.0, -61.2, 50), "VE": Centroid(7.8, -66.2, 850), "VG": Centroid(18.5, -64.5, 50),
    "VI": Centroid(18.1, -64.8, 60), "VN": Centroid(16.0, 106.5, 950), "VU": Centroid(-16.5, 167.8, 480),
    "WF": Centroid(-13.8, -177.2, 150), "WS": Centroid(-13.8, -172.1, 100), "XK": Centroid(42.6, 20.9, 90),
    "YE": Centroid(15.5, 47.5, 800), "YT": Centroid(-12.8, 45.1, 30), "ZA": Centroid(-29.0, 25.0, 950),
    "ZM": Centroid(-13.5, 28.0, 820), "ZW": Centroid(-19.0, 29.8, 480),
})
# fmt: on
"""Circles by ISO 3166-1 alpha-2 code."""
