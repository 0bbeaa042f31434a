"""The newcomer's first minute: a real Kafka, two quiet weeks, three attacks, and every claim checked on the spot."""

from __future__ import annotations

import queue
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from schemas.alert import Alert
from schemas.errors import AirlockError, UnavailableError
from streams.alerts import read_alerts
from streams.cards import alert_card
from streams.dead_letters import DeadLetter
from streams.progress import await_caught_up
from streams.publisher import Publisher
from streams.raw_events import RawEvents
from streams.redelivery import DeadLetterBox
from streams.settings import Settings
from streams.simulate.story import Story, StoryAttack, demo_story
from streams.stack import Stack, running_stack
from streams.text import printable

__all__ = ["run_demo"]

_BAD_MESSAGES = (
    b'{"id": "bad-1", "actor": "u-1", "action": "login"',
    b'{"id": "bad-2", "time": "1970-01-01T00:00:00Z", "actor": "u-1", "action": "login"}',
    b'{"hello": "world"}',
    b"\x00\x01\x02\xff",
)
_PATIENCE_S = 90.0
_QUIET_S = 1.5  # an attack is over when no alert of it has come for so long


def run_demo(settings: Settings, console: Console, now: datetime) -> int:
    """Runs the whole story on a fresh embedded broker; ``now`` is when it ends. Returns how many checks failed.

    Raises:
        UnavailableError: where a part can't be started, or an alert doesn't come.
    """
    folder = settings.data_dir / "demo"
    shutil.rmtree(folder, ignore_errors=True)  # each demo is a first one
    fresh = settings.model_copy(
        update={"data_dir": folder, "kafka": settings.kafka.model_copy(update={"bootstrap": None})}
    )
    folder.mkdir(parents=True)
    demo = _Demo(fresh, console, folder / "worker.log")
    return demo.run(now)


@dataclass
class _Demo:
    settings: Settings
    console: Console
    log: Path
    started: float = field(default_factory=time.monotonic)
    alerts: list[Alert] = field(default_factory=list)

    def run(self, now: datetime) -> int:
        self._step("Starting a real Kafka and one worker")
        with running_stack(self.settings, 1, self._say, self.log) as stack:
            self._say(f"Apache Kafka at {stack.bootstrap}, on this machine only")
            story = demo_story(now)
            self._train(story, stack)
            with _arrivals(self.settings) as arrivals:
                for attack in story.attacks:
                    self._attack(attack, arrivals, stack)
            self._bad_messages()
            failed = self._check_evidence()
            self._closing()
        return failed

    def _train(self, story: Story, stack: Stack) -> None:
        actors = len({event.actor for event in story.quiet})
        self._step(f"Two quiet weeks of {actors} people, services and tokens")
        self._publish([event.raw for event in story.quiet])
        published = time.monotonic()
        with self.console.status("scoring …"):
            await_caught_up(self.settings, _PATIENCE_S, stack.workers.check)
        took = time.monotonic() - published
        quiet = sum(1 for _ in read_alerts(self.settings))
        self._say(f"{len(story.quiet):,} events published and scored ({took:.1f} s more); {quiet} alerts")

    def _attack(self, attack: StoryAttack, arrivals: queue.Queue[_Arrival], stack: Stack) -> None:
        self._step(f"Attack: {attack.title}")
        ids = {event.event_id for event in attack.events}
        published = time.monotonic()
        self._publish([event.raw for event in attack.events])
        self._say(f"{len(ids)} events published as {printable(attack.actor)}")
        caught = self._await_alerts(ids, arrivals, stack)
        first = caught[0]
        strongest = max(caught, key=lambda arrival: arrival.alert.score).alert
        self.console.print(Padding(alert_card(strongest), (0, 0, 0, 3)))
        others = f"; {len(caught) - 1} more alerts of the same burst" if len(caught) > 1 else ""
        self._say(f"first alert {first.at - published:.2f} s after publishing{others}")
        self.alerts.append(strongest)

    def _await_alerts(self, ids: set[str], arrivals: queue.Queue[_Arrival], stack: Stack) -> list[_Arrival]:
        caught: list[_Arrival] = []
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                arrival = arrivals.get(timeout=_QUIET_S)
            except queue.Empty:
                if caught:
                    return caught
                stack.workers.check()
                continue
            if arrival.alert.event_id in ids:
                caught.append(arrival)
        raise UnavailableError(f"no alert came within {_PATIENCE_S:.0f} s: see {self.log}")

    def _bad_messages(self) -> None:
        self._step("Bad messages: nothing stops the stream, nothing is lost")
        self._publish(list(_BAD_MESSAGES))
        letters = self._await_letters()
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in ("where it came from", "stage", "why"):
            table.add_column(name, overflow="fold")
        for letter in letters:
            where = f"{letter.topic}/{letter.partition}@{letter.offset}"
            table.add_row(Text(where), Text(letter.stage), Text(printable(letter.reason, 120)))
        self.console.print(Padding(table, (0, 0, 0, 3)))
        self._say(f"{len(_BAD_MESSAGES)} sent, {len(letters)} in {self.settings.topic('dead-letters')}")

    def _await_letters(self) -> list[DeadLetter]:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with DeadLetterBox(self.settings) as box:
                letters = [letter for letter, _ in box.letters(None)]
            if len(letters) >= len(_BAD_MESSAGES):
                return letters
        raise UnavailableError(f"the bad messages did not reach the dead letters: see {self.log}")

    def _check_evidence(self) -> int:
        topic = self.settings.topic("events")
        self._step(f"Evidence: the raw event behind each alert, read again from {topic}")
        failed = 0
        with RawEvents(self.settings) as raw_events:
            for alert in self.alerts:
                evidence = alert.evidence
                where = f"{evidence.topic}/{evidence.partition}@{evidence.offset}"
                try:
                    raw = raw_events.verified(evidence)
                except AirlockError as error:
                    failed += 1
                    self._say(f"FAILED  {where}: {error}")
                else:
                    self._say(f"ok  {where}  {len(raw)} bytes, SHA-256 {evidence.sha256[:16]}… as scored")
        return failed

    def _closing(self) -> None:
        took = time.monotonic() - self.started
        self._step(f"Done in {took:.0f} s. Next:")
        for command, what in (
            ("airlock up", "the same stack, kept running"),
            ("airlock publish FILE", "your own events: native, GitHub, CloudEvents"),
            ("airlock alerts --follow", "alerts as they come"),
            ("airlock score FILE", "the same engine without a broker"),
        ):
            self.console.print(Text.assemble("   ", (f"{command:<26}", "bold"), what))

    def _publish(self, raw_events: list[bytes]) -> None:
        with Publisher(self.settings, self.settings.topic("events")) as publisher:
            for raw in raw_events:
                publisher.send(raw)

    def _step(self, title: str) -> None:
        self.console.print()
        self.console.print(Text(title, style="bold cyan"))

    def _say(self, line: str) -> None:
        self.console.print(Text(f"   {line}"))


@dataclass(frozen=True, slots=True)
class _Arrival:
    alert: Alert
    at: float
    """When it was there, on the monotonic clock."""


@contextmanager
def _arrivals(settings: Settings) -> Iterator[queue.Queue[_Arrival]]:
    """Alerts as they come, from now on, read in the background."""
    arrived: queue.Queue[_Arrival] = queue.Queue()
    stop = threading.Event()

    def follow() -> None:
        for alert in read_alerts(settings, follow=True, stop=stop.is_set):
            arrived.put(_Arrival(alert, time.monotonic()))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield arrived
    finally:
        stop.set()
        thread.join(timeout=5)
