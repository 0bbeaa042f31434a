"""What makes one person's days different from another's, fitted to commit times of real people.

Of 210 people in public histories the best 10-hour window holds a median of 83 % of the work, a quarter holds less than
74 %, and a quarter reaches 90 %: people differ more than any one rule of working hours allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from streams.simulate.agents import BROWSERS, COMMAND_LINES, PHONES

__all__ = ["Persona", "draw_persona"]


@dataclass(frozen=True, slots=True)
class Persona:
    """Habits; hours are local, shares are probabilities."""

    start: float
    """When the day usually begins (h)."""
    length: float
    """How long it usually is (h)."""
    jitter: float
    """Standard deviation of the beginning (h)."""
    evening: float
    """Share of the work done in the evening."""
    stray: float
    """Share of the work done at any hour."""
    workday: float
    """Chance to work on a working day."""
    weekend: float
    """Chance to work on a day off."""
    tasks: float
    """Mean number of tasks on a day."""
    office: float
    """Share of working days at a desk, where the city has an office."""
    vpn: float
    """Share of sessions through the company's VPN."""
    private_vpn: float
    """Share of sessions through a commercial VPN."""
    phone: float
    """Share of tasks done on a phone."""
    roaming: float
    """Share of phone sessions that leave the carrier's network in another country."""
    explores: float
    """Share of tasks outside the team's repositories."""
    lease_days: int
    """How long the home line keeps its address."""
    browser: str
    command_line: str
    phone_browser: str


def draw_persona(rng: Random, nuisances: tuple[str, ...]) -> Persona:
    """A person; without the nuisances ``vpn_exit`` and ``roaming`` nobody has the habits that cause them."""
    scatter = rng.betavariate(0.9, 1.7)  # one trait moves all of them: some people are regular, some are not
    private = rng.random() < 0.045 and "vpn_exit" in nuisances
    roams = rng.random() < 0.06 and "roaming" in nuisances
    return Persona(
        start=rng.gauss(9.2, 1.2) + (rng.uniform(1, 5) if rng.random() < 0.1 else 0),
        length=rng.gauss(7.5, 1.1),
        jitter=0.3 + 2.7 * scatter,
        evening=0.5 * scatter * rng.random() + 0.01,
        stray=0.002 + 0.22 * scatter**2,
        workday=0.74 + 0.22 * rng.random(),
        weekend=rng.betavariate(0.45, 3.2),
        tasks=min(16.0, rng.lognormvariate(1.74, 0.5)),
        office=rng.choice((0.0, 0.15, 0.4, 0.6, 0.9)),
        vpn=rng.choice((0.0, 0.0, 0.1, 0.4, 0.8)),
        private_vpn=rng.uniform(0.02, 0.25) if private else 0.0,
        phone=rng.betavariate(1, 14),
        roaming=rng.uniform(0.05, 0.3) if roams else 0.0,
        explores=rng.betavariate(1.2, 22),
        lease_days=rng.choice((1, 3, 9, 30, 90)),
        browser=BROWSERS.pick(rng),
        command_line=COMMAND_LINES.pick(rng),
        phone_browser=PHONES.pick(rng),
    )
