"""``airlock score`` beside river's own loop on the same simulated events: ``python -m benchmarks.score``.

Both read the file, score and learn every event, and write a line for it. Each run is paired with one over the first
events only, which is taken off: what is left is the cost of the events, without that of starting. The systems take
turns, and ratios are of the same round, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.peers.environment import RIVER, river_python
from benchmarks.workload import simulated

__all__ = ["compare", "main"]

_FIRST = 1_000
_AIRLOCK, _TWO, _RIVER = "airlock score", "airlock score --jobs 2", "river's loop"
_LOOP = Path(__file__).parent / "peers" / "river_loop.py"


def compare(events: int, rounds: int) -> dict[str, Any]:
    """Events per CPU-second and per second of each system: medians, and Airlock's ratios to the others."""
    with tempfile.TemporaryDirectory(prefix="airlock-bench-") as name:
        folder = Path(name)
        raw = simulated(events)
        whole, first = folder / "events.jsonl", folder / "first.jsonl"
        whole.write_bytes(b"\n".join(raw) + b"\n")
        first.write_bytes(b"\n".join(raw[:_FIRST]) + b"\n")
        systems = _systems()
        before = os.getloadavg()[0]
        found = [{name: _rates(one, first, whole, len(raw)) for name, one in systems.items()} for _ in range(rounds)]
    return {
        "events": len(raw),
        "rounds": rounds,
        "cpus": psutil.cpu_count(),
        "python": sys.version.split()[0],
        "river": RIVER.partition("==")[2],
        "load": [before, os.getloadavg()[0]],
        "systems": {name: {key: median(one[name][key] for one in found) for key in found[0][name]} for name in systems},
        "ratio_per_cpu_s": median(one[_AIRLOCK]["per_cpu_s"] / one[_RIVER]["per_cpu_s"] for one in found),
        "speedup_of_two_jobs": median(one[_TWO]["per_s"] / one[_AIRLOCK]["per_s"] for one in found),
    }


def _systems() -> Mapping[str, Sequence[str]]:
    airlock = [str(Path(sys.executable).parent / "airlock"), "score", "--quiet", "--scores"]
    return {_AIRLOCK: airlock, _TWO: [*airlock, "--jobs", "2"], _RIVER: [str(river_python()), str(_LOOP)]}


def _rates(command: Sequence[str], first: Path, whole: Path, events: int) -> dict[str, float]:
    start_cpu_s, start_s = _run(command, first)
    cpu_s, took_s = _run(command, whole)
    return {
        "per_cpu_s": (events - _FIRST) / (cpu_s - start_cpu_s),
        "per_s": (events - _FIRST) / (took_s - start_s),
        "start_cpu_s": start_cpu_s,
    }


def _run(command: Sequence[str], file: Path) -> tuple[float, float]:
    """CPU seconds of the process and of those it started, and seconds."""
    started, before = time.perf_counter(), os.times()
    subprocess.run([*command, str(file)], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu_s, time.perf_counter() - started


def _print(found: Mapping[str, Any]) -> None:
    console = Console()
    console.print(
        f"{found['cpus']} CPUs, Python {found['python']}, river {found['river']} (GaussianScorer and HalfSpaceTrees by "
        f"kind of actor); load before and after: {found['load'][0]:.1f}, {found['load'][1]:.1f}; "
        f"medians of {found['rounds']} rounds"
    )
    table = Table(f"{found['events']:,} events", "per CPU-s", "per s", "start CPU-s")
    for name, one in found["systems"].items():
        table.add_row(name, f"{one['per_cpu_s']:,.0f}", f"{one['per_s']:,.0f}", f"{one['start_cpu_s']:.1f}")
    console.print(table)
    console.print(f"airlock score does {found['ratio_per_cpu_s']:.1f} times the events of river's loop per CPU-second;")
    console.print(f"two jobs are {found['speedup_of_two_jobs']:.2f} times as fast as one.")


def main() -> None:
    """Runs the comparison and prints a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    found = compare(arguments.events, arguments.rounds)
    if arguments.json:
        print(json.dumps(found))
    else:
        _print(found)


if __name__ == "__main__":
    main()
