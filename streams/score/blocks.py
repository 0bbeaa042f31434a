"""Lines of a file or a pipe in blocks: as much at once as is there, in whole lines, each of bounded length."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import NamedTuple

__all__ = ["LONGEST_LINE", "READ", "Block", "blocks", "lines_of"]

LONGEST_LINE = 16 * 1024 * 1024
"""What the topics take at most; of a longer line as much is kept as shows that it is one."""

READ = 64 * 1024
"""Bytes read at once, about 200 events: what they become fits the processor's caches (800 cost a tenth more)."""


class Block(NamedTuple):
    """Whole lines, and the number of the first of them (the file's first is 1)."""

    first: int
    data: bytes


def blocks(
    stream: BufferedIOBase, progress: Callable[[int], None] = lambda _: None, size: int | None = None
) -> Iterator[Block]:
    """The stream's lines, ``size`` bytes at most read at once; ``progress`` is told how many were."""
    number, pieces, held = 1, list[bytes](), 0
    while chunk := stream.read1(size or READ):
        progress(len(chunk))
        end = chunk.rfind(b"\n") + 1
        if end:
            data = b"".join((*pieces, chunk[:end]))
            yield Block(number, data)
            number += data.count(b"\n")
            pieces, held = [chunk[end:]], len(chunk) - end
        elif held <= LONGEST_LINE:
            pieces.append(chunk)
            held += len(chunk)
    if held:
        yield Block(number, b"".join(pieces))


def lines_of(block: Block) -> Iterator[tuple[int, bytes]]:
    """The block's lines without their ends, by number; empty ones are left out."""
    for number, line in enumerate(block.data.split(b"\n"), block.first):
        if stripped := line.rstrip(b"\r"):
            yield number, stripped
