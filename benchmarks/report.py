"""The tables, and the machine and versions that they are of."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.peers.environment import QUIX
from streams.broker import KAFKA_VERSION

__all__ = ["machine", "print_tables"]

_PACKAGES = ("airlock-pipeline", "faust-streaming", "aiokafka", "msgspec", "pydantic", "uvloop")

_SHORT = "run too short"

Rows = Iterator[tuple[str, ...]]


def machine() -> dict[str, Any]:
    """What ran, and what else ran: ``load`` is the average number of runnable processes over 1, 5, 15 minutes."""
    versions = {name: version(name) for name in _PACKAGES}
    return {
        "cpu": _cpu_name(),
        "cpus": psutil.cpu_count(),
        "memory_gib": psutil.virtual_memory().total / 2**30,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        "quixstreams": QUIX.partition("==")[2],
        **versions,
        "load": list(psutil.getloadavg()),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def print_tables(results: dict[str, Any]) -> None:
    """Prints one table for each part that was run."""
    console = Console()
    of = results["machine"]
    console.print(
        f"{of['cpus']} CPUs ({of['cpu']}), {of['memory_gib']:.0f} GiB, {of['system']}; Python {of['python']}, "
        f"Kafka {of['kafka']}, " + ", ".join(f"{name} {of[name]}" for name in (*_PACKAGES, "quixstreams"))
    )
    load = ", ".join(f"{figure:.1f}" for figure in (of["load"][0], of["load_after"][0]))
    console.print(f"Load average before and after: {load}. Medians of {results['rounds']} rounds.")
    for part, rows in (("throughput", _compared), ("scale", _scaled), ("latency", _delays), ("memory", _sizes)):
        if part in results:
            _print(console, part, rows(results[part]))


def _print(console: Console, title: str, rows: Rows) -> None:
    header, *body = rows
    table = Table(*header, title=title, title_justify="left")
    for row in body:
        table.add_row(*row)
    console.print(table)


def _rate(per_s: float | None) -> str:
    return _SHORT if per_s is None else f"{per_s:,.0f}"


def _compared(found: dict[str, Any]) -> Rows:
    yield f"{found['events']:,} events, {found['alerts']:,} alerts", "per CPU-s", "per s", "Airlock is", "start CPU-s"
    for name, one in found["systems"].items():
        ratio = f"{found['ratios'][name]:.1f} times" if name in found["ratios"] else ""
        yield name, f"{one['per_cpu_s']:,.0f}", _rate(one["per_s"]), ratio, f"{one['start_cpu_s']:.1f}"
    yield "both hops in one process, no Kafka", f"{found['step_per_cpu_s']:,.0f}", "", "", ""


def _scaled(found: dict[str, Any]) -> Rows:
    yield f"{found['events']:,} events, 4 partitions", "per s", "per CPU-s", "speed-up"
    gained = found["speedup"]
    for name, speedup in (("one", ""), ("two", _SHORT if gained is None else f"{gained:.2f} times")):
        one = found[name]
        yield name + " worker" + "s" * (name == "two"), _rate(one["per_s"]), f"{one['per_cpu_s']:,.0f}", speedup


def _delays(found: list[dict[str, Any]]) -> Rows:
    yield "publish to alert", "alerts", "p50 ms", "p99 ms", "max ms", "publisher late ms"
    for one in found:
        figures = (f"{1000 * one[name]:,.0f}" for name in ("p50_s", "p99_s", "max_s", "publisher_late_s"))
        yield f"{one['rate_per_s']:,.0f} events/s", f"{one['alerts']:,}", *figures


def _sizes(found: dict[str, Any]) -> Rows:
    yield f"{found['subjects']:,} subjects of {found['profile_bytes']:,.0f} bytes", "figure"
    full = found["full"]
    yield "resident, no subjects", f"{found['empty']['resident_mib']:,.0f} MiB"
    yield "resident, all restored", f"{full['resident_mib']:,.0f} MiB"
    yield "resident, an event of each scored", f"{full['touched_mib']:,.0f} MiB"
    yield "peak", f"{full['peak_mib']:,.0f} MiB" if "peak_mib" in full else "not told by this system"
    yield "restoring, beyond an empty start", f"{found['restore_s']:.1f} s"
    for name in ("empty", "full", "restart_after_stop", "restart_after_kill"):
        one = found[name]
        words = f"{one['first_commit_s']:.1f} s, on all partitions {one['all_partitions_s']:.1f} s"
        yield f"start to first commit: {name.replace('_', ' ')}", words
