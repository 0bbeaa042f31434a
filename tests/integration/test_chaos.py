"""A short version of every scenario of the fault laboratory (``make chaos``): real workers, hurt in mid-stream."""

import pytest

from benchmarks.chaos.lab import Design, laboratory
from benchmarks.chaos.scenarios import SCENARIOS, broker_paused
from streams.broker import EmbeddedBroker
from streams.broker.process import free_ports
from streams.settings import BrokerSettings

EVENTS = 1_600
OUTAGES = {"broker", "pause"}  # which no worker needs to end for
ROUNDS = {"kill": 2, "rebalance": 4, "freeze": 1, "disk": 1, "output": 2, "broker": 1, "pause": 1}
RUN = {scenario.name: scenario.run for scenario in SCENARIOS} | {"pause": broker_paused(3.0)}


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory):
    """A broker that may be hurt, at an address that stays."""
    port, _ = free_ports(0)
    broker = EmbeddedBroker(tmp_path_factory.mktemp("chaos-kafka"), BrokerSettings(port=port, start_timeout_s=100))
    broker.start(print)
    yield broker
    broker.stop()


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_nothing_is_lost_doubled_or_otherwise_wrong_after(name, own_broker, tmp_path):
    bootstrap = own_broker.start(print).bootstrap
    with laboratory(bootstrap, tmp_path, Design(EVENTS, ROUNDS[name])) as lab:
        RUN[name](lab, own_broker)
        outcome = lab.finish()
    found = outcome.audit
    assert outcome.good, outcome
    assert not (name in OUTAGES and outcome.gave_up)
    assert len(outcome.recoveries) == ROUNDS[name]
    assert found.dead >= EVENTS // 100
    assert found.scored + found.dead == found.events >= EVENTS
    assert found.alerts > 0
