"""The verdict: a person's answer to an alert."""

from __future__ import annotations

from typing import Literal

from schemas.record import Identifier, Record, Text, UtcTime

__all__ = ["VERDICTS", "Verdict", "VerdictValue"]

VerdictValue = Literal["malicious", "expected", "noise"]
VERDICTS: tuple[VerdictValue, ...] = ("malicious", "expected", "noise")


class Verdict(Record):
    """``scope`` and ``expires_at`` belong to a suppression: what it covers, and when it ends."""

    alert_id: Identifier
    verdict: VerdictValue
    reviewer: Identifier
    time: UtcTime
    reason: Text
    scope: Identifier | None = None
    expires_at: UtcTime | None = None
