"""From a raw event to its activity records: parse, locate, and write down what was in force.

The only part that looks anything up: what it finds goes into the records, and scoring and replays need nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from detectors.alerts import config_digest
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import InputError, InvalidEventError
from schemas.spelling import spell_activities, spell_evidence, spell_place, subjects_of
from streams.formats import parse
from streams.formats.plain import spell_all
from streams.formats.shapes import Spelled
from streams.settings import Settings

__all__ = ["Locator", "Normaliser", "RawRecord", "coordinate_of"]

# A clock may run ahead by a time zone that somebody forgot; beyond that the event would make all later ones look late.
_MOST_AHEAD_S = 24 * 3600
_TOGETHER = 100  # records that one thing after another is done with: as many as the processor's caches hold

Spellings = list[tuple[str, bytes]]
"""Subjects of an event, each with the JSON of its activity record."""


class RawRecord(Protocol):
    """What is read of a consumed record; ``timestamp`` is in Unix milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Locator(Protocol):
    """What the normaliser needs of a geo database."""

    @property
    def version(self) -> str:
        """Names the data in force."""

    def locate(self, ip: str | None) -> tuple[Place | None, str | None]:
        """The place of an address, or the reason why it has none."""


def coordinate_of(topic: str, partition: int, offset: int, raw: bytes | None) -> Coordinate:
    """The evidence coordinate of a record with that value."""
    return Coordinate(topic=topic, partition=partition, offset=offset, sha256=hashlib.sha256(raw or b"").hexdigest())


class Normaliser:
    """Makes activity records with the given settings and geo data; ``baseline`` is the one in force."""

    def __init__(self, settings: Settings, geo: Locator, baseline: Baseline = NO_BASELINE) -> None:
        self._geo = geo
        self._formats = settings.sources
        self._config = config_digest(settings.detectors)
        self._place = lru_cache(maxsize=65_536)(lambda ip: spell_place(*geo.locate(ip)))
        self.baseline = baseline

    @property
    def baseline(self) -> Baseline:
        """The baseline that the records name; may be replaced at any time."""
        return self._baseline

    @baseline.setter
    def baseline(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._versions = Versions(config=self._config, geo=self._geo.version, baseline=baseline.version)
        self._versions_json = self._versions.to_json()

    def activities(self, raw: bytes | None, coordinate: Coordinate, *, format: str | None = None) -> list[Activity]:
        """One activity record per subject of the event in ``raw``; ``format`` overrides the topic's.

        Raises:
            InputError: where ``raw`` is no valid event.
        """
        event = parse(raw, format or self._formats.get(coordinate.topic, "auto"))
        place, unplaced = self._geo.locate(event.source_ip)
        return [
            Activity(
                subject=subject,
                event=event,
                place=place,
                unplaced=unplaced,
                versions=self._versions,
                evidence=coordinate,
            )
            for subject in subjects_of(event)
        ]

    def spelled(self, record: RawRecord) -> Spellings:
        """The same for a consumed record: its subjects, each with its activity record's JSON.

        An event from the future, by the record's own timestamp, is refused.

        Raises:
            InputError: where the record's value is no valid event.
        """
        (made,) = self._spelled_together((record,))
        if isinstance(made, InputError):
            raise made
        return made

    def spelled_all(self, records: Sequence[RawRecord]) -> list[Spellings | InputError]:
        """The same for many records; what would be raised for one stands in its place."""
        made: list[Spellings | InputError] = []
        for first in range(0, len(records), _TOGETHER):
            made += self._spelled_together(records[first : first + _TOGETHER])
        return made

    def _spelled_together(self, records: Sequence[RawRecord]) -> list[Spellings | InputError]:
        formats = self._formats
        events = spell_all([(record.value, formats.get(record.topic, "auto"), record.headers) for record in records])
        made: list[Spellings | InputError] = []
        for record, event in zip(records, events):  # noqa: B905 - a check of the lengths would cost the fast loop
            evidence = spell_evidence(record.topic, record.partition, record.offset, record.value or b"")
            made.append(self._activities(record, event, evidence))
        return made

    def _activities(self, record: RawRecord, event: Spelled | InputError, evidence: bytes) -> Spellings | InputError:
        if isinstance(event, InputError):
            return event
        if event.seconds > record.timestamp / 1000 + _MOST_AHEAD_S:
            return InvalidEventError("time: is more than 24 hours after the record was published")
        return spell_activities(event.subjects, event.json, self._place(event.source_ip), self._versions_json, evidence)
