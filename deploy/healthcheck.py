"""Whether this container's worker does its share: Kafka's coordinator counts it among both consumer groups.

A worker whose event loop hangs sends no heartbeats and is put out of its groups within ``worker.session_timeout_s``.
Exits with 0 where the worker is a member, else with 1 and one line.
"""

from __future__ import annotations

import socket
import sys

from kafka import KafkaAdminClient

from schemas.errors import AirlockError
from streams.config import load_settings
from streams.kafka import client_options, reaching
from streams.settings import Settings

__all__ = ["missing_groups"]


def missing_groups(settings: Settings, host: str) -> list[str]:
    """The consumer groups of which no worker of ``host`` is a member.

    Raises:
        UnavailableError: where Kafka doesn't answer.
    """
    groups = [settings.topic("normalise"), settings.topic("score")]
    with reaching(settings):
        admin = KafkaAdminClient(**client_options(settings), client_id="airlock-health", request_timeout_ms=5_000)
        try:
            described = admin.describe_groups(groups)
        finally:
            admin.close()
    return [name for name in groups if not any(_is_of(host, member) for member in described[name]["members"])]


def _is_of(host: str, member: dict[str, str | None]) -> bool:
    # Workers are named after their host, see streams.worker.
    return (member["group_instance_id"] or "").rpartition("-")[0] == host


def _main() -> None:
    try:
        missing = missing_groups(load_settings().settings, socket.gethostname())
    except AirlockError as error:
        sys.exit(f"unhealthy: {error}")
    if missing:
        sys.exit(f"unhealthy: not a member of {' and '.join(missing)}")


if __name__ == "__main__":
    _main()
