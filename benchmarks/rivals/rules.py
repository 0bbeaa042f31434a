"""Rules as rivals publish them, and the naive ones that teams write first; each watches all actors.

``see`` scores an access and then learns it; a rule raises an alert where it gives 1 or more. Parts of a rule add one
each, and counts add a little by how far they are over, so that a sweep of the threshold has something to rank by.

Sources: Okta, behaviour detection (new country: not among those of the last 10 sign-ins); Datadog, impossible travel
(over 1,000 km/h and 500 km; 24 hours of learning; places forgotten after 30 days; known pairs of addresses ignored);
Microsoft Entra, unfamiliar sign-in properties (new network or country after at least 5 days of learning).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from benchmarks.rivals.clock import OfficeHours, ThreeSigma
from detectors.maths import distance_km

__all__ = ["RULES", "Access", "Rule"]

_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_FAR_OVER = 1_000.0


class Access(NamedTuple):
    """What the rules look at of an event; the place's parts are None where they are unknown. Degrees; Unix seconds."""

    actor: str
    kind: str
    seconds: float
    ip: str | None
    country: str | None
    asn: int | None
    latitude: float | None
    longitude: float | None


class Rule(Protocol):
    """One rule over all actors."""

    def see(self, access: Access) -> float:
        """1 or more where the rule fires."""


class _FirstSeenCountry:
    """A country that this actor was never seen in; its first one is learned in silence."""

    def __init__(self) -> None:
        self._seen = defaultdict[str, set[str]](set)

    def see(self, access: Access) -> float:
        seen, country = self._seen[access.actor], access.country
        if country is None or country in seen:
            return 0.0
        seen.add(country)
        return float(len(seen) > 1)


class _FixedHours:
    """Outside 07 to 20 o'clock UTC on weekdays."""

    def __init__(self) -> None:
        self._hours = OfficeHours(0.0)

    def see(self, access: Access) -> float:
        return self._hours.see(access.seconds)[0]


class _ThreeSigma:
    """More events within the clock hour than three standard deviations over the mean of the active hours before."""

    def __init__(self) -> None:
        self._of = defaultdict[str, ThreeSigma](ThreeSigma)

    def see(self, access: Access) -> float:
        sigmas, fires = self._of[access.actor].see(access.seconds)
        return fires * (1 + min(sigmas, _FAR_OVER) / (2 * _FAR_OVER))


class _Together:
    """Several rules at once, each of them an alert."""

    def __init__(self, *rules: Rule) -> None:
        self._rules = rules

    def see(self, access: Access) -> float:
        return sum(rule.see(access) for rule in self._rules)


class _Okta:
    """A country that isn't among those of the actor's last ten sign-ins.

    A sign-in is an event from another address, or an hour and more after the one before. Addresses without a country
    are passed over; the first sign-in has nothing to be compared with.
    """

    def __init__(self) -> None:
        self._countries = defaultdict[str, deque[str]](lambda: deque(maxlen=10))
        self._last = dict[str, tuple[float, str | None]]()

    def see(self, access: Access) -> float:
        before, self._last[access.actor] = self._last.get(access.actor), (access.seconds, access.ip)
        if access.country is None or (
            before is not None and before[1] == access.ip and access.seconds - before[0] < _HOUR_S
        ):
            return 0.0
        countries = self._countries[access.actor]
        fires = bool(countries) and access.country not in countries
        countries.append(access.country)
        return float(fires)


class _Datadog:
    """Travel over 500 km at over 1,000 km/h between two events of an actor that is known for a day."""

    def __init__(self) -> None:
        self._first = dict[str, float]()
        self._last = dict[str, Access]()
        self._pairs = dict[tuple[str, frozenset[str | None]], float]()

    def see(self, access: Access) -> float:
        if access.latitude is None or access.longitude is None:
            return 0.0
        actor = access.actor
        first = self._first.setdefault(actor, access.seconds)
        last, self._last[actor] = self._last.get(actor), access
        if last is None or last.latitude is None or last.longitude is None or last.ip == access.ip:
            return 0.0
        pair = (actor, frozenset((last.ip, access.ip)))
        known = access.seconds - self._pairs.get(pair, -1e12) < 30 * _DAY_S
        self._pairs[pair] = access.seconds
        if known or access.seconds - first < _DAY_S or abs(access.seconds - last.seconds) > 30 * _DAY_S:
            return 0.0
        km = distance_km(last.latitude, last.longitude, access.latitude, access.longitude)
        hours = max(abs(access.seconds - last.seconds), 1.0) / _HOUR_S
        return float(km > 500 and km / hours > 1_000)


class _Microsoft:
    """A network, or a country, that is new to an actor known for five days; both count more than one."""

    def __init__(self) -> None:
        self._first = dict[str, float]()
        self._seen = defaultdict[str, set[str | int]](set)

    def see(self, access: Access) -> float:
        first = self._first.setdefault(access.actor, access.seconds)
        seen = self._seen[access.actor]
        new = {part for part in (access.country, access.asn) if part is not None} - seen
        seen |= new
        return float(len(new)) if access.seconds - first >= 5 * _DAY_S else 0.0


class _OfPeople:
    """A rule that watches people alone, as those for sign-ins are meant."""

    def __init__(self, make: Callable[[], Rule]) -> None:
        self._rule = make()

    def see(self, access: Access) -> float:
        return self._rule.see(access) if access.kind == "human" else 0.0


_VENDORS: Mapping[str, Callable[[], Rule]] = {
    "Okta: country not in the last 10 sign-ins": _Okta,
    "Datadog: impossible travel": _Datadog,
    "Microsoft: new network or country": _Microsoft,
}
RULES: Mapping[str, Callable[[], Rule]] = {
    "new country + fixed hours + 3 sigma": lambda: _Together(_FirstSeenCountry(), _FixedHours(), _ThreeSigma()),
    "new country + 3 sigma": lambda: _Together(_FirstSeenCountry(), _ThreeSigma()),
    "new country": _FirstSeenCountry,
    **_VENDORS,
    **{f"{name}, people": partial(_OfPeople, make) for name, make in _VENDORS.items()},
}
"""By the name in the table: makes the rule, which knows nothing yet."""
