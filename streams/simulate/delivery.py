"""From happening to publishing: network delay, outages, retries and wrong clocks."""

from __future__ import annotations

import math
from random import Random

from streams.simulate.people import Note
from streams.simulate.randomness import derive
from streams.simulate.spec import DAY, HOUR, MAX_LATENESS, MINUTE, SECOND, SimulatedEvent, SimulationSpec
from streams.simulate.wire import Draft, encode, rfc3339

__all__ = ["Delivery"]

_PUBLISHERS = 5
_LATE, _DUPLICATE = 0.004, 0.002  # shares of all events on a good day


class Delivery:
    """How each actor's events reach the stream. An actor's publisher is one of five; each has its outages."""

    def __init__(self, spec: SimulationSpec, actors: tuple[str, ...], note: Note) -> None:
        self.spec = spec
        self.late = "late" in spec.nuisances
        self.duplicates = "duplicates" in spec.nuisances
        self._publisher = {actor: derive(spec.seed, "publisher", actor).randrange(_PUBLISHERS) for actor in actors}
        self._outages = [self._plan_outages(number) for number in range(_PUBLISHERS)]
        self._skews: dict[str, tuple[int, int, int]] = {}
        self._note_outages(actors, note)
        if "clock_skew" in spec.nuisances:
            self._skew_clocks(actors, note)

    def publish(self, drafts: list[Draft], rng: Random) -> list[SimulatedEvent]:
        """The drafts of one actor as they are published, retries included, in no particular order."""
        published: list[SimulatedEvent] = []
        for draft in drafts:
            wire, at = draft.wire, draft.at
            skew = self._skews.get(wire.actor)
            if skew is not None and skew[0] <= at < skew[1]:
                wire.time = rfc3339(at + skew[2])
            draw, arrival = rng.random(), at + 150 + int(-math.log(1.0 - rng.random()) * 1_200)
            if self.late and draw < _LATE:
                arrival += int(min(2 * HOUR, rng.lognormvariate(math.log(8 * MINUTE), 1.1)))
            arrival, retried = self._hold_back(wire.actor, at, arrival, rng)
            event = SimulatedEvent(arrival, wire.id, at, wire.actor, encode(wire), draft.incident)
            published.append(event)
            if self.duplicates and (1.0 - draw < _DUPLICATE or retried):
                again = min(arrival + 2 * SECOND + int(rng.expovariate(1 / (40 * SECOND))), at + MAX_LATENESS)
                published.append(SimulatedEvent(again, wire.id, at, wire.actor, event.raw, draft.incident))
        return published

    def _hold_back(self, actor: str, at: int, arrival: int, rng: Random) -> tuple[int, bool]:
        for start, end in self._outages[self._publisher[actor]]:
            if start <= at < end:
                return max(arrival, end + int(rng.random() * 5 * MINUTE)), rng.random() < 0.06
        return arrival, False

    def _plan_outages(self, publisher: int) -> list[tuple[int, int]]:
        rng = derive(self.spec.seed, "outages", publisher)
        planned = []
        for month in range(0, self.spec.days, 30):
            start = self.spec.start_ms + int((month + rng.uniform(0, 30)) * DAY)
            length = int(rng.uniform(0.4, 5) * HOUR)
            if self.late and start < self.spec.end_ms:
                planned.append((start, start + length))
        return planned

    def _note_outages(self, actors: tuple[str, ...], note: Note) -> None:
        for actor in actors:
            for start, end in self._outages[self._publisher[actor]]:
                note("late", actor, start, end)
                if self.duplicates:
                    note("duplicates", actor, start, end)

    def _skew_clocks(self, actors: tuple[str, ...], note: Note) -> None:
        for number, actor in enumerate(actors):
            rng = derive(self.spec.seed, "clock", actor)
            if rng.random() < 0.03 or number == 0:
                start = self.spec.start_ms + int(rng.uniform(0, 0.8) * self.spec.days) * DAY
                end = start + rng.randrange(1, 12) * DAY
                self._skews[actor] = (start, end, int(rng.gauss(0, 6) * MINUTE))
                note("clock_skew", actor, start, end)
