"""Detectors on real people: commit times of public histories, with takeovers and spikes put in.

A person's real stream is fed as native events (``repo.push`` to their repository; no address). After the case's ``cut``
another person's clock (a takeover) or a burst in their usual hours (a spike) is merged in by time. Flagging is
calibrated on the same people's streams after the cut with nothing put in: 1% of their events for takeovers, 0.5% of
their active clock hours for spikes. A takeover or spike is caught where one of its events is flagged.

Files: one JSON object a line, gzip or not. A commit: ``actor``, ``time``, ``repo``, ``bot``, ``tz`` (minutes). A case:
``id``, ``kind`` (``takeover_clock``, ``spike_in_hours``), ``victim``, ``cut``, ``injected`` (``time``, ``repo``).
"""

from __future__ import annotations

import copy
import gzip
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from benchmarks.rivals.clock import Density, OfficeHours, ThreeSigma
from detectors.base import Context, Sighting
from detectors.config import DetectorConfig
from detectors.profile import DETECTORS, Profile
from schemas.activity import Activity, Coordinate, Recorded, RecordedEvent, RecordedVersions, Versions
from schemas.event import Event
from streams.pipeline import step
from streams.score import GrowingBaselines
from streams.score.entries import Glimpse

__all__ = ["Row", "measure"]

T = TypeVar("T")
_TAKEOVER, _SPIKE = "takeover_clock", "spike_in_hours"
_BENIGN_EVENTS, _BENIGN_HOURS = 0.01, 0.005
_VERSIONS = Versions(config="benchmark", geo="none", baseline="none")
_NOWHERE = Coordinate(topic="gitlog", partition=0, offset=0, sha256="0" * 64)


class _Commit(msgspec.Struct):
    actor: str
    time: datetime
    repo: str
    bot: bool = False
    tz: int = 0


class _Injected(msgspec.Struct):
    time: datetime
    repo: str


class _Case(msgspec.Struct):
    id: str
    kind: str
    victim: str
    cut: datetime
    injected: list[_Injected]


class Row(NamedTuple):
    """One scorer on one kind of case; ``flagged`` is the share of benign events or hours that it flags."""

    name: str
    caught: int
    cases: int
    flagged: float


class _Push(NamedTuple):
    actor: str
    time: datetime
    seconds: float
    repo: str
    bot: bool
    id: str
    injected: bool


class _Watcher(Protocol):
    """Watches one person; copied at the cut, so that each case of the ``kinds`` it is for goes on from there."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]

    def see(self, push: _Push) -> tuple[float, ...]: ...

    def freeze(self) -> None: ...


class _Record(Recorded):
    """A push as scoring reads it; the whole record is made where there is an alert."""

    def activity(self) -> Activity:
        made, subject = self.event, self.subject
        fields = {name: getattr(made, name) for name in made.__struct_fields__}
        return Activity(subject=subject, event=Event(**fields), versions=_VERSIONS, evidence=_NOWHERE)


class _Ours:
    """Airlock's detectors, each by itself, and the score that they make together."""

    kinds = (_TAKEOVER, _SPIKE)
    names = ("airlock, combined", *(f"airlock, {detector.name} alone" for detector in DETECTORS))

    def __init__(self, baselines: _Timeline, subject: str) -> None:
        self._baselines = baselines
        self._profile = Profile(subject)

    def see(self, push: _Push) -> tuple[float, ...]:
        context = self._baselines.at(push.seconds)
        kind = "service" if push.bot else "human"
        event = RecordedEvent(push.id, push.time, push.actor, "repo.push", kind, push.repo)
        record = _Record(self._profile.subject, event, RecordedVersions("none", context.baseline.version))
        x = Sighting(record, context)
        if self._profile.is_forgotten(x.seconds, context.forget_s):  # as the step will do
            self._profile = Profile(self._profile.subject)
        terms = self._profile.terms(x)
        self._profile, outcome = step(self._profile, record, context.baseline, context.config)
        return (outcome.score, *(0.0 if term is None else term for term in terms))

    def freeze(self) -> None:
        pass

    def __deepcopy__(self, memo: Mapping[int, Any]) -> _Ours:
        made = _Ours(self._baselines, self._profile.subject)
        made._profile = Profile.from_bytes(self._profile.to_bytes())
        return made


class _Timeline:
    """The baseline in force at any time, built from everybody's pushes as they came."""

    def __init__(self, pushes: Iterable[_Push], config: DetectorConfig) -> None:
        growing = GrowingBaselines()
        self._since, self._contexts, last = list[float](), list[Context](), None
        for number, push in enumerate(pushes, 1):
            kind = "service" if push.bot else "human"
            baseline = growing.in_force(Glimpse(number, number, f"actor:{push.actor}", kind, push.seconds, 1), True)
            if baseline is not last:
                self._since.append(push.seconds)
                self._contexts.append(Context(config, baseline))
                last = baseline

    def at(self, seconds: float) -> Context:
        return self._contexts[max(bisect_right(self._since, seconds) - 1, 0)]


class _Rival:
    """A rival that only looks at the time of a push."""

    def __init__(self, model: Density | OfficeHours | ThreeSigma) -> None:
        self.kinds = (_SPIKE,) if isinstance(model, ThreeSigma) else (_TAKEOVER,)
        self._model = model
        self.names = model.names

    def see(self, push: _Push) -> tuple[float, ...]:
        return self._model.see(push.seconds)

    def freeze(self) -> None:
        self._model.freeze()


def measure(
    events: Path, cases: Path, config: DetectorConfig, report: Callable[[str], None]
) -> tuple[list[Row], list[Row]]:
    """Every scorer on the takeovers, and on the spikes."""
    commits = sorted(_read(events, _Commit), key=lambda commit: commit.time)
    pushes = [_push(commit, f"{number}") for number, commit in enumerate(commits)]
    zones = _zones(commits)
    of_victim = defaultdict[str, list[_Case]](list)
    for case in _read(cases, _Case):
        of_victim[case.victim].append(case)
    own = defaultdict[str, list[_Push]](list)
    for push in pushes:
        if push.actor in of_victim:
            own[push.actor].append(push)
    report(f"baselines of {len(commits):,} commits")
    timeline = _Timeline(pushes, config)
    results = _Results()
    for number, (victim, theirs) in enumerate(of_victim.items(), 1):
        report(f"person {number} of {len(of_victim)}, {len(own[victim]):,} commits, {len(theirs)} cases")
        watchers: list[_Watcher] = [_Ours(timeline, f"actor:{victim}")]
        models = Density(online=False), Density(online=True), OfficeHours(zones[victim]), ThreeSigma()
        watchers += [_Rival(model) for model in models]
        for watcher in watchers:
            _watch(watcher, own[victim], theirs, results)
    return results.rows(_TAKEOVER, by_hour=False), results.rows(_SPIKE, by_hour=True)


def _read(file: Path, kind: type[T]) -> Iterator[T]:
    decode = msgspec.json.Decoder(kind).decode
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as lines:
        for line in lines:
            yield decode(line)


def _push(commit: _Commit, number: str, injected: bool = False) -> _Push:
    return _Push(commit.actor, commit.time, commit.time.timestamp(), commit.repo, commit.bot, number, injected)


def _zones(commits: Iterable[_Commit]) -> dict[str, float]:
    """The most usual offset from UTC of each person (seconds east)."""
    seen = defaultdict[str, Counter[int]](Counter)
    for commit in commits:
        seen[commit.actor][commit.tz] += 1
    return {actor: 60.0 * zones.most_common(1)[0][0] for actor, zones in seen.items()}


class _Results:
    """By scorer: benign scores after the cuts (events, and the highest of each hour), and each case's highest."""

    def __init__(self) -> None:
        self.events = defaultdict[str, list[float]](list)
        self.hours = defaultdict[str, list[float]](list)
        self.cases = defaultdict[tuple[str, str], list[float]](list)

    def benign(self, names: Sequence[str], seen: Sequence[tuple[float, tuple[float, ...]]]) -> None:
        for column, name in enumerate(names):
            highest = dict[int, float]()
            for seconds, scores in seen:
                score, hour = scores[column], int(seconds // 3600)
                self.events[name].append(score)
                highest[hour] = max(score, highest.get(hour, score))
            self.hours[name] += highest.values()

    def rows(self, kind: str, *, by_hour: bool) -> list[Row]:
        rows = []
        for name, benign in (self.hours if by_hour else self.events).items():
            limit = _limit(benign, _BENIGN_HOURS if by_hour else _BENIGN_EVENTS, rule=set(benign) <= {0.0, 1.0})
            cases = self.cases[name, kind]
            if not cases:
                continue
            flagged = sum(score > limit for score in benign) / len(benign)
            rows.append(Row(name, sum(score > limit for score in cases), len(cases), flagged))
        return rows


def _limit(benign: Sequence[float], share: float, *, rule: bool) -> float:
    """What a score must exceed so that at most that share of the benign ones does; a yes-or-no rule has no choice."""
    return 0.5 if rule else sorted(benign, reverse=True)[int(share * len(benign))]


def _watch(watcher: _Watcher, own: Sequence[_Push], cases: Sequence[_Case], results: _Results) -> None:
    cut = cases[0].cut
    if any(case.cut != cut for case in cases):
        raise ValueError(f"the cases of {cases[0].victim} have different cuts")
    after = next((index for index, push in enumerate(own) if push.time > cut), len(own))
    for push in own[:after]:
        watcher.see(push)
    watcher.freeze()
    for case in (case for case in cases if case.kind in watcher.kinds):
        injected = _play(copy.deepcopy(watcher), _merged(own[after:], case))
        for column, name in enumerate(watcher.names):
            results.cases[name, case.kind].append(max(scores[column] for scores in injected))
    results.benign(watcher.names, [(push.seconds, watcher.see(push)) for push in own[after:]])


def _play(watcher: _Watcher, pushes: Iterable[_Push]) -> list[tuple[float, ...]]:
    """The scores of the injected pushes, the others learned between them."""
    seen = [(push.injected, watcher.see(push)) for push in pushes]
    return [scores for injected, scores in seen if injected]


def _merged(own: Sequence[_Push], case: _Case) -> list[_Push]:
    """The person's pushes up to the last injected one, with those merged in by time."""
    injected = [
        _push(_Commit(case.victim, one.time, one.repo), f"{case.id}-{number}", True)
        for number, one in enumerate(case.injected)
    ]
    last = max(push.seconds for push in injected)
    return sorted([*(push for push in own if push.seconds <= last), *injected], key=lambda push: push.seconds)
