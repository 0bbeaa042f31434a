"""The profile: all that is kept of one subject, small, bounded, and written as versioned bytes.

The bytes are one version byte and a MessagePack array (msgspec); never pickle, for they come from a topic. The same
state has the same bytes. A typical profile takes 1 to 1.5 KB; ``LARGEST`` bounds the worst.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from detectors.actions import Actions, ActionsRow
from detectors.agents import Agents, AgentsRow
from detectors.base import Sighting
from detectors.combine import Terms
from detectors.config import DetectorConfig
from detectors.detector import Detector
from detectors.geography import Geography, GeographyRow
from detectors.hours import Hours, HoursRow
from detectors.layouts import OLDER, Head
from detectors.repositories import Repositories, RepositoriesRow
from detectors.resources import Resources, ResourcesRow
from detectors.spikes import Spikes, SpikesRow
from schemas.errors import StateError
from schemas.event import ActorKind

__all__ = ["DETECTORS", "LARGEST", "PROFILE_VERSION", "Held", "Profile", "expired"]

DETECTORS: Final[tuple[type[Detector], ...]] = (
    Geography,
    Hours,
    Spikes,
    Resources,
    Repositories,
    Agents,
    Actions,
)
"""All detectors, in the order in which their terms are combined and stored."""
PROFILE_VERSION: Final = 3
LARGEST: Final = 4_096
"""No profile's bytes exceed this, with 64 remembered ids and besides the subject's own name (at most 2 KB of UTF-8)."""

_MOST_HELD: Final = 8
_DAY_S: Final = 86_400
_LATEST_S: Final = 31 * _DAY_S
_LONGEST_ABSENCE_S: Final = 5 * 365 * _DAY_S  # who seems to have been away for longer has a broken clock


_Row = tuple[
    str,
    ActorKind,
    int,
    int,
    int,
    GeographyRow,
    HoursRow,
    SpikesRow,
    ResourcesRow,
    RepositoriesRow,
    AgentsRow,
    ActionsRow,
    bytes,
    int,
    int,
    dict[int, tuple[int, int]],
]


class Held:
    """A behaviour that raised alerts: on how many distinct days, and the last of them (days from the epoch)."""

    def __init__(self, days: int, last: int) -> None:
        self.days = days
        self.last = last


class Profile:
    """One subject: when it was seen, the detectors' states, remembered ids, its case and what is held back.

    Times are seconds from the epoch; ``last_seen`` only moves forward, and by five years an event at most. ``recent``
    are the digests of the last events' ids, eight bytes each, oldest first. ``case_first`` and ``case_last`` are the
    times of the open case's first and last alert (0: there is none). ``held`` are alerted behaviours by their hash:
    what the ageing rule counts, and where a verdict would find them.
    """

    version: ClassVar[int] = PROFILE_VERSION

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.kind: ActorKind = "human"
        self.first_seen = 0
        self.last_seen = 0
        self.events = 0
        self.geography = Geography()
        self.hours = Hours()
        self.spikes = Spikes()
        self.resources = Resources()
        self.repositories = Repositories()
        self.agents = Agents()
        self.actions = Actions()
        self.recent = b""
        self.case_first = 0
        self.case_last = 0
        self.held: dict[int, Held] = {}

    def to_bytes(self) -> bytes:
        """The profile as it is stored."""
        return _VERSION_BYTE + _ENCODER.encode(self._row())

    @staticmethod
    def from_bytes(data: bytes) -> Profile:
        """The profile stored as ``data``.

        Raises:
            StateError: where it is of an unknown version, or damaged.
        """
        version, content = _known(data)
        try:
            if version != PROFILE_VERSION:
                content = OLDER[version](content)
            return _of_row(_DECODER.decode(content))
        except msgspec.MsgspecError as error:
            raise StateError(f"A stored profile of version {version} is damaged: {error}.") from error

    @staticmethod
    def last_seen_of(data: bytes) -> int:
        """When the subject of the profile stored as ``data`` was last seen (seconds from the epoch), at small cost.

        Raises:
            StateError: where it is of an unknown version, or damaged.
        """
        version, content = _known(data)
        try:
            return _HEAD_DECODER.decode(content).last_seen
        except msgspec.MsgspecError as error:
            raise StateError(f"A stored profile of version {version} is damaged: {error}.") from error

    def _row(self) -> _Row:
        held = {behaviour: (held.days, held.last) for behaviour, held in self.held.items()}
        return (
            self.subject,
            self.kind,
            self.first_seen,
            self.last_seen,
            self.events,
            self.geography.row(),
            self.hours.row(),
            self.spikes.row(),
            self.resources.row(),
            self.repositories.row(),
            self.agents.row(),
            self.actions.row(),
            self.recent,
            self.case_first,
            self.case_last,
            held,
        )

    def detectors(self) -> tuple[Detector, ...]:
        """The detectors' states, in the registry's order."""
        return (
            self.geography,
            self.hours,
            self.spikes,
            self.resources,
            self.repositories,
            self.agents,
            self.actions,
        )

    def is_forgotten(self, seconds: int, forget_s: int) -> bool:
        """Whether the subject was away for so long before ``seconds`` that nothing of it counts any more."""
        return forget_s < seconds - self.last_seen < _LONGEST_ABSENCE_S and self.events > 0

    def is_repeat(self, digest: bytes, most: int) -> bool:
        """Whether the event of that digest was seen before; remembers it, and forgets the oldest."""
        recent = self.recent
        if recent.find(digest) >= 0:  # across two of them, a match is as unlikely as a collision
            return True
        recent += digest
        over = len(recent) - 8 * most
        self.recent = recent[over:] if over > 0 else recent
        return False

    def see(self, x: Sighting) -> None:
        """Notes when the subject was seen, and as what kind."""
        seconds = x.seconds
        if not self.events:
            self.first_seen = self.last_seen = seconds
        elif seconds > self.last_seen:
            if seconds - self.last_seen < _LONGEST_ABSENCE_S:
                self.last_seen = seconds
        elif seconds < self.first_seen:
            self.first_seen = seconds
        self.events += 1
        if self.kind != x.kind:
            self.kind = x.kind

    def terms(self, x: Sighting) -> Terms:
        """Each detector's decades of evidence in the event."""
        return (
            self.geography.score_one(x),
            self.hours.score_one(x),
            self.spikes.score_one(x),
            self.resources.score_one(x),
            self.repositories.score_one(x),
            self.agents.score_one(x),
            self.actions.score_one(x),
        )

    def learn(self, x: Sighting) -> None:
        """Takes the event for a habit."""
        self.geography.learn_one(x)
        self.hours.learn_one(x)
        self.spikes.learn_one(x)
        self.resources.learn_one(x)
        self.repositories.learn_one(x)
        self.agents.learn_one(x)
        self.actions.learn_one(x)

    def skip(self, x: Sighting) -> None:
        """Notes an event that is no habit."""
        self.geography.skip_one(x)
        self.hours.skip_one(x)
        self.spikes.skip_one(x)
        self.resources.skip_one(x)
        self.repositories.skip_one(x)

    def hold(self, behaviour: int, x: Sighting) -> int:
        """Counts today for an alerted behaviour; the number of distinct days so far."""
        today = x.seconds // _DAY_S
        held = self.held.get(behaviour)
        if held is None:
            if len(self.held) >= _MOST_HELD:
                del self.held[min(self.held.items(), key=lambda row: row[1].last)[0]]
            self.held[behaviour] = Held(1, today)
            return 1
        if today > held.last:
            held.days += 1
            held.last = today
        return held.days

    def open_case(self, seconds: int, gap_s: int) -> int:
        """The time of the first alert of the case that an alert at ``seconds`` belongs to."""
        if self.case_first and self.case_first - gap_s <= seconds <= self.case_last + gap_s:
            self.case_last = max(self.case_last, seconds)
            return self.case_first
        if seconds >= self.case_first:
            self.case_first = self.case_last = seconds
        return seconds


def _of_row(row: _Row) -> Profile:
    profile = Profile(row[0])
    profile.kind, profile.first_seen, profile.last_seen, profile.events = row[1], row[2], row[3], row[4]
    profile.geography, profile.hours = Geography.of_row(row[5]), Hours.of_row(row[6])
    profile.spikes, profile.resources = Spikes.of_row(row[7]), Resources.of_row(row[8])
    profile.repositories = Repositories.of_row(row[9])
    profile.agents, profile.actions = Agents.of_row(row[10]), Actions.of_row(row[11])
    profile.recent, profile.case_first, profile.case_last = row[12], row[13], row[14]
    profile.held = {behaviour: Held(days, last_day) for behaviour, (days, last_day) in row[15].items()}
    return profile


def _known(data: bytes) -> tuple[int, memoryview]:
    """The version of a stored profile, if it is a known one, and its content."""
    version = data[0] if data else None
    if version is None or (version != PROFILE_VERSION and version not in OLDER):
        known = ", ".join(str(number) for number in sorted([*OLDER, PROFILE_VERSION]))
        raise StateError(f"A stored profile has version {version}; this release reads {known}.")
    return version, memoryview(data)[1:]


def expired(last_seen: int, now: int, config: DetectorConfig) -> bool:
    """Whether the stored profile of a subject last seen then may be deleted, and no later outcome tell.

    Times are seconds from the epoch. An event that finds the subject away for ``learning.forget_days`` starts a new
    profile in any case; a stored one is kept 31 days longer, for events that come so late.
    """
    return now - last_seen > config.learning.forget_days * _DAY_S + _LATEST_S


_VERSION_BYTE: Final = bytes([PROFILE_VERSION])
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Row)
_HEAD_DECODER: Final = msgspec.msgpack.Decoder(Head)
