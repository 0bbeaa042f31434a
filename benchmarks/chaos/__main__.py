"""``make chaos``: all scenarios, or one; a table of what was lost or doubled; exit code 1 where anything was."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.chaos.lab import Design, Outcome, laboratory
from benchmarks.chaos.scenarios import SCENARIOS, Scenario
from schemas.errors import UnavailableError
from streams.broker import KAFKA_VERSION, EmbeddedBroker
from streams.broker.process import free_ports
from streams.settings import BrokerSettings

_EVENTS_A_ROUND = 1_500


def run(scenario: Scenario, broker: EmbeddedBroker, folder: Path, design: Design) -> Outcome:
    """One scenario on that broker."""
    running = broker.start(lambda _: None)
    with laboratory(running.bootstrap, folder, design) as lab:
        stuck = ""
        try:
            scenario.run(lab, broker)
        except UnavailableError as error:
            stuck = str(error)
        return lab.finish(stuck)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs them and prints the table, or JSON."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--only", choices=names, action="append", help="this scenario; may be given several times")
    parser.add_argument("--rounds", type=int, help="faults in each scenario")
    parser.add_argument("--events", type=int, help="events in each scenario")
    parser.add_argument("--seed", type=int, default=1, help="of the events and of the moments of the faults")
    parser.add_argument("--keep", type=Path, help="folder for the workers' and the broker's logs, kept afterwards")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args(argv)
    outcomes: dict[str, tuple[Scenario, int, Outcome]] = {}
    with tempfile.TemporaryDirectory(prefix="airlock-chaos-") as temporary:
        folder = arguments.keep or Path(temporary)
        port, _ = free_ports(0)  # the same after a restart: the workers know no other
        broker = EmbeddedBroker(folder, BrokerSettings(port=port))
        try:
            for scenario in SCENARIOS:
                if arguments.only and scenario.name not in arguments.only:
                    continue
                rounds = arguments.rounds or scenario.rounds
                events = arguments.events or max(3_000, _EVENTS_A_ROUND * rounds)
                print(f"{scenario.name}: {scenario.title}, {rounds} x, {events:,} events", file=sys.stderr, flush=True)
                outcome = run(scenario, broker, folder, Design(events, rounds, arguments.seed))
                outcomes[scenario.name] = scenario, rounds, outcome
        finally:
            broker.stop()
    _report(outcomes, as_json=arguments.json)
    return 0 if all(outcome.good for _, _, outcome in outcomes.values()) else 1


def _report(outcomes: dict[str, tuple[Scenario, int, Outcome]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({name: asdict(outcome) for name, (_, _, outcome) in outcomes.items()}))
        return
    title = f"Apache Kafka {KAFKA_VERSION}, Python {platform.python_version()}, {psutil.cpu_count()} CPUs"
    table = Table(title=title)
    columns = ["scenario", "faults", "events", "dead letters", "alerts", "lost", "doubled", "alerts missing / extra"]
    for column in [*columns, "profiles differing", "seconds to recover: median / max", "restarted"]:
        table.add_column(column, justify="left" if column == "scenario" else "right")
    for scenario, rounds, outcome in outcomes.values():
        table.add_row(*_row(scenario, rounds, outcome))
    Console(width=150).print(table)
    for name, (_, _, outcome) in outcomes.items():
        for word in [outcome.stuck, *outcome.gave_up]:
            if word:
                print(f"{name}: {word}")


def _row(scenario: Scenario, rounds: int, outcome: Outcome) -> list[str]:
    found, seconds = outcome.audit, outcome.recoveries
    return [
        scenario.title,
        str(rounds),
        f"{found.events:,}",
        f"{found.dead:,}",
        f"{found.alerts:,}",
        str(found.lost + outcome.unsent),
        str(found.doubled),
        f"{found.alerts_missing} / {found.alerts_extra}",
        str(found.profiles_differing),
        f"{median(seconds):.1f} / {max(seconds):.1f}" if seconds else "never",
        str(len(outcome.gave_up)),
    ]


if __name__ == "__main__":
    sys.exit(main())
