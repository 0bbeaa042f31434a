"""What tests share: one Kafka for the session, settings bound to it, and waiting without sleeping blindly."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from streams.broker import EmbeddedBroker
from streams.broker.process import free_ports
from streams.config import load_settings
from streams.settings import BrokerSettings, KafkaSettings, Settings, TopicSettings

IMAGE = "apache/kafka:4.1.1"


def pytest_sessionstart() -> None:
    """Tests of modules that are not the ones in the sources would say nothing."""
    spec = spec_from_file_location("airlock_compile", Path(__file__).resolve().parent.parent / "tools" / "compile.py")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    if tool.stale():
        pytest.exit("The sources have changed since they were compiled: make install", returncode=2)


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Kafka: the configured cluster, else one in Docker where that answers, else the embedded broker."""
    configured = os.environ.get("AIRLOCK_KAFKA__BOOTSTRAP")
    if configured:
        yield configured
        return
    with ExitStack() as cleanup:
        yield _in_docker(cleanup) if _docker_answers() else _embedded(cleanup, tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def settings(bootstrap: str, tmp_path: Path) -> Settings:
    """Settings on the session's Kafka, with topics and a data folder of this test's own."""
    configured = load_settings().settings.kafka if "AIRLOCK_KAFKA__BOOTSTRAP" in os.environ else KafkaSettings()
    return Settings(
        data_dir=tmp_path / "data",
        kafka=configured.model_copy(update={"bootstrap": bootstrap}),
        topics=TopicSettings(prefix=f"test-{uuid.uuid4().hex[:12]}", partitions=4),
    )


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    """``eventually(condition, within=30.0)``: waits until the condition is true, and fails where it never is."""

    def wait(condition: Callable[[], object], within: float = 30.0, every: float = 0.02) -> None:
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {within} s: {condition}")
            time.sleep(every)

    return wait


def _docker_answers() -> bool:
    import docker  # noqa: PLC0415 - not needed where a cluster is configured

    try:
        docker.from_env(timeout=2).ping()
    except Exception:  # whatever is wrong with Docker, the embedded broker is there
        return False
    return True


def _embedded(cleanup: ExitStack, data_dir: Path) -> str:
    broker = EmbeddedBroker(data_dir, BrokerSettings(port=0, start_timeout_s=100))
    cleanup.callback(broker.stop)
    return broker.start(lambda _: None).bootstrap


def _in_docker(cleanup: ExitStack) -> str:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - see above
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy  # noqa: PLC0415

    port, _ = free_ports(0)
    container = DockerContainer(IMAGE).with_bind_ports(port, port)
    address = f"{container.get_container_host_ip()}:{port}"
    environment = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "CLIENT",
        "KAFKA_LISTENERS": f"CLIENT://:{port},CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"CLIENT://{address}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_MESSAGE_MAX_BYTES": "17825792",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    container = container.with_envs(**environment).waiting_for(LogMessageWaitStrategy("Kafka Server started"))
    cleanup.enter_context(container)
    return address
