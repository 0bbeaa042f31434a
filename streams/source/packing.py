"""Records to write, in batches by the partition that they go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from streams.source.keys import partition_of
from streams.source.result import Produced

__all__ = ["To", "packed"]

To = tuple[str, int]
"""Topic and partition."""


def packed(
    records: Sequence[Produced], counts: Mapping[str, int], own: int, create: Callable[[], Any]
) -> dict[To, list[Any]]:
    """The records in aiokafka's batch builders, which ``create`` makes.

    ``counts`` are the topics' partitions. A record without a partition goes by its key; without a key, where ``own``,
    the partition of its input, leads.
    """
    boxes: dict[To, list[Any]] = {}
    for record in records:
        key, partition, headers = record.key, record.partition, record.headers
        if partition is None:
            count = counts[record.topic]
            partition = own % count if key is None else partition_of(key, count)
        to = (record.topic, partition)
        builders = boxes.get(to)
        if builders is None:
            builders = boxes[to] = [create()]
        listed = headers if type(headers) is list else list(headers)
        timestamp, value = record.timestamp_ms, record.value
        if builders[-1].append(timestamp=timestamp, key=key, value=value, headers=listed) is None:
            builders.append(create())
            builders[-1].append(timestamp=timestamp, key=key, value=value, headers=listed)
    return boxes
