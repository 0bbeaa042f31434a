"""Sets up ``.venv`` with the hashed packages of ``locks/`` and this project; returns at once where that is done.

Needs only the standard library. A stamp is written when all steps have succeeded, so an interrupted set-up goes on the
next time; what is installed is a function of the lock files, ``pyproject.toml``, the Python and the folder alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
HOME = VENV / "airlock-home"
"""Which Python and folder the environment was made for; another one needs another environment."""
STAMP = VENV / "airlock-ready"
"""Hash of all that the finished environment was made from."""
LOCKS = ROOT / "locks"


def _home() -> str:
    version = ".".join(map(str, sys.version_info[:2]))
    return f"{version} {Path(sys.base_prefix).resolve()} {ROOT}\n"


def _wanted() -> str:
    digest = hashlib.sha256(_home().encode())
    for path in (LOCKS / "build.txt", LOCKS / "dev.txt", ROOT / "pyproject.toml"):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest() + "\n"


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def _ready() -> bool:
    # The link to the Python dangles when that Python has been removed.
    return _text(STAMP) == _wanted() and PYTHON.exists()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Holds the set-up's lock: on the folder itself, so that nothing is left behind."""
    folder = os.open(LOCKS, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here, waiting for it.", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _has_pip() -> bool:
    if not PYTHON.exists():
        return False
    command = (PYTHON, "-c", "import pip")
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - our own words


def _refuse_without_ensurepip() -> None:
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            f"This Python {version} has no venv and ensurepip, which set-up needs: install them "
            f"(Debian and Ubuntu: apt install python{version}-venv), or name another Python: make PYTHON=python3.12"
        )


def _step(number: int, title: str, *command: str | Path) -> None:
    print(f"[{number}/4] {title}", flush=True)
    # An environment that is active elsewhere, or a user-wide preference, has no say in where things go.
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PIP_USER"}}
    if subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode:  # noqa: S603 - our own words
        sys.exit(f"Set-up stopped at step {number} of 4, for the reason above; run the same command to go on.")


def _install() -> None:
    started = time.monotonic()
    print(f"Setting up {VENV} (once; about a minute, most of it downloads)", flush=True)
    if _text(HOME) != _home() or not _has_pip():
        _refuse_without_ensurepip()
        base = getattr(sys, "_base_executable", sys.executable)  # this may be the very environment that is replaced
        _step(1, f"Creating it with Python {sys.version.split()[0]}", base, "-m", "venv", "--clear", VENV)
        HOME.write_text(_home())
    else:
        print("[1/4] The environment is there already", flush=True)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes", "--no-deps")
    _step(2, "Fetching the installer", *pip, "--only-binary", ":all:", "--requirement", LOCKS / "build.txt")
    uv = (VENV / "bin" / "uv", "pip")
    into = ("--python", PYTHON)
    # Compiled now, once: not by the first processes that start, each for itself, where they may write it at all.
    packages = ("--require-hashes", "--compile-bytecode", LOCKS / "dev.txt")
    _step(3, "Installing the locked packages", *uv, "sync", *into, *packages)
    project = ("install", *into, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    _step(4, "Installing the airlock command", *uv, *project)
    STAMP.write_text(_wanted())
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def main() -> None:
    """Brings ``.venv`` up to date with the lock files; exits with one sentence where it can't."""
    if _ready():
        return
    with _alone():
        if not _ready():
            STAMP.unlink(missing_ok=True)
            _install()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Set-up interrupted; run the same command to go on.")
