"""Cases out of alerts: what an actor's alerts in one burst come to. Nothing is dropped, however many they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from schemas.alert import Alert
from schemas.case import Case

__all__ = ["cases_of"]


class _Open:
    """A case in the making."""

    def __init__(self, alert: Alert) -> None:
        self.id = alert.group
        self.first = alert.time
        self.strongest = alert
        self.subjects = dict[str, None]()
        self.alerts = list[str]()
        self.add(alert)

    def add(self, alert: Alert) -> None:
        self.last = alert.time
        self.subjects[alert.subject] = None
        self.alerts.append(alert.id)
        if alert.score > self.strongest.score:
            self.strongest = alert

    def case(self) -> Case:
        told = self.strongest
        return Case(
            id=self.id,
            actor=told.actor,
            actor_kind=told.actor_kind,
            score=told.score,
            severity=told.severity,
            title=told.title,
            first=self.first,
            last=self.last,
            subjects=tuple(self.subjects),
            alerts=tuple(self.alerts),
        )


def cases_of(alerts: Iterable[Alert], gap_minutes: int) -> list[Case]:
    """The cases of the alerts, which come by time: an actor's are in one while none is ``gap_minutes`` after the last.

    The alerts of one event, as its actor and its credential raise them, meet again here. By the cases' first alerts.
    """
    gap, made, latest = timedelta(minutes=gap_minutes), list[_Open](), dict[str, _Open]()
    for alert in alerts:
        current = latest.get(alert.actor)
        if current is not None and alert.time - current.last <= gap:
            current.add(alert)
        else:
            latest[alert.actor] = current = _Open(alert)
            made.append(current)
    return [one.case() for one in made]
