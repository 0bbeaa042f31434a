"""From a raw event to its activity records: parse, locate, and write down what was in force.

The only part that looks anything up: what it finds goes into the records, and scoring and replays need nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from detectors.alerts import config_digest
from schemas.activity import Activity, Coordinate, Place, Versions, subjects_of
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import InvalidEventError
from schemas.event import Event
from streams.formats import parse
from streams.settings import Settings

__all__ = ["Locator", "Normaliser", "coordinate_of"]

# A clock may run ahead by a time zone that somebody forgot; beyond that the event would make all later ones look late.
_MOST_AHEAD = timedelta(hours=24)

Headers = Sequence[tuple[str, bytes]]


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
        self.baseline = baseline
        self._geo = geo
        self._formats = settings.sources
        self._config = config_digest(settings.detectors)

    def activities(
        self,
        raw: bytes | None,
        coordinate: Coordinate,
        headers: Headers = (),
        *,
        format: str | None = None,
        published_ms: int | None = None,
    ) -> list[Activity]:
        """One activity record per subject of the event in ``raw``.

        ``format`` overrides the one that the settings map the topic to; ``published_ms`` is the record's own timestamp
        (Unix milliseconds), against which an event from the future is refused.

        Raises:
            InputError: where ``raw`` is no valid event.
        """
        event = parse(raw, format or self._formats.get(coordinate.topic, "auto"), headers)
        _refuse_future(event, published_ms)
        place, unplaced = self._geo.locate(event.source_ip)
        versions = Versions(config=self._config, geo=self._geo.version, baseline=self.baseline.version)
        return [
            Activity(
                subject=subject,
                event=event,
                place=place,
                unplaced=unplaced,
                versions=versions,
                evidence=coordinate,
            )
            for subject in subjects_of(event)
        ]


def _refuse_future(event: Event, published_ms: int | None) -> None:
    if published_ms is None:
        return
    published = datetime.fromtimestamp(published_ms / 1000, UTC)
    if event.time > published + _MOST_AHEAD:
        raise InvalidEventError("time: is more than 24 hours after the record was published")
