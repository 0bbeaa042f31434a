"""The project as a whole: what is installed, locked, shipped and documented."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from streams.cli.group import COMMANDS, command
from streams.config import OTHER_VARIABLES, setting_names

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PACKAGES = ("schemas", "detectors", "streams")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tool(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference = tool("reference")


def requirements(lock: Path) -> list[str]:
    """A lock's requirements, each with its hashes on one line."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def name_of(requirement: str) -> str:
    return re.split(r"[=<>~!\[; ]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def command_names() -> list[str]:
    """Every command as it is typed, those of groups with the group's name."""
    names = []
    for name in (name for section in COMMANDS.values() for name in section):
        inner = getattr(command(name), "commands", None)
        names += [name] if inner is None else [f"{name} {sub}" for sub in inner]
    return names


def test_all_packages_are_of_this_checkout():
    roots = {Path(str(find_spec(name).origin)).parent.parent for name in PACKAGES}
    assert roots == {ROOT}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_pins_and_hashes_every_requirement(lock):
    lines = requirements(lock)
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_index_and_no_address(lock):
    assert re.findall(r"https?:|file:|--(?:extra-)?index|--find-links|@ ", lock.read_text(encoding="utf-8")) == []


def test_the_locks_agree_with_each_other():
    pinned = {lock.stem: {line.split(" --hash")[0].strip() for line in requirements(lock)} for lock in LOCKS}
    assert pinned["build"] <= pinned["dev"]
    assert pinned["runtime"] <= pinned["dev"]


def test_the_locks_have_every_declared_dependency():
    locked = {lock.stem: {name_of(line) for line in requirements(lock)} for lock in LOCKS}
    groups = PROJECT["dependency-groups"]
    assert {name_of(entry) for entry in PROJECT["project"]["dependencies"]} <= locked["runtime"]
    assert {name_of(entry) for entry in groups["build"]} <= locked["build"]
    assert {name_of(entry) for entry in groups["dev"] if isinstance(entry, str)} <= locked["dev"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """The names in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_holds_all_files_of_the_packages_and_nothing_else(shipped):
    files = {path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file()}
    files |= set(tool("compile").compiled())
    sources = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    assert {name for name in shipped if ".dist-info/" not in name} == sources


def test_the_wheel_holds_the_licence_and_the_geo_database(shipped):
    assert [name for name in shipped if name.endswith("/licenses/LICENSE")]
    assert [name for name in shipped if name.endswith("/licenses/NOTICE")]
    assert [name for name in shipped if name.endswith(".mmdb.xz")]


def test_every_make_target_in_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, flags=re.MULTILINE))
    named = re.findall(r"`make ([a-z]+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    named += re.findall(r"^make ([a-z]+)", README, flags=re.MULTILINE)
    assert {"demo", "test"} <= set(named) <= targets


def test_every_listed_make_target_is_declared_as_no_file():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, flags=re.MULTILINE))
    assert targets == set(re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)[1].split())


def test_every_command_is_in_the_readme_and_no_other():
    documented = set(re.findall(r"^\| `airlock ([a-z]+(?:-[a-z]+)*(?: [a-z]+)?)", README, flags=re.MULTILINE))
    assert documented == set(command_names())


def test_every_setting_outside_the_detectors_is_in_the_readme():
    section = README.split("## Configuration")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `([a-z0-9_.]+)` \|", section, flags=re.MULTILINE)
    assert set(setting_names()) - set(documented) == {
        name for name in setting_names() if name.startswith("detectors.") and name != "detectors.threshold"
    }


def test_the_reference_has_every_setting_and_says_what_each_is_for():
    rows = list(reference.settings_rows())
    assert [name for name, _, _ in rows] == setting_names()
    assert [name for name, _, words in rows if not words.strip()] == []


@pytest.mark.parametrize("name", OTHER_VARIABLES)
def test_every_other_variable_is_in_the_readme(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/life-of-an-event.md"])
def test_every_link_within_the_project_leads_somewhere(name):
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", reference.PAGES)
def test_a_reference_page_is_up_to_date(page):
    written = (ROOT / page).read_text(encoding="utf-8")
    assert written == reference.PAGES[page](), "run: make docs"


def test_the_changelog_tells_of_this_version():
    version = PROJECT["project"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
