"""The two hops as stock Faust agents: an event at a time, profiles in a Faust table, at least once.

Favoured where Faust leaves a choice: uvloop, the table in memory, bytes passed on without a serializer.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import faust
import uvloop
from faust.types import EventT, StreamT

from benchmarks.peers.engine import Engine, Job, RawRecord
from detectors.profile import Profile

__all__ = ["create_app"]


def create_app(job: Job) -> faust.App:
    """The app: normalise and score."""
    engine = Engine.of(job)
    settings = engine.settings
    app = faust.App(
        settings.topic("stock-faust"),
        broker=f"kafka://{settings.kafka.bootstrap}",
        datadir=Path(job.folder) / "faust",
        store="memory://",
        topic_partitions=settings.topics.partitions,
        producer_compression_type=settings.kafka.compression,
        web_enabled=False,
    )
    raw: dict[str, Any] = {"key_serializer": "raw", "value_serializer": "raw", "key_type": bytes, "value_type": bytes}
    events = app.topic(job.source, **raw)
    activity = app.topic(settings.topic("activity"), **raw)
    alerts = app.topic(settings.topic("alerts"), **raw)
    profiles = app.Table("profiles", key_type=bytes, value_type=bytes)

    def known(subject: str) -> Profile | None:
        stored = profiles.get(subject.encode())
        return None if stored is None else Profile.from_bytes(stored)

    @app.agent(events)
    async def normalise(stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            for subject, value in engine.normalise(_record(event)):
                await activity.send(key=subject.encode(), value=value)

    @app.agent(activity)
    async def score(stream: StreamT[bytes]) -> None:
        async for value in stream:
            subject, profile, alert = engine.score(known, value)
            profiles[subject.encode()] = profile.to_bytes()
            if alert is not None:
                await alerts.send(key=alert.actor.encode(), value=alert.to_json())

    return app


def _record(event: EventT[bytes]) -> RawRecord:
    message = event.message
    headers = list(dict(message.headers or ()).items())
    at = int(message.timestamp * 1000)
    return RawRecord(message.topic, message.partition, message.offset, at, event.value, headers)


async def _serve(job: Job) -> None:
    app = create_app(job)
    app.finalize()
    await app.start()
    await app.wait_until_stopped()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    uvloop.run(_serve(Job.of_this_process()))
