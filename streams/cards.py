"""An alert as a card on a terminal: one glance tells what happened, to whom, against what was expected, and what to do.

Everything that came with the event is shown as text, never as markup, on one line and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from schemas.activity import Place
from schemas.alert import Alert, Finding, Severity
from schemas.case import Case
from schemas.event import Event
from streams.text import printable

__all__ = ["alert_card", "case_table", "place_of"]

_STYLES: dict[Severity, str] = {"low": "cyan", "medium": "yellow", "high": "dark_orange", "critical": "bold red"}
_Rows = Iterator[tuple[str | Text, Text]]
_ADVICE = {
    "geography": "ask the actor, over another channel, whether they are there or on a VPN; if not, revoke the key",
    "hours": "ask the actor, over another channel, whether they were at work then; if not, revoke the key",
    "repositories": "ask the actor, over another channel, what they needed them for; if they didn't, revoke the key",
    "agents": "ask the actor, over another channel, whether they have a new machine or program; if not, revoke the key",
    "actions": "ask the actor, over another channel, whether they did this; if they didn't, revoke the key",
    "resources": "ask the actor, over another channel, what they needed it for; if they didn't, revoke the key",
    "spikes": "look at what was read and changed, and whether a job does it; if none does, suspend the key",
}
_ADVICE_OTHERWISE = "compare what was observed with what was expected, and ask the actor over another channel"


def case_table(cases: Sequence[Case]) -> RenderableType:
    """One line a case: how bad, who, when, how many alerts, and what the strongest of them says."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", "score", "began", "lasted", "alerts", "what happened", "case"):
        table.add_column(name, justify="right" if name in {"score", "alerts", "lasted"} else "left", overflow="fold")
    for case in cases:
        minutes = round((case.last - case.first).total_seconds() / 60)
        table.add_row(
            Text(case.severity, style=_STYLES[case.severity]),
            f"{case.score:.1f}",
            f"{case.first:%Y-%m-%d %H:%M}",
            f"{minutes:,} min",
            f"{len(case.alerts):,}",
            Text(printable(case.title, 400)),
            case.id,
        )
    return table


def alert_card(alert: Alert, *, full: bool = False) -> RenderableType:
    """The card for ``alert``; ``full`` adds every field that the event has, and whole hashes."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=10)
    grid.add_column(overflow="fold")
    for rows in (_facts(alert, full=full), _findings(alert), _references(alert, full=full)):
        grid.add_row()
        for name, value in rows:
            grid.add_row(name if isinstance(name, Text) else Text(name, style="dim"), value)
    style = _STYLES[alert.severity]
    head = Text(f" {alert.severity.upper()}  score {alert.score:.1f} ", style=style)
    body = Group(Text(printable(alert.title, 400), style="bold"), grid)
    return Panel(body, title=head, title_align="left", border_style=style, box=box.ROUNDED, padding=(0, 1))


def place_of(place: Place | None) -> str:
    """A place in words: city and country, who runs the network, and its class."""
    if place is None:
        return "not located"
    words = [", ".join(filter(None, (place.city, place.country))) or "unknown country"]
    if place.asn is not None:
        words.append(" ".join(filter(None, (f"AS{place.asn}", place.organisation))))
    if place.network != "unknown":
        words.append(f"{place.network} network")
    return " · ".join(words)


def _facts(alert: Alert, *, full: bool) -> _Rows:
    event = alert.event
    yield "who", _text(_who(event))
    yield "what", _text(_what(event))
    yield "where", _text(f"{event.source_ip} · {place_of(event.place)}" if event.source_ip else "no address given")
    yield "when", _text(f"{alert.time:%a %Y-%m-%d %H:%M:%S} UTC")
    if alert.subject != f"actor:{event.actor}":
        yield "about", _text(alert.subject)
    if full:
        yield from _details(event)


def _text(value: str) -> Text:
    return Text(printable(value, 500))


def _who(event: Event) -> str:
    words = [f"{printable(event.actor, 120)} ({event.actor_kind})"]
    if event.on_behalf_of:
        words.append(f"for {printable(event.on_behalf_of, 120)}")
    if event.credential:
        words.append(
            f"with {printable(event.credential.kind or 'credential', 40)} {printable(event.credential.id, 80)}"
        )
    return ", ".join(words)


def _what(event: Event) -> str:
    words = [event.action, f"on {printable(event.resource, 160)}" if event.resource else ""]
    if event.environment:
        words.append(f"in {printable(event.environment, 60)}")
    return " ".join(filter(None, words)) + f": {event.outcome}"


def _details(event: Event) -> _Rows:
    for name in ("user_agent", "session", "role", "tls", "commit", "run_id", "deployment_id", "source"):
        value = getattr(event, name)
        if value:
            yield name.replace("_", " "), _text(value)
    for name, value in list(event.attributes.items())[:50]:
        yield printable(name, 40), _text(value)


def _findings(alert: Alert) -> _Rows:
    for finding in alert.findings:
        yield Text(f"{printable(finding.detector, 24)} {finding.score:+.1f}", style="bold"), _finding(finding)
    for missing in alert.not_evaluable:
        words = f"not evaluable: {printable(missing.reason, 300)}"
        yield Text(printable(missing.detector, 24), style="dim"), Text(words, style="dim")


def _finding(finding: Finding) -> Text:
    text = Text(printable(finding.reason, 400))
    text.append("\nobserved ", style="dim").append(printable(finding.observed, 300))
    text.append("\nexpected ", style="dim").append(printable(finding.expected, 300))
    return text


def _references(alert: Alert, *, full: bool) -> _Rows:
    evidence = alert.evidence
    digest = evidence.sha256 if full else f"{evidence.sha256[:16]}…"
    yield "evidence", _text(f"{evidence.topic}/{evidence.partition}@{evidence.offset}  sha256 {digest}")
    yield "alert", _text(alert.id)
    yield "case", _text(alert.group)
    if full:
        yield "event", _text(alert.event_id)
        yield "config", _text(alert.config)
    leading = max(alert.findings, key=lambda finding: finding.score).detector if alert.findings else ""
    yield "next", Text(_ADVICE.get(leading, _ADVICE_OTHERWISE))
