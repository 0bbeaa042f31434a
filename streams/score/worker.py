"""One of several scoring processes: what it is told, what it answers, and what it does in between.

It only answers, one order after another. A block to *read* gives what baselines need, and entries in parcels, each for
the worker that owns their subjects by a stable hash. A parcel to *step* gives results.
"""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final
from zlib import crc32

import msgspec

from schemas.baseline import NO_BASELINE, Baseline
from schemas.errors import AirlockError
from streams.score.blocks import Block
from streams.score.engine import Reader, Stepper
from streams.score.entries import Entry, Glimpse, Result
from streams.score.job import Job, rarely_collect
from streams.score.loops import Fault, read_block, step_entries

__all__ = ["Failed", "HaveRead", "HaveStepped", "Read", "Step", "decode_answer", "encode", "work"]


class Read(msgspec.Struct, array_like=True, tag=True):
    """A block to read: its number, that of its first line, and its bytes."""

    block: int
    first: int
    data: bytes


class Step(msgspec.Struct, array_like=True, tag=True):
    """``turns``: from which line on which baseline is in force; ``baselines``: the JSON of those not sent before."""

    block: int
    turns: list[tuple[int, str]]
    baselines: list[bytes]
    parcel: bytes


class HaveRead(msgspec.Struct, array_like=True, tag=True):
    """``parcels`` are entries by owner, encoded; its own ones a worker keeps."""

    block: int
    faults: list[Fault]
    glimpses: list[Glimpse]
    heads: list[bytes]
    parcels: list[bytes]


class HaveStepped(msgspec.Struct, array_like=True, tag=True):
    """The results of a worker's entries in a block: only those with alerts, unless scores are wanted."""

    block: int
    faults: list[Fault]
    results: list[Result]


class Failed(msgspec.Struct, array_like=True, tag=True):
    """A worker's last word; ``foreseen`` where it is a sentence for people."""

    foreseen: bool
    text: str


encode: Final = msgspec.msgpack.Encoder().encode
decode_order: Final = msgspec.msgpack.Decoder(Read | Step).decode
decode_answer: Final = msgspec.msgpack.Decoder(HaveRead | HaveStepped | Failed).decode
_decode_parcel: Final = msgspec.msgpack.Decoder(list[Entry]).decode


class _Worker:
    """One worker's share: blocks to read, and all subjects whose hash is its own."""

    def __init__(self, job: Job, reader: Reader, index: int, count: int) -> None:
        self._reader, self._index, self._count = reader, index, count
        self._stepper = Stepper(reader, job.settings.detectors)
        self._lines = job.lines()
        self._scores = job.scores
        self._kept: dict[int, list[Entry]] = {}
        self._baselines: dict[str, Baseline] = {}
        self._baseline = NO_BASELINE

    def answer(self, order: Read | Step) -> HaveRead | HaveStepped:
        return self._read(order) if isinstance(order, Read) else self._step(order)

    def _read(self, order: Read) -> HaveRead:
        answer = HaveRead(order.block, [], [], [], [])
        parcels: list[list[Entry]] = [[] for _ in range(self._count)]
        for glimpse, entries in read_block(self._reader, Block(order.first, order.data), answer.faults):
            answer.glimpses.append(glimpse)
            answer.heads.append(self._lines.head(entries[0]))
            for entry in entries:
                parcels[crc32(entry.subject.encode()) % self._count].append(entry)
        self._kept[order.block], parcels[self._index] = parcels[self._index], []
        answer.parcels = [encode(parcel) for parcel in parcels]
        return answer

    def _step(self, order: Step) -> HaveStepped:
        answer = HaveStepped(order.block, [], [])
        for data in order.baselines:
            baseline = Baseline.from_json(data)
            self._baselines[baseline.version] = baseline
        entries = self._kept.pop(order.block, None)
        if entries is None:
            entries = _decode_parcel(order.parcel)
        judged = self._under_baselines(entries, order.turns)
        answer.results = step_entries(self._stepper, judged, answer.faults, every=self._scores)
        return answer

    def _under_baselines(self, entries: list[Entry], turns: list[tuple[int, str]]) -> Iterator[tuple[Entry, Baseline]]:
        ahead = turns[::-1]
        for entry in entries:
            while ahead and ahead[-1][0] <= entry.number:
                self._baseline = self._baselines[ahead.pop()[1]]
            yield entry, self._baseline
        if ahead:
            self._baseline = self._baselines[ahead[0][1]]


def work(connection: Connection, job: Job, index: int, count: int) -> None:
    """A worker's process. Its parent answers for Ctrl-C; it ends when its parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    rarely_collect()
    with suppress(EOFError, OSError):
        try:
            with job.reader() as reader:
                worker = _Worker(job, reader, index, count)
                while True:
                    connection.send_bytes(encode(worker.answer(decode_order(connection.recv_bytes()))))
        except AirlockError as error:
            connection.send_bytes(encode(Failed(True, str(error))))
        except (EOFError, OSError):
            raise
        except Exception:
            connection.send_bytes(encode(Failed(False, traceback.format_exc())))
