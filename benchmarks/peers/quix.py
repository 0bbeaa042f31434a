"""The two hops on Quix Streams: its state for the profiles, and its exactly-once processing on.

All else is Quix's default: RocksDB state with a changelog, a commit every 5 seconds.
"""

from __future__ import annotations

from pathlib import Path

from quixstreams import Application, State, message_context
from quixstreams.models import SerializationContext, Serializer

from benchmarks.peers.engine import Engine, Job, RawRecord
from detectors.profile import Profile
from schemas.alert import Alert

__all__ = ["create_app"]

_PROFILE = "profile"

Headers = list[tuple[str, bytes]] | None


class _Spelled(Serializer):  # type: ignore[misc]  # Quix Streams is not where the types are checked
    def __call__(self, value: tuple[str, bytes], ctx: SerializationContext) -> bytes:
        return value[1]


class _Json(Serializer):  # type: ignore[misc]  # as above
    def __call__(self, value: Alert, ctx: SerializationContext) -> bytes:
        return value.to_json()


def create_app(job: Job) -> Application:
    """The application: normalise and score."""
    engine = Engine.of(job)
    settings = engine.settings
    app = Application(
        broker_address=settings.kafka.bootstrap,
        consumer_group=settings.topic("quix"),
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=Path(job.folder) / "quix",
        producer_extra_config={"compression.type": settings.kafka.compression},
        loglevel="WARNING",
    )
    events = app.topic(job.source, value_deserializer="bytes")
    activity = app.topic(settings.topic("activity"), value_deserializer="bytes", value_serializer=_Spelled())
    alerts = app.topic(settings.topic("alerts"), value_serializer=_Json())

    def normalise(value: bytes, key: bytes, timestamp: int, headers: Headers) -> list[tuple[str, bytes]]:
        at = message_context()
        return engine.normalise(RawRecord(at.topic, at.partition, at.offset, timestamp, value, headers or ()))

    def score(value: bytes, state: State) -> Alert | None:
        stored = state.get_bytes(_PROFILE)
        known = None if stored is None else Profile.from_bytes(stored)
        _, profile, alert = engine.score(lambda _: known, value)
        state.set_bytes(_PROFILE, profile.to_bytes())
        return alert

    records = app.dataframe(events).apply(normalise, expand=True, metadata=True)
    records.to_topic(activity, key=lambda row: row[0].encode())
    found = app.dataframe(activity).apply(score, stateful=True).filter(lambda alert: alert is not None)
    found.to_topic(alerts, key=lambda alert: alert.actor.encode())
    return app


if __name__ == "__main__":
    create_app(Job.of_this_process()).run()
