"""Compiles the modules that every event passes through, with mypyc, beside their sources; once for each state of these.

The same sources run as they are where there is no C compiler: a third as fast, with the same results to the last bit
(``-ffp-contract=off``: a fused multiply-add would round otherwise on some processors). Run by the environment's Python.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

__all__ = ["compiled", "drop", "main", "stale"]

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / "build" / "compiled"
"""Hash of the sources that the compiled modules were made from."""
MODULES = (
    "detectors/maths.py",
    "detectors/wording.py",
    "detectors/habits.py",
    "detectors/base.py",
    "detectors/combine.py",
    "detectors/rates.py",
    "detectors/geography.py",
    "detectors/hours.py",
    "detectors/resources.py",
    "detectors/repositories.py",
    "detectors/agents.py",
    "detectors/actions.py",
    "detectors/spikes.py",
    "detectors/profile.py",
    "detectors/baseline.py",
    "schemas/spelling.py",
    "streams/batches.py",
    "streams/formats/plain.py",
    "streams/normalise.py",
    "streams/pipeline.py",
    "streams/score/baselines.py",
    "streams/score/engine.py",
    "streams/score/loops.py",
    "streams/score/output.py",
    "streams/source/packing.py",
)
FOLDERS = tuple(sorted({".", *(str(Path(module).parent) for module in MODULES)}))
"""Where compiled modules lie."""
ROOMS = ("schemas", "detectors", "streams/formats", "streams/score", "streams/source")
"""Folders that compiled modules take types from."""
_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
_FLAGS = "-O2 -ffp-contract=off"


def compiled() -> list[Path]:
    """The compiled modules that are there."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).glob(f"*{_SUFFIX}"))


def stale() -> bool:
    """Whether there are compiled modules, of other sources than the present ones."""
    return bool(compiled()) and _stamp() != _wanted()


def drop() -> None:
    """Removes the compiled modules; the sources run as they are."""
    for path in compiled():
        path.unlink()


def _stamp() -> str:
    return STAMP.read_text() if STAMP.exists() else ""


def _wanted() -> str:
    digest = hashlib.sha256(f"{sys.version} {_SUFFIX}".encode())
    rooms = [path for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]
    for path in (Path(__file__), ROOT / "pyproject.toml", *rooms, *(ROOT / module for module in MODULES)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _has_compiler() -> bool:
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    include = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which(command.split()[0]) is not None and include.exists()


def _build(into: Path) -> None:
    """What the child process does: C from Python, a library from C."""
    from mypyc.build import mypycify  # noqa: PLC0415 - only the child needs them
    from setuptools import setup  # noqa: PLC0415

    extensions = mypycify([*MODULES], opt_level="2", debug_level="0", group_name="airlock", target_dir=str(into / "c"))
    arguments = ["-q", "build_ext", "--build-lib", str(into / "lib"), "--build-temp", str(into / "o")]
    setup(name="airlock", packages=[], ext_modules=extensions, script_args=arguments)


def main() -> None:
    """Brings the compiled modules up to date; says so in one line where it can't, and leaves none behind."""
    if _stamp() == _wanted() and compiled():
        return
    drop()
    if not _has_compiler():
        print("No C compiler: Airlock runs interpreted, with the same results at a third of the speed.", flush=True)
        return
    print("Compiling what every event passes through (once, and whenever it changes; a minute)", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder)
        environment = {**os.environ, "CFLAGS": f"{os.environ.get('CFLAGS', '')} {_FLAGS}"}
        done = subprocess.run(  # noqa: S603 - our own words
            (sys.executable, __file__, folder),
            check=False,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            print(done.stdout, end="", file=sys.stderr)
            print("Nothing could be compiled, for the reason above; Airlock runs interpreted.", file=sys.stderr)
            return
        for library in sorted((into / "lib").rglob(f"*{_SUFFIX}")):
            target = ROOT / library.relative_to(into / "lib")
            shutil.copy2(library, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)  # never written over: a process may have it open
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(_wanted())
    print(f"Compiled in {time.monotonic() - started:.0f} s.", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--only-drop-stale"]:  # a demo needs no speed, and has nobody wait for it
        if stale():
            drop()
    elif len(sys.argv) > 1:
        _build(Path(sys.argv[1]))
    else:
        main()
