"""River's half-space trees as a rival: which features they are given, and from which score they raise an alert."""

from __future__ import annotations

import subprocess
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.peers.environment import river_python
from benchmarks.rivals.rules import Access

__all__ = ["alert_threshold", "tree_scores"]

_SCRIPT = Path(__file__).parents[1] / "peers" / "river_trees.py"
_HOUR_S, _DAY_S = 3_600.0, 86_400.0
_BUSY = 50.0  # half-space trees want features between 0 and 1
_SHARE = 1e-4


def tree_scores(accesses: Sequence[Access], folder: Path) -> list[float]:
    """The score of each access: hour, weekday, count within the hour, and how new its country and network are."""
    file, features, encode = folder / "features.jsonl", _Features(), msgspec.json.encode
    with file.open("wb") as out:
        out.writelines(encode({"kind": one.kind, "x": features.of(one)}) + b"\n" for one in accesses)
    command = [str(river_python()), str(_SCRIPT), str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [float(line) for line in done.stdout.split()]


def alert_threshold(training: Sequence[float]) -> float:
    """The score that one in ten thousand events of the training days exceeds."""
    return sorted(training, reverse=True)[int(_SHARE * len(training))] if training else 1.0


class _Features:
    def __init__(self) -> None:
        self._recent = defaultdict[str, deque[float]](deque)
        self._seen = defaultdict[str, Counter[str | int | None]](Counter)

    def of(self, access: Access) -> dict[str, float]:
        recent, seen = self._recent[access.actor], self._seen[access.actor]
        recent.append(access.seconds)
        while recent[0] < access.seconds - _HOUR_S:
            recent.popleft()
        seen.update((access.country, access.asn))
        return {
            "hour": access.seconds % _DAY_S / _DAY_S,
            "weekday": (access.seconds // _DAY_S + 3) % 7 / 7,
            "count": min(len(recent) / _BUSY, 1.0),
            "country": 1 / seen[access.country],
            "network": 1 / seen[access.asn],
        }
