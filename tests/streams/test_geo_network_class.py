import pytest

from schemas.activity import NETWORK_CLASSES
from streams.geo.network_class import RULES, SYSTEMS, network_class

NAMES = [
    ("hosting", 16509, "Amazon.com, Inc."),
    ("hosting", 14618, "Amazon Data Services Ireland Ltd"),
    ("hosting", 396982, "Google LLC"),
    ("hosting", 8075, "Microsoft Corporation"),
    ("hosting", 14061, "DigitalOcean, LLC"),
    ("hosting", 16276, "OVH SAS"),
    ("hosting", 24940, "Hetzner Online GmbH"),
    ("hosting", 63949, "Akamai Technologies, Inc."),
    ("hosting", 20473, "The Constant Company, LLC"),
    ("hosting", 31898, "Oracle Corporation"),
    ("hosting", 37963, "Hangzhou Alibaba Advertising Co.,Ltd."),
    ("hosting", 45090, "Shenzhen Tencent Computer Systems Company Limited"),
    ("hosting", 12876, "Scaleway SAS"),
    ("hosting", 51167, "Contabo GmbH"),
    ("hosting", 60781, "LeaseWeb Netherlands B.V."),
    ("hosting", 36459, "GitHub, Inc."),
    ("hosting", None, "Afrihost SP (Pty) Ltd"),
    ("hosting", None, "Precisecloud Infrastructure Private Limited"),
    ("hosting", None, "Mondoze Data Centre"),
    ("vpn", 13335, "Cloudflare, Inc."),
    ("vpn", 36183, "Akamai Technologies, Inc."),
    ("vpn", 9009, "M247 Europe SRL"),
    ("vpn", 212238, "Datacamp Limited"),
    ("vpn", 39351, "31173 Services AB"),
    ("vpn", None, "Mullvad VPN AB"),
    ("unknown", 27683, "VPN de Mexico, S.A. de C.V."),
    ("satellite", 14593, "Space Exploration Technologies Corporation"),
    ("satellite", 40311, "ViaSat,Inc."),
    ("satellite", None, "SpaceX Services, Inc."),
    ("satellite", None, "Hughes Network Systems, LLC"),
    ("satellite", None, "Gogo Business Aviation LLC"),
    ("satellite", 64294, "Panasonic Avionics Corporation"),
    ("mobile", 21928, "T-Mobile USA, Inc."),
    ("mobile", None, "T-Mobile Polska S.A."),
    ("mobile", 22394, "Verizon Business"),
    ("mobile", None, "China Mobile Communications Corporation"),
    ("mobile", None, "NTT DOCOMO, INC."),
    ("mobile", None, "Inland Cellular"),
    ("mobile", None, "XFERA Moviles S.A."),
    ("corporate", 1766, "Exxon Mobil Corporation"),
    ("corporate", 22616, "ZSCALER, INC."),
    ("corporate", None, "University of Michigan"),
    ("corporate", None, "Bank of America, National Association"),
    ("corporate", 714, "Apple Inc."),
    ("residential", 16591, "Google Fiber Inc."),
    ("residential", 7922, "Comcast Cable Communications, LLC"),
    ("residential", 3320, "Deutsche Telekom AG"),
    ("residential", 3209, "Vodafone GmbH"),
    ("residential", None, "Cable & Wireless Panama"),
    ("residential", None, "Bluespan Wireless, LLC"),
    ("residential", None, "HeartLand Fibre"),
    ("unknown", 20712, "Andrews & Arnold Ltd"),
    ("unknown", 3356, "Level 3 Communications, Inc."),
    ("unknown", None, "Amazonas Redes Ltda"),
    ("unknown", None, "STARLINK LTD"),
    ("unknown", None, "Ghostery GmbH"),
    ("unknown", None, "Datacampus SAS"),
    ("unknown", None, "The Observers Club"),
    ("unknown", None, "---"),
    ("unknown", None, "12345"),
    ("unknown", None, ""),
    ("unknown", None, None),
    ("unknown", 4200000000, None),
]


@pytest.mark.parametrize(("expected", "asn", "organisation"), NAMES, ids=[f"{n[1]}-{n[2]}" for n in NAMES])
def test_a_network_is_what_its_number_or_its_name_says(expected, asn, organisation):
    assert network_class(asn, organisation) == expected


def test_the_number_decides_before_the_name():
    assert network_class(14593, "Some Hosting Ltd") == "satellite"


def test_every_claim_is_of_a_known_class():
    assert {rule.kind for rule in RULES} | set(SYSTEMS.values()) <= set(NETWORK_CLASSES)


def test_every_word_and_phrase_is_spelled_as_names_are_compared():
    # A capital or a hyphen in the table could never match.
    for rule in RULES:
        for text in (*rule.words, *rule.phrases):
            assert text == text.lower()
            assert all(character.isalnum() or character == " " for character in text), text
