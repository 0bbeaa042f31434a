"""Geography: new countries, networks and classes of network, and travel faster than any aircraft.

Places are judged as Freeman et al. do (*Who Are You?*, NDSS 2016): what a member of the organisation would do against
what an attacker would, over a hierarchy of country and network, counted in session-hours and not in events. Something
never seen costs the subject its own chance of news (``detectors.habits``) times the share of colleagues who are there.
Networks that say nothing of where a person is (hosting, VPN, satellite) never become a home: their countries are not
learned, and their use is judged by network and class alone. Travel is the shortest way between the two places, less
the radius of each, against the subject's own rate of it: someone with two VPNs does it daily.
"""

from __future__ import annotations

from math import log10
from typing import ClassVar, Final

from detectors.base import Sighting, country_name
from detectors.habits import UNIT, Habits, HabitsRow, Tally
from detectors.maths import distance_km
from detectors.wording import counted
from schemas.activity import NETWORK_CLASSES, Place, RecordedPlace
from schemas.alert import Finding, NotEvaluable

__all__ = ["Anchor", "Geography", "GeographyRow"]

_COUNTRIES: Final = 16
_NETWORKS: Final = 24
_UNKNOWN: Final = NETWORK_CLASSES.index("unknown")
_CLASS_PRIOR_HOURS: Final = 10.0
_ATTACKER_TRAVELS: Final = 0.5  # half of takeovers begin while the owner is at work elsewhere
_LEAST_ANCHOR_MINUTES: Final = 1.0  # clocks of two sources differ by about so much

# How likely each class is, in NETWORK_CLASSES' order: attackers rent machines and VPNs; people are at home, in the
# office or on the phone; services and tokens live where the machines are.
_ATTACKER: Final = (0.40, 0.20, 0.05, 0.01, 0.04, 0.20, 0.10)
_USUAL: Final[dict[str, tuple[float, ...]]] = {
    "human": (0.03, 0.07, 0.15, 0.01, 0.20, 0.44, 0.10),
    "service": (0.60, 0.02, 0.02, 0.01, 0.15, 0.10, 0.10),
    "token": (0.45, 0.03, 0.04, 0.01, 0.17, 0.20, 0.10),
}
_CLASS_PRIOR: Final = {kind: tuple(_CLASS_PRIOR_HOURS * share for share in shares) for kind, shares in _USUAL.items()}


AnchorRow = tuple[int, float, float, float, str]
GeographyRow = tuple[HabitsRow, HabitsRow, list[int], AnchorRow | None, int]
"""``Geography`` as it is stored, its fields in their order."""


class Anchor:
    """Where the subject was last, on a network that says where it is."""

    def __init__(self, seconds: int, latitude: float, longitude: float, radius_km: float, name: str) -> None:
        self.seconds = seconds
        self.latitude = latitude
        self.longitude = longitude
        self.radius_km = radius_km
        self.name = name

    def row(self) -> AnchorRow:
        """The anchor as it is stored."""
        return self.seconds, self.latitude, self.longitude, self.radius_km, self.name


class _Judgement:
    """One score, and the terms that it was computed from."""

    def __init__(self, score: float, country: float, network: float, class_: float, travel: float) -> None:
        self.score = score
        self.country, self.network, self.class_, self.travel = country, network, class_, travel


class Geography:
    """The subject's countries, networks and classes of network, and where it was last.

    ``journeys`` counts the session-hours in which it seemed to travel impossibly fast, and was believed.
    """

    name: ClassVar[str] = "geography"
    layout: ClassVar[object] = GeographyRow

    def __init__(self) -> None:
        self.countries = Habits()
        self.networks = Habits()
        self.classes = [0] * len(NETWORK_CLASSES)
        self.anchor: Anchor | None = None
        self.journeys = 0

    @staticmethod
    def of_row(row: GeographyRow) -> Geography:
        """What was stored as ``row``."""
        geography = Geography()
        countries, networks, geography.classes, anchor, geography.journeys = row
        geography.countries, geography.networks = Habits.of_row(countries), Habits.of_row(networks)
        if anchor is not None:
            seconds, latitude, longitude, radius_km, name = anchor
            geography.anchor = Anchor(seconds, latitude, longitude, radius_km, name)
        return geography

    def row(self) -> GeographyRow:
        """The state as it is stored."""
        anchor = None if self.anchor is None else self.anchor.row()
        return self.countries.row(), self.networks.row(), self.classes, anchor, self.journeys

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence in where the event came from."""
        judgement = self._judge(x)
        return None if judgement is None else judgement.score

    def learn_one(self, x: Sighting, /) -> None:
        """Counts the place as one of the subject's."""
        if x.place is None:
            return
        asn, hour = x.asn, x.hour
        if asn is not None and not self.networks.counts(asn, hour):
            self._count(asn, x)
        if x.placeless:
            return
        country = x.country
        if country and not self.countries.counts(country, hour):
            self.countries.add(country, hour, _COUNTRIES, x.config.geography.half_life_weeks)
        self._settle_at(x)

    def skip_one(self, x: Sighting, /) -> None:
        """Where an attacker may have been says nothing about the subject."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """What is new about the place, against what the subject is known by."""
        place, judgement = x.place, self._judge(x)
        if place is None or judgement is None:
            why_not = x.record.unplaced
            reason = why_not if place is None and why_not else "no earlier place of this subject is known"
            return NotEvaluable(detector=self.name, reason=reason)
        return Finding(
            detector=self.name,
            score=judgement.score,
            reason="; ".join(self._reasons(x, place, judgement)) or "a place the subject is known by",
            observed=describe(place),
            expected=self._expected(),
        )

    def distance_from_anchor(self, place: Place | RecordedPlace) -> float:
        """Kilometres from where the subject was last, less both radii; 0 where either is unknown."""
        anchor = self.anchor
        if anchor is None or place.latitude is None or place.longitude is None:
            return 0.0
        km = distance_km(anchor.latitude, anchor.longitude, place.latitude, place.longitude)
        return max(0.0, km - anchor.radius_km - (place.radius_km or 0.0))

    def _judge(self, x: Sighting) -> _Judgement | None:
        networks, hours = self.networks, max(self.networks.total, self.countries.total)
        if x.place is None or not hours:
            return None
        asn, placeless, human, peers = x.asn, x.placeless, x.kind == "human", x.peers
        row = None if asn is None else networks.known(asn, x.hour, peers.settle_hours)
        country = network = travel = 0.0
        if x.country and self.countries.total and not (placeless and (row is not None or not human)):
            country = self._country(x)
        if asn is not None and networks.total:
            share, attacker = peers.networks.get(asn, peers.no_network)
            if row is None and country > 0.5:  # a new country brings a new network: that news is paid for already
                network = log10(attacker / share)
            else:
                network = log10(attacker / networks.chance(row, share, peers.network_concentration, peers.discount))
        class_ = self._class(x)
        if class_ < 0 and row is None and not human:
            class_ = 0.0  # another data centre is no less news for being one
        if (row is None or not placeless) and self._too_fast(x):
            travel = self._travel(x) * (0.5 if placeless else 1.0)
        score = country + network + class_ + travel
        if score > 0:
            known = hours / UNIT
            score *= known / (known + peers.ramp_hours)
        return _Judgement(score, country, network, class_, travel)

    def _country(self, x: Sighting) -> float:
        peers, habits, country = x.peers, self.countries, x.country
        share, attacker = peers.countries.get(country, peers.no_country)
        row = habits.known(country, x.hour, peers.settle_hours)
        return log10(attacker / habits.chance(row, share, peers.country_concentration, peers.discount))

    def _class(self, x: Sighting) -> float:
        index, classes = x.network, self.classes
        if index == _UNKNOWN:
            return 0.0
        usual = (classes[index] + _CLASS_PRIOR[x.kind][index]) / (sum(classes) + _CLASS_PRIOR_HOURS)
        return log10(_ATTACKER[index] / usual)

    def _travel(self, x: Sighting) -> float:
        rate = (self.journeys + 20 * x.config.geography.travel_rate) / (self.networks.hours + 20)
        return max(0.0, log10(_ATTACKER_TRAVELS / rate))

    def _too_fast(self, x: Sighting) -> bool:
        anchor, latitude, longitude = self.anchor, x.latitude, x.longitude
        if anchor is None or latitude is None or longitude is None:
            return False
        if -1 < anchor.latitude - latitude < 1 and -1 < anchor.longitude - longitude < 1:
            return False  # at most 160 km: not worth the trigonometry
        config = x.config.geography
        hours = max(abs(x.seconds - anchor.seconds) / 60, _LEAST_ANCHOR_MINUTES) / 60
        if x.place is None or hours > 20_100 / config.travel_kmh:
            return False  # nowhere on Earth is further
        km = self.distance_from_anchor(x.place)
        return km > config.travel_km and km > config.travel_kmh * hours

    def _count(self, asn: int, x: Sighting) -> None:
        self.networks.add(asn, x.hour, _NETWORKS, x.config.geography.half_life_weeks)
        self.classes[x.network] += 1
        if sum(self.classes) > 2_000:  # a year and more of working hours; older ones fade
            self.classes = [count // 2 for count in self.classes]
        self.journeys += self._too_fast(x)

    def _settle_at(self, x: Sighting) -> None:
        anchor, place, latitude, longitude, seconds = self.anchor, x.place, x.latitude, x.longitude, x.seconds
        if place is None or latitude is None or longitude is None:
            return
        if anchor is None:
            self.anchor = Anchor(seconds, latitude, longitude, place.radius_km or 0.0, _short_name(place))
        elif seconds >= anchor.seconds or anchor.seconds - seconds > 7 * 86_400:  # a broken clock was here
            anchor.seconds = seconds
            if anchor.latitude != latitude or anchor.longitude != longitude:
                anchor.latitude, anchor.longitude = latitude, longitude
                anchor.radius_km, anchor.name = place.radius_km or 0.0, _short_name(place)

    def _reasons(self, x: Sighting, place: Place | RecordedPlace, judgement: _Judgement) -> list[str]:
        reasons = []
        settle, hour = x.peers.settle_hours, x.hour
        since = f"in {self.networks.hours:.0f} session-hours"
        if judgement.country > 0:
            seen = self.countries.known(x.country, hour, settle)
            reasons.append(f"country {place.country} {_times(seen)} {since}")
        if place.asn is not None and judgement.network > 0:
            tally = self.networks.known(place.asn, hour, settle)
            reasons.append(f"network AS{place.asn} {_times(tally)} {since}")
        if judgement.class_ > 0.3:
            seen_class = self.classes[x.network]
            reasons.append(f"a {place.network} network in {seen_class} of {sum(self.classes)} session-hours")
        if judgement.travel > 0 and self.anchor is not None:
            km = self.distance_from_anchor(place)
            minutes = counted(max(abs(x.seconds - self.anchor.seconds) // 60, 1), "minute")
            reasons.append(f"at least {km:,.0f} km from {self.anchor.name} within {minutes}")
        return reasons

    def _expected(self) -> str:
        countries = sorted(self.countries.table.items(), key=lambda row: -row[1].count)[:3]
        networks = sorted(self.networks.table.items(), key=lambda row: -row[1].count)[:3]
        parts = [_shares_of("countries", [(country_name(code), t.count) for code, t in countries], self.countries)]
        parts.append(_shares_of("networks", [(f"AS{asn}", t.count) for asn, t in networks], self.networks))
        return "; ".join(part for part in parts if part)


def _times(tally: Tally | None) -> str:
    return "never seen" if tally is None else f"seen in {max(tally.count / UNIT, 0.1):.2g}"


def _shares_of(what: str, rows: list[tuple[str, int]], habits: Habits) -> str:
    if not rows:
        return ""
    shares = ", ".join(f"{name} {100 * count / habits.total:.0f}%" for name, count in rows)
    return f"{what} {shares} of {habits.hours:.0f} session-hours"


def _short_name(place: Place | RecordedPlace) -> str:
    return (place.city or place.country or "there")[:32]


def describe(place: Place | RecordedPlace) -> str:
    """A place in words: city, country, network and class, as far as known."""
    where = ", ".join(part for part in (place.city, place.country) if part) or "unknown country"
    if place.asn is None:
        return where
    owner = f" {place.organisation}" if place.organisation else ""
    kind = "" if place.network == "unknown" else f", {place.network}"
    return f"{where} (AS{place.asn}{owner}{kind})"
