"""Set-up: which Python it takes, when it has nothing to do, and what it says where it can't go on."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"


def find_python(wanted: str, path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", TOOLS / "find_python.sh", wanted],
        cwd=folder,
        env={"PATH": str(path)},
        check=False,
        capture_output=True,
        text=True,
    )


def fake_python(path: Path, major: int, minor: int) -> None:
    """A program that answers, as that Python would, what its version is and whether it is new enough."""
    new_enough = (major, minor) >= (3, 11)
    path.write_text(
        f'#!/bin/sh\ncase "$2" in *print*) echo {major}.{minor};; *) exit {0 if new_enough else 1};; esac\n'
    )
    path.chmod(0o755)


def test_the_first_python_that_is_new_enough_is_taken(tmp_path):
    fake_python(tmp_path / "python3", 3, 9)
    fake_python(tmp_path / "python3.12", 3, 12)
    assert find_python("", tmp_path, tmp_path).stdout == "python3.12\n"


def test_the_environments_own_python_comes_first(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    fake_python(tmp_path / ".venv" / "bin" / "python", 3, 13)
    fake_python(tmp_path / "python3", 3, 12)
    assert find_python("", tmp_path, tmp_path).stdout == ".venv/bin/python\n"


def test_a_named_python_is_taken(tmp_path):
    assert find_python(sys.executable, tmp_path, tmp_path).stdout == f"{sys.executable}\n"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [("python3.9", "python3.9 is Python 3.9"), ("nonesuch", "Can't run nonesuch"), ("", "No Python 3.11 or newer")],
    ids=["too old", "not there", "none on the PATH"],
)
def test_what_can_not_be_used_is_refused_with_one_sentence(tmp_path, wanted, says):
    fake_python(tmp_path / "python3.9", 3, 9)
    answer = find_python(wanted, tmp_path, tmp_path)
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    assert answer.stderr.startswith(says)


@pytest.fixture
def setup(tmp_path, monkeypatch):
    """The set-up of an empty project."""
    spec = spec_from_file_location("airlock_setup", TOOLS / "setup.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    places = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "LOCKS": tmp_path / "locks"}
    for name, path in (places | {"HOME": venv / "airlock-home", "STAMP": venv / "airlock-ready"}).items():
        monkeypatch.setattr(module, name, path)
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "locks").mkdir()
    for name in ("locks/build.txt", "locks/dev.txt", "pyproject.toml"):
        (tmp_path / name).write_text("")
    return module


def test_a_finished_set_up_has_nothing_to_do(setup, monkeypatch):
    monkeypatch.setattr(setup, "_install", lambda: pytest.fail("it set up again"))
    setup.STAMP.write_text(setup._wanted())
    setup.main()


@pytest.mark.parametrize("name", ["locks/build.txt", "locks/dev.txt", "pyproject.toml"])
def test_a_change_of_what_is_installed_sets_up_again(setup, monkeypatch, name):
    runs = []
    monkeypatch.setattr(setup, "_install", lambda: runs.append(name))
    setup.STAMP.write_text(setup._wanted())
    (setup.ROOT / name).write_text("changed")
    setup.main()
    assert runs == [name]
    assert not setup.STAMP.exists()


def test_a_python_that_was_removed_sets_up_again(setup, monkeypatch):
    runs = []
    monkeypatch.setattr(setup, "_install", lambda: runs.append("once"))
    setup.STAMP.write_text(setup._wanted())
    setup.PYTHON.unlink()
    setup.PYTHON.symlink_to("nonesuch")
    setup.main()
    assert runs == ["once"]


def test_a_step_that_fails_leaves_no_stamp_and_says_which_it_was(setup):
    setup.STAMP.unlink(missing_ok=True)
    with pytest.raises(SystemExit, match="stopped at step 3 of 4"):
        setup._step(3, "Failing", sys.executable, "-c", "raise SystemExit(1)")
    assert not setup.STAMP.exists()


def test_a_python_without_ensurepip_is_refused_with_the_way_out(setup, monkeypatch):
    monkeypatch.setattr(setup, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SystemExit, match=r"no venv and ensurepip.*apt install python3\.\d+-venv"):
        setup.main()
    assert not setup.STAMP.exists()


def test_a_second_set_up_waits_for_the_first(setup, tmp_path):
    code = f"import runpy, sys; m = runpy.run_path({str(TOOLS / 'setup.py')!r}); g = m['_alone']; "
    code += f"g.__wrapped__.__globals__['LOCKS'] = __import__('pathlib').Path({str(tmp_path / 'locks')!r})\n"
    code += "with g(): print('in', flush=True)"
    with setup._alone():
        other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        assert other.stdout.readline() == "Another set-up is running here, waiting for it.\n"
        assert other.poll() is None
    assert other.communicate(timeout=10)[0] == "in\n"
