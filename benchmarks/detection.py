"""Airlock's detectors beside rules that others ship, on labelled streams: ``python -m benchmarks.detection``.

Two parts, by the definitions of docs/evaluation.md: fresh seeds of the simulator, and the clocks of real people
(``benchmarks.gitlog``), whose files are named by ``--gitlog-events`` and ``--gitlog-cases``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.gitlog import Row, measure
from benchmarks.rivals.rules import RULES, Access
from benchmarks.rivals.trees import alert_threshold, tree_scores
from detectors.config import DetectorConfig
from detectors.profile import DETECTORS
from schemas.event import Event
from streams.evaluate.labels import Labels, read_labels
from streams.evaluate.metrics import Evaluation, evaluate
from streams.evaluate.run import Task, run
from streams.evaluate.scores import ScoreLine, Scores
from streams.formats import parse
from streams.geo import GeoDatabase
from streams.settings import Settings
from streams.simulate import Simulation, SimulationSpec
from streams.simulate.spec import moment

__all__ = ["main"]

_OURS, _TREES = "airlock", "river HalfSpaceTrees"
_WIDTH = 120  # what the tables need, also where the output goes to a file


def _report(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


class _Stream:
    """One seed's events on disk, and what all systems are judged by."""

    def __init__(self, spec: SimulationSpec, folder: Path) -> None:
        simulation, self.file = Simulation(spec), folder / f"{spec.seed}.jsonl"
        with self.file.open("wb") as out:
            out.writelines(event.raw + b"\n" for event in simulation.events())
        encode = msgspec.json.encode
        told = [encode(label) for label in (*simulation.incidents, *simulation.nuisances)]
        self.labels: Labels = read_labels(told, "the labels")
        self.start = moment(spec.training_ends_ms)
        self.folder = folder

    def ours(self, settings: Settings, jobs: int) -> Evaluation:
        task = Task(self.file, "native", self.labels, self.start, jobs)
        return run(task, _OURS, settings, lambda _: None).found

    def judged(self, events: Sequence[Event], scores: Sequence[float], threshold: float) -> Evaluation:
        lines = (
            ScoreLine(event.id, event.actor, event.time, score, score >= threshold)
            for event, score in zip(events, scores, strict=True)
        )
        return evaluate(Scores.of(lines, self.labels, self.start), self.labels.since(self.start), self.start)


def simulated(spec: SimulationSpec, *, alone: bool, trees: bool, jobs: int) -> dict[str, Evaluation]:
    """Every system on one seed."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as name:
        stream = _Stream(spec, Path(name))
        for ours, settings in _settings(alone=alone):
            _report(f"seed {spec.seed}: {ours}")
            found[ours] = stream.ours(settings, jobs)
        events = [parse(line, "native") for line in stream.file.read_bytes().splitlines()]
        accesses = list(_accesses(events))
        for rule, make in RULES.items():
            _report(f"seed {spec.seed}: {rule}")
            watcher = make()
            found[rule] = stream.judged(events, [watcher.see(access) for access in accesses], 1.0)
        if trees:
            _report(f"seed {spec.seed}: {_TREES}")
            scores = tree_scores(accesses, stream.folder)
            training = [score for event, score in zip(events, scores, strict=True) if event.time < stream.start]
            found[_TREES] = stream.judged(events, scores, alert_threshold(training))
    return found


def _settings(*, alone: bool) -> Iterator[tuple[str, Settings]]:
    """Ours and, where asked for, each detector with the others' weights at 0."""
    yield _OURS, Settings()
    names = [detector.name for detector in DETECTORS] if alone else []
    for name in names:
        config = DetectorConfig()
        silent = config.weights.model_copy(update=dict.fromkeys((other for other in names if other != name), 0.0))
        yield f"airlock, {name} alone", Settings(detectors=config.model_copy(update={"weights": silent}))


def _accesses(events: Sequence[Event]) -> Iterator[Access]:
    geo = GeoDatabase.open(Settings().geo)
    try:
        for event in events:
            place, _ = geo.locate(event.source_ip)
            where = (None,) * 4 if place is None else (place.country, place.asn, place.latitude, place.longitude)
            yield Access(event.actor, event.actor_kind, event.time.timestamp(), event.source_ip, *where)
    finally:
        geo.close()


def _print_simulated(found: Mapping[int, Mapping[str, Evaluation]], size: str) -> None:
    console, seeds = Console(width=_WIDTH), ", ".join(str(seed) for seed in found)
    console.print(f"Simulator, {size}; means over the seeds {seeds}")
    table = Table("", "recall", "false/day", "precision", "minutes", "PR-AUC", "@1", "@3", "@10", box=box.SIMPLE_HEAD)
    for name in next(iter(found.values())):
        runs = [of_seed[name] for of_seed in found.values()]
        table.add_row(name, *_means(runs))
    console.print(table)
    kinds = [kind.name for kind in next(iter(found.values()))[_OURS].kinds]
    table = Table(f"{_OURS}, by attack", "recall", "PR-AUC", "@1", "@3", "@10", box=box.SIMPLE_HEAD)
    for kind in kinds:
        groups = [one for of_seed in found.values() for one in of_seed[_OURS].kinds if one.name == kind]
        figures = [fmean(one.recall for one in groups), fmean(one.pr_auc for one in groups)]
        figures += [fmean(column) for column in zip(*(one.recall_at for one in groups), strict=True)]
        table.add_row(kind, *(f"{figure:.2f}" for figure in figures))
    console.print(table)


def _means(runs: Sequence[Evaluation]) -> Iterator[str]:
    groups = [one.all for one in runs]
    delays = [one.delay_min for one in groups if one.delay_min is not None]
    yield f"{fmean(one.recall for one in groups):.2f}"
    yield f"{fmean(one.false_a_day for one in runs):.2f}"
    yield f"{fmean(one.precision or 0.0 for one in groups):.2f}"
    yield f"{fmean(delays):.1f}" if delays else "-"
    yield f"{fmean(one.pr_auc for one in groups):.2f}"
    yield from (f"{fmean(column):.2f}" for column in zip(*(one.recall_at for one in groups), strict=True))


def _print_gitlog(takeovers: Sequence[Row], spikes: Sequence[Row]) -> None:
    console = Console(width=_WIDTH)
    for title, rows, what in (
        ("takeovers by another person's clock", takeovers, "of benign events"),
        ("spikes in usual hours", spikes, "of benign active hours"),
    ):
        table = Table(title, "caught", "share", f"flagged {what}", box=box.SIMPLE_HEAD)
        for row in rows:
            share = f"{row.caught / row.cases:.3f}" if row.cases else "-"
            table.add_row(row.name, f"{row.caught} of {row.cases}", share, f"{100 * row.flagged:.2f}%")
        console.print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="*", default=[901, 902, 903], help="simulated streams; none: skip")
    parser.add_argument("--actors", type=int, default=300)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--alone", action="store_true", help="each of our detectors by itself as well")
    parser.add_argument("--no-river", action="store_true", help="leave out river, which is installed on first use")
    parser.add_argument("--jobs", type=int, default=1, help="processes that score")
    parser.add_argument("--gitlog-events", type=Path, metavar="FILE", help="commits of real people")
    parser.add_argument("--gitlog-cases", type=Path, metavar="FILE", help="takeovers and spikes to put in")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if (given.gitlog_events is None) != (given.gitlog_cases is None):
        parser.error("--gitlog-events and --gitlog-cases go together")
    return given


def main() -> None:
    """Measures what the command line asks for, and prints tables, or JSON."""
    given, results = _arguments(), dict[str, Any]()
    if given.seeds:
        found = {}
        for seed in given.seeds:
            spec = SimulationSpec(seed, given.days, given.actors)
            found[seed] = simulated(spec, alone=given.alone, trees=not given.no_river, jobs=given.jobs)
        results["simulator"] = found
    if given.gitlog_events is not None:
        results["gitlog"] = measure(given.gitlog_events, given.gitlog_cases, DetectorConfig(), _report)
    if given.json:
        print(json.dumps(msgspec.to_builtins(results, str_keys=True)))
        return
    if "simulator" in results:
        _print_simulated(results["simulator"], f"{given.actors} actors, {given.days} days")
    if "gitlog" in results:
        _print_gitlog(*results["gitlog"])


if __name__ == "__main__":
    main()
