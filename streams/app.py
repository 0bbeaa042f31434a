"""The Faust app: two agents over partition-owned sources, and a timer that keeps the baselines.

A factory, so that importing this module does nothing. Relies on faust-streaming 0.15: services added at run time start
and stop with the app, a crash in one stops the app, and agents listen from ``wait_until_agents_started`` on
(tests/integration/test_worker.py would notice a change).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import faust
from faust.types import StreamT
from prometheus_client import CollectorRegistry

from detectors.profile import Profile, expired
from streams.agents import Normalise, Score
from streams.baselines import BaselineKeeper, Baselines
from streams.geo import GeoDatabase
from streams.kafka import aiokafka_options, bootstrap_of, ssl_context
from streams.metrics import AgentMetrics, Metrics
from streams.normalise import Normaliser
from streams.settings import KafkaSettings, Settings
from streams.source import Batch, Forgetting, PartitionSource, SourceSpec
from streams.source.disk import disk_states
from streams.topics import topic_identity

__all__ = ["WorkerApp", "create_app"]

_MOST_CONCURRENT = 16  # batches of different partitions wait for their commits side by side


class WorkerApp(faust.App):
    """A Faust app whose sources start beside it: Faust's own start takes more than a second, most of it asleep."""

    def __init__(self, name: str, **options: Any) -> None:  # noqa: ANN401 - Faust's settings, each of its own type
        super().__init__(name, **options)
        self.baselines: Baselines
        self.sources: tuple[PartitionSource, ...] = ()
        self.opened = asyncio.Event()
        """Set as soon as batches can be worked on: the baselines are read, and the agents listen."""

    async def on_start(self) -> None:
        """Starts what this app is made of beside what Faust starts by itself."""
        await super().on_start()
        self.add_future(self._open())
        for source in self.sources:
            self.add_future(self.add_runtime_dependency(source))

    async def _open(self) -> None:
        await self.add_runtime_dependency(self.baselines)
        await self.agents.wait_until_agents_started()
        self.opened.set()

    def missing(self) -> Iterator[str]:
        """What keeps this worker from doing its share, in words; nothing where it does."""
        if not self.opened.is_set():
            yield "the baselines are being read, or the agents are starting"
        for source in self.sources:
            yield from source.missing()


def create_app(
    settings: Settings, geo: GeoDatabase, member: str | None = None, registry: CollectorRegistry | None = None
) -> WorkerApp:
    """One worker's app. ``member`` names the worker in its consumer groups across restarts.

    Its metrics go to ``registry``.

    Raises:
        UnavailableError: where there is no broker to talk to.
    """
    options = aiokafka_options(settings)
    app = _faust_app(settings, member)
    metrics = Metrics(registry or CollectorRegistry())
    app.baselines = baselines = Baselines(settings.topic("baselines"), options)
    keeper = BaselineKeeper(settings.topic("activity"), baselines, settings.topic("baselines"), options)
    events, activity = app.sources = tuple(
        PartitionSource(app, spec, options, member, observer=observer, gate=app.opened.wait)
        for spec, observer in (
            (_events_spec(settings), AgentMetrics(metrics, "normalise")),
            (_activity_spec(settings, member), AgentMetrics(metrics, "score", scoring=True)),
        )
    )
    metrics.watch("normalise", events.owned)
    metrics.watch("score", activity.owned)
    normalise_batch = Normalise(settings, Normaliser(settings, geo), baselines)
    score_batch = Score(settings, baselines)
    concurrency = min(settings.topics.partitions, _MOST_CONCURRENT)

    @app.agent(events.channel, concurrency=concurrency)
    async def normalise(batches: StreamT[Batch]) -> None:
        async for batch in batches:
            await batch.settle(normalise_batch)

    @app.agent(activity.channel, concurrency=concurrency)
    async def score(batches: StreamT[Batch]) -> None:
        async for batch in batches:
            await batch.settle(score_batch)

    @app.timer(settings.worker.baseline_interval_s, on_leader=True)  # type: ignore[untyped-decorator]  # as above
    async def refresh_baselines() -> None:
        await keeper.refresh()

    return app


def _events_spec(settings: Settings) -> SourceSpec:
    topics = (settings.topic("events"), *settings.sources)
    return _spec(settings, topics, "normalise", changelog=None)


def _activity_spec(settings: Settings, member: str | None) -> SourceSpec:
    spec = _spec(settings, (settings.topic("activity"),), "score", changelog=settings.topic("profiles"))
    spec = replace(spec, forgetting=Forgetting(Profile.last_seen_of, partial(expired, config=settings.detectors)))
    if settings.worker.state_store == "memory":
        return spec
    folder = settings.data_dir / "state" / (member or "worker")
    return replace(spec, open_state=disk_states(folder, topic_identity(settings, "profiles")))


def _spec(settings: Settings, topics: tuple[str, ...], agent: str, changelog: str | None) -> SourceSpec:
    compression = settings.kafka.compression
    return SourceSpec(
        topics=tuple(dict.fromkeys(topics)),
        group=settings.topic(agent),
        changelog=changelog,
        batch_records=settings.worker.batch_records,
        batch_interval_s=settings.worker.batch_interval_s,
        session_timeout_s=settings.worker.session_timeout_s,
        compression=None if compression == "none" else compression,
    )


def _faust_app(settings: Settings, member: str | None) -> WorkerApp:
    servers = bootstrap_of(settings).split(",")
    return WorkerApp(
        settings.topic("app"),
        broker=[f"kafka://{server}" for server in servers],
        broker_credentials=_credentials(settings.kafka),
        broker_session_timeout=settings.worker.session_timeout_s,
        broker_heartbeat_interval=settings.worker.session_timeout_s / 3,
        consumer_group_instance_id=member,
        datadir=settings.data_dir / "faust",
        store="memory://",
        web_enabled=False,
        topic_replication_factor=settings.topics.replication,
    )


def _credentials(kafka: KafkaSettings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = ssl_context(kafka)
    if kafka.sasl_mechanism:
        return faust.SASLCredentials(
            mechanism=kafka.sasl_mechanism,
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
