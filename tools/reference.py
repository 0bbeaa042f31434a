"""Writes what follows from code into the documents: ``docs/topics.md``, ``docs/settings.md``, the README's settings."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel

from schemas.topics import TOPICS
from streams.settings import Settings

__all__ = ["PAGES", "readme", "settings_page", "settings_rows", "topics_page"]

ROOT = Path(__file__).resolve().parent.parent

_TOPICS = """\
# Topics

`make docs` makes this page from `schemas/topics.py`; `airlock topics apply` creates the topics on a cluster. The prefix
(`topics.prefix`) and the number of partitions (`topics.partitions`) are settings. The pipeline writes in transactions:
read with `isolation.level=read_committed`.

| topic | value | key | kept | partitions | who writes | who reads |
|---|---|---|---|---|---|---|
"""
_KEPT = {"keep": "for ever", "expire": "13 months", "compact": "the last value of each key"}

_SETTINGS = """\
# Settings

`make docs` makes this page from `streams/settings.py` and `detectors/config.py`. A setting's name is its path in
`airlock.toml`; its variable is `AIRLOCK_` and the path in capitals, with `__` for each dot: `detectors.threshold` is
`AIRLOCK_DETECTORS__THRESHOLD`. `airlock config show` prints what is in force and where it came from.

"""
_TABLE = """\
| setting | default | what it is for |
|---|---|---|
"""

_WORDS = {
    "kafka.security_protocol": "How to talk to the cluster: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.",
    "kafka.sasl_mechanism": "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.",
    "kafka.sasl_username": "Who signs in.",
    "kafka.sasl_password": "Its password; better in a variable than in a file.",
    "kafka.ssl_ca": "PEM file of the authorities to trust instead of the system's.",
    "kafka.ssl_certificate": "PEM file of the client's certificate, for mutual TLS.",
    "kafka.ssl_key": "PEM file of that certificate's key.",
    "kafka.compression": "Of what the pipeline writes: `none`, `gzip`, `snappy`, `lz4` or `zstd`.",
    "broker.heap_mb": "Java heap of the embedded broker, MiB.",
    "broker.start_timeout_s": "How long the embedded broker may take to answer, seconds.",
    "topics.prefix": "First part of every topic's and consumer group's name.",
    "topics.partitions": "Partitions of the topics that are shared out; as many workers can work side by side.",
    "topics.replication": "Copies of every topic: 3 on a cluster of three brokers or more.",
    "geo.city": "A City or Country file (GeoLite2, GeoIP2, DB-IP).",
    "geo.asn": "An ASN file.",
    "geo.anonymous_ip": "An Anonymous-IP file: VPN exits, hosting, Tor.",
    "detectors.severity.medium": "Score from which an alert is of medium severity.",
    "detectors.severity.high": "Score from which it is of high severity.",
    "detectors.severity.critical": "Score from which it is critical.",
    "detectors.weights.geography": "How far the evidence of new places counts.",
    "detectors.weights.hours": "How far the evidence of unusual hours counts.",
    "detectors.weights.spikes": "How far the evidence of too many events counts.",
    "detectors.weights.resources": "How far the evidence of too many resources counts.",
    "detectors.weights.repositories": "How far the evidence of too many new repositories counts.",
    "detectors.weights.agents": "How far the evidence of a new user agent counts.",
    "detectors.weights.actions": "How far the evidence of a rare action counts.",
    "detectors.agents.half_life_weeks": "After so long an unused user agent counts half.",
    "detectors.actions.half_life_weeks": "After so long an action not done counts half.",
    "detectors.weights.ceiling": "The most that one detector can speak for an attacker.",
    "detectors.geography.network_concentration": "The same for networks (autonomous systems).",
    "detectors.geography.travel_km": "Shorter journeys are never impossible, km.",
    "detectors.geography.travel_kmh": "Faster journeys are, km/h.",
    "detectors.geography.half_life_weeks": "After so long an unused place counts half.",
    "detectors.hours.half_life_weeks": "After so long an hour's habit counts half.",
    "worker.baseline_interval_s": "How often the pipeline asks whether a new baseline is due, seconds.",
    "log.level": "`debug`, `info`, `warning` or `error`.",
    "log.format": "`console` for people, `json` for machines; `auto` asks whether there is a terminal.",
}
"""For settings whose line in the code says enough to those who read code."""


def topics_page() -> str:
    """``docs/topics.md``."""
    rows = [
        f"| `airlock.{spec.name}` | {spec.value} | {spec.key} | {_KEPT[spec.cleanup]} "
        f"| {'as configured' if spec.partitioned else '1'} | {', '.join(spec.writers)} | {', '.join(spec.readers)} |\n"
        for spec in TOPICS
    ]
    return _TOPICS + "".join(rows)


def settings_page() -> str:
    """``docs/settings.md``."""
    return _SETTINGS + _TABLE + _table(settings_rows())


def readme() -> str:
    """``README.md`` with its table of settings made anew; the detectors' own are left to ``docs/settings.md``."""
    before, begin, rest = (ROOT / "README.md").read_text(encoding="utf-8").partition(_TABLE)
    rows = [row for row in settings_rows() if not row[0].startswith("detectors.") or row[0].count(".") == 1]
    return before + begin + _table(rows) + rest[rest.index("\n\n") + 1 :]


def settings_rows() -> Iterator[tuple[str, str, str]]:
    """``(name, default, what it is for)`` of every setting, the latter two as Markdown."""
    yield from _rows(Settings, Settings(), "", "")


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    return "".join(f"| `{name}` | {default} | {words} |\n" for name, default, words in rows)


def _rows(model: type[BaseModel], defaults: BaseModel, prefix: str, inherited: str) -> Iterator[tuple[str, str, str]]:
    words = _attribute_docs(model)
    for name in model.model_fields:
        value = getattr(defaults, name)
        told = words.get(name) or _WORDS.get(prefix + name, "")
        if isinstance(value, BaseModel):
            yield from _rows(type(value), value, f"{prefix}{name}.", told or inherited)
        else:
            # What a table by kind of actor is for stands at the table.
            what = told or (f"{inherited} ({name}s)" if inherited else "")
            yield f"{prefix}{name}", _default(name, value), what.replace("``", "`").replace("|", "\\|")


def _default(name: str, value: object) -> str:
    if name == "data_dir":
        return "the user's data folder"
    return "" if value is None else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the attributes of a class, each on one line."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{model} is no class in its source")
    return {
        first.target.id: " ".join(after.value.value.split())
        for first, after in pairwise(body.body)
        if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }


PAGES = {"docs/topics.md": topics_page, "docs/settings.md": settings_page, "README.md": readme}
"""Makers of the pages by path."""

if __name__ == "__main__":
    for path, make in PAGES.items():
        (ROOT / path).write_text(make(), encoding="utf-8")
