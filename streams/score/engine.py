"""The engine's two ends: *readers* make entries of lines in any order, a *stepper* scores a subject's in their order.

The same normaliser and the same pure step as the stream's. Between the two, ``baselines`` says what is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol

import msgspec
from pydantic import ValidationError

from detectors.config import DetectorConfig
from detectors.outcome import Outcome
from detectors.profile import Profile
from schemas.activity import Activity, RecordedEvent, RecordedPlace, RecordedVersions
from schemas.baseline import Baseline
from schemas.errors import MalformedInputError
from schemas.event import Event
from schemas.record import explain_validation
from schemas.spelling import subjects_of
from streams.formats import parse
from streams.formats.plain import plain_subjects, read_plain
from streams.formats.shapes import PlainEvent
from streams.normalise import Locator, Normaliser, coordinate_of
from streams.pipeline import step
from streams.score.entries import ActivityLine, Entry, Glimpse

__all__ = ["ActivityReader", "RawReader", "Reader", "Stepper"]

_ADDRESSES: Final = 65_536


class Reader(Protocol):
    """Makes entries of lines; keeps nothing from one line to the next but what only saves time."""

    def read(self, number: int, raw: bytes) -> tuple[Glimpse, Sequence[Entry]]:
        """The entries of the line, one a subject.

        Raises:
            InputError: where the line can't be used.
        """

    def restore(self, entry: Entry) -> Activity:
        """The whole record behind an entry.

        Raises:
            InputError: where it isn't one.
        """


class RawReader:
    """Reads raw events of any known format; ``source`` stands for the topic's name in the evidence coordinates."""

    def __init__(self, normaliser: Normaliser, geo: Locator, source: str, format: str = "auto") -> None:
        self._normaliser = normaliser
        self._source = source
        self._format = format
        self._versions = RecordedVersions(geo.version, "")
        self._place = lru_cache(_ADDRESSES)(lambda ip: _located(geo, ip))

    def read(self, number: int, raw: bytes) -> tuple[Glimpse, Sequence[Entry]]:
        """The entries of the event: of its actor and, where it names one, of its credential."""
        event: PlainEvent | Event
        plain = read_plain(raw, self._format)
        if plain is None:
            event = parse(raw, self._format)
            time, subjects = event.time, subjects_of(event)
        else:
            event, time = plain
            subjects = plain_subjects(event)
        place, unplaced = self._place(event.source_ip or None)
        kind, versions = event.actor_kind, self._versions
        agent = event.user_agent or None
        judged = RecordedEvent(event.id, time, event.actor, event.action, kind, event.resource, event.source, agent)
        entries = [
            Entry(subject, judged, versions, place, unplaced, raw, number, order)
            for order, subject in enumerate(subjects)
        ]
        country, asn = (None, None) if place is None else (place.country, place.asn)
        subject = entries[0].subject
        return Glimpse(number, number, subject, kind, time.timestamp(), len(entries), "", country, asn), entries

    def restore(self, entry: Entry) -> Activity:
        """The record that the normaliser makes of the line."""
        coordinate = coordinate_of(self._source, 0, entry.number, entry.raw)
        made = self._normaliser.activities(entry.raw, coordinate, format=self._format)
        return next(activity for activity in made if activity.subject == entry.subject)


def _located(geo: Locator, ip: str | None) -> tuple[RecordedPlace | None, str | None]:
    place, unplaced = geo.locate(ip)
    return None if place is None else msgspec.convert(place.model_dump(), RecordedPlace), unplaced


_LINES: Final = msgspec.json.Decoder(ActivityLine)


class ActivityReader:
    """Reads recorded activity, one record a line."""

    def read(self, number: int, raw: bytes) -> tuple[Glimpse, Sequence[Entry]]:
        """The entry of the record."""
        try:
            line = _LINES.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedInputError(f"not an activity record: {error}") from None
        event, place, version = line.event, line.place, line.versions.baseline
        country, asn = (None, None) if place is None else (place.country, place.asn)
        key = f"{line.evidence.topic}\0{line.evidence.partition}\0{line.evidence.offset}\0{event.id}"
        glimpse = Glimpse(number, key, line.subject, event.actor_kind, event.time.timestamp(), 1, version, country, asn)
        return glimpse, (Entry(line.subject, event, line.versions, place, line.unplaced, raw, number),)

    def restore(self, entry: Entry) -> Activity:
        """The record, with all that it says."""
        try:
            return Activity.from_json(entry.raw)
        except ValidationError as error:
            raise MalformedInputError(f"not an activity record: {explain_validation(error)}") from None


class Stepper:
    """The profiles of its subjects, and the pure step over their entries."""

    def __init__(self, reader: Reader, config: DetectorConfig) -> None:
        self._restore = reader.restore
        self._config = config
        self._profiles: dict[str, Profile] = {}

    def step(self, entry: Entry, baseline: Baseline) -> Outcome:
        """Scores an entry, then learns from it.

        Raises:
            InputError: where the entry raises an alert, and its record turns out to be none.
        """
        entry.restore = self._restore
        subject = entry.subject
        profile = self._profiles.get(subject)
        if profile is None:
            profile = Profile(subject)
        self._profiles[subject], outcome = step(profile, entry, baseline, self._config)
        return outcome
