import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import zlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.baseline import BaselineBuilder
from detectors.config import DetectorConfig
from detectors.profile import Profile
from schemas.activity import Activity, Recorded, RecordedEvent, RecordedPlace, RecordedVersions
from schemas.baseline import Baseline, Population
from streams.cli import main
from streams.geo import GeoDatabase
from streams.normalise import Normaliser, coordinate_of
from streams.pipeline import step
from streams.score import GrowingBaselines, Job, RebuiltBaselines, score_alone
from streams.score.blocks import Block, blocks, lines_of
from streams.score.engine import RawReader
from streams.score.entries import Glimpse
from streams.settings import GeoSettings, Settings

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
BERLIN, SAO_PAULO = "91.32.130.60", "177.10.3.4"  # both are in the packaged geo data


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


def block(lines):
    return Block(1, b"\n".join(lines))


def scored(lines, format="auto", baselines=None, scores=False):
    """What one process makes of the lines, all in one block."""
    job = Job(Settings(), "events.jsonl", format, scores)
    results = list(score_alone(job, [block(lines)], baselines or GrowingBaselines()))
    assert not any(result.faults for result in results)
    return [json.loads(line) for line in b"".join(result.output for result in results).splitlines()]


def recorded(lines):
    """The activity records that the stream would write of the lines, as JSON, and the baselines in force by version."""
    written, known, growing = [], {}, GrowingBaselines()
    geo = GeoDatabase.open(GeoSettings())
    normaliser = Normaliser(Settings(), geo)
    reader = RawReader(normaliser, geo, "events.jsonl")
    for number, line in lines_of(block(lines)):
        glimpse, _ = reader.read(number, line)
        normaliser.baseline = growing.in_force(glimpse, begins=True)
        known[normaliser.baseline.version] = normaliser.baseline.to_json()
        made = normaliser.activities(line, coordinate_of("events.jsonl", 0, number, line))
        written += [activity.to_json() for activity in made]
    geo.close()
    return written, known


def test_an_attack_after_a_quiet_month_raises_alerts_and_the_month_none():
    alerted = {alert["event_id"] for alert in scored(a_month_and_an_attack())}
    assert "e1000" in alerted
    assert all(int(event[1:]) >= 1000 for event in alerted)


def test_recorded_activity_gives_the_same_alerts_as_the_raw_events():
    written, known = recorded(a_month_and_an_attack())
    assert len(known) > 10
    baselines = RebuiltBaselines()
    assert scored(written, "activity", baselines) == scored(a_month_and_an_attack())
    assert baselines.strangers == 0


def test_activity_whose_baselines_are_elsewhere_is_scored_and_counted():
    written, _ = recorded(a_month_and_an_attack())
    baselines = RebuiltBaselines()
    assert len(scored(written[-10:], "activity", baselines, scores=True)) == 5
    assert baselines.strangers == 10


def test_an_event_about_an_actor_and_a_key_is_one_event():
    assert len(scored([an_event(1, START)], scores=True)) == 1
    written, _ = recorded([an_event(1, START), an_event(2, START)])
    assert len(written) == 4
    assert len(scored(written, "activity", RebuiltBaselines(), scores=True)) == 2


def test_an_alert_names_its_line_as_evidence():
    lines = a_month_and_an_attack()
    for alert in scored(lines):
        evidence = alert["evidence"]
        assert (evidence["topic"], evidence["partition"]) == ("events.jsonl", 0)
        assert hashlib.sha256(lines[evidence["offset"] - 1]).hexdigest() == evidence["sha256"]


def test_a_repeated_event_is_a_duplicate_and_raises_no_second_alert():
    lines = a_month_and_an_attack()
    twice = [*lines, lines[-1]]
    assert scored(twice, scores=True)[-1]["kind"] == "duplicate"
    assert scored(twice) == scored(lines)


def test_one_event_from_a_broken_clock_does_not_stop_the_baselines():
    lines = a_month_and_an_attack()
    lines.insert(20, an_event("2099", datetime(2099, 1, 1, tzinfo=UTC)))
    assert len(recorded(lines)[1]) > 10


HOURS = st.integers(0, 24 * 12).map(lambda hours: START.timestamp() + 3600 * hours)
GLIMPSES = st.builds(
    Glimpse,
    number=st.just(1),
    key=st.integers(0, 2**60),
    subject=st.sampled_from(["actor:a", "actor:b", "credential:c"]),
    kind=st.sampled_from(["human", "token"]),
    seconds=HOURS,
    count=st.just(1),
    version=st.just(""),
    country=st.sampled_from([None, "DE", "FR"]),
    asn=st.sampled_from([None, 1, 2]),
)


@given(st.lists(GLIMPSES, max_size=60))
def test_what_is_not_passed_on_to_the_builder_changes_no_baseline(glimpses):
    baselines, builder = GrowingBaselines(), BaselineBuilder()
    for seen, glimpse in enumerate(glimpses):
        begins_with = baselines.latest
        baselines.in_force(glimpse, begins=True)
        if baselines.latest is not begins_with:
            assert baselines.latest == builder.build({"0": seen})
        event = RecordedEvent("", datetime.fromtimestamp(glimpse.seconds, UTC), glimpse.subject[6:], "", glimpse.kind)
        place = RecordedPlace(country=glimpse.country, asn=glimpse.asn)
        builder.learn_one(Recorded(glimpse.subject, event, RecordedVersions("", ""), place))


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9))
def test_blocks_are_the_lines_whatever_their_size(lines, size):
    text = b"\n".join(lines)
    expected = [(n, line.rstrip(b"\r")) for n, line in enumerate(text.split(b"\n"), 1) if line.rstrip(b"\r")]
    found = [pair for block in blocks(io.BytesIO(text), size=size) for pair in lines_of(block)]
    assert found == expected


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


@pytest.fixture
def small_blocks(monkeypatch):
    """Many blocks of a small input."""
    monkeypatch.setattr("streams.score.blocks.READ", 4_000)


def shared_keys():
    """Two people and their keys, one of which both use: events of two subjects, by all pairs of owners."""
    lines = []
    for line in a_month_and_an_attack():
        event = json.loads(line)
        number = len(lines)
        event["actor"] = ("alice", "bob")[number % 2]
        event["credential"] = {"id": ("key-1", "key-2", "key-shared")[number % 3]}
        lines.append(json.dumps(event).encode())
    lines[40:40] = [b"{]", b"", b"\xff", lines[39]]
    return lines


@pytest.mark.parametrize("jobs", [2, 3])
@pytest.mark.parametrize("options", [(), ("--scores",)], ids=["alerts", "scores"])
def test_any_number_of_jobs_gives_the_same_bytes(run, small_blocks, options, jobs):
    stdin = b"\r\n".join(shared_keys())
    alone = run("--quiet", *options, stdin=stdin)
    assert alone[1]
    assert alone[2].count("line ") == 2
    assert run("--quiet", *options, "--jobs", str(jobs), stdin=stdin) == alone


@pytest.mark.parametrize("options", [(), ("--scores",)], ids=["alerts", "scores"])
def test_recorded_activity_by_two_jobs_gives_the_same_bytes(run, small_blocks, options):
    written, _ = recorded(shared_events())
    alone = run("--format", "activity", *options, stdin=b"\n".join(written))
    together = run("--format", "activity", "--jobs", "2", *options, stdin=b"\n".join(written))
    assert alone[:2] == together[:2]
    assert alone[1]
    assert "its own stood in" not in alone[2] + together[2]


@pytest.fixture
def stream(tmp_path):
    """What a stream left whose baselines have another rhythm: its activity, its baselines in a file, and its alerts."""
    written, known = recorded(shared_events())
    crowd = Population(actors=500, countries={"BR": 500}, networks={"27699": 500}, hours=(9,) * 168)
    other = Baseline(version="other", populations={"human": crowd})
    known = {version: Baseline.from_json(value) for version, value in known.items()} | {"other": other}
    activities = [Activity.from_json(line) for line in written]
    for index, activity in enumerate(activities):
        if index % 3 == 0:
            renamed = activity.versions.model_copy(update={"baseline": "other"})
            activities[index] = activity.model_copy(update={"versions": renamed})
    path = tmp_path / "baselines.jsonl"
    path.write_bytes(b"\n".join(baseline.to_json() for baseline in known.values()))
    profiles, alerts = defaultdict(lambda: None), []
    for activity in activities:
        profile = profiles[activity.subject] or Profile(activity.subject)
        baseline = known[activity.versions.baseline]
        profiles[activity.subject], outcome = step(profile, activity, baseline, DetectorConfig())
        alerts += [json.loads(outcome.alert.to_json())] if outcome.alert else []
    return [activity.to_json() for activity in activities], str(path), alerts


def shared_events():
    return [line for line in shared_keys() if line.endswith(b"}")]


def partition_of(line):
    return zlib.crc32(json.loads(line)["subject"].encode()) % 4


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_recorded_baselines_give_the_alerts_of_the_stream(run, small_blocks, stream, jobs):
    written, baselines, alerts = stream
    assert run("--format", "activity", stdin=b"\n".join(written))[1] != alerts
    options = ("--format", "activity", "--baselines", baselines, "--jobs", jobs)
    assert run(*options, "--quiet", stdin=b"\n".join(written)) == (0, alerts, "")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_dump_of_a_topic_by_partition_gives_the_same_alerts_by_partition(run, small_blocks, stream, jobs):
    written, baselines, alerts = stream
    options = ("--format", "activity", "--baselines", baselines, "--jobs", jobs)
    dump = sorted(written, key=partition_of)
    expected = sorted(alerts, key=lambda alert: partition_of(json.dumps(alert)))
    assert run(*options, "--quiet", stdin=b"\n".join(dump)) == (0, expected, "")


def test_a_baseline_that_was_not_recorded_is_a_mistake_told_in_a_sentence(run, tmp_path):
    written, known = recorded(a_month_and_an_attack())
    *rest, last = known
    (tmp_path / "some.jsonl").write_bytes(b"\n".join(known[version] for version in rest))
    code, _, said = run("--format", "activity", "--baselines", "some.jsonl", stdin=b"\n".join(written))
    assert code == 2
    assert f"names baseline {last}, which some.jsonl lacks" in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--baselines", "b.jsonl"), "--baselines goes with --format activity"),
        (
            ("--baselines", "b.jsonl", "--format", "activity"),
            "b.jsonl, line 1: not a baseline: version: ",
        ),
        (("--baselines", "none.jsonl", "--format", "activity"), "none.jsonl: No such file or directory"),
        (("--format", "xml"), "unknown format 'xml'"),
        (("--jobs", "0"), "--jobs"),
    ],
    ids=["raw", "not a baseline", "no file", "format", "jobs"],
)
def test_a_wrong_option_is_a_mistake_told_in_a_sentence(run, tmp_path, options, sentence):
    (tmp_path / "b.jsonl").write_bytes(b"{}")
    code, lines, said = run(*options)
    assert (code, lines) == (2, [])
    assert sentence in said


COMMAND = "import sys; from streams.cli import main\nif __name__ == '__main__': sys.exit(main())"


@pytest.fixture
def started(tmp_path):
    """Starts ``airlock score`` as a process of its own, of whose output there is more than a pipe holds."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(an_event(n, START + timedelta(minutes=n)) for n in range(20_000)))
    (tmp_path / "command.py").write_text(COMMAND)
    processes = []

    def start(*options):
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, tmp_path / "command.py", "score", str(path), "--scores", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        processes.append(process)
        assert process.stdout.readline().startswith(b'{"event_id"')
        return process, psutil.Process(process.pid).children(recursive=True)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def ended(process, children, code):
    """The process has ended with that code and without its children; what it said."""
    said = process.stderr.read().decode()
    assert process.wait(20) == code
    assert not psutil.wait_procs(children, timeout=10)[1]
    return said


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_reader_that_goes_away_ends_all_processes_quietly(started, jobs):
    process, children = started("--jobs", jobs)
    process.stdout.close()
    assert ended(process, children, 141) == ""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_all_processes_quietly(started, jobs):
    process, children = started("--jobs", jobs)
    for one in (process, *children):  # the terminal sends it to the whole group
        one.send_signal(signal.SIGINT)
    assert ended(process, children, 130) == ""


def test_a_scoring_process_that_dies_is_told_in_a_sentence(started):
    process, children = started("--jobs", "2")
    scorers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    assert len(scorers) == 2
    scorers[0].kill()
    process.stdout.read()
    assert "use fewer --jobs" in ended(process, children, 2)


def test_activity_is_read_from_a_file(run, tmp_path):
    written, _ = recorded([an_event(1, START), an_event(2, START)])
    path = tmp_path / "activity.jsonl"
    path.write_bytes(b"\n".join(written))
    code, lines, _ = run(str(path), "--format", "activity", "--scores")
    assert code == 0
    assert [line["event_id"] for line in lines] == ["e1", "e2"]
