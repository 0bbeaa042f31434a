"""A process that keeps random changes in a changelog and a local store until it is killed (by test_state.py).

Arguments: broker, topic, partition, folder, seed. It says ``ready`` once it has restored, and then a dot a commit.
"""

import asyncio
import random
import sys
from pathlib import Path
from types import SimpleNamespace

from aiokafka import AIOKafkaProducer, TopicPartition

from streams.logs import configure_logs
from streams.settings import LogSettings
from streams.source.disk import disk_states
from streams.source.partition import Partition
from streams.source.restore import restore
from streams.source.result import Result


async def main(bootstrap, topic, folder, seed):
    options = {"bootstrap_servers": bootstrap}
    rng = random.Random(seed)
    tp = TopicPartition(topic, 0)
    async with AIOKafkaProducer(**options, transactional_id=f"{topic}-storing") as producer:
        partition = Partition(tp, producer, f"{topic}-group", topic)
        partition.state = await restore(tp, options, disk_states(Path(folder), "test"))
        print("ready", flush=True)
        for offset in range(10_000):
            changes = {b"key-%d" % rng.randrange(300): rng.randbytes(400) for _ in range(60)}
            changes |= dict.fromkeys((b"key-%d" % rng.randrange(300) for _ in range(20)), None)
            await partition.commit([SimpleNamespace(offset=offset)], Result(state=changes))
            print(".", end="", flush=True)


if __name__ == "__main__":
    configure_logs(LogSettings())
    asyncio.run(main(*sys.argv[1:]))
