"""Randomness that is the same on every machine: one independent generator for each named purpose.

Generators are derived by SHA-256 from the seed and a name, never by ``hash()``, whose result differs between processes.
A new actor or a new purpose therefore changes no other actor's draws.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from hashlib import sha256
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

__all__ = ["Weighted", "derive", "heavy_tail", "poisson", "zipf"]

T = TypeVar("T")


def derive(seed: int, *names: str | int) -> Random:
    """The generator for the purpose that ``names`` spell, reproducible from ``seed``."""
    material = "\x1f".join(str(part) for part in (seed, *names)).encode()
    return Random(int.from_bytes(sha256(material).digest()[:16], "big"))  # noqa: S311 - a simulation, not a secret


def poisson(rng: Random, mean: float) -> int:
    """A Poisson count (Knuth's product below 30, a rounded normal above, where the two can't be told apart)."""
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def heavy_tail(rng: Random, median: float, sigma: float, most: int) -> int:
    """A whole number of at least 1 from a log-normal, cut at ``most``: burst sizes are over-dispersed."""
    return max(1, min(most, round(rng.lognormvariate(math.log(median), sigma))))


class Weighted(Generic[T]):
    """A fixed choice among items by weight, one draw and one bisection each.

    >>> Weighted([("a", 1.0), ("b", 0.0)]).pick(derive(1, "doc"))
    'a'
    """

    __slots__ = ("_bounds", "items")

    def __init__(self, pairs: Sequence[tuple[T, float]]) -> None:
        self.items: tuple[T, ...] = tuple(item for item, _ in pairs)
        self._bounds = list(accumulate(weight for _, weight in pairs))

    def pick(self, rng: Random) -> T:
        """One item."""
        return self.items[min(bisect(self._bounds, rng.random() * self._bounds[-1]), len(self.items) - 1)]


def zipf(items: Sequence[T], exponent: float) -> Weighted[T]:
    """Popularity by a power law: the first item is the most popular."""
    return Weighted([(item, (rank + 1) ** -exponent) for rank, item in enumerate(items)])
