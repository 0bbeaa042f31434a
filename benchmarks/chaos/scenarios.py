"""The faults, one function each: what happens to the workers or to the broker while events arrive."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.chaos.fleet import closes_output, limits_file_size
from benchmarks.chaos.lab import Lab
from streams.broker import EmbeddedBroker

__all__ = ["SCENARIOS", "Scenario", "broker_paused"]

_AWAY_S = 2.0  # how long a killed broker stays away, besides the seconds that it takes to start


@dataclass(frozen=True, slots=True)
class Scenario:
    """``run`` makes ``rounds`` faults happen (the lab's own number of them; here: how many ``make chaos`` asks for)."""

    name: str
    title: str
    rounds: int
    run: Callable[[Lab, EmbeddedBroker], None]


def _kill(lab: Lab, _: EmbeddedBroker) -> None:
    worker = lab.fleet.add()
    lab.await_commits()
    for _round in range(lab.rounds):
        lab.strike(worker.kill, worker.start)


def _rebalance(lab: Lab, _: EmbeddedBroker) -> None:
    """Two join, one is killed for good, one leaves, and again; there is always one left."""
    fleet = lab.fleet
    fleet.add()
    lab.await_commits()
    for number in range(lab.rounds):
        if number % 4 < 2:
            lab.strike(lambda: fleet.add() and None)
            lab.await_members(len(fleet.workers))
        else:
            oldest = fleet.workers[0]
            end = oldest.kill if number % 4 == 2 else oldest.stop
            lab.strike(lambda worker=oldest, end=end: fleet.remove(worker, end))


def _freeze(lab: Lab, _: EmbeddedBroker) -> None:
    """A worker is frozen until the other has taken over all of its partitions, then woken with its old beliefs."""
    workers = [lab.fleet.add(), lab.fleet.add()]
    lab.await_members(2)
    for number in range(lab.rounds):
        frozen = workers[number % 2]
        lab.strike(frozen.freeze)
        frozen.wake()
        lab.await_commits()
        lab.await_members(2)


def _broker_killed(lab: Lab, broker: EmbeddedBroker) -> None:
    lab.fleet.add()
    lab.await_commits()

    def mend() -> None:
        time.sleep(_AWAY_S)
        lab.publish()
        broker.start(lambda _: None)

    for _ in range(lab.rounds):
        lab.strike(lambda: psutil.Process(_pid(broker)).kill(), mend)


def broker_paused(seconds: float) -> Callable[[Lab, EmbeddedBroker], None]:
    """The broker holds its breath: connections stay open, nothing is answered."""

    def run(lab: Lab, broker: EmbeddedBroker) -> None:
        lab.fleet.add()
        lab.await_commits()
        for _ in range(lab.rounds):
            jvm = psutil.Process(_pid(broker))

            def mend(jvm: psutil.Process = jvm) -> None:
                time.sleep(seconds)
                jvm.resume()

            try:
                lab.strike(jvm.suspend, mend)
            finally:
                jvm.resume()

    return run


def _full_disk(lab: Lab, _: EmbeddedBroker) -> None:
    """The log can't be written, nor any other file; then such a worker is killed and comes back."""
    with Path("/dev/full").open("wb") as full:
        worker = lab.fleet.add(stdout=full, stderr=full, preexec_fn=limits_file_size)
        lab.await_commits()
        for _round in range(lab.rounds):
            lab.strike(worker.kill, worker.start)


def _no_output(lab: Lab, _: EmbeddedBroker) -> None:
    """Standard output and error are closed from the start, or their reader goes away."""
    lab.fleet.add(preexec_fn=closes_output)
    lab.await_commits()
    reading, writing = os.pipe()
    lab.fleet.add(stdout=writing, stderr=subprocess.STDOUT)
    os.close(writing)
    lab.await_members(2)
    for number in range(lab.rounds):
        if number == 0:
            lab.strike(lambda: os.close(reading))
        else:
            lab.strike(lab.fleet.workers[0].kill, lab.fleet.workers[0].start)


def _pid(broker: EmbeddedBroker) -> int:
    running = broker.status()
    assert running is not None
    return running.pid


SCENARIOS = (
    Scenario("kill", "kill -9 of the worker in mid-stream", 20, _kill),
    Scenario("rebalance", "workers join, leave and are killed", 20, _rebalance),
    Scenario("freeze", "a worker frozen past its session, then woken", 10, _freeze),
    Scenario("broker", "broker killed and restarted", 5, _broker_killed),
    Scenario("pause", "broker paused for 30 s", 1, broker_paused(30.0)),
    Scenario("disk", "no file can be written, log on a full device", 3, _full_disk),
    Scenario("output", "standard output closed, or its reader gone", 3, _no_output),
)
