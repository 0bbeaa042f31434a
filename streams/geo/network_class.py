"""What kind of network an autonomous system is, from its number and its organisation's name.

The class says how far an address speaks for a person's whereabouts. It is a judgement from public names, used where
no Anonymous-IP file is configured; what no rule claims is ``unknown``. The first rule that claims a network wins:

============ ==========================================================================================================
``vpn``       consumer VPNs, relays and Tor exits, and the hosters whose addresses are mostly rented as VPN exits (M247,
              Datacamp). Cloudflare, Fastly and Akamai's AS36183 as well: what *connects from* them is WARP or Apple's
              Private Relay, whatever they deliver.
``satellite`` Starlink, VSAT, ships and in-flight Wi-Fi: the address is where the ground station is.
``hosting``   clouds, hosters, content networks: hosted runners and rented machines; a cloud's own offices count too.
``corporate`` an organisation's own network (companies, authorities, universities), and the security gateways that
              companies send their staff through (Zscaler, Netskope): many people, few addresses.
``mobile``    phones: addresses are shared by thousands and roam with the gateway.
``residential`` access networks that sell lines to homes (and to small offices). "Wireless" in a name is mostly a local
              provider's radio link to a house, so only the phone companies' count as mobile.
============ ==========================================================================================================
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.activity import NetworkClass

__all__ = ["RULES", "SYSTEMS", "Rule", "network_class"]

SYSTEMS: Final[dict[int, NetworkClass]] = {
    # Names that don't tell, or that tell of the owner's main trade.
    **dict.fromkeys((13335, 54113, 36183), "vpn"),  # Cloudflare WARP, Fastly and Akamai as Private Relay's exits
    **dict.fromkeys((9009, 60068, 212238), "vpn"),  # M247, Datacamp (CDN77)
    **dict.fromkeys((39351, 62371, 209103, 136787, 147049, 207137), "vpn"),  # Mullvad's host, Proton, PacketHub
    **dict.fromkeys((4224, 62744, 396507, 208323, 205100, 60729), "vpn"),  # operators of many Tor exits
    **dict.fromkeys((14593, 7155, 6621, 31515, 64294), "satellite"),  # Starlink, Viasat, Hughes, Inmarsat, Panasonic
    **dict.fromkeys((20473, 63949, 36459, 36352, 137718), "hosting"),  # Vultr, Linode, GitHub, ColoCrossing, Volcano
    **dict.fromkeys((22616, 53813, 62044, 36692), "corporate"),  # Zscaler three times, Cisco Umbrella
    **dict.fromkeys((714, 6185), "corporate"),  # Apple's own offices; Private Relay leaves elsewhere
    **dict.fromkeys((680, 786, 1103, 2200, 137, 559, 1213, 2152), "corporate"),  # universities' networks: DFN to CENIC
    **dict.fromkeys((26615, 131445), "mobile"),  # TIM Brasil, AIS
    **dict.fromkeys((6167, 22394, 20057, 21928), "mobile"),  # Verizon Wireless, AT&T Mobility, T-Mobile USA
    **dict.fromkeys(
        (55836, 45609, 9644, 9605, 23693, 26599), "mobile"
    ),  # Jio, Airtel, SK Telecom, Docomo, Telkomsel, Vivo
    **dict.fromkeys((25135, 12576, 206067, 60339, 44034, 1257), "mobile"),  # Vodafone UK, EE, Three, Tre, Tele2 Sverige
    **dict.fromkeys(
        (197207, 44244, 16135, 15895, 25159, 16345), "mobile"
    ),  # MCI, Irancell, Turkcell, Kyivstar, MegaFon
    **dict.fromkeys((36994, 29975, 33771, 37168, 16637, 30986), "mobile"),  # Vodacom, Safaricom, Cell C, MTN, Scancom
    **dict.fromkeys((701, 7018, 3209, 3215, 12322, 15557), "residential"),  # Fios, AT&T, Vodafone, Orange, Free, SFR
    **dict.fromkeys(
        (4134, 4837, 4808, 4812, 17676, 2516, 4713), "residential"
    ),  # Chinanet, Unicom, SoftBank, KDDI, OCN
    **dict.fromkeys(
        (2856, 5607, 5089, 8151, 3269, 1267), "residential"
    ),  # BT, Sky, Virgin Media, Telmex, TIM, Wind Tre
    **dict.fromkeys((17858, 3786, 8452, 6713, 9829, 3292, 8402), "residential"),  # LG, TE, Maroc, BSNL, TDC, Corbina
    **dict.fromkeys((17511, 4788, 6848, 8881, 3243), "residential"),  # Optage, TM, Telenet, Versatel, Meo
    **dict.fromkeys((27683, 263097), "unknown"),  # two providers in whose names VPN stands for something else
}
"""Autonomous systems that are known by number."""


class Rule(NamedTuple):
    """Claims a network for ``kind`` if its organisation's name has one of ``words``, or holds one of ``phrases``.

    Names are compared in lower case, without punctuation, one space before, between and after their words, so that a
    phrase can ask for the start (`` cloud``) or the end (``cloud ``) of a word.
    """

    kind: NetworkClass
    words: frozenset[str]
    phrases: tuple[str, ...]


def _rule(kind: NetworkClass, words: str, *phrases: str) -> Rule:
    return Rule(kind, frozenset(words.split()), phrases)


RULES: Final[tuple[Rule, ...]] = (
    _rule("residential", "", "google fiber", " cable wireless", " cable and wireless"),
    _rule(
        "vpn",
        "vpn vpns proxy m247 datacamp mullvad nordvpn surfshark windscribe expressvpn cyberghost ipvanish purevpn "
        "tunnelbear packethub tefincom zwiebelfreunde anonymizer",
        *(" proton ag ", "private internet access", "london trust media", "private relay", " tor exit", " tor relay"),
        *("emerald onion", "applied privacy", "quintex alliance", "calyx institute", "31173 services"),
    ),
    _rule(
        "satellite",
        "spacex satcom satcomm vsat satellite satellites hughesnet telesat thuraya marlink speedcast anuvu "
        "inmarsat intelsat eutelsat oneweb viasat o3b inflight",
        *("space exploration tech", "starlink services", "starlink internet", " hughes network", " hughes comm"),
        *(" gogo llc", " gogo business", " gogo inc", "panasonic avionics", "global eagle", "iridium sat", "in flight"),
        *(" ses s a ", " ses astra", " ses networks", " ses government", "sita onair", "kvh industries"),
    ),
    _rule(
        "hosting",
        "aws microsoft google oracle digitalocean ovh ovhcloud hetzner linode akamai vultr choopa alibaba aliyun "
        "tencent scaleway contabo leaseweb softlayer rackspace equinix upcloud heroku salesforce godaddy ionos "
        "strato hostinger namecheap dreamhost bluehost kamatera netcup serverius worldstream nforce psychz "
        "quadranet colocrossing frantech buyvm edgio limelight stackpath github gitlab atlassian circleci "
        "bytedance byteplus selectel timeweb exoscale",
        *(" amazon com ", " amazon data ", " amazon technologies ", " amazon web ", "digital ocean"),
        *("constant company", " online s a s ", " fly io ", "core labs s a", "volcano engine", "huawei cloud"),
        *("huawei international", "ibm cloud", " aruba s p a", "aruba cloud"),
    ),
    _rule(
        "corporate", "zscaler netskope iboss forcepoint", "cato networks", "palo alto networks", "menlo sec", "umbrella"
    ),
    _rule(
        "mobile",
        "mobile mobility cellular cellco movil moviles mobilkom mobinil telcel gsm docomo jio turkcell safaricom "
        "vodacom mtn kyivstar hi3g",
        *("telekomunikasi selular", "verizon wireless", "at t wireless", "kore wireless", "wireless logic"),
        *("hutchison 3g", "hutchison drei"),
    ),
    _rule(
        "corporate",
        "college school schools research bank banque banco assurance ministry ministerio federal dod motor motors "
        "automotive airline airlines mercedes bmw volkswagen siemens exxonmobil walmart procter ericsson postal",
        *(" universi", " hochschule", " institute of tech", " academi", " education", " laborator", " insurance"),
        *(" department of ", " government", " city of ", " county of ", " state of ", " national aeronautics"),
        *(" hospital", " pharma", " exxon mobil", " wal mart", " cisco systems"),
    ),
    _rule(
        "hosting",
        "host hosts hosted hoster server servers vps idc colo colocation dedicated cdn baremetal",
        *("hosting", "host ", " hostroyale", " hostpapa", " hostwinds", " hostgator", " cloud", "cloud "),
        *("data cent", "datacent", "bare metal"),
    ),
    _rule(
        "residential",
        "catv ftth adsl dsl telco comcast brightspeed mediacom suddenlink cablevision rcn shaw rogers telus "
        "videotron telstra optus tpg iinet talktalk plusnet kpn ziggo telia telenor swisscom proximus bouygues "
        "vodafone fastweb orange claro netia upc jcom biglobe vnpt viettel bezeq airtel chunghwa chinanet sunrise",
        *("broadband", "wireless", "banda ancha", "banda larga", " cable", "kabel", "fiber", "fibre", "fibra"),
        *("telecom", "telekom", "telefon", "telephon", "charter comm", " cox comm", "frontier comm"),
        *("windstream", "centurylink", "spectrum", "bell canada", " sky uk", "virgin media", " free sas", " wind tre"),
        *("liberty global", "china unicom", " starhub", " digi romania", " digi spain"),
    ),
)
"""What the names claim, in the order in which the rules are asked."""

_WORD: Final = re.compile(r"[^\W_]+")


@lru_cache(maxsize=32_768)
def network_class(asn: int | None, organisation: str | None) -> NetworkClass:
    """The class of the network that ``asn`` announces, by its number where it is in the table, else by its name."""
    if asn is not None and (known := SYSTEMS.get(asn)) is not None:
        return known
    words = _WORD.findall((organisation or "").lower())
    name = f" {' '.join(words)} "
    for rule in RULES:
        if not rule.words.isdisjoint(words) or any(phrase in name for phrase in rule.phrases):
            return rule.kind
    return "unknown"
