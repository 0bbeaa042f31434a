"""What real workers tell of themselves while they take their share of a real topic."""

import json
import random
import re
import socket
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.progress import await_caught_up
from streams.settings import WorkerSettings
from streams.stack import Workers

EVENTS = 600


def events():
    for number in range(EVENTS):
        event = {"id": f"e-{number}", "time": "2026-02-03T10:00:00Z", "actor": f"u-{number % 7}", "action": "login"}
        yield json.dumps(event).encode()
    yield json.dumps(event).encode()  # a publisher's retry
    yield b'{"id": '


def by_actor(raw):
    return raw[-30:]


def two_free_ports():
    """The first of two neighbours, below the range from which connections get theirs."""
    while True:
        port = random.randrange(20_000, 30_000)
        try:
            with (
                closing(socket.create_server(("127.0.0.1", port))),
                closing(socket.create_server(("127.0.0.1", port + 1))),
            ):
                return port
        except OSError:
            continue


def ask(port, path):
    """The status and body of an answer; none where nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return None, ""


class Scraped:
    """The samples of several workers together."""

    def __init__(self, ports):
        texts = [ask(port, "/metrics")[1] for port in ports]
        self.samples = [
            sample for text in texts for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def sum(self, name, **labels):
        """The sum over all samples of that name with those labels."""
        return sum(s.value for s in self.samples if s.name == name and labels.items() <= s.labels.items())

    def partitions(self, name, agent):
        return sorted(s.labels["partition"] for s in self.samples if s.name == name and s.labels["agent"] == agent)


@pytest.fixture
def two_workers(applied, eventually):
    port = two_free_ports()
    settings = applied.model_copy(update={"worker": WorkerSettings(metrics_port=port)})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    workers = Workers(settings, 2, settings.data_dir / "workers.log")
    try:
        eventually(lambda: [ask(one, "/readyz")[0] for one in (port, port + 1)] == [200, 200], within=60)
        yield port, port + 1
    finally:
        workers.stop()


def test_two_workers_of_a_host_serve_their_metrics_side_by_side_and_count_all(applied, send, two_workers, eventually):
    send(applied, "events", events(), key=by_actor)
    await_caught_up(applied, patience_s=60)
    eventually(lambda: Scraped(two_workers).sum("airlock_lag_records") == 0)
    scraped = Scraped(two_workers)

    assert [ask(port, "/livez") for port in two_workers] == [(200, '{"live": true}')] * 2
    assert scraped.sum("airlock_events_total", topic=applied.topic("events")) == EVENTS + 2
    assert scraped.sum("airlock_dead_letters_total") == 1
    assert scraped.sum("airlock_duplicates_total") == 1
    assert scraped.sum("airlock_scored_total") == EVENTS
    assert scraped.sum("airlock_end_to_end_seconds_count") == EVENTS + 1
    assert scraped.sum("airlock_batch_records_sum", agent="score") == EVENTS + 1
    assert scraped.sum("airlock_subjects") == 7
    assert scraped.partitions("airlock_lag_records", "score") == ["0", "1", "2", "3"]
    assert scraped.partitions("airlock_lag_records", "normalise") == ["0", "1", "2", "3"]


def test_no_label_can_be_set_by_an_event(applied, send, two_workers, eventually):
    send(applied, "events", events(), key=by_actor)
    eventually(lambda: Scraped(two_workers).sum("airlock_scored_total") == EVENTS, within=90)
    text = "".join(ask(port, "/metrics")[1] for port in two_workers)
    assert not re.search(r"u-\d|login|e-\d{2}", text)


def test_records_larger_than_a_fetch_hold_nothing_up(applied, send, two_workers, eventually):
    large = b'{"id": "' + b"x" * 5_000_000
    for partition in range(applied.topics.partitions):
        send(applied, "events", [large, b'{"id": ', large], partition=partition)
    eventually(lambda: Scraped(two_workers).sum("airlock_dead_letters_total") == 12, within=90)
