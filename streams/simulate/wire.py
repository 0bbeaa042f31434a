"""The native format as the simulator writes it, and the draft of an event before it is published."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from streams.simulate.spec import DAY, SECOND

__all__ = ["Credential", "Draft", "Wire", "encode", "rfc3339"]


class Credential(msgspec.Struct, frozen=True, omit_defaults=True):
    """The token or key an event is made with."""

    id: str
    kind: str
    owner: str | None = None


class Wire(msgspec.Struct, omit_defaults=True):
    """One native event, fields in the order in which they are written; what is None is left out."""

    id: str
    time: str
    actor: str
    actor_kind: str
    action: str
    resource: str
    source_ip: str | None = None
    user_agent: str | None = None
    outcome: str = ""
    session: str | None = None
    credential: Credential | None = None
    on_behalf_of: str | None = None
    tls: str | None = None
    commit: str | None = None
    run_id: str | None = None
    deployment_id: str | None = None
    environment: str | None = None
    role: str | None = None


class Draft(msgspec.Struct):
    """An event that happened at ``at`` (ms since 1970) and isn't published yet."""

    at: int
    wire: Wire
    incident: str | None = None


encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=4_096)
def _day_text(day: int) -> str:
    return datetime.fromtimestamp(day * (DAY // SECOND), UTC).strftime("%Y-%m-%dT")


def rfc3339(at: int) -> str:
    """The time ``at`` (ms since 1970) in RFC 3339, UTC, with milliseconds.

    >>> rfc3339(1_770_000_000_123)
    '2026-02-02T02:40:00.123Z'
    """
    day, rest = divmod(at, DAY)
    seconds, milliseconds = divmod(rest, SECOND)
    minutes, seconds = divmod(seconds, 60)
    return f"{_day_text(day)}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{milliseconds:03d}Z"
