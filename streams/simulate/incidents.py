"""Planted attacks: one function a kind writes the attacker's events, before the stream begins and apart from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from streams.simulate.attack import TARGETS, Attack
from streams.simulate.journal import Journal
from streams.simulate.machines import Machine
from streams.simulate.origins import abroad, hosted, near_home, same_cloud, usual
from streams.simulate.people import Human
from streams.simulate.randomness import derive
from streams.simulate.spec import DAY, HOUR, MINUTE, SECOND, Difficulty, Incident, IncidentKind
from streams.simulate.wire import Draft, rfc3339
from streams.simulate.world import Actor, World

__all__ = ["KINDS", "Kind", "Order", "Planted", "carry_out", "plant"]


def _raid(attack: Attack, ip: str, count: int, over: int, own: float) -> None:
    begin = attack.start + 2 * MINUTE
    session = attack.login(begin, ip, attack.rng.randrange(4) if attack.difficulty == "easy" else 0)
    for at in attack.spread(count, over, begin + 10 * SECOND):
        attack.act(at, TARGETS.pick(attack.rng), attack.target(own), ip, session)


def takeover_abroad_loud(attack: Attack) -> None:
    """A stolen session abroad, used for all that it is worth."""
    ip = abroad(attack.world, attack.rng, attack.actor, attack.start, attack.difficulty)
    _raid(attack, ip, attack.size((30, 80), (18, 40), (12, 25)), attack.rng.randint(20, 90) * MINUTE, 0.25)


def takeover_abroad_quiet(attack: Attack) -> None:
    """A stolen session abroad, used a little and on the owner's own repositories."""
    ip = abroad(attack.world, attack.rng, attack.actor, attack.start, attack.difficulty)
    _raid(attack, ip, attack.size((6, 10), (4, 8), (2, 5)), attack.rng.randint(20, 150) * MINUTE, 0.7)


def takeover_home_night(attack: Attack) -> None:
    """Someone in the owner's country works while the owner sleeps."""
    attack.start = attack.tonight(0.8, 4.8)
    ip = near_home(attack.world, attack.rng, attack.actor, attack.start, attack.difficulty)
    _raid(attack, ip, attack.size((20, 45), (10, 22), (5, 10)), attack.rng.randint(25, 110) * MINUTE, 0.45)


def _use_token(attack: Attack, ip: str, over: int) -> None:
    count = attack.size((20, 60), (10, 25), (4, 10))
    for at in attack.spread(count, over):
        action = TARGETS.pick(attack.rng) if attack.rng.random() < 0.6 else "repo.clone"
        attack.act(at, action, attack.target({"easy": 0.2, "medium": 0.5, "hard": 0.8}[attack.difficulty]), ip)


def token_hosting_network(attack: Attack) -> None:
    """A leaked token tried out from a rented server."""
    _use_token(
        attack, hosted(attack.world, attack.rng, attack.actor, attack.difficulty), attack.rng.randint(5, 90) * MINUTE
    )


def token_same_cloud(attack: Attack) -> None:
    """A leaked token used from the very cloud that its owner runs in."""
    if isinstance(attack.actor, Machine):
        ip = same_cloud(attack.world, attack.rng, attack.actor, attack.difficulty)
        _use_token(attack, ip, attack.rng.randint(10, 120) * MINUTE)


def mass_clone(attack: Attack) -> None:
    """Every repository within reach is cloned."""
    away = attack.difficulty == "easy" and attack.rng.random() < 0.5
    ip = (
        hosted(attack.world, attack.rng, attack.actor, "medium")
        if away
        else usual(attack.rng, attack.actor, attack.start)
    )
    count = attack.size((90, 180), (40, 80), (16, 30))
    over = attack.size((8, 25), (20, 60), (60, 180)) * MINUTE
    for at in attack.spread(count, over):
        attack.act(at, "repo.clone", attack.target(0.1), ip)


def secret_burst(attack: Attack) -> None:
    """One secret after the other is read."""
    ip = usual(attack.rng, attack.actor, attack.start)
    session = attack.login(attack.start, ip) if isinstance(attack.actor, Human) else None
    count, over = attack.size((50, 110), (24, 50), (9, 18)), attack.size((5, 15), (15, 40), (40, 110)) * MINUTE
    for at in attack.spread(count, over, attack.start + 5 * SECOND):
        attack.act(
            at, "secret.read", attack.target({"easy": 0.1, "medium": 0.4, "hard": 0.7}[attack.difficulty]), ip, session
        )


def slow_exfiltration(attack: Attack) -> None:
    """A few repositories a day, day after day, in working hours and from the usual place."""
    first = (attack.start - attack.world.spec.start_ms) // DAY
    for day in range(first, first + attack.size((4, 6), (5, 9), (7, 12))):
        for _ in range(attack.size((9, 16), (5, 9), (2, 5))):
            at = attack.on_day(day, 9, 18.5)
            if at >= attack.start:
                attack.act(at, "repo.clone", attack.target(0.05), usual(attack.rng, attack.actor, at))


def deploy_storm(attack: Attack) -> None:
    """Deployments to production, one after the other."""
    ip = usual(attack.rng, attack.actor, attack.start)
    session = attack.login(attack.start, ip) if isinstance(attack.actor, Human) else None
    count, over = attack.size((30, 60), (15, 30), (7, 13)), attack.size((10, 25), (20, 50), (40, 100)) * MINUTE
    for at in attack.spread(count, over, attack.start + 5 * SECOND):
        if attack.rng.random() < 0.2:
            attack.act(at - SECOND, "pipeline.run", attack.target(0.5), ip, session)
        attack.act(at, "deploy", attack.target(0.6), ip, session)


def insider_odd_hours(attack: Attack) -> None:
    """The owner, from the usual place, at hours when nobody works, in others' repositories."""
    for _ in range(attack.size((1, 3), (1, 2), (1, 1))):
        begin = attack.tonight(0.6, 4.2)
        attack.start = begin + DAY // 2
        ip = usual(attack.rng, attack.actor, begin)
        session = attack.login(begin, ip)
        for at in attack.spread(attack.size((14, 30), (8, 14), (4, 8)), 80 * MINUTE, begin + 10 * SECOND):
            attack.act(at, TARGETS.pick(attack.rng), attack.target(0.35), ip, session)


def grant_new_network(attack: Attack) -> None:
    """A role is granted, then used from a network that the account never had."""
    at = attack.start + MINUTE
    ip = usual(attack.rng, attack.actor, at)
    attack.act(at, "role.grant", attack.target(0.5), ip, attack.login(at - 20 * SECOND, ip))
    later = at + attack.size((10, 90), (30, 300), (240, 1_380)) * MINUTE
    new = (
        abroad(attack.world, attack.rng, attack.actor, later, attack.difficulty)
        if attack.rng.random() < {"easy": 0.8, "medium": 0.4, "hard": 0.1}[attack.difficulty]
        else near_home(attack.world, attack.rng, attack.actor, later, "medium")
    )
    session = attack.login(later, new)
    for moment in attack.spread(attack.size((10, 25), (6, 12), (3, 6)), HOUR, later + 10 * SECOND):
        attack.act(moment, TARGETS.pick(attack.rng), attack.target(0.5), new, session)


class Kind(NamedTuple):
    """A kind of attack: who can suffer it (``human``, ``machine`` or ``any``), what writes it, and its days at most."""

    victims: str
    write: Callable[[Attack], None]
    days: float = 1.25


KINDS: dict[IncidentKind, Kind] = {
    "takeover_abroad_loud": Kind("human", takeover_abroad_loud),
    "takeover_abroad_quiet": Kind("human", takeover_abroad_quiet),
    "takeover_home_night": Kind("human", takeover_home_night),
    "token_hosting_network": Kind("any", token_hosting_network),
    "token_same_cloud": Kind("machine", token_same_cloud),
    "mass_clone": Kind("any", mass_clone),
    "secret_burst": Kind("any", secret_burst),
    "slow_exfiltration": Kind("human", slow_exfiltration, 8),
    "deploy_storm": Kind("any", deploy_storm),
    "insider_odd_hours": Kind("human", insider_odd_hours, 3),
    "grant_new_network": Kind("human", grant_new_network, 2),
}


class Order(NamedTuple):
    """What attack is to be planted: its name, kind and difficulty, on whom, from when on (ms)."""

    name: str
    kind: IncidentKind
    difficulty: Difficulty
    actor: Actor
    start: int


class Planted(NamedTuple):
    """An incident's label and its events."""

    label: Incident
    drafts: list[Draft]


def carry_out(world: World, order: Order) -> Planted:
    """The attack as ordered; what would happen after the stream's end is left out."""
    name, kind, difficulty, actor, start = order
    rng = derive(world.spec.seed, "incident", name, kind)
    attack = Attack(world, actor, difficulty, rng, start, Journal(actor.identity, rng, name))
    KINDS[kind].write(attack)
    drafts = sorted((d for d in attack.journal.drafts if d.at < world.spec.end_ms), key=lambda draft: draft.at)
    ids, times = tuple(draft.wire.id for draft in drafts), [draft.at for draft in drafts] or [start]
    return Planted(Incident(name, kind, difficulty, actor.id, rfc3339(times[0]), rfc3339(times[-1]), ids), drafts)


def plant(world: World) -> list[Planted]:
    """The incidents of the spec, each kind in its turn, on different actors while there are enough; by start."""
    planted, used = [], set[str]()
    for order in _orders(world, used):
        done = carry_out(world, order)
        if done.drafts:
            planted.append(done)
            used.add(order.actor.id)
    return sorted(planted, key=lambda one: one.label.start)


def _orders(world: World, used: set[str]) -> Iterator[Order]:
    spec, rng = world.spec, derive(world.spec.seed, "plant")
    kinds, levels = list(spec.kinds), len(spec.difficulties)
    rng.shuffle(kinds)
    for number in range(spec.planted):
        lap, place = divmod(number, len(kinds))
        kind, difficulty = kinds[place], spec.difficulties[(lap + place) % levels]
        latest = max(spec.training_ends_ms + HOUR, spec.end_ms - int(KINDS[kind].days * DAY))
        start = int(rng.uniform(spec.training_ends_ms, latest))
        able = [actor for actor in world.actors if _can_suffer(actor, KINDS[kind].victims, start)]
        if able:
            actor = rng.choice([actor for actor in able if actor.id not in used] or able)
            yield Order(f"inc-{number:03d}", kind, difficulty, actor, _begin(rng, actor, kind, difficulty, start))


def _can_suffer(actor: Actor, victims: str, start: int) -> bool:
    if actor.active_from + 7 * DAY > start and actor.active_from > actor.spec.start_ms:
        return False  # nobody can tell a stranger from a newcomer
    if isinstance(actor, Human):
        return victims != "machine"
    return victims != "human" and actor.has_address and actor.uses_token


def _begin(rng: Random, actor: Actor, kind: IncidentKind, difficulty: Difficulty, start: int) -> int:
    """Harder attackers keep to the owner's working hours, unless the hour is what their kind is about."""
    blends = rng.random() < {"easy": 0.25, "medium": 0.6, "hard": 0.95}[difficulty]
    if not blends or not isinstance(actor, Human) or kind in {"insider_odd_hours", "takeover_home_night"}:
        return start
    day = actor.day_of(start)
    usual_hour = actor.persona.start + rng.uniform(0.5, max(1.0, actor.persona.length - 0.5))
    at = actor.local_midnight(day) + int(usual_hour * HOUR)
    return at if actor.spec.training_ends_ms <= at < actor.spec.end_ms - 2 * HOUR else start
