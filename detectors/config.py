"""The detectors' parameters: one frozen object, part of every alert's ``config`` hash."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["DetectorConfig"]


class DetectorConfig(BaseModel):
    """All that tunes detection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float = 2.0
    """Score (log10 of the likelihood ratio) from which an event raises an alert."""
