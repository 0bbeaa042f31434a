"""The settings: one frozen object that every part is given; nothing reads the environment but its loader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from platformdirs import user_data_path
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from detectors.config import DetectorConfig

__all__ = [
    "BrokerSettings",
    "GeoSettings",
    "KafkaSettings",
    "LogSettings",
    "Settings",
    "TopicSettings",
    "WorkerSettings",
]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Section):
    """Which cluster to use, and how to sign in to it."""

    bootstrap: str | None = None
    """``host:port[,host:port]`` of a cluster; none: the embedded broker."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca: Path | None = None
    ssl_certificate: Path | None = None
    ssl_key: Path | None = None
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "lz4"


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


class GeoSettings(_Section):
    """Your own MaxMind-format files; each takes precedence over the packaged database."""

    city: Path | None = None
    asn: Path | None = None
    anonymous_ip: Path | None = None


class WorkerSettings(_Section):
    """How a worker takes its share of the stream."""

    batch_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """Most records in one transaction: larger ones cost latency, smaller ones CPU."""
    session_timeout_s: Annotated[float, Field(ge=6, le=300)] = 10.0
    """How long the group waits for a silent worker before it gives its partitions away."""
    baseline_interval_s: Annotated[float, Field(gt=0)] = 300.0


class LogSettings(_Section):
    """What the processes say of themselves."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


def _default_data_dir() -> Path:
    return user_data_path("airlock", appauthor=False)


class Settings(_Section):
    """All settings in force."""

    data_dir: Path = Field(default_factory=_default_data_dir)
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
