"""Kafka's jars: fetched from Maven Central by their coordinates, each checked against the SHA-256 list in the package.

The list (``jars.sha256``, in ``sha256sum``'s format, paths in Maven's layout) is the whole truth: it names the jars and
their versions, so that a first start resolves no dependency graph. ``tools/refresh_jars.py`` writes it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path, PurePosixPath

from filelock import FileLock
from platformdirs import user_cache_path

from schemas.errors import UnavailableError

__all__ = ["KAFKA_VERSION", "WAY_OUT", "JarStore", "listed_jars"]

KAFKA_VERSION = "4.1.1"
WAY_OUT = "or use a broker of your own: 'docker compose up', or AIRLOCK_KAFKA__BOOTSTRAP=host:port"
"""How a person gets on without the embedded broker; the end of its error sentences."""

_PARALLEL = 6  # measured: 6.8 s one at a time, 3.7 s with four to twelve; the registry is spared more
_ATTEMPTS = 3
_TIMEOUT_S = 30
_STAGING = ".fetch-"


def listed_jars() -> Mapping[str, str]:
    """The jars that make up the broker: path in Maven's layout, SHA-256 in hex."""
    lines = files("streams.broker").joinpath("jars.sha256").read_text("ascii").splitlines()
    return {path: digest for digest, path in (line.split() for line in lines)}


def _default_folder() -> Path:
    return user_cache_path("airlock", appauthor=False) / "jars"


@dataclass(frozen=True)
class JarStore:
    """A folder of checked jars, shared by all brokers of a user.

    ``folder`` is a Maven repository layout; only files whose SHA-256 is listed are ever used from it.
    """

    folder: Path = field(default_factory=_default_folder)
    listed: Mapping[str, str] = field(default_factory=listed_jars)
    registry: str | None = None
    """Address of a Maven repository; none: Maven Central."""

    def ensure(self, report: Callable[[str], None]) -> list[Path]:
        """All jars, present and checked; fetches those that are missing, partial or altered.

        Raises:
            UnavailableError: where a jar can't be fetched, or the registry serves other bytes than the listed ones.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                self._clear_staging()
                wanted = [path for path, digest in self.listed.items() if _sha256(self.folder / path) != digest]
                if wanted:
                    report(f"fetching Kafka {KAFKA_VERSION}, {len(wanted)} of its {len(self.listed)} jars")
                    self._fetch(wanted, report)
        except OSError as error:
            raise UnavailableError(
                f"the folder for Kafka's jars can't be used ({error}): free it, {WAY_OUT}"
            ) from error
        return [self.folder / path for path in self.listed]

    def _clear_staging(self) -> None:
        for left_over in self.folder.glob(f"{_STAGING}*"):
            shutil.rmtree(left_over)

    def _fetch(self, wanted: list[str], report: Callable[[str], None]) -> None:
        with tempfile.TemporaryDirectory(prefix=_STAGING, dir=self.folder) as staging:
            pool = ThreadPoolExecutor(_PARALLEL)
            try:
                pending = [pool.submit(self._fetch_one, path, Path(staging)) for path in wanted]
                for count, done in enumerate(as_completed(pending), 1):
                    done.result()
                    report(f"fetching Kafka {KAFKA_VERSION}: {count} of {len(wanted)} jars")
            finally:
                pool.shutdown(cancel_futures=True)

    def _fetch_one(self, path: str, staging: Path) -> None:
        """Brings one jar in: it appears under its name only once it is whole and checked."""
        fetched = self._download(path, staging)
        if _sha256(fetched) != self.listed[path]:
            raise UnavailableError(
                f"{fetched.name} from the registry isn't the file that Airlock was built with (its SHA-256 differs), "
                f"so it was refused: check what answers as Maven registry here, {WAY_OUT}"
            )
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched.replace(target)

    def _download(self, path: str, staging: Path) -> Path:
        from jgo.maven import MavenContext  # noqa: PLC0415 - 0.6 s that only a first start needs to spend

        location = PurePosixPath(path)
        *group, artifact, version = location.parent.parts
        repositories = {"registry": self.registry} if self.registry else None
        context = MavenContext(repo_cache=staging, local_repos=[], remote_repos=repositories, timeout=_TIMEOUT_S)
        jar = context.project(".".join(group), artifact).at_version(version).artifact()
        reason: Exception | None = None
        for _ in range(_ATTEMPTS):
            (staging / location).unlink(missing_ok=True)  # jgo would take what an attempt left for the whole
            try:
                return Path(jar.resolve())
            except (OSError, RuntimeError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    raise  # the disk's, not the network's: those of requests have no number
                reason = error
        raise UnavailableError(
            f"{location.name} of Kafka {KAFKA_VERSION} can't be fetched from the Maven registry ({_short(reason)}): "
            f"check the network and try again, {WAY_OUT}"
        ) from reason


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _short(reason: Exception | None) -> str:
    return "it doesn't serve it" if isinstance(reason, RuntimeError) else type(reason).__name__
