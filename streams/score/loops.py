"""The engine's two ends over many lines at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.baseline import Baseline
from schemas.errors import InputError
from streams.score.blocks import LONGEST_LINE, Block, lines_of
from streams.score.engine import Reader, Stepper
from streams.score.entries import Entry, Glimpse, Result
from streams.score.output import result_of

__all__ = ["Fault", "read_block", "step_entries"]

Fault = tuple[int, str]
"""A line that can't be used, and why."""


def read_block(reader: Reader, block: Block, faults: list[Fault]) -> list[tuple[Glimpse, Sequence[Entry]]]:
    """What the reader makes of the block's lines; those that can't be used are added to ``faults``."""
    made = []
    for number, raw in lines_of(block):
        try:
            if len(raw) > LONGEST_LINE:
                raise InputError(f"is longer than {LONGEST_LINE:,} bytes")
            made.append(reader.read(number, raw))
        except InputError as error:
            faults.append((number, str(error)))
    return made


def step_entries(
    stepper: Stepper, entries: Iterable[tuple[Entry, Baseline]], faults: list[Fault], *, every: bool
) -> list[Result]:
    """The results of the entries under their baselines: ``every`` one, or those with alerts."""
    results = []
    for entry, baseline in entries:
        try:
            outcome = stepper.step(entry, baseline)
        except InputError as error:
            faults.append((entry.number, str(error)))
            continue
        if every or outcome.alert is not None:
            results.append(result_of(entry, outcome))
    return results
