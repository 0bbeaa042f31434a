"""Exactly-once processing of a Kafka topic by Faust agents: partition-owned batches, state and transactions.

Faust's own consumer acks events whose agent raised, and its tables lose state on rebalances; neither will do for a
watchdog. Here each partition that this worker owns has its own transactional producer, and agents are handed batches
over a channel. What holds, always:

1. Of one partition, one batch at a time is in flight; the next is fetched after its transaction has ended.
2. What a batch does (outputs, changed state, input offset) is one transaction: all of it, or none.
3. On taking a partition: first the producer is started (which fences a former owner and aborts what it left open),
   then the state is restored from its changelog, then the committed offset is read, and only then is anything fetched.
4. The state in memory changes only after its transaction has been committed.
5. On revocation a partition is forgotten at once. A batch of it that is still in flight may commit (before a new owner
   fences it) or fail; either is right, and neither is an error.
6. Any other error ends the process: starting again from the last commit is the one way to recover.
"""

from streams.source.partition import Batch, Lost, Partition, Spent
from streams.source.restore import Restoring
from streams.source.result import Produced, Result
from streams.source.service import Observer, Owned, PartitionSource, SourceSpec
from streams.source.state import MemoryState, State
from streams.source.sweep import Forgetting

__all__ = [
    "Batch",
    "Forgetting",
    "Lost",
    "MemoryState",
    "Observer",
    "Owned",
    "Partition",
    "PartitionSource",
    "Produced",
    "Restoring",
    "Result",
    "SourceSpec",
    "Spent",
    "State",
]
