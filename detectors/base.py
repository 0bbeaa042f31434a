"""What every detector is and is given: river's verbs over one prepared view of an event.

The verbs are river's (Montiel et al., JMLR 22, 2021): score, then learn, one event at a time.
"""

from __future__ import annotations

from math import log1p
from typing import ClassVar, Final, Protocol, runtime_checkable
from zlib import crc32

from detectors.config import DetectorConfig, GeographyConfig, RateConfig
from schemas.activity import Activity, Place
from schemas.alert import Finding, NotEvaluable
from schemas.baseline import HOURS_OF_WEEK, Baseline, Population
from schemas.event import ACTOR_KINDS, ActorKind, Event

__all__ = [
    "BINS",
    "Context",
    "Detector",
    "Peers",
    "RatePrior",
    "Sighting",
    "bin_of_hour",
    "country_code",
    "country_name",
]

BINS: Final = 48
"""Hours of a weekday, then hours of a weekend day, UTC."""
_EPOCH_HOUR = 72  # 1970-01-01 was a Thursday; weeks begin on Monday
_COUNTRIES = 100.0  # countries and networks that a stranger's next address is spread over, in effect
_NETWORKS = 1000.0
_ATTACKER_COUNTRIES = 40.0  # attackers are less spread: few countries and networks make most of them
_ATTACKER_NETWORKS = 300.0
_MATURE_ACTORS = 20.0  # actors at which a baseline's shares are half believed


def bin_of_hour(hour: int) -> int:
    """The bin (of 48) of an hour counted from the epoch."""
    of_week = (hour + _EPOCH_HOUR) % HOURS_OF_WEEK
    return of_week % 24 if of_week < 120 else 24 + of_week % 24


def country_code(country: str) -> int:
    """An ISO 3166 alpha-2 code as a small number."""
    return ord(country[0]) << 8 | ord(country[1])


def country_name(code: int) -> str:
    """The alpha-2 code of that number."""
    return chr(code >> 8) + chr(code & 255)


class RatePrior:
    """What ``RateConfig`` says of one kind of actor, as the sums that a posterior starts from."""

    __slots__ = ("degrees", "least_spread", "location", "memory", "most_degrees", "slack", "squares", "sum", "weight")

    def __init__(self, config: RateConfig, kind: str) -> None:
        self.location = log1p(config.usual.of(kind))
        self.weight = config.usual_weight
        self.sum = self.weight * self.location
        self.slack = 0.3 * config.least_spread
        self.degrees = config.spread_weight
        self.squares = config.spread_weight * config.spread**2
        self.least_spread = config.least_spread
        self.most_degrees = config.most_degrees
        self.memory = config.memory_hours


class Peers:
    """One kind of actor: what is usual among its members, and its priors, made ready for judging single events.

    ``countries`` and ``networks`` map to the pair (how likely a member's new place is this one, how likely an
    attacker's is); ``hours`` is each bin's share against an even spread over the week.
    """

    __slots__ = (
        "countries",
        "country_concentration",
        "hours",
        "network_concentration",
        "networks",
        "no_country",
        "no_network",
        "resources",
        "spikes",
    )

    def __init__(self, kind: ActorKind, population: Population, config: DetectorConfig) -> None:
        geo = config.geography
        self.country_concentration = geo.country_concentration.of(kind)
        self.network_concentration = geo.network_concentration.of(kind)
        self.spikes = RatePrior(config.spikes, kind)
        self.resources = RatePrior(config.resources, kind)
        maturity = population.actors / (population.actors + _MATURE_ACTORS)
        self.countries, self.no_country = _shares(
            {country_code(name): count for name, count in population.countries.items()},
            geo,
            maturity,
            (_COUNTRIES, _ATTACKER_COUNTRIES),
        )
        self.networks, self.no_network = _shares(
            {int(number): count for number, count in population.networks.items()},
            geo,
            maturity,
            (_NETWORKS, _ATTACKER_NETWORKS),
        )
        self.hours = _hours(population, config.hours.peer_floor)


def _shares(
    counts: dict[int, int], geo: GeographyConfig, maturity: float, spread: tuple[float, float]
) -> tuple[dict[int, tuple[float, float]], tuple[float, float]]:
    """By key, and for any other: a member's share, and an attacker's. Without peers the two don't differ."""
    belief, at_home = maturity * geo.peer_share, maturity * geo.attacker_at_home
    everywhere = (1 - belief) / spread[0]
    attacker_everywhere = (1 - at_home) * (maturity / spread[1] + (1 - maturity) / spread[0])
    total = sum(counts.values()) or 1
    shares = {}
    for key, count in counts.items():
        share = belief * count / total + everywhere
        shares[key] = (share, at_home * share + attacker_everywhere)
    return shares, (everywhere, at_home * everywhere + attacker_everywhere)


def _hours(population: Population, floor: float) -> tuple[float, ...]:
    """Each bin's share against an even spread, smoothed over one hour either side, half believed."""
    belief = population.actors / (population.actors + _MATURE_ACTORS)
    bins = [0.0] * BINS
    for hour, count in enumerate(population.hours):
        bins[hour % 24 if hour < 120 else 24 + hour % 24] += count
    total = sum(bins)
    if not total:
        return (1.0,) * BINS
    ratios = []
    for index in range(BINS):
        start, hour = index - index % 24, index % 24
        near = (bins[start + (hour - 1) % 24] + 2 * bins[index] + bins[start + (hour + 1) % 24]) / 4
        even = total * (5 if start == 0 else 2) / HOURS_OF_WEEK
        ratios.append(max(floor, 1 - belief + belief * near / even))
    return tuple(ratios)


class Context:
    """What is in force for many events: the configuration, and the baseline made ready."""

    __slots__ = ("baseline", "config", "geography", "hours", "peers")

    def __init__(self, config: DetectorConfig, baseline: Baseline) -> None:
        self.config = config
        self.geography = config.geography
        self.hours = config.hours
        self.baseline = baseline
        nobody = Population()
        self.peers = {kind: Peers(kind, baseline.populations.get(kind, nobody), config) for kind in ACTOR_KINDS}


class Sighting:
    """One activity as the detectors see it; made once per step, never changed.

    ``seconds`` and ``hour`` count from the epoch, UTC; ``action`` and ``country`` are those names as numbers (no
    country: 0); ``bin`` is the hour of the week's; ``left`` is the share of the clock hour that is still to come;
    ``peers`` are the actors of its kind.
    """

    __slots__ = (
        "action",
        "bin",
        "config",
        "country",
        "event",
        "geography",
        "hour",
        "hours",
        "kind",
        "left",
        "peers",
        "place",
        "seconds",
        "unplaced",
    )

    def __init__(self, record: Activity, context: Context) -> None:
        event: Event = record.event
        place: Place | None = record.place
        self.event = event
        self.place = place
        self.unplaced = record.unplaced
        self.kind = event.actor_kind
        self.seconds = seconds = int(event.time.timestamp())
        self.hour, gone = divmod(seconds, 3600)
        self.left = 1.0 - gone / 3600.0
        self.bin = bin_of_hour(self.hour)
        self.country = 0 if place is None or place.country is None else country_code(place.country)
        self.action = crc32(event.action.encode())
        self.config = context.config
        self.geography = context.geography
        self.hours = context.hours
        self.peers = context.peers[event.actor_kind]


@runtime_checkable
class Detector(Protocol):
    """One online model of one subject. Its instances are its state: small, and made of plain values.

    Each event is scored, then exactly one of ``learn_one`` and ``skip_one`` is called with it.
    """

    name: ClassVar[str]

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence, attacker against this subject; ``None`` where it can't judge. Changes nothing."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """The same judgement in words and numbers. Changes nothing."""

    def learn_one(self, x: Sighting, /) -> None:
        """Takes the event for a habit of the subject. Never changes ``x``."""

    def skip_one(self, x: Sighting, /) -> None:
        """Notes that the event happened (a burst goes on growing), but takes it for no habit. Never changes ``x``."""
