"""An environment of its own for Quix Streams, which asks for an older pydantic than Airlock's locked one.

It is made once, in the user's cache: Airlock's locked packages, and Quix Streams on top with no locked version changed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

__all__ = ["QUIX", "quix_python"]

QUIX = "quixstreams==3.28.1"
_ROOT = Path(__file__).resolve().parents[2]


def quix_python() -> Path:
    """The Python of that environment.

    Raises:
        subprocess.CalledProcessError: where it can't be made, as without a package registry.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = user_cache_path("airlock", appauthor=False) / "bench" / f"{QUIX}-py{version}"
    folder.mkdir(parents=True, exist_ok=True)
    python = folder / "venv" / "bin" / "python"
    locked = _ROOT / "locks" / "runtime.txt"
    uv = str(Path(sys.executable).parent / "uv")
    with FileLock(folder / "lock"):
        if not python.exists():
            _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv"))
        _run(uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(locked))
        _run(uv, "pip", "install", "--quiet", "--python", str(python), "--override", str(locked), QUIX)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
