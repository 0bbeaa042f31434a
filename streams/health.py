"""A worker's HTTP side: its metrics, whether it lives, and whether it does its share.

Paths as Kubernetes names them (``/livez``, ``/readyz``) and Prometheus asks for them (``/metrics``). Nothing here names
an actor or a secret, and nothing can be changed: all is read-only.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable

import structlog
from aiohttp import web
from mode import Service
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from schemas.errors import UnavailableError

__all__ = ["HealthServer"]

_log = structlog.get_logger("airlock.health")


class HealthServer(Service):
    """Serves ``registry`` at ``/metrics``, and health at ``/livez`` and ``/readyz``.

    ``missing`` says in words what keeps the worker from doing its share. A ``port`` of 0 is any free one; ``address``
    has the one that was taken. ``/livez`` answers as long as the event loop turns: one that hangs doesn't.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry, missing: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self.address = (host, port)
        self._registry = registry
        self._missing = missing
        application = web.Application()
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/livez", self._livez)
        application.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(application, access_log=None)

    async def on_start(self) -> None:
        """Takes the port.

        Raises:
            UnavailableError: where it is taken already, or the address isn't this host's.
        """
        await self._runner.setup()
        host, port = self.address
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({_reason(error)})"
            raise UnavailableError(
                f"the address {host}:{port} for metrics {why}: set worker.metrics_port (0: any free port)"
            ) from error
        self.address = self._runner.addresses[0][:2]
        _log.info("metrics and health served", address=f"http://{self.address[0]}:{self.address[1]}")

    async def on_stop(self) -> None:
        """Lets go of the port."""
        await self._runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._registry), headers={"Content-Type": content_type})

    async def _livez(self, _request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def _readyz(self, _request: web.Request) -> web.Response:
        missing = sorted(self._missing())
        return web.json_response({"ready": not missing, "missing": missing}, status=503 if missing else 200)


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
