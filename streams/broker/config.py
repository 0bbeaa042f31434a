"""What the embedded broker's JVM and Kafka are told: KRaft, one combined node, loopback only, small.

Paths inside the files are relative to the broker's folder, its working directory: Kafka splits ``log.dirs`` at commas
and reads its properties as Latin-1.
"""

from __future__ import annotations

from pathlib import Path

from streams.settings import BrokerSettings

__all__ = ["HOST", "KAFKA_DIR", "LOG", "LOGGING", "PROPERTIES", "jvm_arguments", "logging", "properties"]

HOST = "127.0.0.1"
KAFKA_DIR = "kafka"
LOG = "broker.log"
LOGGING = "log4j2.properties"
PROPERTIES = "server.properties"


def properties(client_port: int, controller_port: int, folder: str = KAFKA_DIR) -> str:
    """Kafka's server.properties.

    The file names the quorum, the metadata log doesn't: so the controller's port may change at any start.
    """
    return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{controller_port}
listeners=CLIENT://{HOST}:{client_port},CONTROLLER://{HOST}:{controller_port}
advertised.listeners=CLIENT://{HOST}:{client_port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER
log.dirs={folder}
auto.create.topics.enable=false
# Nothing expires here unless its topic says so; a group's offsets outlive a long holiday.
log.retention.ms=-1
offsets.retention.minutes=2147483
# Records of 16 MiB and the batch around them.
message.max.bytes=17825792
# One node, few clients: Kafka's own defaults of 50 partitions and 128 MB for the cleaner are for clusters.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
log.cleaner.dedupe.buffer.size=16777216
num.io.threads=4
# After a kill the controller waits for the broker's former self, which can't be alive: they are one process.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
"""


def logging() -> str:
    """Log4j's configuration: warnings and life signs, in at most four files of 5 MB."""
    return f"""\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={LOG}
appender.file.filePattern={LOG}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{ISO8601}} %p %m (%c{{1}})%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=5MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=warn
rootLogger.appenderRef.file.ref=file
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
logger.version.name=org.apache.kafka.common.utils.AppInfoParser
logger.version.level=info
"""


def jvm_arguments(settings: BrokerSettings, folder: Path) -> list[str]:
    """Flags for a small, quick JVM.

    The serial collector needs the least memory and CPU at this heap. A class archive would halve the 6 CPU seconds of a
    start, but takes 15 s and 70 MB to make; stopping at the first compiler saves 2 s and costs throughput for ever.
    """
    return [
        "-Xms96m",
        f"-Xmx{settings.heap_mb}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-XX:-UsePerfData",  # its file under /tmp
        f"-XX:ErrorFile={folder / 'jvm-crash.log'}",
        f"-Djava.io.tmpdir={folder / 'tmp'}",  # compression codecs unpack themselves there
        "-Djava.net.preferIPv4Stack=true",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Dlog4j2.configurationFile={LOGGING}",
    ]
