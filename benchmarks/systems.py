"""The systems that are compared: how each is started, and the consumer groups that tell how far it has come."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import psutil

from benchmarks.peers.engine import Job
from benchmarks.peers.environment import quix_python
from schemas.baseline import Baseline
from streams.settings import Settings
from streams.stack import Workers

__all__ = ["AIRLOCK", "FAUST", "PEERS", "QUIX_STREAMS", "Running", "System", "alive", "cpu_s", "resident_bytes"]

_ROOT = Path(__file__).resolve().parent.parent


class Running(Protocol):
    """Worker processes."""

    @property
    def pids(self) -> list[int]:
        """Their process ids.

        Raises:
            RuntimeError: where one has ended, with its last words.
        """

    def stop(self) -> None:
        """Ends them."""


@dataclass(frozen=True, slots=True)
class System:
    """One system under test. ``groups`` are the suffixes of its consumer groups, of the first and second hop."""

    name: str
    start: Callable[[Settings, str, Baseline, int], Running]
    groups: tuple[str, str]


class _Airlock:
    """Airlock's own workers."""

    def __init__(self, settings: Settings, workers: int) -> None:
        self._log = settings.data_dir / "worker.log"
        self._count = workers
        self._workers = Workers(settings, workers, self._log)

    @property
    def pids(self) -> list[int]:
        pids = self._workers.pids
        if len(pids) < self._count:
            raise RuntimeError(f"a worker ended: {_last_words(self._log)}")
        return pids

    def stop(self) -> None:
        self._workers.stop()


class _Peer:
    """One process of a peer."""

    def __init__(self, python: Path, module: str, job: Job) -> None:
        folder = Path(job.folder)
        path = folder / "job.json"
        path.write_bytes(msgspec.json.encode(job))
        self._log = folder / "peer.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, "-W", "ignore", "-m", module, path], cwd=_ROOT, stdout=log, stderr=log
            )

    @property
    def pids(self) -> list[int]:
        if self._process.poll() is not None:
            raise RuntimeError(f"the peer ended with {self._process.returncode}: {_last_words(self._log)}")
        return [self._process.pid]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-2_000:]


def _airlock(settings: Settings, source: str, baseline: Baseline, workers: int) -> Running:
    return _Airlock(settings, workers)


def _faust(settings: Settings, source: str, baseline: Baseline, workers: int) -> Running:
    return _Peer(Path(sys.executable), "benchmarks.peers.stock_faust", _job(settings, source, baseline))


def _quix(settings: Settings, source: str, baseline: Baseline, workers: int) -> Running:
    return _Peer(quix_python(), "benchmarks.peers.quix", _job(settings, source, baseline))


def _job(settings: Settings, source: str, baseline: Baseline) -> Job:
    return Job(settings.model_dump_json(), source, baseline.to_json().decode(), str(settings.data_dir))


AIRLOCK = System("Airlock", _airlock, ("normalise", "score"))
FAUST = System("stock Faust", _faust, ("stock-faust", "stock-faust"))
QUIX_STREAMS = System("Quix Streams", _quix, ("quix", "quix"))
PEERS = (FAUST, QUIX_STREAMS)


def alive(running: Running) -> None:
    """Nothing where all processes run.

    Raises:
        RuntimeError: where one has ended, with its last words.
    """
    assert running.pids


def cpu_s(running: Running) -> float:
    """User and system CPU seconds of the processes, as the operating system counts them."""
    times = [psutil.Process(pid).cpu_times() for pid in running.pids]
    return float(sum(one.user + one.system for one in times))


def resident_bytes(running: Running) -> int:
    """The largest resident set among the processes now."""
    return max(int(psutil.Process(pid).memory_info().rss) for pid in running.pids)
