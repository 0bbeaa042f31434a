"""The profile: all that is kept of one subject, small, bounded, and written as versioned bytes.

The bytes are one version byte and a MessagePack array (msgspec); never pickle, for they come from a topic. The same
state has the same bytes. A typical profile takes 1 to 1.5 KB; ``LARGEST`` bounds the worst.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self

import msgspec

from detectors.base import Detector, Sighting
from detectors.combine import Terms
from detectors.geography import Geography
from detectors.hours import Hours
from detectors.resources import Resources
from detectors.spikes import Spikes
from schemas.errors import StateError
from schemas.event import ActorKind

__all__ = ["DETECTORS", "LARGEST", "PROFILE_VERSION", "Held", "Profile"]

DETECTORS: Final[tuple[type[Detector], ...]] = (Geography, Hours, Spikes, Resources)
"""All detectors, in the order in which their terms are combined and stored."""
PROFILE_VERSION: Final = 1
LARGEST: Final = 4_096
"""No profile's bytes exceed this, with 64 remembered ids and besides the subject's own name (at most 2 KB of UTF-8)."""

_MOST_HELD: Final = 8
_MOST_FORWARD_S: Final = 31 * 86_400  # one broken clock in the future may not make all that follows late
_DAY_S: Final = 86_400


class Held(msgspec.Struct, array_like=True):
    """A behaviour that raised alerts: on how many distinct days, and the last of them (days from the epoch)."""

    days: int
    last: int


class Profile(msgspec.Struct, array_like=True):
    """One subject: when it was seen, the detectors' states, remembered ids, its case and what is held back."""

    version: ClassVar[int] = PROFILE_VERSION

    subject: str
    kind: ActorKind = "human"
    first_seen: int = 0
    """Seconds from the epoch, as all times here."""
    last_seen: int = 0
    """Only moves forward, and by 31 days an event at most."""
    events: int = 0
    geography: Geography = msgspec.field(default_factory=Geography)
    hours: Hours = msgspec.field(default_factory=Hours)
    spikes: Spikes = msgspec.field(default_factory=Spikes)
    resources: Resources = msgspec.field(default_factory=Resources)
    recent: list[int] = []
    """Hashes of the last events' ids, oldest first."""
    case_first: int = 0
    """Time of the first alert of the open case; 0: there is none."""
    case_last: int = 0
    held: dict[int, Held] = {}
    """Alerted behaviours, by their hash: what the ageing rule counts, and where a verdict would find them."""

    @classmethod
    def new(cls, subject: str) -> Self:
        """The profile of a subject of whom nothing is known."""
        return cls(subject)

    def to_bytes(self) -> bytes:
        """The profile as it is stored."""
        return _VERSION_BYTE + _ENCODER.encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The profile stored as ``data``.

        Raises:
            StateError: where it is of another version, or damaged.
        """
        found = data[0] if data else None
        if found != PROFILE_VERSION:
            raise StateError(f"A stored profile has version {found}; this release reads version {PROFILE_VERSION}.")
        try:
            return msgspec.msgpack.decode(memoryview(data)[1:], type=cls)
        except msgspec.MsgspecError as error:
            raise StateError(f"A stored profile of version {PROFILE_VERSION} is damaged: {error}.") from error

    def detectors(self) -> tuple[Detector, ...]:
        """The detectors' states, in the registry's order."""
        return (self.geography, self.hours, self.spikes, self.resources)

    def is_repeat(self, event_hash: int, most: int) -> bool:
        """Whether that event was seen before; remembers it, and forgets the oldest."""
        recent = self.recent
        if event_hash in recent:
            return True
        recent.append(event_hash)
        if len(recent) > most:
            del recent[: len(recent) - most]
        return False

    def see(self, x: Sighting) -> None:
        """Notes when the subject was seen, and as what kind."""
        if not self.events:
            self.first_seen = self.last_seen = x.seconds
        elif x.seconds > self.last_seen:
            self.last_seen = min(x.seconds, self.last_seen + _MOST_FORWARD_S)
        elif x.seconds < self.first_seen:
            self.first_seen = x.seconds
        self.events += 1
        self.kind = x.kind

    def terms(self, x: Sighting) -> Terms:
        """Each detector's decades of evidence in the event."""
        return (
            self.geography.score_one(x),
            self.hours.score_one(x),
            self.spikes.score_one(x),
            self.resources.score_one(x),
        )

    def learn(self, x: Sighting) -> None:
        """Takes the event for a habit."""
        self.geography.learn_one(x)
        self.hours.learn_one(x)
        self.spikes.learn_one(x)
        self.resources.learn_one(x)

    def skip(self, x: Sighting) -> None:
        """Notes an event that is no habit."""
        self.geography.skip_one(x)
        self.hours.skip_one(x)
        self.spikes.skip_one(x)
        self.resources.skip_one(x)

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


_VERSION_BYTE: Final = bytes([PROFILE_VERSION])
_ENCODER: Final = msgspec.msgpack.Encoder()
