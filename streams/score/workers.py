"""Scoring by several processes, with the output of one, byte for byte.

1. The parent cuts the input into blocks of lines and deals them out to be *read*, each to one worker.
2. The answer has what baselines need, and the entries by owner. Baselines are built by the parent alone, in the order
   of the lines.
3. Every worker *steps* its entries of each block, in the order of the blocks; the parent puts the results together.

The parent has a thread for each worker that takes its answers in, so neither ever waits for the other to read. At most
``_AHEAD`` blocks a worker are under way: memory is bounded.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Final

from schemas.errors import UnavailableError, UsageError
from streams.score.baselines import Baselines, Borders
from streams.score.blocks import Block
from streams.score.entries import Result
from streams.score.job import Job, Scored
from streams.score.output import Lines, arrange
from streams.score.worker import Failed, HaveRead, HaveStepped, Read, Step, decode_answer, encode, work

__all__ = ["score_together"]

_AHEAD: Final = 8
_PATIENCE_S: Final = 5.0


class _Pool:
    """The worker processes, and one queue for the answers of all."""

    def __init__(self, job: Job, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count = count
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._connections: list[Connection] = []
        self._processes = []
        for index in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, job, index, count), daemon=True)
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)
            Thread(target=self._listen, args=(ours,), daemon=True).start()

    def order(self, worker: int, order: Read | Step) -> None:
        """Hands a worker an order.

        Raises:
            UnavailableError: where it is gone.
        """
        try:
            self._connections[worker].send_bytes(encode(order))
        except OSError:
            while True:  # until its last word
                self.answer()

    def answer(self) -> HaveRead | HaveStepped:
        """The next answer, whoever it is from.

        Raises:
            AirlockError: where a worker failed.
        """
        data = self._answers.get()
        if data is None:
            raise _gone()
        answer: HaveRead | HaveStepped | Failed = decode_answer(data)
        if isinstance(answer, Failed):
            if answer.foreseen:
                raise UsageError(answer.text)
            raise RuntimeError(f"a scoring process failed:\n{answer.text}")
        return answer

    def _listen(self, connection: Connection) -> None:
        with suppress(EOFError, OSError):
            while True:
                self._answers.put(connection.recv_bytes())
        self._answers.put(None)

    def close(self) -> None:
        """Ends the workers, whatever they are doing."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(_PATIENCE_S)
        for connection in self._connections:
            connection.close()


def _gone() -> UnavailableError:
    return UnavailableError("A scoring process ended before its work did (was there enough memory?): use fewer --jobs.")


class _Pending:
    """A block on its way: what its reader said, and what the workers have made of it."""

    def __init__(self, read: HaveRead) -> None:
        self.read = read
        self.begins: list[bool] = []
        self.faults = read.faults
        self.results: list[Result] = []
        self.missing = 0


class _Merger:
    """Keeps the order of the lines: baselines before a block is stepped, output after."""

    def __init__(self, pool: _Pool, lines: Lines, baselines: Baselines) -> None:
        self._pool, self._lines, self._baselines = pool, lines, baselines
        self._borders = Borders()
        self._blocks: dict[int, _Pending] = {}
        self._next_step = self._next_out = 0
        self._version = ""
        self._sent: set[str] = set()

    def take(self, answer: HaveRead | HaveStepped) -> Iterator[Scored]:
        """Goes on with whatever the answer makes possible; gives the blocks that are done."""
        if isinstance(answer, HaveRead):
            self._blocks[answer.block] = _Pending(answer)
            while self._next_step in self._blocks:
                self._order_step(self._next_step)
                self._next_step += 1
            return
        pending = self._blocks[answer.block]
        pending.faults += answer.faults
        pending.results += answer.results
        pending.missing -= 1
        while self._next_out < self._next_step and not self._blocks[self._next_out].missing:
            yield self._done(self._blocks.pop(self._next_out))
            self._next_out += 1

    def _order_step(self, block: int) -> None:
        pending = self._blocks[block]
        turns, news = list[tuple[int, str]](), list[bytes]()
        for glimpse in pending.read.glimpses:
            begins = self._borders.begins(glimpse)
            pending.begins.append(begins)
            baseline = self._baselines.in_force(glimpse, begins)
            if baseline.version != self._version:
                self._version = baseline.version
                turns.append((glimpse.number, self._version))
                if self._version not in self._sent:
                    self._sent.add(self._version)
                    news.append(baseline.to_json())
        pending.missing = self._pool.count
        for worker, parcel in enumerate(pending.read.parcels):
            self._pool.order(worker, Step(block, turns, news, parcel))

    def _done(self, pending: _Pending) -> Scored:
        lines, read, before = self._lines, pending.read, self._lines.alerts
        arrange(lines, read.glimpses, pending.begins, read.heads, sorted(pending.results, key=_place))
        return Scored(lines.take(), sum(pending.begins), lines.alerts - before, sorted(pending.faults))


def _place(result: Result) -> tuple[int, int]:
    return result.number, result.order


def score_together(job: Job, blocks: Iterable[Block], baselines: Baselines, count: int) -> Generator[Scored]:
    """As ``score_alone``, by ``count`` processes beside this one.

    Raises:
        UsageError, UnavailableError: as there, and where a process is gone.
    """
    pool = _Pool(job, count)
    try:
        lines = job.lines()
        merger, under_way = _Merger(pool, lines, baselines), 0
        for index, block in enumerate(blocks):
            pool.order(index % count, Read(index, block.first, block.data))
            under_way += 1
            while under_way >= _AHEAD * count:
                for scored in merger.take(pool.answer()):
                    under_way -= 1
                    yield scored
        while under_way:
            for scored in merger.take(pool.answer()):
                under_way -= 1
                yield scored
        yield Scored(lines.take(last=True), 0, 0, [])
    finally:
        pool.close()
