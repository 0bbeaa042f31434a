"""Environments of their own for what Airlock doesn't depend on, each made once in the user's cache.

Quix Streams asks for an older pydantic than Airlock's locked one: it gets Airlock's locked packages, and itself on top
with no locked version changed. River brings its own numpy and scipy, and is alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

__all__ = ["QUIX", "RIVER", "quix_python", "river_python"]

QUIX = "quixstreams==3.28.1"
RIVER = "river==0.26.1"
_ROOT = Path(__file__).resolve().parents[2]


def quix_python() -> Path:
    """A Python that has Quix Streams.

    Raises:
        subprocess.CalledProcessError: where it can't be made, as without a package registry.
    """
    locked = str(_ROOT / "locks" / "runtime.txt")
    return _made(QUIX, ["-r", locked], ["--override", locked, QUIX])


def river_python() -> Path:
    """A Python that has river.

    Raises:
        subprocess.CalledProcessError: as above.
    """
    return _made(RIVER, [RIVER])


def _made(name: str, *installed: Sequence[str]) -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = user_cache_path("airlock", appauthor=False) / "bench" / f"{name}-py{version}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    uv = str(Path(sys.executable).parent / "uv")
    with FileLock(folder / "lock"):
        if not python.exists():
            _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
        for packages in installed:
            _run(uv, "pip", "install", "--quiet", "--python", str(python), *packages)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
