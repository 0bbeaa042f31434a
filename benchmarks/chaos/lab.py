"""One experiment: topics of its own, a fleet of workers, a publisher that never gives up, and the audit at the end."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from benchmarks.chaos.fleet import Fleet
from benchmarks.chaos.stream import traffic
from benchmarks.cluster import read_committed
from schemas.errors import UnavailableError
from streams.audit import AUDITED, Audit, audit
from streams.geo import GeoDatabase
from streams.kafka import MAX_RECORD_BYTES, client_options
from streams.normalise import Normaliser
from streams.progress import await_caught_up, caught_up
from streams.publisher import key_of
from streams.settings import KafkaSettings, Settings, TopicSettings, WorkerSettings
from streams.topics import apply_topics

__all__ = ["Design", "Lab", "Outcome", "laboratory"]

PATIENCE_S = 120.0
"""How long the pipeline may take to commit on every partition again, or to catch up: beyond this it is stuck."""

_POLL_S = 0.02
_WORKER = WorkerSettings(
    batch_records=100,  # small transactions, so that a fault at any moment meets some
    batch_interval_s=0.02,
    session_timeout_s=6.0,  # the least that Kafka allows
    baseline_interval_s=2.0,
)


@dataclass(frozen=True, slots=True)
class Design:
    """How many events are published and how many faults happen meanwhile; ``seed`` draws events and moments."""

    events: int
    rounds: int
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What a scenario came to.

    ``recoveries`` are the seconds from the begin of each fault until all partitions committed anew. ``unsent`` counts
    published events that are not on the topic. ``gave_up`` has the last words of workers that ended by themselves and
    were started again, which costs time only.
    """

    audit: Audit
    unsent: int
    recoveries: list[float]
    gave_up: list[str] = field(default_factory=list)
    stuck: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or otherwise wrong, and nothing got stuck."""
        return self.audit.sound and not self.unsent and not self.stuck


class Lab:
    """What a scenario works with: ``fleet``, ``publish``, and ``strike``, which measures one fault."""

    def __init__(self, settings: Settings, fleet: Fleet, design: Design) -> None:
        self.settings = settings
        self.fleet = fleet
        self.recoveries: list[float] = []
        self.random = random.Random(design.seed)
        self.rounds = design.rounds
        self._records = traffic(design.events, design.seed)
        self._left = deque(self._records)
        self._slice = max(1, len(self._records) // (4 * design.rounds))
        self._sent: list[tuple[bytes, Any]] = []
        self._producer = KafkaProducer(
            **client_options(settings), linger_ms=5, delivery_timeout_ms=180_000, max_request_size=MAX_RECORD_BYTES
        )
        self._admin: KafkaAdminClient | None = None

    def publish(self) -> None:
        """Sends the next share of the events, a quarter of a round's, without waiting for the broker."""
        for _ in range(min(self._slice, len(self._left))):
            self._send(self._left.popleft())

    def strike(self, fault: Callable[[], None], mend: Callable[[], None] = lambda: None) -> None:
        """Lets a fault happen in mid-stream, and measures until all partitions commit anew.

        ``fault`` takes effect at once; ``mend`` is what a supervisor or operator then does. Events are published before
        the fault, between the two, and afterwards.
        """
        before = self._commits()
        self.publish()
        self._until(lambda: self._any_moved(before), "no commit before the fault")
        time.sleep(self.random.uniform(0.0, 0.3))  # at another point of a batch each time
        began = time.monotonic()
        fault()
        self.publish()
        mend()
        after = self._commits()
        self.publish()
        self._until(lambda: self._all_moved(after), "no commit on some partition after the fault")
        self.recoveries.append(time.monotonic() - began)

    def await_commits(self) -> None:
        """Publishes a share, and returns when all partitions have committed anew."""
        before = self._commits()
        self.publish()
        self._until(lambda: self._all_moved(before), "no commit on some partition")

    def await_members(self, count: int) -> None:
        """Returns when that many workers share the partitions, in both groups."""
        self._until(lambda: self._members() == {count}, f"the groups don't come to {count} members")

    def finish(self, stuck: str = "") -> Outcome:
        """Publishes what is left, waits until all is done, stops the workers and audits the topics."""
        while self._left:
            self.publish()
        self._confirm_all()
        try:
            await_caught_up(self.settings, PATIENCE_S, self.fleet.check)
        except UnavailableError as error:
            stuck = stuck or str(error)
        stubborn = self.fleet.stop()
        if stubborn:
            stuck = stuck or f"{stubborn} workers didn't stop when told to"
        return self._outcome(stuck)

    def _outcome(self, stuck: str) -> Outcome:
        topics = {name: read_committed(self.settings, name) for name in AUDITED}
        unsent = Counter(self._records) - Counter(record.value for record in topics["events"])
        geo = GeoDatabase.open(self.settings.geo)
        try:
            result = audit(topics, Normaliser(self.settings, geo), self.settings.detectors)
        finally:
            geo.close()
        return Outcome(result, unsent.total(), self.recoveries, self.fleet.gave_up, stuck)

    def close(self) -> None:
        """Closes the clients."""
        self._producer.close(timeout=1)
        if self._admin is not None:
            self._admin.close()

    def _send(self, raw: bytes) -> None:
        future = self._producer.send(self.settings.topic("events"), raw, key=key_of(raw))
        self._sent.append((raw, future))

    def _confirm_all(self) -> None:
        """Sends again what the broker didn't confirm, as publishers do: at worst an event comes twice, under one id."""
        self._producer.flush(timeout=PATIENCE_S)
        for raw, future in self._sent:
            try:
                future.get(timeout=PATIENCE_S)
            except KafkaError:
                self._producer.send(self.settings.topic("events"), raw, key=key_of(raw)).get(timeout=PATIENCE_S)

    def _until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                raise UnavailableError(f"{otherwise} within {PATIENCE_S:.0f} s")
            self.fleet.check()
            time.sleep(_POLL_S)

    def _any_moved(self, before: Mapping[TopicPartition, int]) -> bool:
        return any(offset > before.get(tp, -1) for tp, offset in self._commits().items()) or caught_up(self.settings)

    def _all_moved(self, before: Mapping[TopicPartition, int]) -> bool:
        now = self._commits()
        return all(now.get(tp, -1) > before.get(tp, -1) for tp in self._partitions()) or caught_up(self.settings)

    def _partitions(self) -> list[TopicPartition]:
        count = self.settings.topics.partitions
        return [TopicPartition(self.settings.topic(name), p) for name in ("events", "activity") for p in range(count)]

    def _commits(self) -> dict[TopicPartition, int]:
        """The committed offsets of both groups; waits for a broker that is away."""
        groups = [self.settings.topic("normalise"), self.settings.topic("score")]
        found: dict[str, dict[TopicPartition, Any]] = self._ask(lambda admin: admin.list_group_offsets(groups))
        return {tp: entry.offset for offsets in found.values() for tp, entry in offsets.items()}

    def _members(self) -> set[int]:
        groups = [self.settings.topic("normalise"), self.settings.topic("score")]
        described = self._ask(lambda admin: admin.describe_groups(groups))
        return {len(group["members"]) if group["group_state"] == "Stable" else -1 for group in described.values()}

    def _ask(self, question: Callable[[KafkaAdminClient], Any]) -> Any:  # noqa: ANN401 - the client is untyped
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if self._admin is None:
                    self._admin = KafkaAdminClient(**client_options(self.settings), request_timeout_ms=5_000)
                return question(self._admin)
            except KafkaError:
                if self._admin is not None:
                    with suppress(KafkaError):
                        self._admin.close()
                    self._admin = None
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)


@contextmanager
def laboratory(bootstrap: str, folder: Path, design: Design) -> Iterator[Lab]:
    """A lab with topics of its own on that cluster, with no worker yet; leaving it kills what still runs."""
    settings = Settings(
        data_dir=folder / f"lab-{uuid.uuid4().hex[:8]}",
        kafka=KafkaSettings(bootstrap=bootstrap),
        topics=TopicSettings(prefix=f"chaos-{uuid.uuid4().hex[:8]}", partitions=4),
        worker=_WORKER,
    )
    settings.data_dir.mkdir(parents=True)
    apply_topics(settings)
    with Fleet(settings) as fleet:
        lab = Lab(settings, fleet, design)
        try:
            yield lab
        finally:
            lab.close()
