import hashlib
import json
from datetime import UTC, datetime

import pytest

from schemas.errors import InvalidEventError
from schemas.event import Credential
from streams.formats import parse
from streams.formats.github import ANONYMOUS

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
MS = 1770091506789
APP = "GitHub App server-to-server token"
EVENT = {"@timestamp": MS, "_document_id": "doc-1", "action": "git.clone", "actor": "mona", "org": "acme"}


def raw_of(**changes):
    return json.dumps({name: value for name, value in (EVENT | changes).items() if value is not ...}).encode()


def parsed(**changes):
    return parse(raw_of(**changes))


def test_a_streamed_git_event_keeps_all_that_it_says():
    event = parsed(
        actor_id=7,
        actor_ip="203.0.113.9",
        actor_location={"country_code": "CH"},
        external_id="",
        hashed_token="hash=",
        programmatic_access_type="OAuth access token",
        repo="acme/web",
        repository="acme/web",
        repository_public=False,
        token_id=0,
        user="",
        user_agent="git/2.40",
    )
    assert json.loads(event.to_json()) == {
        "id": "doc-1",
        "time": "2026-02-03T04:05:06.789000Z",
        "actor": "mona",
        "actor_kind": "human",
        "action": "repo.clone",
        "resource": "acme/web",
        "source_ip": "203.0.113.9",
        "user_agent": "git/2.40",
        "outcome": "success",
        "source": "github",
        "credential": {"id": "hash=", "kind": "OAuth access token"},
        "attributes": {
            "github_action": "git.clone",
            "country_code": "CH",
            "org": "acme",
            "actor_id": "7",
            "repository_public": "false",
            "token_id": "0",
        },
    }


def test_an_old_rest_export_nests_its_details_under_data():
    nested = {"head_sha": "c0ffee", "workflow_run_id": 601, "event": "push", "action": "shadowed"}
    event = parsed(
        **{"@timestamp": ..., "_document_id": ...}, created_at=MS, data=nested, action="workflows.delete_workflow_run"
    )
    assert (event.time, event.commit, event.run_id) == (MOMENT, "c0ffee", "601")
    assert (event.action, event.attributes["github_action"]) == ("pipeline.delete", "workflows.delete_workflow_run")
    assert event.attributes["event"] == "push"


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param({"@timestamp": MS}, id="@timestamp"),
        pytest.param({"created_at": MS}, id="created_at"),
        pytest.param({"created_at": "2026-02-03T04:05:06.789Z"}, id="created_at as text"),
        pytest.param({"created_at": "2026-02-03 04:05:06.789 UTC"}, id="created_at as a CSV export writes it"),
        pytest.param({"at_sign_timestamp": MS}, id="at_sign_timestamp"),
        pytest.param({"at_sign_timestamp": str(MS)}, id="milliseconds as text"),
        pytest.param({"@timestamp": float(MS)}, id="milliseconds as a float"),
        pytest.param({"p_event_time": "2026-02-03 04:05:06.789"}, id="p_event_time"),
        pytest.param({"p_event_time": "2026-02-03T05:05:06.789+01:00"}, id="p_event_time with an offset"),
        pytest.param({"@timestamp": None, "created_at": MS}, id="null before a time"),
        pytest.param({"@timestamp": MS, "created_at": MS}, id="the same time twice"),
    ],
)
def test_a_time_is_understood_in_each_of_its_spellings(spelling):
    event = parsed(**({"@timestamp": ...} | spelling))
    assert event.time == MOMENT
    assert not {"@timestamp", "created_at", "at_sign_timestamp", "p_event_time"} & set(event.attributes)


@pytest.mark.parametrize(
    ("given", "actor", "kind"),
    [
        pytest.param({"actor": "mona"}, "mona", "human", id="person"),
        pytest.param({"actor": "renovate[bot]"}, "renovate[bot]", "service", id="bot by its name"),
        pytest.param({"actor": "ci", "actor_is_bot": True}, "ci", "service", id="bot by its mark"),
        pytest.param({"actor": "ci", "programmatic_access_type": APP}, "ci", "service", id="app by its token"),
        pytest.param({"actor": ..., "user_id": 0}, ANONYMOUS, "service", id="nobody"),
        pytest.param({"actor": ""}, ANONYMOUS, "service", id="empty actor"),
        pytest.param({"actor": None, "hashed_token": "h="}, "github:h=", "token", id="a token without a person"),
        pytest.param({"actor": "deploy_key", "repo": "acme/web"}, "deploy_key:acme/web", "token", id="deploy key"),
    ],
)
def test_an_actor_is_a_person_a_service_or_a_token(given, actor, kind):
    event = parsed(**given)
    assert (event.actor, event.actor_kind) == (actor, kind)


@pytest.mark.parametrize(
    ("given", "credential"),
    [
        pytest.param({"hashed_token": "h=", "token_id": 5}, Credential(id="h="), id="the fingerprint comes first"),
        pytest.param({"token_id": 5}, Credential(id="token_id:5"), id="token id"),
        pytest.param({"token_id": 0}, None, id="token id 0 is none"),
        pytest.param({"hashed_token": ""}, None, id="empty fingerprint"),
        pytest.param(
            {"token_id": 5, "programmatic_access_type": APP}, Credential(id="token_id:5", kind=APP), id="with its kind"
        ),
    ],
)
def test_a_credential_is_named_by_its_fingerprint(given, credential):
    assert parsed(**given).credential == credential


@pytest.mark.parametrize(
    ("given", "action", "outcome"),
    [
        pytest.param({"action": "git.push"}, "repo.push", "success", id="push"),
        pytest.param({"action": "workflows.created_workflow_run"}, "pipeline.run", "success", id="run"),
        pytest.param({"action": "workflows.pin_workflow"}, "pipeline.pin_workflow", "success", id="other workflow"),
        pytest.param(
            {"action": "protected_branch.policy_override"}, "protected_branch.policy_override", "success", id="theirs"
        ),
        pytest.param({"action": "user.failed_login"}, "login", "failure", id="failed login"),
        pytest.param({"action": "api.request", "status_code": 200}, "api.request", "success", id="200"),
        pytest.param({"action": "api.request", "status_code": "404"}, "api.request", "failure", id="404"),
        pytest.param({"action": "api.request", "status_code": 403}, "api.request", "denied", id="403"),
        pytest.param({"action": "api.request", "status_code": None}, "api.request", "success", id="no status"),
    ],
)
def test_an_action_has_one_name_and_an_outcome(given, action, outcome):
    event = parsed(**given)
    assert (event.action, event.outcome) == (action, outcome)


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        pytest.param({"repo": "acme/web"}, "acme/web", id="repo"),
        pytest.param({"repo": "", "repository": "acme/web"}, "acme/web", id="repository"),
        pytest.param({}, "acme", id="organisation"),
        pytest.param({"org": None, "business": "acme-inc"}, "acme-inc", id="enterprise"),
        pytest.param({"org": None}, "", id="none"),
    ],
)
def test_the_resource_is_the_narrowest_that_is_named(given, resource):
    assert parsed(**given).resource == resource


def test_without_an_id_the_bytes_name_the_event():
    raw = raw_of(_document_id=...)
    assert parse(raw).id == parse(raw).id == f"sha256:{hashlib.sha256(raw).hexdigest()}"


def test_a_grant_names_its_role():
    event = parsed(action="repo.add_member", permission="admin", user="octocat")
    assert (event.action, event.role, event.attributes["user"]) == ("role.grant", "admin", "octocat")


def test_an_address_that_is_none_is_kept_aside():
    event = parsed(actor_ip="hidden")
    assert (event.source_ip, event.attributes["actor_ip"]) == (None, "hidden")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"@timestamp": ...}, "time: none of", id="no time"),
        pytest.param({"@timestamp": 1770091506}, "time: is outside the years", id="seconds instead of milliseconds"),
        pytest.param({"@timestamp": 10**30}, "@timestamp: is outside the years", id="a time beyond all years"),
        pytest.param({"@timestamp": -5}, "@timestamp: is outside the years", id="before 1970"),
        pytest.param({"@timestamp": "9" * 5000}, "@timestamp: is outside the years", id="5,000 digits"),
        pytest.param({"@timestamp": True}, "@timestamp: must be milliseconds", id="truth for a time"),
        pytest.param({"@timestamp": "yesterday"}, "@timestamp: must be an RFC 3339", id="words for a time"),
        pytest.param({"@timestamp": {"$date": MS}}, "@timestamp: must be milliseconds", id="object for a time"),
        pytest.param({"action": ...}, "action: ", id="no action"),
        pytest.param({"action": 1}, "action: ", id="number for an action"),
        pytest.param({"actor": 1}, "actor: ", id="number for an actor"),
        pytest.param({"actor": "a" * 200_000}, "actor: ", id="200-kB actor"),
        pytest.param({"actor_ip": 1}, "actor_ip: ", id="number for an address"),
    ],
)
def test_an_invalid_event_is_refused_by_the_field_without_its_value(change, named):
    with pytest.raises(InvalidEventError) as caught:
        parsed(**change)
    assert str(caught.value).startswith(named)
    assert len(str(caught.value)) < 200
