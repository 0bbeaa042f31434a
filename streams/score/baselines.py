"""Which baseline is in force for which line, told in the order of the lines.

The stream refreshes its baselines by the clock, these are refreshed by the events' own time, so that a file gives the
same alerts whenever and wherever it is scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol, Self

from pydantic import ValidationError

from detectors.baseline import BaselineBuilder
from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import UsageError
from schemas.record import explain_validation
from streams.score.entries import Glimpse

__all__ = ["Baselines", "Borders", "GrowingBaselines", "RebuiltBaselines", "RecordedBaselines"]

_REFRESH_S: Final = 24 * 3600.0  # a baseline of whole days knows every hour of them equally well
_GROWTH: Final = 1.01  # and isn't built again for a handful of records, whatever times they claim


class Borders:
    """Tells where an event ends and the next begins: records of one event follow each other."""

    def __init__(self) -> None:
        self._key: int | str | None = None
        self._subject = ""

    def begins(self, glimpse: Glimpse) -> bool:
        """Whether these are the first entries of an event."""
        if glimpse.key == self._key and glimpse.subject != self._subject:
            return False
        self._key, self._subject = glimpse.key, glimpse.subject
        return True


class Baselines(Protocol):
    """Says what is in force; asked in the order of the lines."""

    strangers: int
    """Records that name a baseline for which another one stood in."""

    def in_force(self, glimpse: Glimpse, begins: bool) -> Baseline:
        """The baseline for the entries of a line, which ``begins`` an event or goes on with the one before.

        Raises:
            UsageError: where it can't be told.
        """


class RecordedBaselines:
    """The baselines that the records name, from where they were recorded."""

    def __init__(self, recorded: Mapping[str, Baseline], where: str) -> None:
        self.strangers = 0
        self._recorded = {NO_BASELINE.version: NO_BASELINE, **recorded}
        self._where = where

    @classmethod
    def read(cls, lines: Iterable[bytes], where: str) -> Self:
        """From the values of the baselines topic, one a line.

        Raises:
            UsageError: where a line is no baseline.
        """
        recorded = {}
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    baseline = Baseline.from_json(line)
                except ValidationError as error:
                    raise UsageError(f"{where}, line {number}: not a baseline: {explain_validation(error)}") from None
                recorded[baseline.version] = baseline
        return cls(recorded, where)

    def in_force(self, glimpse: Glimpse, begins: bool) -> Baseline:
        """The recorded one of that name."""
        baseline = self._recorded.get(glimpse.version)
        if baseline is None:
            raise UsageError(f"line {glimpse.number} names baseline {glimpse.version}, which {self._where} lacks")
        return baseline


class GrowingBaselines:
    """Baselines built from the lines so far, a new one every 24 hours of the events' own time."""

    def __init__(self) -> None:
        self.strangers = 0
        self.latest = NO_BASELINE
        self._builder = BaselineBuilder()
        self._known: dict[tuple[str, str], tuple[int, str | None, int | None]] = {}
        self._seen = self._built_seen = 0
        self._built_at: float | None = None
        self._now = 0.0
        self._given = NO_BASELINE

    def in_force(self, glimpse: Glimpse, begins: bool) -> Baseline:
        """The latest when the event began; its records are learned from."""
        if begins:
            # A clock that jumps back counts as well as one that runs ahead: one event from 2099 ends nothing.
            if self._built_at is None or abs(self._now - self._built_at) >= _REFRESH_S:
                self._refresh()
            self._now = glimpse.seconds
            self._given = self._chosen(glimpse)
        self._seen += glimpse.count
        if glimpse.subject.startswith("actor:"):
            what = (int(glimpse.seconds) // 3600, glimpse.country, glimpse.asn)
            if self._known.get((glimpse.kind, glimpse.subject)) != what:
                self._learn(glimpse, what)
        return self._given

    def _chosen(self, glimpse: Glimpse) -> Baseline:
        return self.latest

    def _refresh(self) -> None:
        if self._built_at is None:
            self._built_at = self._now if self._seen else None
        elif self._seen > self._built_seen * _GROWTH:
            self.latest = self._builder.build({"0": self._seen})  # as if the activity lay in one partition
            self._built_at, self._built_seen = self._now, self._seen

    def _learn(self, glimpse: Glimpse, what: tuple[int, str | None, int | None]) -> None:
        """Passes on what tells the builder anything new.

        It counts an actor's hours, countries and networks once each, so what repeats the actor's latest hour, with the
        country and network last told of in it, changes nothing.
        """
        who = (glimpse.kind, glimpse.subject)
        known = self._known.get(who)
        if known is None or what[0] >= known[0]:
            self._known[who] = what
        self._builder.learn_hour(glimpse.kind, glimpse.subject.removeprefix("actor:"), *what)


class RebuiltBaselines(GrowingBaselines):
    """The baselines that recorded activity names, built from the records before them.

    Where that gives another one (they are an excerpt, or the stream's baselines were of another rhythm), the file's own
    baseline stands in.
    """

    def __init__(self) -> None:
        super().__init__()
        self._built = {NO_BASELINE.version: NO_BASELINE}
        self._strange = False

    def in_force(self, glimpse: Glimpse, begins: bool) -> Baseline:
        """The one of that name, or the latest."""
        baseline = super().in_force(glimpse, begins)
        self.strangers += self._strange
        return baseline

    def _chosen(self, glimpse: Glimpse) -> Baseline:
        self._built[self.latest.version] = self.latest
        self._strange = glimpse.version not in self._built
        return self._built.get(glimpse.version, self.latest)
