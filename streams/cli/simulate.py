"""``airlock simulate``: a seeded, labelled, realistic event stream as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from streams.simulate import Simulation

__all__ = ["simulate"]

N = TypeVar("N", bound=str)
_LINES_AT_ONCE = 500  # one write for each line costs as much as making it


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes, on every machine.")] = 1,
    days: Annotated[int, typer.Option(help="How many days.")] = 60,
    actors: Annotated[int, typer.Option(help="How many people, services and tokens.")] = 300,
    start: Annotated[str, typer.Option(metavar="DATE", help="The first day, from 00:00 UTC.")] = "2026-02-02",
    labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write what is an attack and what only looks like one.")
    ] = None,
    incidents: Annotated[
        int | None, typer.Option(help="How many attacks to plant.  [one for 255 actor-days after training]")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Plant attacks of this kind only; may be repeated.")
    ] = None,
    difficulty: Annotated[
        list[str] | None, typer.Option(metavar="LEVEL", help="Only easy, medium or hard ones; may be repeated.")
    ] = None,
    training: Annotated[float, typer.Option(help="Share of the days without attacks at first.")] = 0.22,
    quiet_world: Annotated[bool, typer.Option("--no-nuisances", help="No trips, outages and other oddities.")] = False,
) -> None:
    """Write a realistic stream of CI/CD events to standard output, one native-format JSON object a line.

    Events come in the order of publishing: some are late, some come twice, some clocks are wrong. --labels gets one
    JSON object a line: an attack (id, kind, difficulty, actor, start, end, event_ids) or an innocent oddity (nuisance,
    actor, start, end).

    Examples:
      airlock simulate --seed 7 --days 14 --actors 40 --labels labels.jsonl > events.jsonl
      airlock simulate --days 7 --incidents 3 --kind mass_clone --difficulty easy | airlock score
    """
    from streams.simulate import DIFFICULTIES, INCIDENT_KINDS, NUISANCES, Simulation, SimulationSpec

    spec = SimulationSpec(
        seed,
        days,
        actors,
        _date(start),
        incidents,
        _known("kind", kind, INCIDENT_KINDS),
        _known("difficulty", difficulty, DIFFICULTIES),
        () if quiet_world else NUISANCES,
        training,
    )
    run = Simulation(spec)
    if labels is not None:
        labels.write_bytes(b"")  # a file that can't be written is told of before a minute's work, not after it
    _write(event.raw for event in run.events())
    if labels is not None:
        _write_labels(run, labels)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text!r} is no date: write it as in 2026-02-02") from None


def _known(option: str, given: list[str] | None, names: tuple[N, ...]) -> tuple[N, ...]:
    for name in given or ():
        if name not in names:
            raise UsageError(f"--{option} {name!r} is unknown: there are {', '.join(names)}")
    return tuple(name for name in names if name in given) if given else names


def _write(lines: Iterable[bytes]) -> None:
    out, waiting = sys.stdout.buffer, list[bytes]()
    for line in lines:
        waiting.append(line)
        if len(waiting) == _LINES_AT_ONCE:
            out.write(b"\n".join(waiting) + b"\n")
            waiting.clear()
    out.write(b"".join(line + b"\n" for line in waiting))
    out.flush()


def _write_labels(run: Simulation, file: Path) -> None:
    import msgspec

    encode = msgspec.json.encode
    with file.open("wb") as stream:
        stream.writelines(encode(label) + b"\n" for label in (*run.incidents, *run.nuisances))
