"""Which partition a key belongs to: the choice of Kafka's own clients, so that writers in any language agree.

Kafka's default partitioner: the 32-bit MurmurHash2 of the key with Kafka's seed, its sign bit cleared, modulo the
number of partitions. This one reads whole words at a time; aiokafka's, byte by byte, takes twice as long.
"""

from __future__ import annotations

from functools import lru_cache
from struct import unpack_from
from typing import Final

__all__ = ["partition_of"]

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


@lru_cache(maxsize=131_072)  # subjects repeat; an entry takes about 200 bytes, a hash about 4 us
def partition_of(key: bytes, count: int) -> int:
    """The partition of ``key`` in a topic of ``count`` partitions."""
    return (_murmur2(key) & 0x7FFFFFFF) % count


def _murmur2(key: bytes) -> int:
    length = len(key)
    hashed = _SEED ^ length
    for word in unpack_from(f"<{length // 4}I", key):
        mixed = (word * _M) & _MASK
        hashed = ((hashed * _M) & _MASK) ^ (((mixed ^ (mixed >> 24)) * _M) & _MASK)
    tail = key[length & ~3 :]
    if tail:
        hashed = ((hashed ^ int.from_bytes(tail, "little")) * _M) & _MASK
    hashed = ((hashed ^ (hashed >> 13)) * _M) & _MASK
    return hashed ^ (hashed >> 15)
