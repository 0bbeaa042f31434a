"""Worker processes as an operator starts them (``airlock worker``), under a supervisor that can hurt them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from streams.settings import Settings

__all__ = ["Fleet", "WorkerProcess"]

_STOP_S = 30.0
_PAUSE_S = 1.0


def _environment(settings: Settings) -> dict[str, str]:
    worker = settings.worker
    return {name: value for name, value in os.environ.items() if not name.startswith("AIRLOCK_")} | {
        "AIRLOCK_KAFKA__BOOTSTRAP": settings.kafka.bootstrap or "",
        "AIRLOCK_TOPICS__PREFIX": settings.topics.prefix,
        "AIRLOCK_TOPICS__PARTITIONS": str(settings.topics.partitions),
        "AIRLOCK_DATA_DIR": str(settings.data_dir),
        **{f"AIRLOCK_WORKER__{name.upper()}": str(getattr(worker, name)) for name in worker.model_fields_set},
    }


class WorkerProcess:
    """One worker, in which state ever."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, **popen: object) -> None:
        self.log = log
        self._command, self._environment, self._popen = command, environment, popen
        self.start()

    def start(self) -> None:
        """Starts the process, with its log at the end of the file."""
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            options: dict[str, object] = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL} | self._popen
            self.process = subprocess.Popen(self._command, env=self._environment, **options)  # type: ignore[call-overload]

    @property
    def alive(self) -> bool:
        """Whether the process hasn't ended (it may be frozen)."""
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and waits until it has no effect on the world any more."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it holds its connections, and its beliefs."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> bool:
        """SIGTERM; False where only SIGKILL helps."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        return True


class Fleet:
    """The workers of one scenario; ``gave_up`` tells how those that ended by themselves did so, in their last words."""

    def __init__(self, settings: Settings, **popen: object) -> None:
        self.workers: list[WorkerProcess] = []
        self.gave_up: list[str] = []
        self._settings = settings
        self._popen = popen
        self._number = 0

    def add(self, **popen: object) -> WorkerProcess:
        """Starts another worker; ``popen`` are options of its process, such as where its output goes."""
        self._number += 1
        command = [str(Path(sys.executable).with_name("airlock")), "worker"]
        log = self._settings.data_dir / f"worker-{self._number}.log"
        worker = WorkerProcess(command, _environment(self._settings), log, **self._popen | popen)
        self.workers.append(worker)
        return worker

    def remove(self, worker: WorkerProcess, end: Callable[[], object]) -> None:
        """Ends a worker for good."""
        self.workers.remove(worker)
        end()

    def check(self) -> None:
        """Starts again what ended by itself, as a supervisor does; to be called often."""
        for worker in self.workers:
            if not worker.alive and time.monotonic() - worker.started > _PAUSE_S:
                self.gave_up.append(f"exit {worker.process.returncode}: {_last_line(worker.log)}")
                worker.start()

    def stop(self) -> int:
        """Stops all; returns how many had to be killed."""
        stubborn = sum(not worker.stop() for worker in self.workers)
        self.workers.clear()
        return stubborn

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()


def _last_line(path: Path) -> str:
    lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
    return lines[-1][:500] if lines else "no word"


def limits_file_size() -> None:
    """For ``preexec_fn``: from here on every write to a file fails, as on a full disk."""
    import resource  # noqa: PLC0415 - not on every platform

    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def closes_output() -> None:
    """For ``preexec_fn``: standard output and error are closed, as some supervisors do."""
    os.close(1)
    os.close(2)
