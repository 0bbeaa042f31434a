"""The Faust app: two agents over partition-owned sources, and a timer that keeps the baselines.

A factory, so that importing this module does nothing. Relies on faust-streaming 0.15: services added at run time start
and stop with the app, and a crash in one stops the app (tests/integration/test_worker.py would notice a change).
"""

from __future__ import annotations

import faust
from faust.types import StreamT

from streams.agents import Normalise, Score
from streams.baselines import BaselineKeeper, Baselines
from streams.geo import GeoDatabase
from streams.kafka import aiokafka_options, bootstrap_of, ssl_context
from streams.normalise import Normaliser
from streams.settings import KafkaSettings, Settings
from streams.source import Batch, PartitionSource, SourceSpec

__all__ = ["create_app"]

_MOST_CONCURRENT = 16  # batches of different partitions wait for their commits side by side


def create_app(settings: Settings, geo: GeoDatabase, member: str | None = None) -> faust.App:
    """One worker's app. ``member`` names the worker in its consumer groups across restarts.

    Raises:
        UnavailableError: where there is no broker to talk to.
    """
    options = aiokafka_options(settings)
    app = _faust_app(settings, member)
    baselines = Baselines(settings.topic("baselines"), options)
    keeper = BaselineKeeper(settings.topic("activity"), baselines, settings.topic("baselines"), options)
    events = PartitionSource(app, _events_spec(settings), options, member)
    activity = PartitionSource(app, _activity_spec(settings), options, member)
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

    @app.task  # type: ignore[untyped-decorator]  # Faust's own lack of types
    async def start_sources() -> None:
        for service in (baselines, events, activity):
            await app.add_runtime_dependency(service)

    @app.timer(settings.worker.baseline_interval_s, on_leader=True)  # type: ignore[untyped-decorator]  # as above
    async def refresh_baselines() -> None:
        await keeper.refresh()

    return app


def _events_spec(settings: Settings) -> SourceSpec:
    topics = (settings.topic("events"), *settings.sources)
    return _spec(settings, topics, "normalise", changelog=None)


def _activity_spec(settings: Settings) -> SourceSpec:
    return _spec(settings, (settings.topic("activity"),), "score", changelog=settings.topic("profiles"))


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


def _faust_app(settings: Settings, member: str | None) -> faust.App:
    servers = bootstrap_of(settings).split(",")
    return faust.App(
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
