"""The embedded broker: one node of Apache Kafka (KRaft) on the loopback interface, from package registries alone.

``jars`` fetches Kafka by its Maven coordinates and checks it, ``config`` writes what Kafka reads, ``process`` knows
processes and ports, ``server`` starts and stops the broker.
"""

from __future__ import annotations

from streams.broker.jars import KAFKA_VERSION, JarStore
from streams.broker.server import EmbeddedBroker, RunningBroker

__all__ = ["KAFKA_VERSION", "EmbeddedBroker", "JarStore", "RunningBroker"]
