"""Writes streams/broker/jars.sha256: which jars make up the embedded broker, and their SHA-256.

For maintainers, when Kafka's version changes: set KAFKA_VERSION in streams/broker/jars.py, then

    python tools/refresh_jars.py

resolves the dependency graph with jgo, fetches every jar into an empty folder and compares each with the SHA-1 and
SHA-256 that Maven Central publishes beside it, before its SHA-256 is written down. Read the diff: versions should move
as Kafka's release notes say, and no jar should change under an unchanged version.
"""

from __future__ import annotations

import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jgo
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext
from jgo.util import http

from streams.broker.jars import KAFKA_VERSION

LOG4J_VERSION = "2.24.3"  # the one that Kafka 4.1's own release ships
# "!" keeps jgo from taking a coordinate for a bill of materials: log4j's would bring kafka-clients 3.8.0 to Kafka 4.1.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}!+org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}!"
LIST = Path(__file__).parent.parent / "streams" / "broker" / "jars.sha256"


def main() -> None:
    """Resolves, fetches, compares, writes."""
    artifacts = jgo.resolve(ENDPOINT)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        context = MavenContext(repo_cache=Path(folder), local_repos=[], timeout=30)
        coordinates = [(artifact.groupId, artifact.artifactId, artifact.version) for artifact in artifacts]
        lines = sorted(
            pool.map(lambda coordinate: _line(context, *coordinate), coordinates), key=lambda x: x.split()[1]
        )
    LIST.write_text("".join(lines), "ascii")
    print(f"{LIST.name}: {len(lines)} jars of Kafka {KAFKA_VERSION}")


def _line(context: MavenContext, group: str, artifact: str, version: str) -> str:
    jar = context.project(group, artifact).at_version(version).artifact()
    content = jar.resolve().read_bytes()
    path = f"{group.replace('.', '/')}/{artifact}/{version}/{jar.filename}"
    _compare(path, content, "sha1", required=True)
    _compare(path, content, "sha256", required=False)  # older releases have none
    return f"{hashlib.sha256(content).hexdigest()}  {path}\n"


def _compare(path: str, content: bytes, algorithm: str, *, required: bool) -> None:
    response = http.get(f"{MAVEN_CENTRAL_URL}/{path}.{algorithm}", timeout=30)
    if response.status_code == 404 and not required:
        return
    response.raise_for_status()
    if response.text.split()[0].lower() != hashlib.new(algorithm, content).hexdigest():
        raise SystemExit(f"{path}: its {algorithm} isn't the published one")


if __name__ == "__main__":
    main()
