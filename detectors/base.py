"""What every detector is given: one prepared view of an event, and what is usual among the actors of its kind."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from math import expm1, log1p
from typing import Final
from zlib import crc32

from detectors.combine import Pool
from detectors.config import DetectorConfig, GeographyConfig, RateConfig
from detectors.maths import stable_digest
from schemas.activity import NETWORK_CLASSES, Activity, Recorded
from schemas.baseline import HOURS_OF_WEEK, Baseline, Population
from schemas.event import ACTOR_KINDS, ActorKind

__all__ = [
    "BINS",
    "EVEN",
    "Context",
    "Peers",
    "RatePrior",
    "Sighting",
    "bin_of_hour",
    "country_code",
    "country_name",
]

BINS: Final = 48
"""Hours of a weekday, then hours of a weekend day, UTC."""
EVEN: Final = (5 / HOURS_OF_WEEK,) * 24 + (2 / HOURS_OF_WEEK,) * 24
"""The share of the week that each bin takes."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_HOUR = 72  # 1970-01-01 was a Thursday; weeks begin on Monday
_BIN_OF: Final = tuple(hour % 24 if hour < 120 else 24 + hour % 24 for hour in range(HOURS_OF_WEEK))
_PLACELESS: Final = ("hosting", "vpn", "satellite")
_NETWORK_OF: Final = {name: (index, name in _PLACELESS) for index, name in enumerate(NETWORK_CLASSES)}
_UNKNOWN: Final = NETWORK_CLASSES.index("unknown")
_COUNTRIES = 100.0  # countries and networks that a stranger's next address is spread over, in effect
_NETWORKS = 1000.0
_ATTACKER_COUNTRIES = 40.0  # attackers are less spread: few countries and networks make most of them
_ATTACKER_NETWORKS = 300.0
_MATURE_ACTORS = 20.0  # actors at which a baseline's shares are half believed


def bin_of_hour(hour: int) -> int:
    """The bin (of 48) of an hour counted from the epoch."""
    return _BIN_OF[(hour + _EPOCH_HOUR) % HOURS_OF_WEEK]


@lru_cache(maxsize=1_024)
def country_code(country: str) -> int:
    """An ISO 3166 alpha-2 code as a small number."""
    return ord(country[0]) << 8 | ord(country[1])


def country_name(code: int) -> str:
    """The alpha-2 code of that number."""
    return chr(code >> 8) + chr(code & 255)


@lru_cache(maxsize=1_024)  # a stream's actions repeat
def _number_of(action: str) -> int:
    return crc32(action.encode())


@lru_cache(maxsize=4_096)
def _family_of(agent: str) -> int:
    """A user agent as a number, without its versions."""
    return crc32("".join(char for char in agent if not (char.isdigit() or char in "._")).encode())


class RatePrior:
    """What ``RateConfig`` says of one kind of actor, as the sums that a posterior starts from.

    ``least`` is the smallest count of an active hour; up to ``calm`` a count is usual whatever was learned.
    """

    __slots__ = (
        "at_record",
        "beyond_record",
        "calm",
        "degrees",
        "least_spread",
        "location",
        "memory",
        "most_degrees",
        "slack",
        "squares",
        "sum",
        "weight",
    )

    def __init__(self, config: RateConfig, kind: str, least: int) -> None:
        self.location = log1p(config.usual.of(kind))
        self.weight = config.usual_weight
        self.sum = self.weight * self.location
        self.slack = 0.3 * config.least_spread
        self.degrees = config.spread_weight
        self.squares = config.spread_weight * config.spread**2
        self.least_spread = config.least_spread
        self.most_degrees = config.most_degrees
        self.memory = config.memory_hours
        self.at_record, self.beyond_record = config.at_record, config.beyond_record
        self.calm = 0.999_999 * expm1(min(self.location, log1p(least)) + self.slack)  # less what rounding may add


class Peers:
    """One kind of actor: what is usual among its members, and its priors, made ready for judging single events.

    ``countries`` and ``networks`` map to the pair (how likely a member's new place is this one, how likely an
    attacker's is); ``hours`` is each bin's share against an even spread over the week. What is configured
    alike for every kind stands here too where each event needs it.
    """

    __slots__ = (
        "agent_concentration",
        "agent_ramp_hours",
        "countries",
        "country_concentration",
        "discount",
        "exploration",
        "hours",
        "hours_prior",
        "network_concentration",
        "networks",
        "new_agent",
        "no_country",
        "no_network",
        "ramp_hours",
        "repositories",
        "resources",
        "settle_hours",
        "spikes",
    )

    def __init__(self, kind: ActorKind, population: Population, config: DetectorConfig) -> None:
        geo = config.geography
        self.country_concentration = geo.country_concentration.of(kind)
        self.network_concentration = geo.network_concentration.of(kind)
        self.discount, self.ramp_hours, self.settle_hours = geo.discount, geo.ramp_hours, geo.settle_hours
        self.spikes = RatePrior(config.spikes, kind, least=1)
        self.resources = RatePrior(config.resources, kind, least=0)
        self.repositories = RatePrior(config.repositories, kind, least=0)
        self.exploration = RatePrior(config.exploration, kind, least=0)
        agents = config.agents
        self.agent_concentration = agents.concentration.of(kind)
        self.new_agent, self.agent_ramp_hours = agents.attacker_brings_new, agents.ramp_hours
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
        self.hours_prior = config.hours.prior_hours
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
        bins[_BIN_OF[hour]] += count
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
    """What is in force for many events: the configuration, and the baseline made ready.

    ``digests`` is what alerts remember here: the configuration's digest by geo version.
    """

    __slots__ = ("baseline", "config", "digests", "forget_s", "peers", "pool", "remembered_ids", "threshold")

    def __init__(self, config: DetectorConfig, baseline: Baseline) -> None:
        self.config = config
        self.baseline = baseline
        self.digests: dict[str, str] = {}
        self.pool = Pool(config.weights)
        self.threshold = config.threshold
        self.forget_s = config.learning.forget_days * 86_400
        self.remembered_ids = config.learning.remembered_ids
        nobody = Population()
        self.peers = {kind: Peers(kind, baseline.populations.get(kind, nobody), config) for kind in ACTOR_KINDS}


class Sighting:
    """One activity as the detectors see it; made once per event, never changed but for whose record it is.

    ``seconds`` and ``hour`` count from the epoch, UTC; ``left`` is the share of the clock hour that is still to come;
    ``bin`` is the hour of the week's; ``digest`` stands for the event; ``action``, ``agent`` and ``country`` are those
    names as numbers (0: there is no such name), and ``network`` is the class of network as one; ``placeless`` networks
    say nothing of where a person is; ``peers`` are the actors of its kind. The place's numbers are None where they, or
    the place, are unknown.
    """

    __slots__ = (
        "action",
        "agent",
        "asn",
        "bin",
        "context",
        "country",
        "digest",
        "event",
        "hour",
        "kind",
        "latitude",
        "left",
        "longitude",
        "network",
        "peers",
        "place",
        "placeless",
        "record",
        "resource",
        "seconds",
    )

    def __init__(self, record: Activity | Recorded, context: Context) -> None:
        self.record = record
        self.context = context
        self.event = event = record.event
        self.digest = stable_digest(f"{event.source}\0{event.id}")
        self.kind = kind = event.actor_kind
        self.peers = context.peers[kind]
        self.action = _number_of(event.action)
        agent = event.user_agent
        self.agent = _family_of(agent) if agent else 0
        self.resource = event.resource
        since = event.time - _EPOCH
        of_day = since.seconds
        self.hour = hour = since.days * 24 + of_day // 3600
        self.seconds = since.days * 86_400 + of_day
        self.left = 1.0 - of_day % 3600 / 3600.0
        self.bin = _BIN_OF[(hour + _EPOCH_HOUR) % HOURS_OF_WEEK]
        self.place = place = record.place
        if place is None:
            self.country, self.network, self.placeless = 0, _UNKNOWN, False
            self.asn = self.latitude = self.longitude = None
            return
        country = place.country
        self.country = 0 if country is None else country_code(country)
        self.network, self.placeless = _NETWORK_OF[place.network]
        self.asn, self.latitude, self.longitude = place.asn, place.latitude, place.longitude

    @property
    def config(self) -> DetectorConfig:
        """The configuration in force."""
        return self.context.config
