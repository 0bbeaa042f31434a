"""What a worker tells of itself: metrics, health, and what the container asks."""

import asyncio
import json
import socket
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from aiokafka import TopicPartition
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.parser import text_string_to_metric_families

from schemas.errors import UnavailableError
from streams.health import HealthServer
from streams.metrics import AgentMetrics, Metrics
from streams.settings import WorkerSettings
from streams.source import Owned, Spent

NOW_S = 1_770_000_000.0
HEALTHCHECK = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def metrics(registry):
    return Metrics(registry)


def records(*ages_s, topic="airlock.events"):
    return [SimpleNamespace(topic=topic, timestamp=int((NOW_S - age) * 1000)) for age in ages_s]


def spent(**tally):
    return Spent(0.02, 0.3, Counter({tuple(name.split("__")): number for name, number in tally.items()}))


def observer(metrics, agent="normalise", *, scoring=False):
    return AgentMetrics(metrics, agent, scoring=scoring, clock=lambda: NOW_S)


def test_a_committed_batch_of_raw_events_is_counted_by_its_topic(registry, metrics):
    observer(metrics).committed(records(1, 2, 3, topic="github-audit"), spent())
    assert registry.get_sample_value("airlock_events_total", {"topic": "github-audit"}) == 3
    assert registry.get_sample_value("airlock_batch_records_sum", {"agent": "normalise"}) == 3
    assert registry.get_sample_value("airlock_step_seconds_sum", {"agent": "normalise"}) == 0.02
    assert registry.get_sample_value("airlock_transaction_seconds_sum", {"agent": "normalise"}) == 0.3


@pytest.mark.parametrize(
    ("word", "sample", "labels"),
    [
        ("scored", "airlock_scored_total", {}),
        ("duplicates", "airlock_duplicates_total", {}),
        ("dead_letters__parse", "airlock_dead_letters_total", {"stage": "parse"}),
        ("alerts__hours__high", "airlock_alerts_total", {"detector": "hours", "severity": "high"}),
    ],
)
def test_what_a_batch_came_to_is_counted(registry, metrics, word, sample, labels):
    for number in (2, 5):
        observer(metrics, "score", scoring=True).committed(records(1), spent(**{word: number}))
    assert registry.get_sample_value(sample, labels) == 7


def test_delays_of_a_whole_batch_fall_into_the_buckets_of_the_client_librarys_own_histogram(registry, metrics):
    batches = [[10, 50, 150, 151], [], [7_200_000, 20, 900]]
    bounds = [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0]
    one_by_one = CollectorRegistry()
    expected = Histogram("expected", "", buckets=bounds, registry=one_by_one)
    for batch in batches:
        metrics.end_to_end.observe([8_000_000 - value for value in batch], 8_000_000.0)
        for value in batch:
            expected.observe(value / 1000)
    for bound in [*map(str, bounds), "+Inf"]:
        counted = registry.get_sample_value("airlock_end_to_end_seconds_bucket", {"le": bound})
        assert counted == one_by_one.get_sample_value("expected_bucket", {"le": bound})
    assert registry.get_sample_value("airlock_end_to_end_seconds_count") == 7
    assert registry.get_sample_value("airlock_end_to_end_seconds_sum") == pytest.approx(7_201.281)


def test_the_delay_is_from_the_raw_events_timestamp_and_never_below_zero(registry, metrics):
    observer(metrics, "score", scoring=True).committed(records(2, -30), spent())
    assert registry.get_sample_value("airlock_end_to_end_seconds_sum") == pytest.approx(2)
    assert registry.get_sample_value("airlock_end_to_end_seconds_count") == 2


def test_a_partition_that_has_gone_leaves_no_gauge_behind(registry, metrics):
    owned = [Owned(TopicPartition("airlock.activity", 3), lag=7, keys=40)]
    metrics.watch("score", lambda: owned)
    lag = {"agent": "score", "topic": "airlock.activity", "partition": "3"}
    assert registry.get_sample_value("airlock_lag_records", lag) == 7
    assert registry.get_sample_value("airlock_subjects", {"agent": "score", "partition": "3"}) == 40
    owned.clear()
    assert registry.get_sample_value("airlock_lag_records", lag) is None


def test_restores_are_measured(registry, metrics):
    observer(metrics, "score").restored(keys=120, seconds=0.4)
    assert registry.get_sample_value("airlock_restored_subjects_total") == 120
    assert registry.get_sample_value("airlock_restore_seconds_sum") == 0.4


@pytest.fixture
async def served(registry, metrics):
    """A server at a free port, and what it says is missing."""
    missing = []
    async with HealthServer("127.0.0.1", 0, registry, lambda: missing) as server:
        yield server, missing


async def get(server, path, **headers):
    host, port = server.address
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"http://{host}:{port}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


async def test_the_metrics_are_served_in_prometheus_text_format(served, metrics):
    server, _ = served
    metrics.count({("scored",): 9})
    status, content_type, text = await get(server, "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain; version=")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["airlock_scored"].samples[0].value == 9
    assert families["process_resident_memory_bytes"].samples[0].value > 0


async def test_readiness_says_what_is_missing(served):
    server, missing = served
    missing.append("airlock.activity/2: is being restored")
    assert await get(server, "/livez") == (200, "application/json; charset=utf-8", '{"live": true}')
    status, _, text = await get(server, "/readyz")
    assert (status, json.loads(text)) == (503, {"ready": False, "missing": missing})
    missing.clear()
    status, _, text = await get(server, "/readyz")
    assert (status, json.loads(text)) == (200, {"ready": True, "missing": []})


async def test_a_port_in_use_is_told_with_the_way_out(registry):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=rf"127.0.0.1:{port} for metrics is in use: set worker.metrics_port"):
            await HealthServer("127.0.0.1", port, registry, list).start()


@pytest.fixture(scope="module")
def healthcheck():
    spec = spec_from_file_location("healthcheck", HEALTHCHECK)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def ask(healthcheck, server, host="127.0.0.1"):
    worker = WorkerSettings(metrics_port=server.address[1], metrics_host=host)
    return await asyncio.to_thread(healthcheck.why_unhealthy, worker)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
async def test_a_container_whose_worker_is_ready_is_healthy(healthcheck, served, host):
    server, _ = served
    assert await ask(healthcheck, server, host) is None


async def test_a_container_whose_worker_is_not_ready_says_why(healthcheck, served):
    server, missing = served
    missing += ["a: has not joined its group", "b/1: is being restored"]
    assert await ask(healthcheck, server) == "a: has not joined its group; b/1: is being restored"


async def test_a_container_whose_worker_does_not_answer_is_unhealthy(healthcheck, served):
    server, _ = served
    await server.stop()
    assert "/readyz doesn't answer: " in await ask(healthcheck, server)


def test_a_worker_without_a_port_can_not_be_asked(healthcheck):
    assert "worker.metrics_port is not set" in healthcheck.why_unhealthy(WorkerSettings())
