"""What a worker process does while it runs: its app, its health, and the signals that end them."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, closing

import structlog
from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from schemas.errors import AirlockError, UnavailableError
from streams.app import WorkerApp, create_app
from streams.geo import GeoDatabase
from streams.kafka import aiokafka_options, bootstrap_of
from streams.settings import Settings, WorkerSettings

__all__ = ["serve"]

_log = structlog.get_logger("airlock.worker")

_STOP_S = 15.0
_PATIENCE_S = 60.0  # a broker that is restarting is back within this; a wrong address is not


async def serve(settings: Settings, number: int, on_ready: Callable[[], None] | None) -> None:
    """Runs worker ``number`` of this host until it is told to stop.

    Raises:
        AirlockError: where it can't start, or met something that it must not go on from.
    """
    with closing(GeoDatabase.open(settings.geo)) as geo:
        await _serve(settings, geo, number, on_ready)


async def _serve(settings: Settings, geo: GeoDatabase, number: int, on_ready: Callable[[], None] | None) -> None:
    stop = asyncio.Event()
    for caught in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(caught, stop.set)
    if (parent := multiprocessing.parent_process()) is not None:  # its sentinel turns readable when it dies
        asyncio.get_running_loop().add_reader(parent.sentinel, stop.set)
    await _await_broker(settings)
    name, registry = f"{socket.gethostname()}-{number}", CollectorRegistry()
    app = create_app(settings, geo, name, registry)
    async with AsyncExitStack() as around:
        await _serve_health(settings.worker, number, app, registry, around)
        await _run(app, name, stop, on_ready)
    _log.info("worker stopped", name=name)


async def _run(app: WorkerApp, name: str, stop: asyncio.Event, on_ready: Callable[[], None] | None) -> None:
    app.finalize()
    await app.start()
    gc.freeze()  # what is here now stays: a later collection needn't hold everything up to look at it
    _log.info("worker started", name=name)
    if on_ready is not None:
        on_ready()
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(app.wait_until_stopped())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    reason = app.crash_reason
    try:
        async with asyncio.timeout(_STOP_S):
            await app.stop()
    except TimeoutError:  # what hangs holds nothing: all that is committed is committed, and a supervisor waits for us
        _log.error("worker does not stop in time, ending it by force", name=name, reason=str(reason))
        os._exit(70)
    if reason is not None:
        raise AirlockError(f"worker {name} stopped: {type(reason).__name__}: {reason}") from reason


async def _serve_health(
    worker: WorkerSettings, number: int, app: WorkerApp, registry: CollectorRegistry, around: AsyncExitStack
) -> None:
    if worker.metrics_port is None:
        return
    from streams.health import HealthServer  # noqa: PLC0415 - a tenth of a second that a worker without it needn't pay

    port = worker.metrics_port + number - 1 if worker.metrics_port else 0
    await around.enter_async_context(HealthServer(worker.metrics_host, port, registry, app.missing))


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
