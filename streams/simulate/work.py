"""What people and machines do: tasks as short sequences of events, with their usual gaps, failures and repeats."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from streams.simulate.journal import Extras
from streams.simulate.randomness import Weighted, heavy_tail, zipf
from streams.simulate.spec import MINUTE, SECOND

__all__ = [
    "HUMAN_TASKS",
    "LEAD_TASKS",
    "SECRETS",
    "Pick",
    "Step",
    "Task",
    "bulk_clone",
    "deliver",
    "page",
    "rotate_secrets",
    "ship",
]

Pick = Callable[[Random], str]
"""Chooses a repository."""

SECRETS = zipf(
    (
        "deploy-key",
        "db-password",
        "registry-token",
        "signing-key",
        "api-token",
        "webhook-secret",
        "cloud-role",
        "tls-key",
    ),
    0.9,
)
_STAGES = Weighted([("staging", 6), ("production", 4)])
_PIPELINES = zipf(("build", "test", "release", "nightly"), 1.2)
_ROLES = Weighted([("developer", 6), ("maintainer", 3), ("reporter", 2), ("admin", 1)])


class Step(NamedTuple):
    """One event of a task, ``gap`` ms after the one before; ``tool`` is ``cli`` or ``web``."""

    gap: int
    action: str
    resource: str
    tool: str
    extras: Extras


Task = Callable[[Random, Pick], list[Step]]


def _gap(rng: Random, mean: int) -> int:
    return 800 + int(rng.expovariate(1 / mean))


def _hex(rng: Random, bits: int) -> str:
    return f"{rng.getrandbits(bits):0{bits // 4}x}"


def _outcome(rng: Random, failures: float, denials: float = 0.004) -> str:
    draw = rng.random()
    return "failure" if draw < failures else "denied" if draw < failures + denials else "success"


def _run(rng: Random, repository: str, commit: str | None = None) -> Step:
    extras: Extras = {"outcome": _outcome(rng, 0.14), "run_id": str(rng.getrandbits(34)), "commit": commit}
    return Step(_gap(rng, 40 * SECOND), "pipeline.run", f"{repository}/pipelines/{_PIPELINES.pick(rng)}", "web", extras)


def fetch(rng: Random, pick: Pick) -> list[Step]:
    """Getting up to date: a few clones."""
    return [
        Step(_gap(rng, 50 * SECOND), "repo.clone", pick(rng), "cli", {"outcome": _outcome(rng, 0.01, 0.008)})
        for _ in range(heavy_tail(rng, 1.4, 0.7, 12))
    ]


def deliver(rng: Random, pick: Pick) -> list[Step]:
    """A change: pushes, each with its pipeline."""
    repository, steps = pick(rng), []
    if rng.random() < 0.3:
        steps.append(Step(_gap(rng, 90 * SECOND), "repo.clone", repository, "cli", {}))
    for _ in range(heavy_tail(rng, 1.3, 0.6, 10)):
        commit = _hex(rng, 160)
        steps.append(
            Step(
                _gap(rng, 4 * MINUTE),
                "repo.push",
                repository,
                "cli",
                {"outcome": _outcome(rng, 0.03), "commit": commit},
            )
        )
        if rng.random() < 0.55:
            steps.append(_run(rng, repository, commit))
    return steps


def debug(rng: Random, pick: Pick) -> list[Step]:
    """A pipeline that won't go green: edits and runs, again and again."""
    repository, steps = pick(rng), []
    for _ in range(heavy_tail(rng, 3, 0.8, 25)):
        if rng.random() < 0.35:
            resource = f"{repository}/pipelines/{_PIPELINES.pick(rng)}"
            steps.append(Step(_gap(rng, 3 * MINUTE), "pipeline.edit", resource, "web", {"commit": _hex(rng, 160)}))
        steps.append(_run(rng, repository))
    return steps


def ship(rng: Random, pick: Pick) -> list[Step]:
    """A deployment, tried again until it works, now and then in several places."""
    repository, steps = pick(rng), [_run(rng, pick(rng))]
    if rng.random() < 0.4:
        steps.append(_secret(rng, repository))
    stage = _STAGES.pick(rng)
    for _ in range(heavy_tail(rng, 1.2, 0.7, 14)):
        outcome = _outcome(rng, 0.08)
        extras: Extras = {"outcome": outcome, "environment": stage, "deployment_id": f"d-{rng.getrandbits(36)}"}
        steps.append(Step(_gap(rng, 5 * MINUTE), "deploy", repository, "web", extras))
        if outcome == "success" and stage == "staging":
            stage = "production"
    return steps


def _secret(rng: Random, repository: str) -> Step:
    resource = f"{repository}/secrets/{SECRETS.pick(rng)}"
    return Step(_gap(rng, 30 * SECOND), "secret.read", resource, "web", {"outcome": _outcome(rng, 0.01, 0.015)})


def look_up(rng: Random, pick: Pick) -> list[Step]:
    """Reading a few secrets, of one repository mostly."""
    repository = pick(rng)
    return [_secret(rng, repository) for _ in range(heavy_tail(rng, 1.6, 0.7, 12))]


def administer(rng: Random, pick: Pick) -> list[Step]:
    """A lead's paperwork: access asked for and granted."""
    steps = []
    for _ in range(heavy_tail(rng, 1.2, 0.5, 6)):
        action = "role.grant" if rng.random() < 0.4 else "access.request"
        steps.append(Step(_gap(rng, 2 * MINUTE), action, pick(rng), "web", {"role": _ROLES.pick(rng)}))
    return steps


def ask(rng: Random, pick: Pick) -> list[Step]:
    """Asking for access to something."""
    return [Step(_gap(rng, MINUTE), "access.request", pick(rng), "web", {"role": _ROLES.pick(rng)})]


def bulk_clone(rng: Random, pick: Pick) -> list[Step]:
    """A new laptop or a first week: everything is cloned at once."""
    repositories = {pick(rng): None for _ in range(heavy_tail(rng, 22, 0.5, 70))}
    return [
        Step(_gap(rng, 25 * SECOND), "repo.clone", name, "cli", {"outcome": _outcome(rng, 0.01)})
        for name in repositories
    ]


def rotate_secrets(rng: Random, pick: Pick) -> list[Step]:
    """A rotation: many secrets read in an hour or two."""
    return [_secret(rng, pick(rng)) for _ in range(heavy_tail(rng, 24, 0.45, 80))]


def page(rng: Random, pick: Pick) -> list[Step]:
    """An alarm at night: looking, reading secrets, rolling back."""
    return fetch(rng, pick) + look_up(rng, pick) + debug(rng, pick)[:6] + ship(rng, pick)


HUMAN_TASKS: Weighted[Task] = Weighted([(fetch, 34), (deliver, 36), (debug, 9), (ship, 9), (look_up, 7), (ask, 3)])
LEAD_TASKS: Weighted[Task] = Weighted(
    [(fetch, 26), (deliver, 22), (debug, 6), (ship, 16), (look_up, 9), (administer, 14), (ask, 2)]
)
