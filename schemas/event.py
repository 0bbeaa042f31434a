"""The normalised event: who did what to which resource, when, from where, and with what outcome."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.record import Identifier, Record, Text, UtcTime

__all__ = ["ACTOR_KINDS", "Action", "ActorKind", "Credential", "Event", "IpAddress", "Outcome"]

ActorKind = Literal["human", "service", "token"]
ACTOR_KINDS: tuple[ActorKind, ...] = ("human", "service", "token")
Outcome = Literal["success", "failure", "denied"]
Action = Annotated[str, StringConstraints(max_length=128, pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]


@lru_cache(maxsize=65_536)  # parsing costs 8 us, a hit 0.1 us, and a stream's addresses repeat
def _canonical_ip(value: str) -> str:
    try:
        address = ip_address(value.partition("%")[0])  # a zone means something on the sender's machine only
    except ValueError:
        raise ValueError("is not an IP address") from None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


IpAddress = Annotated[str, StringConstraints(max_length=64), AfterValidator(_canonical_ip)]
"""An IPv4 or IPv6 address in its canonical spelling; IPv4-mapped IPv6 becomes IPv4."""


class Credential(Record):
    """The key, token or certificate that an event was made with. ``id`` is a fingerprint, never the secret itself."""

    id: Identifier
    kind: Identifier | None = None
    owner: Identifier | None = None
    expires_at: UtcTime | None = None


class Event(Record):
    """One access or deployment event, the same whatever system it came from.

    ``actor`` is a stable id; ``resource`` is ``org/repo`` or a path below it; ``source_ip`` is absent where the source
    doesn't give one, and what can't be judged without it is then *not evaluable*; ``source`` names the format it came
    in; ``attributes`` keeps what has no field of its own.
    """

    id: Identifier
    time: UtcTime
    actor: Identifier
    actor_kind: ActorKind = "human"
    action: Action
    resource: Annotated[str, StringConstraints(max_length=1024)] = ""
    source_ip: IpAddress | None = None
    user_agent: Text | None = None
    outcome: Outcome = "success"
    source: Identifier = "native"
    session: Identifier | None = None
    credential: Credential | None = None
    on_behalf_of: Identifier | None = None
    tls: Identifier | None = None
    commit: Identifier | None = None
    run_id: Identifier | None = None
    deployment_id: Identifier | None = None
    environment: Identifier | None = None
    role: Identifier | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
