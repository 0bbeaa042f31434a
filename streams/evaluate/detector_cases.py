"""Detector cases: small tables of what must raise an alert and what must not, one JSON object a line.

``{"case": "…", "expect": "alert" or "quiet", "blocks": [...]}``, with ``leading`` where an alert must be led by that
detector. A case is one actor's history and what is judged. Its blocks are *spans* (``days`` [first, last), ``span`` of
the week, ``from`` and ``to`` in UTC, ``per_hour``) or *bursts* (``day``, ``time``, ``times``, ``every_s``); day 0 is a
Monday. ``action`` and ``resource`` are lists gone through in turn, ``{n}`` in a resource counts modulo n. ``copies``
are deliveries of the same event; ``hold_until`` ([day, time]) delivers a span only then. ``place`` is a name in
``places.json`` beside the file, a place itself (the fields of ``schemas.activity.Place``), or null. Over the ``judged``
blocks, ``alert`` expects at least one alert, ``quiet`` none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta
from pydantic import ValidationError

from detectors.config import DetectorConfig
from detectors.outcome import Outcome
from detectors.profile import Profile
from schemas.activity import Activity, Coordinate, Place, Versions
from schemas.baseline import NO_BASELINE
from schemas.errors import UsageError
from schemas.event import ActorKind, Event
from schemas.record import explain_validation
from streams.pipeline import step

__all__ = ["DetectorCase", "Verdict", "judge", "read_cases"]

PLACES: Final = "places.json"
_MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
_SPANS: Final = {"daily": range(7), "weekdays": range(5), "weekends": range(5, 7)}
_SUBJECT: Final = "actor:alice"
_VERSIONS: Final = Versions(config="case", geo="case", baseline="none")
_EVIDENCE: Final = Coordinate(topic="case", partition=0, offset=0, sha256="0" * 64)

_Clock = Annotated[str, Meta(pattern=r"^\d\d?:\d\d$")]
_Day = Annotated[int, Meta(ge=0, le=3_650)]
_Words = Annotated[list[str], Meta(min_length=1)]


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span or a burst, see the module."""

    action: _Words
    resource: _Words
    place: str | dict[str, object] | None = None
    kind: ActorKind = "human"
    judged: bool = False
    copies: Annotated[int, Meta(ge=1, le=10_000)] = 1
    hold_until: tuple[_Day, _Clock] | None = None
    days: tuple[_Day, _Day] | None = None
    span: Literal["daily", "weekdays", "weekends"] = "daily"
    start: _Clock = msgspec.field(name="from", default="00:00")
    to: _Clock = "24:00"
    per_hour: Annotated[float, Meta(gt=0, le=10_000)] = 1
    day: _Day | None = None
    time: _Clock = "00:00"
    times: Annotated[int, Meta(ge=1, le=100_000)] = 1
    every_s: Annotated[float, Meta(ge=0)] = 1

    def __post_init__(self) -> None:
        if (self.day is None) == (self.days is None):
            raise ValueError("a block has either `days` (a span) or `day` (a burst)")

    def moments(self) -> Iterator[datetime]:
        """When its events happen."""
        if self.day is not None:
            first = _moment(self.day, self.time)
            yield from (first + timedelta(seconds=number * self.every_s) for number in range(self.times))
        for day in range(*(self.days or (0, 0))):
            if day % 7 in _SPANS[self.span]:
                time, end = _moment(day, self.start), _moment(day, self.to)
                while time < end:
                    # a few minutes earlier or later by the day, so that nothing is steadier than life
                    yield time + timedelta(seconds=day * 37 % 300)
                    time += timedelta(hours=1) / self.per_hour


class _Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    case: str
    expect: Literal["alert", "quiet"]
    blocks: Annotated[list[_Block], Meta(min_length=1)]
    leading: str | None = None
    why: str = ""


class DetectorCase(NamedTuple):
    """A case, the stem of the file that it is from, and the places that it may name."""

    file: str
    content: _Case
    places: Mapping[str, Place]

    @property
    def name(self) -> str:
        """What the case is called."""
        return self.content.case


class Verdict(NamedTuple):
    """What became of a case: whether it held, the highest score of what was judged, and who led it."""

    file: str
    case: str
    expect: str
    holds: bool
    score: float
    leading: str | None
    alert: str | None
    """The title of the alert, where there is one."""


def _moment(day: int, clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return _MONDAY + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def read_cases(path: Path) -> list[DetectorCase]:
    """The cases of a file, or of all ``*.jsonl`` files of a folder.

    Raises:
        UsageError: where there is none, or a line is no case.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    found = [case for file in files for case in _read(file)]
    if not found:
        raise UsageError(f"{path} has no case: a folder needs *.jsonl files, a file one case a line")
    return found


def _read(file: Path) -> Iterator[DetectorCase]:
    places = _places(file.with_name(PLACES))
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                case = msgspec.json.decode(line, type=_Case)
                _check(case, places)
            except (ValueError, UsageError) as error:
                said = explain_validation(error) if isinstance(error, ValidationError) else error
                raise UsageError(f"{file}, line {number}: not a detector case: {said}") from None
            yield DetectorCase(file.stem, case, places)


def _places(file: Path) -> dict[str, Place]:
    if not file.exists():
        return {}
    try:
        return {
            name: Place.model_validate(row) for name, row in msgspec.json.decode(file.read_bytes(), type=dict).items()
        }
    except ValidationError as error:
        raise UsageError(f"{file}: not places: {explain_validation(error)}") from None
    except msgspec.DecodeError as error:
        raise UsageError(f"{file}: not places: {error}") from None


def _check(case: _Case, places: Mapping[str, Place]) -> None:
    if not any(block.judged and any(True for _ in block.moments()) for block in case.blocks):
        raise UsageError("no block with an event in it is `judged`")
    for block in case.blocks:
        _place(block, places)
        _event(block, "check", _MONDAY, 0)


def _place(block: _Block, places: Mapping[str, Place]) -> Place | None:
    if block.place is None:
        return None
    if not isinstance(block.place, str):
        return Place.model_validate(block.place)
    if block.place not in places:
        raise UsageError(f"there is no place {block.place!r} in {PLACES}")
    return places[block.place]


def _event(block: _Block, name: str, time: datetime, number: int) -> Event:
    resource = block.resource[number % len(block.resource)]
    return Event(
        id=name,
        time=time,
        actor="alice",
        actor_kind=block.kind,
        action=block.action[number % len(block.action)],
        resource=re.sub(r"\{([1-9]\d*)\}", lambda match: str(number % int(match[1])), resource),
    )


def _deliveries(case: DetectorCase) -> list[tuple[datetime, bool, Activity]]:
    """When each record is delivered, and whether it is judged; in that order."""
    found = list[tuple[datetime, bool, Activity]]()
    for index, block in enumerate(case.content.blocks):
        place = _place(block, case.places)
        for number, time in enumerate(block.moments()):
            event = _event(block, f"{index}-{number}", time, number)
            record = Activity(subject=_SUBJECT, event=event, place=place, versions=_VERSIONS, evidence=_EVIDENCE)
            at = time if block.hold_until is None else _moment(*block.hold_until)
            found += [(at, block.judged, record)] * block.copies
    return sorted(found, key=lambda entry: entry[0])


def judge(case: DetectorCase, config: DetectorConfig) -> Verdict:
    """Plays the case through the pure step, from an empty profile and without a baseline."""
    profile, judged = Profile(_SUBJECT), list[Outcome]()
    for _, is_judged, record in _deliveries(case):
        profile, outcome = step(profile, record, NO_BASELINE, config)
        if is_judged:
            judged.append(outcome)
    highest = max(judged, key=lambda outcome: outcome.score)
    content, alert = case.content, highest.alert
    as_led = content.leading in {None, highest.leading}
    holds = alert is None if content.expect == "quiet" else alert is not None and as_led
    title = None if alert is None else alert.title
    return Verdict(case.file, content.case, content.expect, holds, highest.score, highest.leading, title)
