"""What plainly spelled events are read into, and what is made of them.

Apart from what reads them: that is compiled, and msgspec's classes would lose their options there.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.event import ActorKind, Outcome

__all__ = ["PlainCredential", "PlainEvent", "Spelled"]

_Name = Annotated[str, Meta(min_length=1, max_length=512)]
_MaybeName = _Name | UnsetType


class Spelled(msgspec.Struct, frozen=True, gc=False):
    """An event's JSON, and what else the normaliser needs of it; ``seconds`` is its time (from the epoch)."""

    json: bytes
    subjects: tuple[str, ...]
    source_ip: str | None
    seconds: float


class PlainCredential(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A ``Credential`` without an expiry."""

    id: _Name
    kind: _MaybeName = UNSET
    owner: _MaybeName = UNSET


class PlainEvent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, gc=False):
    """The fields of an ``Event`` in their order, of which ``time`` and ``source_ip`` are still as they came.

    What ``action`` is made of is not checked here: actions repeat, so that is remembered (a pattern takes as long as
    all other fields).
    """

    id: _Name
    time: Annotated[str, Meta(min_length=20, max_length=27)]
    actor: _Name
    actor_kind: ActorKind = "human"
    action: Annotated[str, Meta(max_length=128)]
    resource: Annotated[str, Meta(max_length=1024)] = ""
    source_ip: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    user_agent: Annotated[str, Meta(max_length=4096)] | UnsetType = UNSET
    outcome: Outcome = "success"
    source: _Name = "native"
    session: _MaybeName = UNSET
    credential: PlainCredential | UnsetType = UNSET
    on_behalf_of: _MaybeName = UNSET
    tls: _MaybeName = UNSET
    commit: _MaybeName = UNSET
    run_id: _MaybeName = UNSET
    deployment_id: _MaybeName = UNSET
    environment: _MaybeName = UNSET
    role: _MaybeName = UNSET
    attributes: dict[str, str] = {}
