"""The broker as a process: finding the one that runs, whatever its pid file claims, and ports that are free."""

from __future__ import annotations

import json
import os
import socket
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.broker.config import HOST

__all__ = ["Launched", "answers", "environment", "free_ports", "has_ended", "mark"]


@dataclass(frozen=True, slots=True)
class Launched:
    """A broker process as its pid file tells it; ``ready`` is written once it has answered."""

    pid: int
    port: int
    ready: bool = False

    @classmethod
    def read(cls, pid_file: Path, mark: str) -> Launched | None:
        """The live broker that the file names; none where there is none, or the pid is another process's now."""
        try:
            launched = cls(**json.loads(pid_file.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None
        return launched if launched.process(mark) else None

    def write(self, pid_file: Path) -> None:
        """Replaces the file as a whole."""
        partial = pid_file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self)), "utf-8")
        partial.replace(pid_file)

    def process(self, mark: str) -> psutil.Process | None:
        """The process, if it lives and carries the broker's mark on its command line."""
        with suppress(psutil.Error, TypeError, ValueError, OverflowError):  # the file may hold anything
            process = psutil.Process(self.pid)
            if mark in process.cmdline():  # a dead child not yet waited for has none
                return process
        return None


def mark(folder: Path) -> str:
    """The argument by which the process of this folder is told from all others, recycled pids included."""
    return f"-Dairlock.broker={folder}"


def has_ended(process: psutil.Process) -> bool:
    """Whether it runs no more; its parent, which may be another process, need not have taken note."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def answers(pid: int, port: int) -> bool:
    """Whether the process itself listens at the port, and Kafka there has a broker that takes requests."""
    try:
        process = psutil.Process(pid)
        if not any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections("tcp")):
            return False
        admin = KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", bootstrap_timeout_ms=2000, request_timeout_ms=5000)
    except (psutil.Error, KafkaError):
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def environment() -> dict[str, str]:
    """Our own environment without what would change the JVM's flags or classes; file names are UTF-8."""
    meddling = {"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JDK_AOT_VM_OPTIONS", "CLASSPATH"}
    return {name: value for name, value in os.environ.items() if name not in meddling} | {"LC_ALL": "C.UTF-8"}


def free_ports(preferred: int) -> tuple[int, int]:
    """Two ports of the loopback interface that were free a moment ago: the preferred one if it can be had, and another.

    Another process may still take one before the broker does; the caller then asks again.

    Raises:
        OSError: where there is no loopback interface, or no port left.
    """
    with ExitStack() as sockets:
        try:
            client = sockets.enter_context(_bound(preferred))
        except OSError:
            client = sockets.enter_context(_bound(0))
        controller = sockets.enter_context(_bound(0))
        return client.getsockname()[1], controller.getsockname()[1]


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # as the broker does: connections just closed don't count
        bound.bind((HOST, port))
        bound.listen()  # where a listener has it, some systems refuse only this
    except OSError:
        bound.close()
        raise
    return bound
