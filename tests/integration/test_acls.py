"""Access rules on a real broker that has an authorizer, and on one that has none."""

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ResourcePatternFilter, ResourceType
from kafka.admin import ACLResourcePatternType as PatternType

from schemas.errors import UnavailableError
from streams.acls import apply_acls, wanted_acls
from streams.broker import EmbeddedBroker, config
from streams.kafka import client_options
from streams.settings import BrokerSettings, KafkaSettings, Settings, TopicSettings
from streams.topics import apply_topics

PRINCIPALS = {
    "publishers": ("User:ci",),
    "pipeline": ("User:airlock",),
    "reviewers": ("User:on-call",),
    "operators": ("User:ops",),
}
AUTHORIZER = """
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """Settings on a broker of its own that checks ACLs; whoever doesn't sign in is its super user."""
    properties = config.properties
    monkeypatch.setattr(config, "properties", lambda *arguments: properties(*arguments) + AUTHORIZER)
    broker = EmbeddedBroker(tmp_path, BrokerSettings(port=0))
    bootstrap = broker.start(print).bootstrap
    yield Settings(kafka=KafkaSettings(bootstrap=bootstrap), topics=TopicSettings(principals=PRINCIPALS))
    broker.stop()


def rules(settings):
    """All the cluster's ACLs, as (principal, operation, allowed or denied, kind of resource, its name)."""
    everything = ACLFilter(
        None,
        None,
        ACLOperation.ANY,
        ACLPermissionType.ANY,
        ResourcePatternFilter(ResourceType.ANY, None, PatternType.ANY),
    )
    admin = KafkaAdminClient(**client_options(settings))
    acls, _ = admin.describe_acls(everything)
    admin.close()
    return {
        (
            acl.principal,
            acl.operation.name,
            acl.permission_type.name,
            acl.resource_pattern.resource_type.name,
            acl.resource_pattern.resource_name,
        )
        for acl in acls
    }


def test_each_role_may_do_what_the_topic_table_says_and_nobody_may_rewrite_evidence(guarded, eventually):
    apply_topics(guarded)
    assert apply_acls(guarded) == len(wanted_acls(guarded))
    eventually(lambda: len(rules(guarded)) == len(wanted_acls(guarded)))  # a broker takes note a little later
    found = rules(guarded)
    assert {
        ("User:ci", "WRITE", "ALLOW", "TOPIC", "airlock.events"),
        ("User:airlock", "READ", "ALLOW", "TOPIC", "airlock.events"),
        ("User:airlock", "WRITE", "ALLOW", "TOPIC", "airlock.alerts"),
        ("User:on-call", "READ", "ALLOW", "TOPIC", "airlock.alerts"),
        ("User:on-call", "WRITE", "ALLOW", "TOPIC", "airlock.verdicts"),
        ("User:ops", "READ", "ALLOW", "TOPIC", "airlock.dead-letters"),
        ("User:*", "DELETE", "DENY", "TOPIC", "airlock.events"),
        ("User:*", "ALTER_CONFIGS", "DENY", "TOPIC", "airlock.verdicts"),
    } <= found
    assert ("User:ci", "READ", "ALLOW", "TOPIC", "airlock.events") not in found
    assert ("User:on-call", "WRITE", "ALLOW", "TOPIC", "airlock.alerts") not in found
    apply_acls(guarded)
    assert rules(guarded) == found


def test_a_cluster_that_checks_no_acls_is_told_in_one_sentence(settings):
    asked = settings.model_copy(update={"topics": TopicSettings(principals=PRINCIPALS)})
    with pytest.raises(UnavailableError, match="no authorizer"):
        apply_acls(asked)


def test_without_principals_nothing_is_asked_of_the_cluster():
    assert apply_acls(Settings()) == 0
