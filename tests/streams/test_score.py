import hashlib
import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from detectors.config import DetectorConfig
from schemas.activity import Place
from schemas.errors import InputError
from streams.cli import main
from streams.normalise import Normaliser
from streams.score import ActivityScorer, RawScorer
from streams.settings import Settings

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BERLIN, SAO_PAULO = "91.32.130.60", "177.10.3.4"  # both are in the packaged geo data as well
PLACES = {
    BERLIN: Place(country="DE", latitude=52.5, longitude=13.4, radius_km=20, asn=64500, network="corporate"),
    SAO_PAULO: Place(country="BR", latitude=-23.5, longitude=-46.6, radius_km=20, asn=64501, network="hosting"),
}


class Atlas:
    version = "test-1"

    def locate(self, ip):
        place = PLACES.get(ip)
        return (place, None) if place else (None, "the address is not in the database")


def an_event(number, time, **changes):
    fields = {
        "id": f"e{number}",
        "time": time.isoformat(),
        "actor": "alice",
        "action": "repo.clone",
        "resource": "acme/web",
        "source_ip": BERLIN,
        "credential": {"id": "key-1"},
    }
    return json.dumps(fields | changes).encode()


def a_month_and_an_attack():
    """Working days with ten events each by one person, then the same person's key at night on another continent."""
    lines = []
    for day in range(30):
        for hour in range(10):
            time = START + timedelta(days=day, hours=hour * 0.8)
            if time.weekday() < 5:
                lines.append(an_event(len(lines), time))
    night = START + timedelta(days=30, hours=17)
    lines += [an_event(1000 + i, night + timedelta(minutes=i), source_ip=SAO_PAULO) for i in range(5)]
    return lines


def scored(scorer, lines):
    results = [result for number, line in enumerate(lines, 1) for result in scorer.score(number, line)]
    return [*results, *scorer.finish()]


def alerts_of(results):
    return [alert.to_json() for result in results for alert in result.alerts]


def a_raw_scorer(normaliser=Normaliser):
    return RawScorer(normaliser(Settings(), Atlas()), DetectorConfig(), "events.jsonl")


def recorded(lines):
    """The activity records that raw scoring writes down on its way, one JSON a line."""
    written = []

    class Recorder(Normaliser):
        def activities(self, *arguments, **options):
            made = super().activities(*arguments, **options)
            written.extend(activity.to_json() for activity in made)
            return made

    return scored(a_raw_scorer(Recorder), lines), written


def test_an_attack_after_a_quiet_month_raises_alerts_and_the_month_none():
    results = scored(a_raw_scorer(), a_month_and_an_attack())
    alerted = {result.event.id for result in results if result.alerts}
    assert "e1000" in alerted
    assert all(int(event[1:]) >= 1000 for event in alerted)


def test_the_same_file_gives_the_same_alerts_byte_for_byte():
    lines = a_month_and_an_attack()
    assert alerts_of(scored(a_raw_scorer(), lines)) == alerts_of(scored(a_raw_scorer(), lines))


def test_recorded_activity_gives_the_same_alerts_as_the_raw_events():
    results, written = recorded(a_month_and_an_attack())
    assert len({json.loads(line)["versions"]["baseline"] for line in written}) > 10
    scorer = ActivityScorer(DetectorConfig())
    assert alerts_of(scored(scorer, written)) == alerts_of(results)
    assert scorer.strangers == 0


def test_activity_whose_baselines_are_elsewhere_is_scored_and_counted():
    _, written = recorded(a_month_and_an_attack())
    scorer = ActivityScorer(DetectorConfig())
    excerpt = written[-10:]
    assert len(scored(scorer, excerpt)) == 5
    assert scorer.strangers == 10


def test_an_event_about_an_actor_and_a_key_is_one_event():
    assert len(scored(a_raw_scorer(), [an_event(1, START)])) == 1
    _, written = recorded([an_event(1, START), an_event(2, START)])
    assert len(written) == 4
    assert len(scored(ActivityScorer(DetectorConfig()), written)) == 2


def test_an_alert_names_its_line_as_evidence():
    lines = a_month_and_an_attack()
    alert = next(alert for result in scored(a_raw_scorer(), lines) for alert in result.alerts)
    evidence = alert.evidence
    assert (evidence.topic, evidence.partition) == ("events.jsonl", 0)
    assert hashlib.sha256(lines[evidence.offset - 1]).hexdigest() == evidence.sha256


def test_a_repeated_event_is_a_duplicate_and_raises_no_second_alert():
    lines = a_month_and_an_attack()
    once = scored(a_raw_scorer(), lines)
    twice = scored(a_raw_scorer(), [*lines, lines[-1]])
    assert twice[-1].leading.kind == "duplicate"
    assert alerts_of(twice) == alerts_of(once)


def test_one_event_from_a_broken_clock_does_not_stop_the_baselines():
    lines = a_month_and_an_attack()
    lines.insert(20, an_event("2099", datetime(2099, 1, 1, tzinfo=UTC)))
    _, written = recorded(lines)
    assert len({json.loads(line)["versions"]["baseline"] for line in written}) > 10


def test_what_is_no_event_is_an_input_error():
    with pytest.raises(InputError):
        list(a_raw_scorer().score(1, b"{"))
    with pytest.raises(InputError, match="activity"):
        list(ActivityScorer(DetectorConfig()).score(1, an_event(1, START)))


@pytest.fixture
def run(tmp_path, monkeypatch, capsysbinary):
    """Runs ``airlock score`` and gives back its exit code, its lines and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(["score", *arguments])
        out, err = capsysbinary.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err.decode()

    return run


def test_scores_are_one_line_an_event(run, tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([an_event(1, START), an_event(2, START), an_event(1, START)]))
    code, lines, said = run(str(path), "--scores")
    assert code == 0
    assert [line["event_id"] for line in lines] == ["e1", "e2", "e1"]
    assert set(lines[0]) == {"event_id", "actor", "time", "score", "alert", "kind"}
    assert lines[0] | {"score": 0, "kind": ""} == {
        "event_id": "e1",
        "actor": "alice",
        "time": "2026-01-05T09:00:00Z",
        "score": 0,
        "alert": False,
        "kind": "",
    }
    assert lines[2]["kind"] == "duplicate"
    assert said.startswith("3 events, 0 alerts; ")


def test_alerts_come_from_standard_input_as_json_lines(run):
    code, lines, said = run(stdin=b"\n".join(a_month_and_an_attack()))
    assert code == 0
    assert lines
    assert f"{len(lines)} alert" in said
    assert all(line["evidence"]["topic"] == "-" for line in lines)


def test_bad_lines_are_named_counted_and_end_with_exit_code_1(run):
    stdin = b"\n".join([an_event(1, START), b"{", b"\xff", b"", an_event(2, START)]) + b"\r\n"
    code, lines, said = run("--scores", stdin=stdin)
    assert code == 1
    assert [line["event_id"] for line in lines] == ["e1", "e2"]
    assert "standard input, line 2: " in said
    assert "standard input, line 3: " in said
    assert "2 events, 0 alerts, 2 bad lines; " in said


def test_a_thousand_bad_lines_do_not_fill_the_screen(run):
    code, _, said = run(stdin=b"{]\n" * 1000)
    assert code == 1
    assert len(said.splitlines()) < 30
    assert "1,000 bad lines" in said


def test_a_line_of_17_mb_is_refused_and_the_next_is_read(run):
    stdin = b'{"id":"' + b"a" * 17 * 1024 * 1024 + b'"}\n' + an_event(2, START)
    code, lines, said = run("--scores", stdin=stdin)
    assert code == 1
    assert [line["event_id"] for line in lines] == ["e2"]
    assert "line 1: is longer than 16,777,216 bytes" in said


def test_quiet_says_nothing_but_what_is_wrong(run):
    assert run("--quiet", stdin=an_event(1, START)) == (0, [], "")
    assert len(run("--quiet", stdin=b"{]")[2].splitlines()) == 1


def test_activity_is_read_from_a_file(run, tmp_path):
    _, written = recorded([an_event(1, START), an_event(2, START)])
    path = tmp_path / "activity.jsonl"
    path.write_bytes(b"\n".join(written))
    code, lines, _ = run(str(path), "--format", "activity", "--scores")
    assert code == 0
    assert [line["event_id"] for line in lines] == ["e1", "e2"]
