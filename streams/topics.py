"""The topics of the table on the cluster: created where they are missing, set right where they differ."""

from __future__ import annotations

from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.errors import UnavailableError
from schemas.topics import TOPICS, TopicSpec
from streams.kafka import MAX_RECORD_BYTES, client_options, reaching
from streams.settings import Settings

__all__ = ["TopicChange", "apply_topics", "topic_identity"]

_THIRTEEN_MONTHS_MS = 396 * 24 * 3600 * 1000  # PCI DSS 10.5 asks for twelve; one more for the audit itself
_TOMBSTONES_MS = 24 * 3600 * 1000  # a local state that was away for half of it is read anew (streams/source/disk.py)


@dataclass(frozen=True, slots=True)
class TopicChange:
    """What ``apply_topics`` did, or found, for one topic: ``created``, ``unchanged``, ``updated`` or ``differs``."""

    topic: str
    partitions: int
    action: str
    detail: str = ""


def _config(spec: TopicSpec) -> dict[str, str]:
    """The broker's settings for a topic of the table."""
    config = {"max.message.bytes": str(MAX_RECORD_BYTES)}
    if spec.cleanup == "compact":
        # Small, quickly compacted segments: a restart reads the whole changelog.
        compact = {"cleanup.policy": "compact", "segment.bytes": str(64 * 1024 * 1024)}
        return config | compact | {"delete.retention.ms": str(_TOMBSTONES_MS)}
    retention = -1 if spec.cleanup == "keep" else _THIRTEEN_MONTHS_MS
    return config | {"cleanup.policy": "delete", "retention.ms": str(retention), "retention.bytes": "-1"}


def apply_topics(settings: Settings) -> list[TopicChange]:
    """Creates the topics that are missing and sets the others' configuration; never deletes, never shrinks.

    Raises:
        UnavailableError: where the cluster doesn't answer.
    """
    with reaching(settings):
        admin = KafkaAdminClient(**client_options(settings), client_id="airlock-admin")
        try:
            return _apply(admin, settings)
        finally:
            admin.close()


def topic_identity(settings: Settings, name: str) -> str:
    """What tells a topic of the table from any other, one of the same name that is created anew included.

    Raises:
        UnavailableError: where the cluster doesn't answer, or has no such topic.
    """
    topic = settings.topic(name)
    with reaching(settings):
        admin = KafkaAdminClient(**client_options(settings), client_id="airlock-admin")
        try:
            (entry,) = admin.describe_topics([topic])
            cluster = admin.describe_cluster()["cluster_id"]
        finally:
            admin.close()
    if entry["error_code"]:
        raise UnavailableError(f"there is no topic {topic}: run 'airlock topics apply' first")
    return f"{cluster}/{entry['topic_id']}"


def _wanted(settings: Settings) -> dict[str, tuple[int, dict[str, str]]]:
    many = settings.topics.partitions
    wanted = {settings.topic(spec.name): (many if spec.partitioned else 1, _config(spec)) for spec in TOPICS}
    events = wanted[settings.topic("events")]
    return wanted | {source: events for source in settings.sources if source not in wanted}


def _apply(admin: KafkaAdminClient, settings: Settings) -> list[TopicChange]:
    wanted = _wanted(settings)
    existing = {
        entry["name"]: len(entry["partitions"])
        for entry in admin.describe_topics()
        if entry["name"] in wanted and not entry["error_code"]
    }
    missing = {name: spec for name, spec in wanted.items() if name not in existing}
    if missing:
        replication = settings.topics.replication
        admin.create_topics(
            {
                name: {"num_partitions": partitions, "replication_factor": replication, "configs": config}
                for name, (partitions, config) in missing.items()
            }
        )
        admin.wait_for_topics(list(missing))
    changes = [TopicChange(name, partitions, "created") for name, (partitions, _) in missing.items()]
    return sorted(changes + _reconcile(admin, existing, wanted), key=lambda change: change.topic)


def _reconcile(
    admin: KafkaAdminClient, existing: dict[str, int], wanted: dict[str, tuple[int, dict[str, str]]]
) -> list[TopicChange]:
    if not existing:
        return []
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in existing]
    current = admin.describe_configs(resources, config_filter="all")["topic"]
    changes = []
    for name, has in existing.items():
        partitions, config = wanted[name]
        stale = {key: value for key, value in config.items() if current[name][key]["value"] != value}
        if stale:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=stale)])
        if has != partitions:
            detail = f"has {has} partitions, the settings ask for {partitions}"
            changes.append(TopicChange(name, has, "differs", detail))
        else:
            changes.append(TopicChange(name, has, "updated" if stale else "unchanged", ", ".join(sorted(stale))))
    return changes
