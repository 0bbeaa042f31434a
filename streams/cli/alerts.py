"""``airlock alerts``: the review topic as cards or cases for people, or as JSON lines for machines."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from schemas.alert import Alert
from schemas.case import Case
from schemas.errors import UsageError
from streams.cards import alert_card, case_table
from streams.settings import Settings

__all__ = ["alerts"]

_A_SCREENFUL = 20
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def alerts(
    ctx: typer.Context,
    alert_id: Annotated[
        str | None, typer.Argument(metavar="ALERT_ID", help="Show this alert in full; its first letters do.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more and show them as they come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One alert a line, for machines.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="The last N of those there; 0: all.  [20, with --json all]")
    ] = None,
    as_cases: Annotated[
        bool, typer.Option("--cases", help="One line a case: an actor's alerts in one burst, with their number.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(metavar="T", help="Only from then on: 2026-01-31, 2026-01-31T09:30Z, 2h, 7d.")
    ] = None,
) -> None:
    """Show the alerts, or follow them as they come.

    Examples:
      airlock alerts --follow
      airlock alerts --since 24h --json
      airlock alerts --cases --since 7d
      airlock alerts 3f9a1c
    """
    from streams.alerts import read_alerts  # Kafka's client is slow to import, and --help needs none
    from streams.cases import cases_of

    settings: Settings = ctx.obj
    start = moment(since, datetime.now(UTC)) if since else None
    if alert_id is not None:
        _show(_one(read_alerts(settings), alert_id), as_json=as_json, full=True)
        return
    if as_cases:
        if follow:
            raise UsageError("--cases shows what is there, --follow what comes: choose one")
        cases = cases_of(read_alerts(settings, since=start), settings.detectors.learning.case_gap_minutes)
        _show_cases(cases[-limit:] if limit else cases, as_json=as_json)
        return
    last = limit if limit is not None else None if as_json else _A_SCREENFUL
    shown = False
    for alert in read_alerts(settings, follow=follow, last=last or None, since=start):
        _show(alert, as_json=as_json)
        shown = True
    if not shown and not as_json:
        print("No alerts." if start is None else f"No alerts since {start:%Y-%m-%d %H:%M} UTC.", file=sys.stderr)


def moment(text: str, now: datetime) -> datetime:
    """The moment that ``text`` names: a date or time of ISO 8601 (without an offset: UTC), or a span before ``now``.

    Raises:
        UsageError: where it names none.
    """
    try:
        if span := re.fullmatch(r"(\d+)([smhdw])", text, re.ASCII):
            return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
        parsed = datetime.fromisoformat(text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--since {text!r} is no date, time or span: write 2026-01-31, 2026-01-31T09:30Z or 2h"
        ) from None


def _one(alerts: Iterable[Alert], prefix: str) -> Alert:
    found = [alert for alert in alerts if alert.id.startswith(prefix)]
    if not found:
        raise UsageError(f"no alert has the id {prefix!r}: 'airlock alerts' lists them")
    if len(found) > 1:
        ids = ", ".join(alert.id for alert in found[:3])
        raise UsageError(f"{len(found)} alerts begin with {prefix!r} ({ids}{', …' if len(found) > 3 else ''})")
    return found[0]


def _show_cases(cases: Sequence[Case], *, as_json: bool) -> None:
    if as_json:
        for case in cases:
            sys.stdout.buffer.write(case.to_json() + b"\n")
    elif cases:
        Console().print(case_table(cases))
    else:
        print("No cases.", file=sys.stderr)


def _show(alert: Alert, *, as_json: bool, full: bool = False) -> None:
    if as_json:
        sys.stdout.buffer.write(alert.to_json() + b"\n")
        sys.stdout.buffer.flush()
    else:
        Console().print(alert_card(alert, full=full))
