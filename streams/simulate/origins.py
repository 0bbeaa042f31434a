"""Where attackers come from: the same providers, countries and tools as everybody else's."""

from __future__ import annotations

from random import Random

from streams.simulate.agents import BROWSERS, COMMAND_LINES, TOOLS
from streams.simulate.machines import Machine
from streams.simulate.people import Human
from streams.simulate.randomness import Weighted
from streams.simulate.spec import Difficulty
from streams.simulate.world import Actor, World

__all__ = ["abroad", "agent_of", "hosted", "near_home", "same_cloud", "usual"]

_ABROAD = Weighted([("residential", 45), ("hosting", 25), ("vpn", 22), ("mobile", 8)])


def home_of(world: World, actor: Actor, at: int) -> str:
    """The country in which the actor mostly is at ``at``."""
    if isinstance(actor, Human):
        return actor.itinerary.on(actor.day_of(at)).city.country
    return actor.lines[0].provider.country


def abroad(world: World, rng: Random, actor: Actor, at: int, difficulty: Difficulty) -> str:
    """An address in another country; the harder, the likelier one where colleagues are."""
    book, home = world.organisation.book, home_of(world, actor, at)
    colleagues = [office.city.country for office in world.organisation.offices if office.city.country != home]
    strangers = [c for c in book.countries if c != home and c not in colleagues]
    familiar = rng.random() < {"easy": 0.1, "medium": 0.45, "hard": 0.8}[difficulty]
    country = rng.choice(colleagues if familiar and colleagues else strangers)
    return book.provider(rng, country, _ABROAD.pick(rng)).line(rng).lease(rng)


def near_home(world: World, rng: Random, actor: Actor, at: int, difficulty: Difficulty) -> str:
    """An address in the actor's own country; on the hard ones on the same provider."""
    if isinstance(actor, Human) and difficulty == "hard":
        return actor.itinerary.on(actor.day_of(at)).line.provider.line(rng).lease(rng)
    kind = {"easy": "vpn", "medium": "residential", "hard": "residential"}[difficulty]
    return world.organisation.book.provider(rng, home_of(world, actor, at), kind).line(rng).lease(rng)


def hosted(world: World, rng: Random, actor: Actor, difficulty: Difficulty) -> str:
    """An address at a hoster that the actor doesn't use; on the hard ones one of the company's clouds."""
    book = world.organisation.book
    own = actor.cloud if isinstance(actor, Machine) else 0
    rented = [asn for asn in world.organisation.clouds.items if asn != own]
    if difficulty == "hard" and rented:
        return world.organisation.cloud_line(rng, rng.choice(rented)).lease(rng)
    while True:
        provider = book.provider(rng, rng.choice(book.countries_with("hosting")), "hosting")
        if provider.asn != own and (difficulty == "medium" or provider.asn not in rented):
            return provider.line(rng, only_v4=True).lease(rng)


def same_cloud(world: World, rng: Random, actor: Machine, difficulty: Difficulty) -> str:
    """Another customer's address in the actor's cloud: in the same region unless it is easy."""
    organisation, line = world.organisation, actor.lines[0]
    elsewhere = [c for c in organisation.cloud_countries(actor.cloud) if c != line.provider.country]
    if difficulty == "easy" and elsewhere:
        return organisation.cloud_line(rng, actor.cloud, rng.choice(elsewhere)).lease(rng)
    if difficulty == "hard":
        return line.lease(rng)
    return line.provider.line(rng, only_v4=True).lease(rng)


def usual(rng: Random, actor: Actor, at: int) -> str | None:
    """An address of the actor's own: the attacker is an insider, or sits on the actor's machine."""
    return actor.usual_address(rng, at) if isinstance(actor, Human) else actor.address(rng, at)


def agent_of(rng: Random, actor: Actor, tool: str, difficulty: Difficulty) -> str:
    """A user agent: the actor's own on most hard attacks, a common one otherwise."""
    if rng.random() < {"easy": 0.15, "medium": 0.4, "hard": 0.75}[difficulty]:
        if isinstance(actor, Machine):
            return actor.agent
        return actor.persona.command_line if tool == "cli" else actor.persona.browser
    return (TOOLS if rng.random() < 0.4 else COMMAND_LINES if tool == "cli" else BROWSERS).pick(rng)
