"""The review topic as its readers see it, on a real broker."""

import json
import threading
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from kafka import KafkaProducer

from schemas.activity import Coordinate
from schemas.alert import Alert, Finding, Located
from schemas.errors import UnavailableError
from streams.alerts import read_alerts
from streams.cli import main
from streams.kafka import client_options
from streams.topics import apply_topics

TIME = datetime(2026, 1, 5, 3, 12, 9, tzinfo=UTC)


def an_alert(number):
    event = Located(id=f"e{number}", time=TIME + timedelta(hours=number), actor="alice", action="secret.read")
    return Alert(
        id=f"{number:02d}cafe",
        event_id=event.id,
        time=event.time,
        actor="alice",
        actor_kind="human",
        subject="actor:alice",
        score=3.2,
        severity="medium",
        title=f"alice read secret {number}",
        findings=(Finding(detector="hours", score=3.2, reason="night", observed="03:12", expected="08:00 to 18:00"),),
        event=event,
        evidence=Coordinate(topic="airlock.events", partition=0, offset=number, sha256="ab" * 32),
        group="case",
        config="c0ffee",
    )


@pytest.fixture
def send(settings):
    """Sends alerts in one transaction that is committed, or not."""
    apply_topics(settings)
    producer = KafkaProducer(**client_options(settings), transactional_id=f"{settings.topics.prefix}.test")
    producer.init_transactions()

    def send(*values, commit=True):
        producer.begin_transaction()
        for place, value in enumerate(values):
            producer.send(settings.topic("alerts"), value, partition=place % settings.topics.partitions)
        producer.flush()
        (producer.commit_transaction if commit else producer.abort_transaction)()

    yield send
    producer.close()


def ids(alerts):
    return [alert.id for alert in alerts]


def test_each_committed_alert_is_there_once_by_its_time(settings, send):
    send(*(an_alert(number).to_json() for number in (3, 1, 2, 3, 1)))
    send(an_alert(9).to_json(), commit=False)
    send(b"{garbage", b"", an_alert(0).to_json())
    assert ids(read_alerts(settings)) == ["00cafe", "01cafe", "02cafe", "03cafe"]
    assert ids(read_alerts(settings, last=2)) == ["02cafe", "03cafe"]
    assert ids(read_alerts(settings, since=TIME + timedelta(hours=2))) == ["02cafe", "03cafe"]


def test_a_follower_is_shown_what_comes_and_stops_when_told(settings, send):
    send(an_alert(1).to_json())
    stop = threading.Event()
    following = read_alerts(settings, follow=True, stop=stop.is_set)
    assert next(following).id == "01cafe"
    send(an_alert(1).to_json(), an_alert(2).to_json())
    send(an_alert(0).to_json())
    assert sorted(ids(islice(following, 2))) == ["00cafe", "02cafe"]
    stop.set()
    assert list(following) == []


def test_an_alert_is_found_by_the_beginning_of_its_id(settings, send, monkeypatch, capsys):
    send(an_alert(11).to_json(), an_alert(12).to_json())
    monkeypatch.setenv("AIRLOCK_TOPICS__PREFIX", settings.topics.prefix)
    airlock = ["--bootstrap", settings.kafka.bootstrap, "alerts"]
    assert main([*airlock, "11", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "11cafe"
    assert main([*airlock, "12"]) == 0
    assert "alice read secret 12" in capsys.readouterr().out
    assert main([*airlock, "1"]) == 2
    assert "2 alerts begin with '1' (11cafe, 12cafe)" in capsys.readouterr().err
    assert main([*airlock, "nope"]) == 2
    assert "no alert has the id 'nope'" in capsys.readouterr().err


def test_cases_are_one_line_each(settings, send, monkeypatch, capsys):
    send(*(an_alert(number).to_json() for number in (0, 1, 5)))  # an hour apart, then four
    monkeypatch.setenv("AIRLOCK_TOPICS__PREFIX", settings.topics.prefix)
    airlock = ["--bootstrap", settings.kafka.bootstrap, "alerts", "--cases"]
    assert main([*airlock, "--json"]) == 0
    cases = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [case["alerts"] for case in cases] == [["00cafe", "01cafe"], ["05cafe"]]
    assert main(airlock) == 0
    assert "medium" in capsys.readouterr().out
    assert main([*airlock, "--follow"]) == 2
    assert "choose one" in capsys.readouterr().err


def test_a_cluster_without_the_topic_says_how_to_create_it(settings):
    with pytest.raises(UnavailableError, match="airlock topics apply"):
        list(read_alerts(settings))
