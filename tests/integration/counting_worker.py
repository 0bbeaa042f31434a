"""A worker whose agent counts its records by key: each record's number is its output, the count is its state.

Run as its own process by test_source.py, so that it can be killed. A record whose value is ``boom`` breaks the agent.
"""

import asyncio
import signal
import sys

import faust
import uvloop

from streams.kafka import aiokafka_options
from streams.logs import configure_logs
from streams.settings import KafkaSettings, LogSettings, Settings, TopicSettings
from streams.source import PartitionSource, Produced, Result, SourceSpec


def count(settings):
    async def work(records, state):
        result, counts = Result(), {}
        for record in records:
            if record.value == b"boom":
                raise ValueError("boom")
            counts[record.key] = counts.get(record.key, int(state.get(record.key, b"0"))) + 1
            number = str(counts[record.key]).encode()
            result.records.append(Produced(settings.topic("alerts"), record.key, number, record.timestamp))
        result.state = {key: str(value).encode() for key, value in counts.items()}
        return result

    return work


async def serve(settings, member):
    server = f"kafka://{settings.kafka.bootstrap}"
    app = faust.App(
        settings.topic("app"),
        broker=server,
        web_enabled=False,
        store="memory://",
        datadir=sys.argv[4],
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        consumer_group_instance_id=member,
    )
    spec = SourceSpec(
        topics=(settings.topic("activity"),),
        group=settings.topic("count"),
        changelog=settings.topic("profiles"),
        batch_records=20,
        session_timeout_s=6.0,
    )
    source = PartitionSource(app, spec, aiokafka_options(settings), member)
    work = count(settings)

    @app.agent(source.channel, concurrency=4)
    async def counting(batches):
        async for batch in batches:
            await batch.settle(work)

    @app.task
    async def start():
        await app.add_runtime_dependency(source)

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app.finalize()
    await app.start()
    stopping, ended = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(app.wait_until_stopped())
    await asyncio.wait([stopping, ended], return_when=asyncio.FIRST_COMPLETED)
    reason = app.crash_reason
    await app.stop()
    if reason is not None:
        raise reason


if __name__ == "__main__":
    configure_logs(LogSettings())
    kafka, topics = KafkaSettings(bootstrap=sys.argv[1]), TopicSettings(prefix=sys.argv[2])
    uvloop.run(serve(Settings(kafka=kafka, topics=topics), sys.argv[3]))
