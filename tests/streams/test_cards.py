import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from schemas.activity import Coordinate, Place
from schemas.alert import Alert, Finding, Located, NotEvaluable
from schemas.event import Credential
from streams.cards import alert_card, place_of

SAO_PAULO = Place(country="BR", city="São Paulo", asn=28573, organisation="Claro", network="residential")
TIME = datetime(2026, 1, 5, 3, 12, 9, tzinfo=UTC)

GOLDEN = """\
╭─  HIGH  score 4.2  ────────────────────────────────────────────────────────────╮
│ alice read 40 secrets from Brazil, where 0 of 51 peers have worked             │
│                                                                                │
│ who             alice (human), with pat ghp-1                                  │
│ what            secret.read on acme/payments: success                          │
│ where           203.0.113.9 · São Paulo, BR · AS28573 Claro · residential      │
│                 network                                                        │
│ when            Mon 2026-01-05 03:12:09 UTC                                    │
│ about           credential:ghp-1                                               │
│                                                                                │
│ geography +3.1  first time in Brazil                                           │
│                 observed BR                                                    │
│                 expected DE (94 %), FR (6 %)                                   │
│ spikes          not evaluable: fewer than 10 events so far                     │
│                                                                                │
│ evidence        airlock.events/2@1234  sha256 abababababababab…                │
│ alert           3f9a1c0d22aa41b7                                               │
│ case            case-7                                                         │
│ next            ask the actor, over another channel, whether they are there or │
│                 on a VPN; if not, revoke the key                               │
╰────────────────────────────────────────────────────────────────────────────────╯
"""


def an_alert(**changes):
    event = {
        "id": "e-1",
        "time": TIME,
        "actor": "alice",
        "action": "secret.read",
        "resource": "acme/payments",
        "source_ip": "203.0.113.9",
        "place": SAO_PAULO,
        "credential": Credential(id="ghp-1", kind="pat"),
        "user_agent": "curl/8",
    } | changes.pop("event", {})
    values = {
        "id": "3f9a1c0d22aa41b7",
        "event_id": "e-1",
        "time": TIME,
        "actor": "alice",
        "actor_kind": "human",
        "subject": "credential:ghp-1",
        "score": 4.21,
        "severity": "high",
        "title": "alice read 40 secrets from Brazil, where 0 of 51 peers have worked",
        "findings": (
            Finding(
                detector="geography",
                score=3.1,
                reason="first time in Brazil",
                observed="BR",
                expected="DE (94 %), FR (6 %)",
            ),
        ),
        "not_evaluable": (NotEvaluable(detector="spikes", reason="fewer than 10 events so far"),),
        "event": Located(**event),
        "evidence": Coordinate(topic="airlock.events", partition=2, offset=1234, sha256="ab" * 32),
        "group": "case-7",
        "config": "c0ffee",
    }
    return Alert(**values | changes)


def shown(alert, *, full=False, width=82):
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(alert_card(alert, full=full))
    return out.getvalue()


def test_a_card_tells_who_what_where_when_and_why_at_one_glance():
    assert shown(an_alert()) == GOLDEN


def test_a_full_card_has_every_field_and_the_whole_hash():
    text = shown(an_alert(event={"attributes": {"branch": "main"}, "session": "s-9"}), full=True, width=120)
    for word in ("ab" * 32, "curl/8", "s-9", "branch", "main", "e-1", "c0ffee"):
        assert word in text


def test_what_is_not_known_is_said():
    text = shown(an_alert(event={"source_ip": None, "place": None}))
    assert "no address given" in text
    assert "not located" in shown(an_alert(event={"place": None}))


def test_an_actors_own_alert_does_not_repeat_its_subject():
    assert "about" not in shown(an_alert(subject="actor:alice"))


HOSTILE = "x[/bold][red]\u202e:boom: [link=file:///etc/passwd]"


@pytest.mark.parametrize("full", [False, True])
def test_hostile_text_is_shown_as_text(full):
    hostile = an_alert(
        title=f"\x1b[2J{HOSTILE}",
        actor=HOSTILE,
        subject=f"actor:{HOSTILE}",
        findings=(
            Finding(detector=HOSTILE, score=1, reason="\x1b]0;t\x07" + HOSTILE, observed="\r\n", expected="\x00"),
        ),
        not_evaluable=(NotEvaluable(detector=HOSTILE, reason="\u2066" + HOSTILE),),
        event={
            "actor": HOSTILE,
            "resource": "\x1b[31m" + HOSTILE,
            "user_agent": "\x07",
            "attributes": {"\x1b": "\x1b[0m", HOSTILE: HOSTILE},
            "place": Place(city="\x1b[2J", country="BR", organisation="\u202e"),
        },
        group=HOSTILE,
    )
    text = shown(hostile, full=full, width=200)
    assert not any(character in text for character in "\x1b\x07\x00\r\u202e\u2066")
    assert "x[/bold][red]\\u202e:boom: [link=file:///etc/passwd]" in text


def test_a_giant_alert_stays_a_card():
    huge = "w" * 200_000
    finding = Finding(detector="geography", score=9, reason=huge, observed=huge, expected=huge)
    alert = an_alert(title=huge, findings=(finding,) * 4, event={"attributes": {f"k{i}": huge for i in range(500)}})
    assert len(shown(alert, full=False).splitlines()) < 100
    assert len(shown(alert, full=True).splitlines()) < 600


@pytest.mark.parametrize("severity", ["low", "medium", "high", "critical"])
def test_every_severity_has_its_look(severity):
    assert severity.upper() in shown(an_alert(severity=severity))


@pytest.mark.parametrize("detector", ["geography", "hours", "spikes", "resources", "one of tomorrow's"])
def test_every_alert_says_what_to_do_next(detector):
    finding = Finding(detector=detector, score=2, reason="r", observed="o", expected="e")
    assert "next " in shown(an_alert(findings=(finding,)))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param(None, "not located", id="none"),
        pytest.param(Place(country="DE"), "DE", id="country alone"),
        pytest.param(Place(), "unknown country", id="nothing known"),
        pytest.param(Place(asn=64500), "unknown country · AS64500", id="network alone"),
        pytest.param(SAO_PAULO, "São Paulo, BR · AS28573 Claro · residential network", id="all"),
    ],
)
def test_a_place_in_words(place, words):
    assert place_of(place) == words
