"""How Airlock's parts reach Kafka: which cluster, with which credentials; without importing any client."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from schemas.errors import UnavailableError
from streams.settings import KafkaSettings, Settings

__all__ = [
    "MAX_RECORD_BYTES",
    "aiokafka_options",
    "bootstrap_of",
    "client_options",
    "reaching",
    "ssl_context",
]

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Largest record that the topics take: what a publisher sent is evidence even where it is too big to be an event."""

_PATIENCE_MS = 5_000
_WAY_OUT = "start one with 'airlock broker start', or set AIRLOCK_KAFKA__BOOTSTRAP to a cluster's address"


def bootstrap_of(settings: Settings) -> str:
    """The cluster to talk to: the configured one, else the embedded broker where it runs.

    Raises:
        UnavailableError: where neither is there.
    """
    if settings.kafka.bootstrap:
        return settings.kafka.bootstrap
    from streams.broker import EmbeddedBroker  # noqa: PLC0415 - brings kafka-python, half a second, see below

    running = EmbeddedBroker(settings.data_dir, settings.broker).status()
    if running is None:
        raise UnavailableError(f"no Kafka broker is configured and the embedded one isn't running: {_WAY_OUT}")
    return running.bootstrap


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext | None:
    """The TLS context that the settings ask for, or none where the protocol is plain text."""
    if "SSL" not in kafka.security_protocol:
        return None
    context = ssl.create_default_context(cafile=str(kafka.ssl_ca) if kafka.ssl_ca else None)
    if kafka.ssl_certificate:
        context.load_cert_chain(kafka.ssl_certificate, kafka.ssl_key)
    return context


def client_options(settings: Settings) -> dict[str, Any]:
    """Connection options for kafka-python's clients, which give up on a silent cluster after a few seconds."""
    return aiokafka_options(settings) | {"bootstrap_timeout_ms": _PATIENCE_MS}


def aiokafka_options(settings: Settings) -> dict[str, Any]:
    """Connection options for aiokafka's clients."""
    return {"bootstrap_servers": bootstrap_of(settings)} | _security(settings.kafka)


def _security(kafka: KafkaSettings) -> dict[str, Any]:
    options: dict[str, Any] = {"security_protocol": kafka.security_protocol}
    context = ssl_context(kafka)
    if context is not None:
        options["ssl_context"] = context
    if kafka.sasl_mechanism:
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.sasl_username
        options["sasl_plain_password"] = kafka.sasl_password.get_secret_value() if kafka.sasl_password else None
    return options


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """Turns what kafka-python's clients raise inside into one sentence with the way out."""
    from kafka.errors import KafkaError  # noqa: PLC0415 - half a second that a worker, which has aiokafka, needn't pay

    try:
        yield
    except KafkaError as error:
        where = settings.kafka.bootstrap or "the embedded broker"
        what = str(error) or type(error).__name__
        raise UnavailableError(f"Kafka at {where} doesn't answer as it should ({what}): {_WAY_OUT}") from error
