"""The whole stack on this machine: the broker where none is configured, the topics, and supervised workers."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from pathlib import Path

import structlog

from schemas.errors import AirlockError, UnavailableError
from streams.broker import EmbeddedBroker
from streams.settings import Settings
from streams.topics import apply_topics

__all__ = ["Stack", "Workers", "running_stack"]

_log = structlog.get_logger("airlock.stack")

_STOP_S = 15.0  # a worker's last commits take well under a second; beyond this it hangs
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_HEALTHY_S = 60.0  # a worker that ran this long starts over with the first pause


class _Worker:
    """One worker process, started again when it ends."""

    def __init__(self, settings: Settings, log: Path | None) -> None:
        self._settings = settings
        self._log_file = log
        self._pause = _FIRST_PAUSE_S
        self._start()

    def _start(self) -> None:
        # "spawn": a fork would share the parent's sockets and threads.
        context = multiprocessing.get_context("spawn")
        self.process: SpawnProcess = context.Process(target=_work, args=(self._settings, self._log_file))
        self.process.start()
        self._since = time.monotonic()

    def check(self) -> None:
        """Starts the process again where it has ended, after a pause that doubles while it keeps ending."""
        if self.process.is_alive():
            return
        now = time.monotonic()
        if now - self._since > _HEALTHY_S:
            self._pause = _FIRST_PAUSE_S
        if now - self._since < self._pause:
            return
        _log.warning("worker ended, starting it again", exit_code=self.process.exitcode)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_S)
        self._start()

    def stop(self, deadline: float) -> None:
        """Waits for a process that was told to stop, and kills it where it doesn't."""
        self.process.join(max(0.0, deadline - time.monotonic()))
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


class Workers:
    """Supervised worker processes."""

    def __init__(self, settings: Settings, count: int, log: Path | None = None) -> None:
        self._workers = [_Worker(settings, log) for _ in range(count)]

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run."""
        return [worker.process.pid for worker in self._workers if worker.process.pid and worker.process.is_alive()]

    def check(self) -> None:
        """Starts again what has ended; to be called every second or so."""
        for worker in self._workers:
            worker.check()

    def stop(self) -> None:
        """Tells all to stop, and waits."""
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + _STOP_S
        for worker in self._workers:
            worker.stop(deadline)


class Stack:
    """What ``running_stack`` has started: the cluster's address and the workers."""

    def __init__(self, bootstrap: str, workers: Workers) -> None:
        self.bootstrap = bootstrap
        self.workers = workers


@contextmanager
def running_stack(
    settings: Settings, workers: int, report: Callable[[str], None], log: Path | None = None
) -> Iterator[Stack]:
    """Starts everything, and stops on leaving what it started (a broker that ran before goes on).

    ``report`` is told each step in words; ``log`` takes the workers' log lines (without it: standard error).

    Raises:
        UnavailableError: where a part can't be started.
    """
    broker = None
    bootstrap = settings.kafka.bootstrap
    if bootstrap is None:
        candidate = EmbeddedBroker(settings.data_dir, settings.broker)
        broker = candidate if candidate.status() is None else None
        bootstrap = candidate.start(report).bootstrap
    try:
        _apply_topics(settings, report)
        report(f"starting {workers} worker{'s' if workers != 1 else ''}")
        running = Workers(settings, workers, log)
        try:
            yield Stack(bootstrap, running)
        finally:
            running.stop()
    finally:
        if broker is not None:
            report("stopping Kafka")
            broker.stop()


def _apply_topics(settings: Settings, report: Callable[[str], None]) -> None:
    changes = apply_topics(settings)
    created = sum(change.action == "created" for change in changes)
    report(f"topics: {created} created, {len(changes) - created} there already")
    for change in changes:
        if change.action == "differs":
            raise UnavailableError(f"topic {change.topic} {change.detail}: set topics.partitions to what it has")


def _work(settings: Settings, log: Path | None) -> None:
    """The worker process: its errors become one sentence and an exit code here, as the command line's do there."""
    from streams.worker import run_worker  # noqa: PLC0415 - the supervisor itself needs no Faust

    if log is not None:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), sys.stderr.fileno())
    try:
        run_worker(settings)
    except AirlockError as error:
        print(f"airlock: {error}", file=sys.stderr)
        sys.exit(2)
