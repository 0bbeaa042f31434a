"""River's own loop over native events, as its documentation shows it: one model of each sort for every kind of actor.

``GaussianScorer`` watches how many events its actor made within the hour; ``HalfSpaceTrees`` watch hour, weekday, that
count, and how new the network is. One JSON line an event on standard output. Runs in an environment that has river:
``python river_loop.py FILE``.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict, deque
from datetime import datetime
from pathlib import Path

from river.anomaly import GaussianScorer, HalfSpaceTrees

_HOUR_S = 3600.0
_BUSY = 50.0  # half-space trees want features between 0 and 1


class Features:
    """The numbers that the models are given, from counts by actor."""

    def __init__(self) -> None:
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._networks: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))

    def of(self, event: dict[str, str]) -> tuple[float, dict[str, float]]:
        """Events within the hour, and the features of one event."""
        time = datetime.fromisoformat(event["time"])
        seconds = time.timestamp()
        recent = self._recent[event["actor"]]
        recent.append(seconds)
        while recent[0] < seconds - _HOUR_S:
            recent.popleft()
        networks = self._networks[event["actor"]]
        network = event.get("source_ip", "").rpartition(".")[0]
        networks[network] += 1
        count = len(recent)
        return count, {
            "hour": time.hour / 24,
            "weekday": time.weekday() / 7,
            "count": min(count / _BUSY, 1.0),
            "new": 1 / networks[network],
        }


def main() -> None:
    """Scores, then learns from, every line of the file."""
    features = Features()
    gaussian: defaultdict[str, GaussianScorer] = defaultdict(GaussianScorer)
    trees: defaultdict[str, HalfSpaceTrees] = defaultdict(lambda: HalfSpaceTrees(seed=1))
    out = sys.stdout
    with Path(sys.argv[1]).open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            count, x = features.of(event)
            rate, forest = gaussian[event["actor_kind"]], trees[event["actor_kind"]]
            score = max(rate.score_one(None, count), forest.score_one(x))
            rate.learn_one(None, count)
            forest.learn_one(x)
            out.write(json.dumps({"event_id": event["id"], "actor": event["actor"], "score": score}) + "\n")


if __name__ == "__main__":
    main()
