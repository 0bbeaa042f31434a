"""What is published while faults happen: simulated events with incidents and repeats, and poison, one in a hundred."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import count

from streams.simulate import SimulationSpec, simulate

__all__ = ["traffic"]

_ACTORS, _PER_DAY = 20, 430  # what twenty actors do on a day, roughly
_POISONED, _REPEATED = 100, 0.01


def traffic(events: int, seed: int) -> list[bytes]:
    """The bytes of ``events`` records, the same for the same arguments."""
    drawn = random.Random(seed)
    days = events // _PER_DAY + 2
    spec = SimulationSpec(seed=seed, days=days, actors=_ACTORS, incidents=4 * days, training=0.2)
    bad = _poison()
    records: list[bytes] = []
    for event in simulate(spec):
        records.append(event.raw)
        if len(records) % _POISONED == _POISONED - 1:
            records.append(next(bad))
        if drawn.random() < _REPEATED:  # a publisher that didn't hear the broker's answer
            records.append(drawn.choice(records[-50:]))
        if len(records) >= events:
            break
    return records[:events]


def _poison() -> Iterator[bytes]:
    for number in count():
        event = {"id": f"bad-{number}", "time": "2026-02-03T10:00:00Z", "actor": f"bad-{number % 7}", "action": "login"}
        yield json.dumps(event).encode()[:-9]
        yield json.dumps(event | {"actor": 7}).encode()
        yield b""
        yield b"\x00" * (number % 50 + 1)
        yield json.dumps(event | {"time": "1970-01-01T00:00:00Z"}).encode()
        yield b'{"hello": "world %d"}' % number
        yield b'{"id": "\xff\xfe%d"}' % number
        yield json.dumps(event | {"resource": "x" * 100_000}).encode()
