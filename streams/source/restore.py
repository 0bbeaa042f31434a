"""Reading a partition's state back from its changelog, with progress, before the first batch is fetched."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.source.state import MemoryState, State

__all__ = ["OpenState", "Restoring", "in_memory", "restore"]

_log = structlog.get_logger("airlock.source")

_SLICE = 2_000  # records between two turns of the event loop: some milliseconds, so heartbeats go out in time
_FETCH_BYTES = 4 * 1024 * 1024
_REPORT_S = 2.0
_WAIT_MS = 200


OpenState = Callable[[TopicPartition], State]
"""Gives the state of a changelog partition as far as it is known here; to be read on from its ``offset``."""


def in_memory(_: TopicPartition) -> State:
    """State in memory, of which nothing is known yet."""
    return MemoryState()


@dataclass(frozen=True, slots=True)
class Restoring:
    """How far a restore has come: ``share`` of the changelog from 0 to 1, ``records`` read in ``seconds``."""

    tp: TopicPartition
    share: float
    records: int
    seconds: float


def _note(progress: Restoring) -> None:
    _log.info(
        "restoring",
        topic=progress.tp.topic,
        partition=progress.tp.partition,
        share=round(progress.share, 3),
        records_per_s=round(progress.records / progress.seconds) if progress.seconds else 0,
    )


async def restore(
    tp: TopicPartition,
    options: Mapping[str, Any],
    open_state: OpenState = in_memory,
    progress: Callable[[Restoring], None] = _note,
) -> State:
    """The state that the changelog partition ``tp`` holds, up to its end as committed now.

    ``open_state`` gives a state that may hold a part of it already; the rest is read. ``progress`` is told every two
    seconds, and at the end.

    Raises:
        StateError: where a local state can't be used.
    """
    state = open_state(tp)
    consumer = AIOKafkaConsumer(
        **options,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,  # a larger record comes all the same (KIP-74)
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        consumer.assign([tp])
        await _read(consumer, tp, state, progress)
    except BaseException:
        state.close()
        raise
    finally:
        await consumer.stop()
    return state


async def _read(
    consumer: AIOKafkaConsumer, tp: TopicPartition, state: State, progress: Callable[[Restoring], None]
) -> None:
    began, started = time.time(), time.monotonic()
    end = (await consumer.end_offsets([tp]))[tp]
    if state.offset > end:
        _log.warning("the changelog ends before the local state does, which is read anew", end=end, state=state.offset)
        state.reset()
    consumer.seek(tp, state.offset)
    first, told, count = state.offset, started, 0
    while (position := await consumer.position(tp)) < end:
        fetched = await consumer.getmany(tp, timeout_ms=_WAIT_MS, max_records=_SLICE)
        if records := fetched.get(tp, ()):
            state.apply({record.key: record.value for record in records}, records[-1].offset + 1)
            count += len(records)
        if time.monotonic() - told > _REPORT_S:
            told = time.monotonic()
            progress(Restoring(tp, (position - first) / (end - first), count, told - started))
    state.apply({}, end, began)
    progress(Restoring(tp, 1.0, count, time.monotonic() - started))
