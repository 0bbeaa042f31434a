"""The demonstration's story: two quiet weeks of a small company, then three attacks that anyone would want to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.errors import UsageError
from streams.simulate.addresses import packaged_addresses
from streams.simulate.attack import Attack
from streams.simulate.journal import Journal
from streams.simulate.machines import Machine
from streams.simulate.origins import abroad, hosted
from streams.simulate.people import Human
from streams.simulate.randomness import derive
from streams.simulate.spec import HOUR, MINUTE, SECOND, SimulatedEvent, SimulationSpec
from streams.simulate.stream import Simulation
from streams.simulate.wire import Draft, encode
from streams.simulate.world import World

__all__ = ["Story", "StoryAttack", "demo_story"]

_DAYS = 14
_SEEDS = 400  # a few are enough to find a company with somebody asleep and somebody awake at any hour


@dataclass(frozen=True, slots=True)
class StoryAttack:
    """One attack: what it is in a few words, who suffers it, and its events by time."""

    title: str
    actor: str
    events: tuple[SimulatedEvent, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """``quiet`` events by arrival, up to an hour before the end; then ``attacks``, one after the other."""

    quiet: tuple[SimulatedEvent, ...]
    attacks: tuple[StoryAttack, ...]


@dataclass(frozen=True, slots=True)
class _Cast:
    world: World
    awake: Human
    asleep: Human
    token: Machine


def demo_story(end: datetime, *, actors: int = 12) -> Story:
    """The story that ends at ``end`` (aware): the same for the same moment.

    Raises:
        UsageError: where ``end`` lies outside the years that can be simulated, or ``actors`` are too few for a story.
    """
    end_ms = int(end.astimezone(UTC).timestamp()) * SECOND
    run, cast = _cast(end, end_ms, actors)
    quiet = tuple(event for event in run.events() if event.at < end_ms - HOUR)
    attacks = (
        _takeover(cast, end_ms - 52 * MINUTE),
        _clones(cast, end_ms - 30 * MINUTE),
        _night(cast, end_ms - 14 * MINUTE),
    )
    return Story(quiet, attacks)


def _cast(end: datetime, end_ms: int, actors: int) -> tuple[Simulation, _Cast]:
    start = (end.astimezone(UTC) - timedelta(days=_DAYS)).date()
    for seed in range(1, _SEEDS):
        run = Simulation(
            SimulationSpec(seed, _DAYS + 1, actors, start, incidents=0, nuisances=()), packaged_addresses()
        )
        humans = [
            h for h in run.world.humans if h.persona.stray < 0.03 and h.persona.evening < 0.12 and _is_home(h, end_ms)
        ]
        awake = [h for h in humans if 9 <= _local_hour(h, end_ms) < 19]
        asleep = [h for h in humans if 0.5 <= _local_hour(h, end_ms) < 5.5]
        tokens = [m for m in run.world.machines if m.identity.kind == "token" and m.has_address and m.role == "cron"]
        if awake and asleep and tokens:
            return run, _Cast(run.world, awake[0], asleep[0], tokens[0])
    raise UsageError(f"A story of {actors} actors can't be told: take more of them.")


def _is_home(human: Human, at: int) -> bool:
    return human.itinerary.on(human.day_of(at)).why == "home"


def _local_hour(human: Human, at: int) -> float:
    return (at - human.local_midnight(human.day_of(at))) / HOUR % 24


def _published(drafts: list[Draft]) -> tuple[SimulatedEvent, ...]:
    drafts = sorted(drafts, key=lambda draft: draft.at)
    return tuple(
        SimulatedEvent(d.at + 300, d.wire.id, d.at, d.wire.actor, encode(d.wire), d.incident or "story") for d in drafts
    )


def _takeover(cast: _Cast, at: int) -> StoryAttack:
    attack = _attack(cast.world, cast.awake, at, "story-1")
    ip = abroad(cast.world, attack.rng, cast.awake, at, "easy")
    session = attack.login(at, ip)
    repositories = cast.world.organisation.repositories
    for number in range(60):
        action = ("secret.read", "repo.clone", "pipeline.run")[number % 3]
        attack.act(at + (number + 1) * 16 * SECOND, action, repositories[number // 3 % len(repositories)], ip, session)
    return StoryAttack("a stolen session is used from abroad", cast.awake.id, _published(attack.journal.drafts))


def _clones(cast: _Cast, at: int) -> StoryAttack:
    attack = _attack(cast.world, cast.token, at, "story-2")
    ip = hosted(cast.world, attack.rng, cast.token, "easy")
    repositories = cast.world.organisation.repositories
    for number, repository in enumerate(repositories):
        attack.act(at + number * 12 * MINUTE // len(repositories), "repo.clone", repository, ip)
    title = "a leaked token clones every repository from a rented server"
    return StoryAttack(title, cast.token.id, _published(attack.journal.drafts))


def _night(cast: _Cast, at: int) -> StoryAttack:
    attack = _attack(cast.world, cast.asleep, at, "story-3")
    ip = cast.asleep.home_address(cast.asleep.day_of(at))
    session = attack.login(at, ip)
    for number in range(40):
        action = "deploy" if number >= 30 else "secret.read"
        attack.act(at + (number + 1) * 15 * SECOND, action, attack.target(0.5), ip, session)
    title = "secrets are read and production is deployed in the dead of night"
    return StoryAttack(title, cast.asleep.id, _published(attack.journal.drafts))


def _attack(world: World, actor: Human | Machine, at: int, name: str) -> Attack:
    rng = derive(world.spec.seed, name)
    return Attack(world, actor, "easy", rng, at, Journal(actor.identity, rng, name))
