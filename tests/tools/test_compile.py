"""The compiled modules are those of the sources, and nobody can tell but by the clock."""

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from streams.simulate import SimulationSpec, simulate

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tool():
    spec = spec_from_file_location("airlock_compile", ROOT / "tools" / "compile.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def elsewhere(tool, tmp_path, monkeypatch):
    """The tool on a copy of the sources, with nothing compiled."""
    for room in ("schemas", "detectors", "streams"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "STAMP", tmp_path / "build" / "compiled")
    return tool


def test_where_there_is_a_compiler_every_listed_module_is_compiled(tool):
    names = {path.name.split(".")[0] for path in tool.compiled()}
    listed = {Path(module).stem for module in tool.MODULES}
    assert names - {"airlock__mypyc"} == (listed if tool._has_compiler() else set())


def test_what_was_compiled_of_other_sources_is_stale(elsewhere, tmp_path):
    library = tmp_path / "detectors" / f"maths{elsewhere._SUFFIX}"
    assert not elsewhere.stale()
    library.touch()
    assert elsewhere.stale()
    elsewhere.STAMP.parent.mkdir()
    elsewhere.STAMP.write_text(elsewhere._wanted())
    assert not elsewhere.stale()
    (tmp_path / "detectors" / "maths.py").write_text("other")
    assert elsewhere.stale()


def test_without_a_compiler_nothing_stale_is_left_and_one_sentence_says_so(elsewhere, tmp_path, monkeypatch, capsys):
    library = tmp_path / "detectors" / f"maths{elsewhere._SUFFIX}"
    library.touch()
    monkeypatch.setenv("CC", "nonesuch")
    elsewhere.main()
    assert not library.exists()
    assert capsys.readouterr().out.startswith("No C compiler: Airlock runs interpreted")


def test_what_is_dropped_is_interpreted(elsewhere, tmp_path):
    library = tmp_path / "streams" / f"pipeline{elsewhere._SUFFIX}"
    library.touch()
    elsewhere.drop()
    assert elsewhere.compiled() == []


def test_interpreted_and_compiled_modules_give_the_same_bytes(elsewhere, tmp_path):
    events = b"".join(event.raw + b"\n" for event in simulate(SimulationSpec(seed=5, days=9, actors=25, incidents=8)))
    command = (sys.executable, "-c", "from streams.cli import main; main()", "score", "--quiet", "-")
    outputs = {}
    for root in (ROOT, tmp_path):
        environment = {**os.environ, "PYTHONPATH": str(root), "AIRLOCK_DATA_DIR": str(tmp_path / "data")}
        done = subprocess.run(command, input=events, env=environment, cwd=root, check=True, capture_output=True)
        outputs[root] = done.stdout
    assert outputs[ROOT].count(b"\n") > 10
    assert outputs[ROOT] == outputs[tmp_path]
