"""What the pure step says of one record."""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.alert import Alert

__all__ = ["Outcome"]


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of one record.

    A ``duplicate`` repeats the id of an event that the profile remembers: it scores 0 and changes nothing. ``leading``
    names the detector that speaks loudest for an attacker, if any does. ``changed``: the profile must be stored.
    """

    kind: Literal["scored", "duplicate"]
    score: float
    leading: str | None
    alert: Alert | None
    changed: bool
