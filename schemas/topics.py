"""The topics: one table, from which administration, access rules and documents are generated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TOPICS", "Cleanup", "Role", "TopicSpec", "topic"]

Cleanup = Literal["keep", "expire", "compact"]
Role = Literal["publishers", "pipeline", "reviewers", "analysts", "administrators", "operators", "anyone"]


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic: ``cleanup`` is ``keep`` (for ever), ``expire`` (13 months) or ``compact`` (last value per key)."""

    name: str
    value: str
    key: str
    cleanup: Cleanup
    writers: tuple[Role, ...]
    readers: tuple[Role, ...]
    partitioned: bool = True
    """Whether it has the configured number of partitions, or one."""


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(
        "events",
        "raw bytes of any known format",
        "publisher's choice (advised: actor)",
        "keep",
        ("publishers",),
        ("pipeline", "analysts"),
    ),
    TopicSpec("activity", "Activity JSON", "subject", "expire", ("pipeline",), ("pipeline", "analysts")),
    TopicSpec("profiles", "profile bytes", "subject", "compact", ("pipeline",), ("pipeline", "analysts")),
    TopicSpec(
        "baselines",
        "Baseline JSON",
        "version",
        "compact",
        ("pipeline",),
        ("pipeline", "analysts"),
        partitioned=False,
    ),
    TopicSpec("alerts", "Alert JSON", "actor id", "expire", ("pipeline",), ("reviewers",)),
    TopicSpec("verdicts", "Verdict JSON", "alert id", "keep", ("reviewers",), ("pipeline",)),
    TopicSpec(
        "directory",
        "directory entry JSON",
        "entity id",
        "compact",
        ("administrators",),
        ("pipeline",),
        partitioned=False,
    ),
    TopicSpec("dead-letters", "raw bytes", "original key", "expire", ("pipeline",), ("operators",), partitioned=False),
    TopicSpec(
        "checkpoints",
        "signed evidence checkpoint",
        "log origin",
        "keep",
        ("pipeline",),
        ("anyone",),
        partitioned=False,
    ),
)
_BY_NAME = {spec.name: spec for spec in TOPICS}


def topic(name: str) -> TopicSpec:
    """The topic of that short name (without the prefix).

    Raises:
        KeyError: where the table has no such topic.
    """
    return _BY_NAME[name]
