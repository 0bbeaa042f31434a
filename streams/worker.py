"""One worker process: a Faust app that takes its share of the partitions until it is told to stop, or has to."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog
import uvloop
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError
from filelock import FileLock, Timeout

from schemas.errors import AirlockError, UnavailableError
from streams.app import create_app
from streams.geo import GeoDatabase
from streams.kafka import aiokafka_options, bootstrap_of
from streams.logs import configure_logs
from streams.settings import Settings

__all__ = ["run_worker", "worker_name"]

_log = structlog.get_logger("airlock.worker")

_MOST_WORKERS = 256
_PATIENCE_S = 60.0  # a broker that is restarting is back within this; a wrong address is not


@contextmanager
def worker_name(data_dir: Path) -> Iterator[str]:
    """A name for this worker that a restart finds again: the host's, and the first number that no other worker holds.

    Static membership (KIP-345) goes by it: a worker that comes back under its name gets its partitions at once.

    Raises:
        UnavailableError: where all numbers are taken.
    """
    folder = data_dir / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_WORKERS + 1):
        lock = FileLock(folder / f"{number}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        with lock:
            yield f"{socket.gethostname()}-{number}"
            return
    raise UnavailableError(f"{_MOST_WORKERS} workers already run on {folder}: give this one a data folder of its own")


def run_worker(settings: Settings, on_ready: Callable[[], None] | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT.

    Raises:
        AirlockError: where it can't start, or met something that it must not go on from.
    """
    configure_logs(settings.log)
    with worker_name(settings.data_dir) as name, closing(GeoDatabase.open(settings.geo)) as geo:
        uvloop.run(_serve(settings, geo, name, on_ready))


async def _serve(settings: Settings, geo: GeoDatabase, name: str, on_ready: Callable[[], None] | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if (parent := multiprocessing.parent_process()) is not None:  # its sentinel turns readable when it dies
        asyncio.get_running_loop().add_reader(parent.sentinel, stop.set)
    await _await_broker(settings)
    app = create_app(settings, geo, name)
    app.finalize()
    await app.start()
    _log.info("worker started", name=name)
    if on_ready is not None:
        on_ready()
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(app.wait_until_stopped())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    reason = app.crash_reason
    await app.stop()
    if reason is not None:
        raise AirlockError(f"worker {name} stopped: {type(reason).__name__}: {reason}") from reason
    _log.info("worker stopped", name=name)


async def _await_broker(settings: Settings) -> None:
    options = aiokafka_options(settings)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        client = AIOKafkaClient(**options)
        try:
            await client.bootstrap()
        except KafkaError as error:
            where = bootstrap_of(settings)
            if time.monotonic() > deadline:
                raise UnavailableError(f"Kafka at {where} did not answer for {_PATIENCE_S:.0f} s ({error})") from error
            _log.warning("Kafka doesn't answer yet, trying again", bootstrap=where)
            await asyncio.sleep(1)
        else:
            return
        finally:
            await client.close()
