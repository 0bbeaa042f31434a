"""What every detector is: an online model of one subject, with river's verbs.

The verbs are river's (Montiel et al., JMLR 22, 2021): score, then learn, one event at a time.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from detectors.base import Sighting
from schemas.alert import Finding, NotEvaluable

__all__ = ["Detector"]


@runtime_checkable
class Detector(Protocol):
    """One online model of one subject. Its instances are its state: small, and made of plain values.

    Each event is scored, then exactly one of ``learn_one`` and ``skip_one`` is called with it. ``layout`` is the type
    of what ``row`` gives and ``of_row`` takes, which is what is stored.
    """

    name: ClassVar[str]
    layout: ClassVar[Any]

    @staticmethod
    def of_row(row: Any, /) -> Detector:  # noqa: ANN401 - of the type in ``layout``
        """The state that was stored as ``row``."""

    def row(self) -> object:
        """The state as it is stored: tuples, lists, dicts, numbers and bytes, which it may share with the caller."""

    def score_one(self, x: Sighting, /) -> float | None:
        """Decades of evidence, attacker against this subject; ``None`` where it can't judge. Changes nothing."""

    def explain_one(self, x: Sighting, /) -> Finding | NotEvaluable:
        """The same judgement in words and numbers. Changes nothing."""

    def learn_one(self, x: Sighting, /) -> None:
        """Takes the event for a habit of the subject. Never changes ``x``."""

    def skip_one(self, x: Sighting, /) -> None:
        """Notes that the event happened (a burst goes on growing), but takes it for no habit. Never changes ``x``."""
