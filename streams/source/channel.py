"""A Faust channel that Faust's own rebalances leave alone.

Relies on faust-streaming 0.15: ``Channel`` takes a ``queue`` and clones itself through ``_clone_args``; the app's
flow control pauses and clears every queue that it manages whenever the app's own group rebalances. A queue under a flow
control of its own is never paused or cleared (tests/integration/test_source.py would notice).
"""

from __future__ import annotations

from typing import Any

import faust
from mode.utils.queues import FlowControlEvent, ThrowableQueue

__all__ = ["BatchChannel"]


class BatchChannel(faust.Channel[Any]):
    """A channel of batches, with a queue outside Faust's flow control."""

    @property
    def queue(self) -> ThrowableQueue[Any]:
        """The queue behind this channel, made on first use."""
        if self._queue is None:
            flow = FlowControlEvent(initially_suspended=False)
            self._queue = ThrowableQueue(maxsize=0, flow_control=flow)
        return self._queue
