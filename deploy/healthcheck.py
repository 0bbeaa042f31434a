"""Whether this container's worker does its share: it says so itself, at ``/readyz``.

A worker whose event loop hangs doesn't answer. Exits with 0 where it is ready, else with 1 and one line.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

from schemas.errors import AirlockError
from streams.config import load_settings
from streams.settings import WorkerSettings

__all__ = ["why_unhealthy"]

_PATIENCE_S = 10.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what a worker may listen at, and how it is reached then


def why_unhealthy(worker: WorkerSettings) -> str | None:
    """What keeps this host's first worker from doing its share; nothing where it does."""
    if not worker.metrics_port:
        return "worker.metrics_port is not set, so the worker can't be asked"
    host = _ANY.get(worker.metrics_host, worker.metrics_host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{worker.metrics_port}/readyz"
    # No proxy: it is this host that is asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PATIENCE_S):
            return None
    except urllib.error.HTTPError as error:
        return "; ".join(json.load(error)["missing"])
    except (OSError, ValueError, KeyError) as error:
        return f"{url} doesn't answer: {error}"


def _main() -> None:
    try:
        why = why_unhealthy(load_settings().settings.worker)
    except AirlockError as error:
        why = str(error)
    if why is not None:
        sys.exit(f"unhealthy: {why}")


if __name__ == "__main__":
    _main()
