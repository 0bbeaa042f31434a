"""One worker process: it takes its share of the partitions until it is told to stop, or has to.

Light to import: what a worker needs (Faust, aiokafka, the geo database) is imported when it runs.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from schemas.errors import UnavailableError
from streams.logs import configure_logs
from streams.settings import Settings

__all__ = ["run_worker", "worker_number"]

_MOST_WORKERS = 256


@contextmanager
def worker_number(data_dir: Path) -> Iterator[int]:
    """A number for this worker that a restart finds again: the first that no other worker of this host holds.

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
            yield number
            return
    raise UnavailableError(f"{_MOST_WORKERS} workers already run on {folder}: give this one a data folder of its own")


def run_worker(settings: Settings, on_ready: Callable[[], None] | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT.

    Raises:
        AirlockError: where it can't start, or met something that it must not go on from.
    """
    configure_logs(settings.log)
    gc.disable()  # imports leave no garbage, and looking for it takes a fifth of their time
    # A batch makes tens of thousands of objects that all go by themselves; looking through them would double its cost.
    gc.set_threshold(100_000, 20, 100)
    try:
        import uvloop  # noqa: PLC0415 - see the module

        from streams.serving import serve  # noqa: PLC0415 - see the module
    finally:
        gc.freeze()  # modules stay as long as the process: no later collection need look at them
        gc.enable()
    with worker_number(settings.data_dir) as number:
        uvloop.run(serve(settings, number, on_ready))
