"""How far the pipeline has come: whether records are left that an agent hasn't committed yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition

from schemas.errors import UnavailableError
from streams.kafka import client_options, reaching
from streams.settings import Settings

__all__ = ["await_caught_up", "caught_up"]

_POLL_S = 0.2


def await_caught_up(
    settings: Settings,
    patience_s: float,
    tick: Callable[[], None] = lambda: None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Returns when every published event has been normalised and scored; calls ``tick`` while it waits.

    Raises:
        UnavailableError: where that takes longer than ``patience_s`` seconds.
    """
    deadline = time.monotonic() + patience_s
    while not caught_up(settings):
        if time.monotonic() > deadline:
            raise UnavailableError(f"the workers did not catch up within {patience_s:.0f} s: see their log")
        tick()
        pause(_POLL_S)


def caught_up(settings: Settings) -> bool:
    """Whether the normalise and score agents have committed all that is in their topics now."""
    sources = (settings.topic("events"), *settings.sources)
    return _read_up(settings, "normalise", sources) and _read_up(settings, "score", (settings.topic("activity"),))


def _read_up(settings: Settings, agent: str, topics: tuple[str, ...]) -> bool:
    """Offsets alone can't tell: a transaction's marker takes an offset too, and nobody commits past the last one."""
    with reaching(settings):
        consumer = KafkaConsumer(
            **client_options(settings),
            group_id=settings.topic(agent),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            partitions = [
                TopicPartition(topic, p) for topic in topics for p in consumer.partitions_for_topic(topic) or ()
            ]
            ends = consumer.end_offsets(partitions)
            consumer.assign(partitions)
            for tp in partitions:
                consumer.seek(tp, consumer.committed(tp) or consumer.beginning_offsets([tp])[tp])
            while any(consumer.position(tp) < ends[tp] for tp in partitions):
                if consumer.poll(timeout_ms=100, max_records=1):
                    return False
        finally:
            consumer.close()
    return True
