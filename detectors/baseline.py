"""The builder of baselines: folds activity into who is where and when, whatever the order it comes in.

Distinct actors are counted by a 64-bit hash of their names, an actor's hour once however much happens in it. Events
that come up to two days after a later one of the same actor are still counted once an hour; older ones each count.
Memory: about 200 bytes an actor and 100 bytes a pair of actor and place; the limits below keep it under 500 MB. Beyond
a limit a newcomer is not counted, which makes peers look a little less varied and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from detectors.maths import stable_hash
from schemas.activity import Activity, Recorded
from schemas.baseline import HOURS_OF_WEEK, Baseline, Population
from schemas.event import ACTOR_KINDS, ActorKind

__all__ = ["BaselineBuilder"]

_MOST_ACTORS: Final = 200_000
_MOST_PAIRS: Final = 2_000_000
_MOST_NETWORKS: Final = 2_000  # published: the largest; the rest are as rare as networks never seen
_WINDOW_HOURS: Final = 48
_WINDOW: Final = (1 << _WINDOW_HOURS) - 1
_EPOCH_HOUR: Final = 72  # 1970-01-01 was a Thursday


class _Kind:
    """One population in the making."""

    __slots__ = ("actors", "countries", "hours", "networks", "pairs")

    def __init__(self) -> None:
        self.actors: dict[int, tuple[int, int]] = {}
        """By actor: the latest hour, and which of the 48 hours up to it have been counted, as bits."""
        self.pairs: set[tuple[int, str | int]] = set()
        self.countries: dict[str, int] = {}
        self.networks: dict[str, int] = {}
        self.hours = [0] * HOURS_OF_WEEK

    def population(self) -> Population:
        networks = sorted(self.networks.items(), key=lambda row: (-row[1], row[0]))[:_MOST_NETWORKS]
        return Population(
            actors=len(self.actors),
            countries=dict(sorted(self.countries.items())),
            networks=dict(sorted(networks)),
            hours=tuple(self.hours),
        )


class BaselineBuilder:
    """Learns activity, builds baselines; the same activity gives the same version."""

    def __init__(self) -> None:
        self._kinds = {kind: _Kind() for kind in ACTOR_KINDS}
        self._hashes: dict[str, int] = {}

    def learn_one(self, activity: Activity | Recorded) -> None:
        """Counts one record; those of credentials are passed over, for their events come by actor as well."""
        if not activity.subject.startswith("actor:"):
            return
        event, place = activity.event, activity.place
        country, asn = (None, None) if place is None else (place.country, place.asn)
        self.learn_hour(event.actor_kind, event.actor, int(event.time.timestamp()) // 3600, country, asn)

    def learn_hour(self, of_kind: ActorKind, name: str, hour: int, country: str | None, asn: int | None) -> None:
        """Counts that an actor was somewhere in an hour (from the epoch)."""
        kind = self._kinds[of_kind]
        actor = self._hash(name)
        seen = kind.actors.get(actor)
        if seen is None and len(kind.actors) >= _MOST_ACTORS:
            return
        if seen is None or seen[0] != hour:
            self._count_hour(kind, actor, seen, hour)
        if country is not None and _is_new(kind, (actor, country)):
            kind.countries[country] = kind.countries.get(country, 0) + 1
        if asn is not None and _is_new(kind, (actor, asn)):
            number = str(asn)
            kind.networks[number] = kind.networks.get(number, 0) + 1

    def build(self, offsets: Mapping[str, int]) -> Baseline:
        """What was learned so far; ``offsets`` (partition as text: first offset not counted) say what that was."""
        populations = {name: kind.population() for name, kind in self._kinds.items() if kind.actors}
        content = {
            "offsets": dict(sorted(offsets.items())),
            "populations": {name: population.model_dump() for name, population in populations.items()},
        }
        spelled = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        version = blake2b(spelled, digest_size=10).hexdigest()
        return Baseline(version=version, offsets=content["offsets"], populations=populations)

    def _hash(self, actor: str) -> int:
        known = self._hashes.get(actor)
        if known is None:
            known = stable_hash(actor)
            if len(self._hashes) < _MOST_ACTORS:
                self._hashes[actor] = known
        return known

    @staticmethod
    def _count_hour(kind: _Kind, actor: int, seen: tuple[int, int] | None, hour: int) -> None:
        if seen is None:
            kind.actors[actor] = (hour, 1)
        elif hour > seen[0]:
            kind.actors[actor] = (hour, (seen[1] << min(hour - seen[0], _WINDOW_HOURS) | 1) & _WINDOW)
        elif (ago := seen[0] - hour) < _WINDOW_HOURS:
            if seen[1] >> ago & 1:
                return
            kind.actors[actor] = (seen[0], seen[1] | 1 << ago)
        kind.hours[(hour + _EPOCH_HOUR) % HOURS_OF_WEEK] += 1


def _is_new(kind: _Kind, pair: tuple[int, str | int]) -> bool:
    if pair in kind.pairs or len(kind.pairs) >= _MOST_PAIRS:
        return False
    kind.pairs.add(pair)
    return True
