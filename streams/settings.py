"""The settings: one frozen object that every part is given; ``streams.config`` alone reads them from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from detectors.config import DetectorConfig
from schemas.topics import Role

__all__ = [
    "BrokerSettings",
    "GeoSettings",
    "KafkaSettings",
    "LogSettings",
    "Settings",
    "TopicSettings",
    "WorkerSettings",
]


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:  # "~nobody/x"
        raise ValueError(f"has no home folder to start from ({error})") from None


def _addresses(value: str) -> str:
    for address in value.split(","):
        host, _, port = address.strip().rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) <= 65535:
            raise ValueError("must be host:port[,host:port]")
    return value


_Path = Annotated[Path, AfterValidator(_absolute)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    """Which cluster to use, and how to sign in to it."""

    bootstrap: Annotated[str, AfterValidator(_addresses)] | None = None
    """``host:port[,host:port]`` of a cluster; none: the embedded broker."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca: _Path | None = None
    ssl_certificate: _Path | None = None
    ssl_key: _Path | None = None
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "zstd"


class BrokerSettings(_Section):
    """The embedded broker."""

    port: Annotated[int, Field(ge=0, le=65535)] = 9092
    """Preferred client port; a free one is taken where it is in use. 0: always any free one."""
    heap_mb: Annotated[int, Field(ge=128)] = 512
    start_timeout_s: Annotated[float, Field(gt=0)] = 60.0


class TopicSettings(_Section):
    """How topics are named and created."""

    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9-]+$")] = "airlock"
    partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    replication: Annotated[int, Field(ge=1, le=9)] = 1
    principals: dict[Role, tuple[str, ...]] = Field(default_factory=dict)
    """Who plays a role of the topic table (``pipeline = ["User:airlock"]``); where given, ACLs are created for them."""


class GeoSettings(_Section):
    """Your own MaxMind-format files; each takes precedence over the packaged database."""

    city: _Path | None = None
    asn: _Path | None = None
    anonymous_ip: _Path | None = None


class WorkerSettings(_Section):
    """How a worker takes its share of the stream."""

    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """Most records in one transaction: larger ones cost latency, smaller ones CPU."""
    batch_interval_s: Annotated[float, Field(ge=0, le=10)] = 0.02
    """Least time from one transaction of a partition to its next: less costs CPU, more costs latency."""
    session_timeout_s: Annotated[float, Field(ge=6, le=300)] = 10.0
    """How long the group waits for a silent worker before it gives its partitions away."""
    baseline_interval_s: Annotated[float, Field(gt=0)] = 60.0
    """How often one of the workers looks whether there is enough new activity for another baseline."""
    state_store: Literal["memory", "disk"] = "memory"
    """Where profiles are kept: ``disk`` is for more subjects than memory holds, under ``data_dir``. The truth is in the
    topics either way."""
    metrics_port: Annotated[int, Field(ge=0, le=65_279)] | None = None  # 65,535 less the 256 workers a host may have
    """Serve ``/metrics``, ``/livez`` and ``/readyz`` there: a host's first worker at this port, its second at the next
    one, and so on. 0: at any free port. Without it: nowhere."""
    metrics_host: str = "127.0.0.1"
    """At which of this host's addresses; ``0.0.0.0`` is all of them."""


class LogSettings(_Section):
    """What the processes say of themselves."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


def _default_data_dir() -> Path:
    return user_data_path("airlock", appauthor=False)


class Settings(_Section):
    """All settings in force."""

    data_dir: _Path = Field(default_factory=_default_data_dir)
    """Where the embedded broker and other local state live."""
    kafka: KafkaSettings = KafkaSettings()
    broker: BrokerSettings = BrokerSettings()
    topics: TopicSettings = TopicSettings()
    sources: dict[str, str] = Field(default_factory=dict)
    """Further source topics and their formats (``"github-audit" = "github"``), beside ``<prefix>.events``."""
    geo: GeoSettings = GeoSettings()
    detectors: DetectorConfig = DetectorConfig()
    worker: WorkerSettings = WorkerSettings()
    log: LogSettings = LogSettings()

    def topic(self, name: str) -> str:
        """The full name of one of the topics of ``schemas.topics``."""
        return f"{self.topics.prefix}.{name}"
