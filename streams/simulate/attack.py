"""An attack in the making: the verbs that every kind of incident is written with."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from streams.simulate.journal import Extras, Journal
from streams.simulate.machines import Machine
from streams.simulate.origins import agent_of
from streams.simulate.people import Human
from streams.simulate.randomness import Weighted
from streams.simulate.spec import DAY, HOUR, SECOND, Difficulty
from streams.simulate.work import SECRETS
from streams.simulate.world import Actor, World

__all__ = ["TARGETS", "Attack"]

TARGETS = Weighted([("repo.clone", 50), ("secret.read", 24), ("pipeline.run", 12), ("pipeline.edit", 6), ("deploy", 8)])


@dataclass(slots=True)
class Attack:
    """One attack in the making."""

    world: World
    actor: Actor
    difficulty: Difficulty
    rng: Random
    start: int
    journal: Journal
    _agents: dict[str, str] = field(default_factory=dict)

    def size(self, easy: tuple[int, int], medium: tuple[int, int], hard: tuple[int, int]) -> int:
        """How many events, by difficulty."""
        return self.rng.randint(*{"easy": easy, "medium": medium, "hard": hard}[self.difficulty])

    def stranger(self) -> str:
        """A repository of the company's, seldom one of the actor's."""
        repositories = self.world.organisation.repositories
        return repositories[int(self.rng.random() * len(repositories))]

    def target(self, own: float) -> str:
        """A repository: with chance ``own`` one that the actor works in."""
        return self.actor.own.pick(self.rng) if self.rng.random() < own else self.stranger()

    def spread(self, count: int, over: int, start: int | None = None) -> list[int]:
        """``count`` times within ``over`` ms, in bursts as a person at a keyboard or a script makes them."""
        first = self.start if start is None else start
        return sorted(first + int(over * self.rng.random() ** 1.4) for _ in range(count))

    def agent(self, tool: str) -> str:
        """What the attacker works with: one browser and one command line from beginning to end."""
        if tool not in self._agents:
            self._agents[tool] = agent_of(self.rng, self.actor, tool, self.difficulty)
        return self._agents[tool]

    def login(self, at: int, ip: str | None, failures: int = 0) -> str:
        """Signing in; the session's id."""
        agent, session = self.agent("web"), f"s-{self.rng.getrandbits(48):012x}"
        for number in range(failures):
            self.journal.write(
                at - (failures - number) * 20 * SECOND, "login", "acme", ip, agent, {"outcome": "failure"}
            )
        self.journal.write(at, "login", "acme", ip, agent, {"session": session})
        return session

    def act(self, at: int, action: str, repository: str, ip: str | None, session: str | None = None) -> None:
        """One event of the attacker's."""
        rng, denied = self.rng, {"easy": 0.12, "medium": 0.05, "hard": 0.01}[self.difficulty]
        tool = "cli" if action.startswith("repo.") else "web"
        extras: Extras = {"outcome": "denied" if rng.random() < denied else "success"}
        if tool == "cli" or isinstance(self.actor, Machine):
            extras["credential"] = self.actor.credential_at(at)
        else:
            extras["session"] = session
        resource = repository
        if action.startswith("pipeline."):
            resource, extras["run_id"] = f"{repository}/pipelines/build", str(rng.getrandbits(34))
        elif action == "secret.read":
            resource = f"{repository}/secrets/{SECRETS.pick(rng)}"
        elif action == "deploy":
            extras["environment"], extras["deployment_id"] = "production", f"d-{rng.getrandbits(36)}"
        elif action == "role.grant":
            extras["role"] = "admin"
        self.journal.write(at, action, resource, ip, self.agent(tool), extras)

    def tonight(self, low: float, high: float) -> int:
        """The first time from the start on that lies between two hours of the actor's local day (ms)."""
        day = (self.start - self.world.spec.start_ms) // DAY
        times = (self.on_day(day + later, low, high) for later in (0, 1, 2))
        return next((at for at in times if at >= self.start), self.start)

    def on_day(self, day: int, low: float, high: float) -> int:
        """A time on ``day`` between two hours of the actor's local day (ms)."""
        hour = int(self.rng.uniform(low, high) * HOUR)
        if isinstance(self.actor, Human):
            return self.actor.local_midnight(day) + hour
        return self.world.spec.start_ms + day * DAY + hour
