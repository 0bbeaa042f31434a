"""One run of the engine over an input: what every process of it must know, and how one process alone does it."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from streams.geo import GeoDatabase
from streams.normalise import Normaliser
from streams.score.baselines import Baselines, Borders
from streams.score.blocks import Block
from streams.score.engine import ActivityReader, RawReader, Reader, Stepper
from streams.score.loops import Fault, read_block, step_entries
from streams.score.output import AlertLines, Lines, ScoreLines, arrange
from streams.settings import Settings

__all__ = ["ACTIVITY", "Job", "Scored", "rarely_collect", "score_alone"]

ACTIVITY = "activity"
"""The name under which recorded activity is read."""


class Scored(NamedTuple):
    """What came of a block: what to print, how many events began in it, its alerts, and its bad lines."""

    output: bytes
    events: int
    alerts: int
    faults: list[Fault]


class Job(NamedTuple):
    """A run: ``source`` and ``format`` as a reader takes them; ``scores``: one line an event in place of alerts."""

    settings: Settings
    source: str
    format: str = "auto"
    scores: bool = False

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """The reader of that format.

        Raises:
            UsageError: where a configured geo database can't be used.
            UnavailableError: where the packaged one can't be unpacked.
        """
        if self.format == ACTIVITY:
            yield ActivityReader()
            return
        geo = GeoDatabase.open(self.settings.geo)
        try:
            yield RawReader(Normaliser(self.settings, geo), geo, self.source, self.format)
        finally:
            geo.close()

    def lines(self) -> Lines:
        """What collects the output."""
        return ScoreLines() if self.scores else AlertLines()


def rarely_collect() -> None:
    """Has the garbage collector look seldom: profiles stay, and all else that scoring makes goes by itself."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def score_alone(job: Job, blocks: Iterable[Block], baselines: Baselines) -> Generator[Scored]:
    """Scores the blocks in this process; each result is complete but for an event that the next block may go on with.

    Raises:
        UsageError, UnavailableError: as ``Job.reader``, and where ``baselines`` can't tell one.
    """
    with job.reader() as reader:
        lines, borders, stepper = job.lines(), Borders(), Stepper(reader, job.settings.detectors)
        for block in blocks:
            # One thing after another for the whole block: by a quarter faster than one event after another, for the
            # processor's caches then hold what is needed next.
            before, faults = lines.alerts, list[Fault]()
            read = read_block(reader, block, faults)
            glimpses = [glimpse for glimpse, _ in read]
            begins = [borders.begins(glimpse) for glimpse in glimpses]
            in_force = [baselines.in_force(glimpse, new) for glimpse, new in zip(glimpses, begins, strict=True)]
            heads = [lines.head(entries[0]) for _, entries in read]
            judged = ((entry, now) for (_, entries), now in zip(read, in_force, strict=True) for entry in entries)
            results = step_entries(stepper, judged, faults, every=job.scores)
            arrange(lines, glimpses, begins, heads, results)
            yield Scored(lines.take(), sum(begins), lines.alerts - before, sorted(faults))
        yield Scored(lines.take(last=True), 0, 0, [])
