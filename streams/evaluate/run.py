"""Scores a file of events for an evaluation, with the engine of ``airlock score``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from schemas.errors import UsageError
from streams.evaluate.labels import Labels
from streams.evaluate.metrics import Evaluation, evaluate
from streams.evaluate.scores import ScoreLine, Scores
from streams.score import ACTIVITY, Fault, GrowingBaselines, Job, RebuiltBaselines, score_alone, score_together
from streams.score.blocks import blocks
from streams.settings import Settings

__all__ = ["Run", "Task", "run"]

_DECODE: Final = msgspec.json.Decoder(ScoreLine).decode


class Task(NamedTuple):
    """What is evaluated: events since ``start`` against the labels, scored by ``jobs`` processes."""

    events: Path
    format: str
    labels: Labels
    start: datetime
    jobs: int


class Run(NamedTuple):
    """One configuration's ``name``, threshold, scores, figures, and the lines that could not be read."""

    name: str
    threshold: float
    scores: Scores
    found: Evaluation
    faults: list[Fault]


def run(task: Task, name: str, settings: Settings, progress: Callable[[int], None]) -> Run:
    """Scores all events under ``settings``, and evaluates; ``progress`` is told how many bytes were read.

    Raises:
        UsageError: where the settings can't be used, or there is nothing to evaluate.
        UnavailableError: where a scoring process is gone.
    """
    faults = list[Fault]()
    scores = Scores.of(_lines(task, settings, progress, faults), task.labels, task.start)
    if faults and not len(scores):
        raise UsageError(f"{task.events} has no event to evaluate; line {faults[0][0]}: {faults[0][1]}")
    found = evaluate(scores, task.labels.since(task.start), task.start)
    return Run(name, settings.detectors.threshold, scores, found, faults)


def _lines(task: Task, settings: Settings, progress: Callable[[int], None], faults: list[Fault]) -> Iterator[ScoreLine]:
    job = Job(settings, task.events.name, task.format, scores=True)
    baselines = RebuiltBaselines() if task.format == ACTIVITY else GrowingBaselines()
    with task.events.open("rb") as stream:
        given = blocks(stream, progress)
        alone = task.jobs == 1
        scoring = score_alone(job, given, baselines) if alone else score_together(job, given, baselines, task.jobs)
        with closing(scoring) as made:
            for scored in made:
                faults += scored.faults
                yield from map(_DECODE, scored.output.splitlines())
