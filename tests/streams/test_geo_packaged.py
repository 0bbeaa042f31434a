import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.errors import UnavailableError
from streams.geo import packaged
from streams.geo.packaged import manifest, unpacked


@pytest.fixture(scope="module")
def unpacked_file(tmp_path_factory):
    return unpacked(tmp_path_factory.mktemp("geo"))


@pytest.fixture
def small_package(tmp_path, monkeypatch):
    """A package whose database is a few bytes, so that a test can unpack it often."""
    data = tmp_path / "package" / "data"
    data.mkdir(parents=True)
    content = b"not really a database"
    (data / "airlock-geo.mmdb.xz").write_bytes(lzma.compress(content))
    digest = packaged.hashlib.sha256(content).hexdigest()
    fake = packaged.Manifest(built="2026-01-02", sha256=digest, size=len(content), sources={})
    monkeypatch.setattr(packaged, "_DATA", data)
    monkeypatch.setattr(packaged, "manifest", lambda: fake)
    return content


def test_what_is_packaged_is_what_its_manifest_says(unpacked_file):
    assert unpacked_file.stat().st_size == manifest().size
    assert packaged._is_intact(unpacked_file, manifest())


def test_an_intact_file_is_left_as_it_is(tmp_path, small_package):
    first = unpacked(tmp_path / "cache")
    before = first.stat()
    assert unpacked(tmp_path / "cache") == first
    assert first.stat().st_mtime_ns == before.st_mtime_ns
    assert first.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", [b"", b"not really a databasE", b"longer than it should be at all"])
def test_a_damaged_file_is_replaced(tmp_path, small_package, damage):
    path = unpacked(tmp_path / "cache")
    path.write_bytes(damage)
    assert unpacked(tmp_path / "cache").read_bytes() == small_package


def test_nothing_but_the_database_and_its_lock_stays_behind(tmp_path, small_package):
    path = unpacked(tmp_path / "cache")
    assert {entry.name for entry in path.parent.iterdir()} <= {path.name, "unpack.lock"}


def test_two_processes_at_once_both_get_an_intact_file(tmp_path):
    code = (
        "import sys; from pathlib import Path; from streams.geo.packaged import unpacked; unpacked(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(packaged.__file__).parents[2])}
    command = [sys.executable, "-c", code, str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    (path,) = (tmp_path / "cache").glob("*.mmdb")
    assert packaged._is_intact(path, manifest())


def test_a_folder_that_cannot_be_made_is_one_sentence_with_the_way_out(tmp_path, small_package):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnavailableError, match=r"can't be unpacked to .*file.*XDG_CACHE_HOME"):
        unpacked(tmp_path / "file" / "geo")


@pytest.mark.parametrize(
    "content", [b"", b"garbage", lzma.compress(b"another database")], ids=["empty", "no xz", "other"]
)
def test_a_damaged_package_is_told_and_leaves_no_file(tmp_path, small_package, content):
    (packaged._DATA / "airlock-geo.mmdb.xz").write_bytes(content)
    with pytest.raises(UnavailableError, match="install Airlock again"):
        unpacked(tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.mmdb*"))


def test_a_missing_package_file_is_told(tmp_path, small_package):
    shutil.rmtree(packaged._DATA)
    with pytest.raises(UnavailableError, match="install Airlock again"):
        unpacked(tmp_path / "cache")
