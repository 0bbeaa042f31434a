"""``python -m benchmarks``: runs the benchmarks and prints a table, or JSON with ``--json``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks.cluster import Cluster
from benchmarks.latency import latency
from benchmarks.memory import memory
from benchmarks.report import machine, print_tables
from benchmarks.systems import PEERS
from benchmarks.throughput import compare, scale

__all__ = ["main"]

_PARTS = ("throughput", "scale", "latency", "memory")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=_PARTS, default=_PARTS, help="parts to run (all)")
    parser.add_argument("--events", type=int, default=200_000, help="events of the throughput and scale parts")
    parser.add_argument("--alone", action="store_true", help="throughput without the peers")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of these, of which the median is told")
    parser.add_argument("--rates", type=float, nargs="+", default=[200.0, 2_000.0], help="events a second, latency")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long at each rate")
    parser.add_argument("--workers", type=int, default=1, help="workers of the latency part")
    parser.add_argument("--subjects", type=int, default=100_000, help="subjects of the memory part")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _report(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _run(cluster: Cluster, given: argparse.Namespace) -> dict[str, Any]:
    results: dict[str, Any] = {}
    if "throughput" in given.only:
        peers = () if given.alone else PEERS
        results["throughput"] = compare(cluster, given.events, given.rounds, _report, peers)
    if "scale" in given.only:
        results["scale"] = scale(cluster, given.events, given.rounds, _report)
    if "latency" in given.only:
        results["latency"] = [latency(cluster, rate, given.seconds, given.workers, _report) for rate in given.rates]
    if "memory" in given.only:
        results["memory"] = memory(cluster, given.subjects, _report)
    return results


def main() -> None:
    """Runs what the command line asks for."""
    given = _arguments()
    before = machine()
    with Cluster.running() as cluster:
        results = _run(cluster, given)
    results = {"machine": before | {"load_after": machine()["load"]}, "rounds": given.rounds} | results
    if given.json:
        print(json.dumps(results, indent=2))
    else:
        print_tables(results)


if __name__ == "__main__":
    main()
