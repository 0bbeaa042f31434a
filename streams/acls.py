"""Who may do what on the cluster: Kafka ACLs that follow from the topic table and from who plays which role.

Nobody but a super user may delete a topic that is kept for ever, cut its records or change its settings: an explicit
denial outweighs every allowance (Kafka's ``StandardAuthorizer``).
"""

from __future__ import annotations

from collections.abc import Iterator

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import SecurityDisabledError

from schemas.errors import UnavailableError
from schemas.topics import TOPICS, Role
from streams.kafka import client_options, reaching
from streams.settings import Settings

__all__ = ["apply_acls", "wanted_acls"]

_READ = (ACLOperation.READ, ACLOperation.DESCRIBE)
_WRITE = (ACLOperation.WRITE, ACLOperation.DESCRIBE)
_PREFIXED = ACLResourcePatternType.PREFIXED


def apply_acls(settings: Settings) -> int:
    """Creates the ACLs that the settings' principals ask for, and returns how many; creating one again changes nothing.

    Raises:
        UnavailableError: where the cluster doesn't answer, or has no authorizer.
    """
    acls = wanted_acls(settings)
    if not acls:
        return 0
    with reaching(settings):
        admin = KafkaAdminClient(**client_options(settings), client_id="airlock-admin")
        try:
            refused = admin.create_acls(acls)["failed"]
        finally:
            admin.close()
    if SecurityDisabledError in refused:
        raise UnavailableError("the cluster has no authorizer, so it can't hold the ACLs of topics.principals")
    if refused:
        why = refused[0].__name__
        raise UnavailableError(f"the cluster refused {len(refused)} of {len(acls)} ACLs ({why}): are you a super user?")
    return len(acls)


def wanted_acls(settings: Settings) -> list[ACL]:
    """One ACL per principal, operation and resource, however many roles ask for it."""
    return list(dict.fromkeys(_acls(settings)))


def _acls(settings: Settings) -> Iterator[ACL]:
    for role, principals in settings.topics.principals.items():
        for principal in principals:
            yield from _role_acls(settings, role, principal)
    if settings.topics.principals:
        yield from _denials(settings)


def _role_acls(settings: Settings, role: Role, principal: str) -> Iterator[ACL]:
    for spec in TOPICS:
        name = settings.topic(spec.name)
        if role in spec.writers or "anyone" in spec.writers:
            yield from _allow(principal, _WRITE, ResourceType.TOPIC, name)
        if role in spec.readers or "anyone" in spec.readers:
            yield from _allow(principal, _READ, ResourceType.TOPIC, name)
    yield from _allow(principal, (ACLOperation.READ,), ResourceType.GROUP, settings.topic(role), _PREFIXED)
    if role == "pipeline":
        yield from _pipeline_acls(settings, principal)
    elif role == "operators":
        yield from _retry_acls(settings, principal)


def _pipeline_acls(settings: Settings, principal: str) -> Iterator[ACL]:
    prefix = f"{settings.topics.prefix}."
    for source in settings.sources:
        yield from _allow(principal, _READ, ResourceType.TOPIC, source)
    yield from _allow(principal, (ACLOperation.READ,), ResourceType.GROUP, prefix, _PREFIXED)
    yield from _allow(principal, _WRITE, ResourceType.TRANSACTIONAL_ID, prefix, _PREFIXED)
    # Faust elects the worker that keeps the baselines through a topic of its own.
    own = (ACLOperation.CREATE, ACLOperation.READ, ACLOperation.WRITE, ACLOperation.DESCRIBE)
    yield from _allow(principal, own, ResourceType.TOPIC, settings.topic("app"), _PREFIXED)


def _retry_acls(settings: Settings, principal: str) -> Iterator[ACL]:
    """To send dead letters again: back to where they came from, in a transaction that notes which have been."""
    for source in (settings.topic("events"), *settings.sources):
        yield from _allow(principal, _WRITE, ResourceType.TOPIC, source)
    yield from _allow(principal, (ACLOperation.READ,), ResourceType.GROUP, settings.topic("dead-letters"), _PREFIXED)
    yield from _allow(principal, _WRITE, ResourceType.TRANSACTIONAL_ID, settings.topic("dead-letters"), _PREFIXED)


def _denials(settings: Settings) -> Iterator[ACL]:
    forbidden = (ACLOperation.DELETE, ACLOperation.ALTER, ACLOperation.ALTER_CONFIGS)
    for name in (settings.topic(spec.name) for spec in TOPICS if spec.cleanup == "keep"):
        for operation in forbidden:
            pattern = ResourcePattern(ResourceType.TOPIC, name)
            yield ACL("User:*", "*", operation, ACLPermissionType.DENY, pattern)


def _allow(
    principal: str,
    operations: tuple[ACLOperation, ...],
    resource: ResourceType,
    name: str,
    pattern_type: ACLResourcePatternType = ACLResourcePatternType.LITERAL,
) -> Iterator[ACL]:
    for operation in operations:
        pattern = ResourcePattern(resource, name, pattern_type)
        yield ACL(principal, "*", operation, ACLPermissionType.ALLOW, pattern)
