"""River's ``HalfSpaceTrees`` over ready features, one forest for every kind of actor: score, then learn.

Runs in an environment that has river: ``python river_trees.py FILE``, each line ``{"kind", "x"}`` with features between
0 and 1; one score a line on standard output.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from river.anomaly import HalfSpaceTrees


def main() -> None:
    """Scores, then learns from, every line of the file."""
    forests: defaultdict[str, HalfSpaceTrees] = defaultdict(lambda: HalfSpaceTrees(seed=1))
    out = sys.stdout
    with Path(sys.argv[1]).open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            forest = forests[event["kind"]]
            out.write(f"{forest.score_one(event['x'])}\n")
            forest.learn_one(event["x"])


if __name__ == "__main__":
    main()
