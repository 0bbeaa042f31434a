"""GitHub's audit log, as the REST API exports it and as it is streamed (GitHub docs, "Audit log events").

One record has many spellings: its time stands in one of four fields, as milliseconds or as text; old exports nest the
details under ``data``; an id, an actor and an address may each be missing.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

from schemas.errors import InvalidEventError
from streams.formats.fields import Envelope, Fields, as_text, check_time, cut_user_agent, take_address

__all__ = ["ACTIONS", "ANONYMOUS", "claims", "event_fields"]

ANONYMOUS = "github:anonymous"
"""The actor of an event that names none, such as the clone of a public repository. No login can have a colon."""

ACTIONS = {
    "git.clone": "repo.clone",
    "git.fetch": "repo.fetch",
    "git.push": "repo.push",
    "repo.download_zip": "repo.download",
    "user.login": "login",
    "user.failed_login": "login",
    "org.add_member": "role.grant",
    "org.update_member": "role.grant",
    "org.remove_member": "role.revoke",
    "repo.add_member": "role.grant",
    "repo.update_member": "role.grant",
    "repo.remove_member": "role.revoke",
    "team.add_member": "role.grant",
    "team.remove_member": "role.revoke",
    "business.add_admin": "role.grant",
    "business.remove_admin": "role.revoke",
    "workflows.created_workflow_run": "pipeline.run",
    "workflows.rerun_workflow_run": "pipeline.rerun",
    "workflows.completed_workflow_run": "pipeline.complete",
    "workflows.cancel_workflow_run": "pipeline.cancel",
    "workflows.delete_workflow_run": "pipeline.delete",
    "workflows.prepared_workflow_job": "pipeline.job",
    "workflows.approve_workflow_job": "pipeline.approve",
    "workflows.reject_workflow_job": "pipeline.reject",
    "org.create_actions_secret": "secret.write",
    "org.update_actions_secret": "secret.write",
    "org.remove_actions_secret": "secret.delete",
    "repo.create_actions_secret": "secret.write",
    "repo.update_actions_secret": "secret.write",
    "repo.remove_actions_secret": "secret.delete",
    "environment.create_actions_secret": "secret.write",
    "environment.update_actions_secret": "secret.write",
    "environment.remove_actions_secret": "secret.delete",
}
"""GitHub's names for what has a name of ours. All others keep GitHub's; ``workflows.`` becomes ``pipeline.``."""

_TIMES = ("@timestamp", "created_at", "at_sign_timestamp", "p_event_time")
_MARKS = frozenset({"actor_id", "actor_ip", "actor_is_bot", "actor_location", "repo", "repo_id", "repository"})
_MARKS |= {"business", "business_id", "org", "org_id", "operation_type", "user_id"}
_MARKS |= {"hashed_token", "programmatic_access_type", "token_id"}
_DEPLOY_KEY = "deploy_key"
_APP = "GitHub App server-to-server token"
_FAILURES = frozenset({"user.failed_login"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_2100_MS = 4_102_444_800_000
# GitHub's CSV exports and Panther write UTC without saying so.
_UNMARKED_UTC = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(?: UTC)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_IDENTIFIERS = {
    "session": ("session_id", "actor_session"),
    "on_behalf_of": ("on_behalf_of", "triggering_actor"),
    "commit": ("head_sha",),
    "run_id": ("workflow_run_id",),
    "deployment_id": ("deployment_id",),
    "environment": ("environment_name",),
}


def claims(fields: Fields, envelope: Envelope) -> bool:
    """Whether the object has GitHub's marks: its id, or a dotted action with a time and a field of GitHub's."""
    if "time" in fields:
        return False
    if "_document_id" in fields:
        return True
    action = fields.get("action")
    timed = envelope.time is not None or any(name in fields for name in _TIMES)
    return timed and isinstance(action, str) and "." in action and not _MARKS.isdisjoint(fields)


def event_fields(fields: Fields, raw: bytes, envelope: Envelope) -> Fields:
    """The event's fields; whatever GitHub says beyond them is kept as attributes.

    Raises:
        InvalidEventError: where the action or the time is missing, or a field is of the wrong type.
    """
    rest = _flattened(fields)
    attributes = dict(envelope.attributes)
    event: Fields = {"source": "github", "id": _id(rest, raw, envelope), "time": _time(rest, envelope)}
    event["action"], event["outcome"] = _action(rest, attributes)
    event["resource"] = _resource(rest)
    event["credential"] = _credential(rest)
    event["actor"], event["actor_kind"] = _actor(rest, event)
    event["source_ip"] = take_address(rest, "actor_ip", attributes)
    rest.pop("actor_ip", None)
    event["user_agent"] = cut_user_agent(rest.pop("user_agent", None))
    for name, spellings in _IDENTIFIERS.items():
        event[name] = next((_take(rest, spelling) for spelling in spellings if rest.get(spelling)), None)
    if event["action"].startswith("role."):
        event["role"] = _take(rest, "permission")
    _keep(rest, attributes)
    event["attributes"] = attributes
    return event


def _flattened(fields: Fields) -> Fields:
    nested = fields.get("data")
    if not isinstance(nested, dict):
        return dict(fields)
    return nested | {name: value for name, value in fields.items() if name != "data"}


def _take(rest: Fields, name: str) -> str | None:
    """Moves out a value that can name something; leaves any other where it is, to be kept as an attribute."""
    value = rest.get(name)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not 0 < len(text) <= 512 or _CONTROL.search(text):
        return None
    del rest[name]
    return text


def _id(rest: Fields, raw: bytes, envelope: Envelope) -> str:
    own = _take(rest, "_document_id") or envelope.id
    return own or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _time(rest: Fields, envelope: Envelope) -> datetime | str:
    name = next((name for name in _TIMES if rest.get(name) is not None), None)
    if name is None:
        if envelope.time is None:
            raise InvalidEventError(f"time: none of {', '.join(_TIMES)} is there")
        check_time(envelope.time, "time")
        return envelope.time
    value = rest.pop(name)
    for other in _TIMES:  # the same time in a second spelling says nothing new
        if rest.get(other) == value:
            del rest[other]
    return _moment(value, name)


def _moment(value: object, name: str) -> datetime | str:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, str):
        if unmarked := _UNMARKED_UTC.fullmatch(value):
            return f"{unmarked[1]}T{unmarked[2]}Z"
        check_time(value, name)
        return value
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidEventError(f"{name}: must be milliseconds since 1970, or an RFC 3339 time")
    if not 0 <= value < _YEAR_2100_MS:
        raise InvalidEventError(f"{name}: is outside the years 2000 to 2099")
    return _EPOCH + timedelta(milliseconds=value)


def _action(rest: Fields, attributes: dict[str, str]) -> tuple[str, str]:
    given = rest.pop("action", None)
    if not isinstance(given, str) or not given.strip():
        raise InvalidEventError("action: must be a string that says what was done")
    theirs = given.strip().lower()
    ours = ACTIONS.get(theirs)
    if ours is None:
        ours = f"pipeline.{theirs.removeprefix('workflows.')}" if theirs.startswith("workflows.") else theirs
    if ours != theirs:
        attributes["github_action"] = theirs
    return ours, "failure" if theirs in _FAILURES else _outcome(rest.get("status_code"))


def _outcome(status: object) -> str:
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status[:4])
    if not isinstance(status, int) or isinstance(status, bool) or status < 400:
        return "success"
    return "denied" if status in (401, 403) else "failure"


def _resource(rest: Fields) -> str:
    for name in ("repo", "repository", "org", "business"):
        value = rest.get(name)
        if isinstance(value, str) and value:
            del rest[name]
            if name == "repo" and rest.get("repository") == value:
                del rest["repository"]
            return value
    return ""


def _credential(rest: Fields) -> Fields | None:
    fingerprint = _take(rest, "hashed_token")
    if fingerprint is None and rest.get("token_id") not in (0, "0"):
        number = _take(rest, "token_id")
        fingerprint = number and f"token_id:{number}"
    if fingerprint is None:
        return None
    kind = rest.get("programmatic_access_type")
    return {"id": fingerprint, "kind": kind if isinstance(kind, str) and kind else None}


def _actor(rest: Fields, event: Fields) -> tuple[str, str]:
    """Who acted. A key or token without a person is an actor of its own, so that not all of them are one."""
    actor = rest.pop("actor", None)
    access = rest.pop("programmatic_access_type", None) if event["credential"] else rest.get("programmatic_access_type")
    bot = rest.get("actor_is_bot") is True or access == _APP
    if actor is not None and not isinstance(actor, str):
        raise InvalidEventError("actor: must be a string")
    if actor == _DEPLOY_KEY:
        return f"{_DEPLOY_KEY}:{event['resource']}", "token"
    if actor:
        return actor, "service" if bot or actor.endswith("[bot]") else "human"
    if event["credential"]:
        return f"github:{event['credential']['id']}"[:512], "token"
    return ANONYMOUS, "service"


def _keep(rest: Fields, attributes: dict[str, str]) -> None:
    location = rest.get("actor_location")
    if isinstance(location, dict) and isinstance(country := location.get("country_code"), str) and country:
        attributes["country_code"] = country
        if len(location) == 1:
            del rest["actor_location"]
    for name, value in rest.items():
        if value is not None and value != "":
            attributes.setdefault(name, value if isinstance(value, str) else as_text(value))
