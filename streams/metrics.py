"""What a worker counts and measures, in Prometheus' conventions: base units, ``_total``, and no label an event can set.

Everything is told once a batch, after its commit: a batch that is done again after a crash isn't counted twice. One
whose worker dies or loses the partition while it commits may not be counted at all.
https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aiokafka import ConsumerRecord
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from streams.source import Owned, Spent

__all__ = ["AgentMetrics", "Metrics"]

Records = Sequence[ConsumerRecord[bytes, bytes]]

_STEP_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_TRANSACTION_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_END_TO_END_S = (0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)
_RESTORE_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 60.0)
_BATCH_RECORDS = (1, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class _EndToEnd(Collector):
    """A histogram that takes a batch's values in one call; the client library's own takes them one by one."""

    def __init__(self) -> None:
        self._cumulative = [0] * (len(_END_TO_END_S) + 1)
        self._sum = 0.0

    def observe(self, began_ms: Iterable[int], now_ms: float) -> None:
        """Takes the delays from these moments until now, all in Unix milliseconds.

        A clock ahead of this one's would make negative ones, and the sum must only grow.
        """
        ordered = sorted(began_ms)
        for index, bound in enumerate(_END_TO_END_S):
            self._cumulative[index] += len(ordered) - bisect_left(ordered, now_ms - bound * 1000)
        self._cumulative[-1] += len(ordered)
        past = bisect_right(ordered, now_ms)
        self._sum += (past * now_ms - sum(ordered[:past])) / 1000

    def collect(self) -> Iterator[HistogramMetricFamily]:
        bounds = [*map(str, _END_TO_END_S), "+Inf"]
        yield HistogramMetricFamily(
            "airlock_end_to_end_seconds",
            "From a raw event's timestamp to the commit of its scores and alerts.",
            buckets=list(zip(bounds, self._cumulative, strict=True)),
            sum_value=self._sum,
        )


class _Partitions(Collector):
    """Gauges of the partitions that are owned when they are asked for: one that has gone leaves nothing behind."""

    def __init__(self) -> None:
        self.sources: dict[str, Callable[[], Iterable[Owned]]] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        lag = GaugeMetricFamily(
            "airlock_lag_records",
            "Records (and transaction markers) that are committed in a partition and not yet processed.",
            labels=["agent", "topic", "partition"],
        )
        subjects = GaugeMetricFamily(
            "airlock_subjects", "Subjects whose profile this worker holds.", labels=["agent", "partition"]
        )
        for agent, owned in self.sources.items():
            for partition in owned():
                number = str(partition.tp.partition)
                lag.add_metric([agent, partition.tp.topic, number], partition.lag)
                if agent == "score":
                    subjects.add_metric([agent, number], partition.keys)
        yield lag
        yield subjects


class Metrics:
    """All metrics of one worker, on ``registry``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.events = Counter("airlock_events", "Raw events read and committed.", ["topic"], registry=registry)
        self.batch_records = Histogram(
            "airlock_batch_records", "Records of a batch.", ["agent"], buckets=_BATCH_RECORDS, registry=registry
        )
        self.step_seconds = Histogram(
            "airlock_step_seconds", "An agent's work on one batch.", ["agent"], buckets=_STEP_S, registry=registry
        )
        self.transaction_seconds = Histogram(
            "airlock_transaction_seconds",
            "The transaction that ends a batch.",
            ["agent"],
            buckets=_TRANSACTION_S,
            registry=registry,
        )
        self.restore_seconds = Histogram(
            "airlock_restore_seconds",
            "Reading back a partition's profiles on taking it.",
            buckets=_RESTORE_S,
            registry=registry,
        )
        self.restored = Counter("airlock_restored_subjects", "Profiles read back.", registry=registry)
        self.end_to_end = _EndToEnd()
        self._counts = _counters(registry)
        self._partitions = _Partitions()
        registry.register(self.end_to_end)
        registry.register(self._partitions)
        ProcessCollector(registry=registry)

    def watch(self, agent: str, owned: Callable[[], Iterable[Owned]]) -> None:
        """Asks ``owned`` for the agent's partitions whenever the metrics are read."""
        self._partitions.sources[agent] = owned

    def count(self, tally: Mapping[tuple[str, ...], int]) -> None:
        """Adds what agents counted: the metric's short name first, then its labels' values."""
        for (name, *labels), number in tally.items():
            counter = self._counts[name]
            (counter.labels(*labels) if labels else counter).inc(number)


class AgentMetrics:
    """Tells ``metrics`` what one agent's source does; ``scoring``: its commits end what began with a raw event."""

    def __init__(
        self, metrics: Metrics, agent: str, *, scoring: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._metrics = metrics
        self._scoring = scoring
        self._clock = clock
        self._batch_records = metrics.batch_records.labels(agent)
        self._step_seconds = metrics.step_seconds.labels(agent)
        self._transaction_seconds = metrics.transaction_seconds.labels(agent)

    def restored(self, keys: int, seconds: float) -> None:
        """A partition's profiles have been read back."""
        self._metrics.restore_seconds.observe(seconds)
        self._metrics.restored.inc(keys)

    def committed(self, records: Records, spent: Spent) -> None:
        """A batch has been committed."""
        self._batch_records.observe(len(records))
        self._step_seconds.observe(spent.work_s)
        self._transaction_seconds.observe(spent.commit_s)
        self._metrics.count(spent.tally)
        if self._scoring:
            self._metrics.end_to_end.observe([record.timestamp for record in records], self._clock() * 1000)
        else:
            self._metrics.events.labels(records[0].topic).inc(len(records))


def _counters(registry: CollectorRegistry) -> dict[str, Counter]:
    """By the word that agents tally them by."""
    scored = Counter("airlock_scored", "Activity records scored: one per subject of an event.", registry=registry)
    duplicates = Counter("airlock_duplicates", "Activity records whose event was known already.", registry=registry)
    letters = Counter("airlock_dead_letters", "Records sent to the dead letters.", ["stage"], registry=registry)
    alerts = Counter(
        "airlock_alerts", "Alerts by the detector that spoke loudest.", ["detector", "severity"], registry=registry
    )
    return {"scored": scored, "duplicates": duplicates, "dead_letters": letters, "alerts": alerts}
