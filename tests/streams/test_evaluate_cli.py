from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from streams.cli import main
from streams.simulate import Simulation, SimulationSpec

SPAN = {"days": [0, 14], "from": "09:00", "to": "17:00", "per_hour": 2, "action": ["repo.push"], "resource": ["a/b"]}
BURST = {"day": 14, "time": "11:00", "times": 40, "every_s": 5, "judged": True, "action": ["repo.clone"]}
CLONES = {"case": "clones", "expect": "alert", "blocks": [SPAN, BURST | {"resource": ["a/secret-{99}"]}]}
QUIET = {"case": "as ever", "expect": "quiet", "blocks": [SPAN, SPAN | {"days": [14, 15], "judged": True}]}


@pytest.fixture(autouse=True)
def _empty_surroundings(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("AIRLOCK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def stream(tmp_path_factory) -> tuple[str, str]:
    """A small simulated stream's files of events and labels."""
    folder = tmp_path_factory.mktemp("stream")
    run = Simulation(SimulationSpec(seed=3, days=8, actors=10, incidents=3, difficulties=("easy",)))
    (folder / "events.jsonl").write_bytes(b"".join(event.raw + b"\n" for event in run.events()))
    told = [{name: getattr(one, name) for name in one.__struct_fields__} for one in (*run.incidents, *run.nuisances)]
    (folder / "labels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))
    return str(folder / "events.jsonl"), str(folder / "labels.jsonl")


def written(path: Path, *cases: object) -> str:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases))
    return str(path)


def test_a_simulated_stream_is_evaluated_with_its_labels(stream, tmp_path, capfd):
    page = tmp_path / "report.html"
    assert main(["evaluate", *stream, "--jobs", "1", "--json", "--html", str(page)]) == 0
    (found,) = json.loads(capfd.readouterr().out)["configurations"]
    assert found["all"]["incidents"] == 3
    assert found["all"]["caught"] >= 1
    assert found["bad_lines"] == 0
    assert sum(kind["incidents"] for kind in found["kinds"]) == 3
    assert sum(found["nuisances"].values()) == found["false_cases"]
    assert page.read_text().count("<svg") == 3


def test_two_settings_files_are_shown_side_by_side(stream, tmp_path, capfd):
    bold, deaf = tmp_path / "bold.toml", tmp_path / "deaf.toml"
    bold.write_text("[detectors]\nthreshold = 0.5\n")
    deaf.write_text("[detectors]\nthreshold = 99\n")
    assert main(["evaluate", *stream, "--jobs", "1", "--config", str(bold), "--config", str(deaf)]) == 0
    out = capfd.readouterr().out
    rows = {
        line.rpartition("  ")[0].strip().rpartition("  ")[0].strip(): line.split()[-2:] for line in out.splitlines()
    }
    assert rows["threshold"] == ["0.5", "99"]
    assert "0 of 3" in out


def test_lines_that_are_no_event_are_told_of(stream, tmp_path, capfd):
    events = tmp_path / "events.jsonl"
    events.write_bytes(b"nonsense\n" + Path(stream[0]).read_bytes())
    assert main(["evaluate", str(events), stream[1], "--jobs", "2", "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["configurations"][0]["bad_lines"] == 1
    assert "line 1:" in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "EVENTS"),
        (["{events}"], "LABELS"),
        (["{events}", "nothing.jsonl"], "nothing.jsonl"),
        (["{events}", "{events}"], "line 1: not a label"),
        (["{events}", "{labels}", "--from", "yesterday"], "--from 'yesterday'"),
        (["{events}", "{labels}", "--from", "2031-01-01"], "2031-01-01"),
        (["{events}", "{labels}", "--format", "xml"], "xml"),
        (["{events}", "{labels}", "--html", "/nonexistent/page.html"], "/nonexistent/page.html"),
        (["{events}", "{labels}", "--config", "a", "--config", "b", "--config", "c"], "twice"),
        (["{events}", "{labels}", "--config", "nothing.toml"], "nothing.toml"),
        (["{events}", "--cases", "x"], "--cases"),
        (["--cases", "nowhere"], "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_sentence_and_exit_code_2(arguments, word, stream, capfd):
    given = [one.format(events=stream[0], labels=stream[1]) for one in arguments]
    assert main(["evaluate", *given, "--jobs", "1"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert word in err
    assert err.count("\n") == 1


def test_a_file_without_events_says_what_its_lines_are(stream, tmp_path, capfd):
    events = tmp_path / "events.jsonl"
    events.write_text('[{"id": 1}]\n')
    assert main(["evaluate", str(events), stream[1], "--jobs", "1"]) == 2
    assert "line 1:" in capfd.readouterr().err


def test_own_detector_cases_that_hold_give_exit_code_0(tmp_path, capfd):
    file = written(tmp_path / "mine.jsonl", CLONES, QUIET)
    assert main(["evaluate", "--cases", file]) == 0
    out = capfd.readouterr().out
    assert "2 cases, 0 failed" in out
    assert "clones" in out


def test_a_case_that_fails_gives_exit_code_1(tmp_path, capfd):
    written(tmp_path / "mine.jsonl", CLONES | {"expect": "quiet"}, CLONES | {"leading": "hours"}, QUIET)
    assert main(["evaluate", "--cases", str(tmp_path), "--json"]) == 1
    (found,) = json.loads(capfd.readouterr().out)["configurations"]
    assert [case["holds"] for case in found["cases"]] == [False, False, True]


def test_cases_are_played_under_each_configuration(tmp_path, capfd):
    deaf = tmp_path / "deaf.toml"
    deaf.write_text("[detectors]\nthreshold = 99\n")
    assert main(["evaluate", "--cases", written(tmp_path / "mine.jsonl", CLONES), "--config", str(deaf)]) == 1
    assert "deaf: 1 cases, 1 failed" in capfd.readouterr().out


def test_a_place_is_a_name_or_stands_in_the_case(tmp_path):
    home = {"country": "GB", "asn": 2856, "network": "residential"}
    (tmp_path / "places.json").write_text(json.dumps({"home": home}))
    rented = {"country": "DE", "asn": 24940, "network": "hosting"}
    burst = BURST | {"times": 3, "resource": ["a/b"], "place": rented}
    case = CLONES | {"leading": "geography", "blocks": [SPAN | {"place": "home", "days": [0, 42]}, burst | {"day": 42}]}
    assert main(["evaluate", "--cases", written(tmp_path / "mine.jsonl", case)]) == 0


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"expect": "perhaps"}, "expect"),
        ({"blocks": []}, "blocks"),
        ({"blocks": [SPAN]}, "judged"),
        ({"blocks": [SPAN | {"judged": True, "to": "08:00"}]}, "judged"),
        ({"blocks": [SPAN | {"judged": True, "speed": 3}]}, "speed"),
        ({"blocks": [BURST | {"resource": ["x"], "place": "mars"}]}, "mars"),
        ({"blocks": [BURST | {"resource": ["x"], "place": {"country": "Mars"}}]}, "country"),
        ({"blocks": [BURST | {"resource": ["x"], "action": ["Not An Action"]}]}, "action"),
        ({"blocks": [BURST | {"resource": ["x"], "days": [0, 2]}]}, "either"),
    ],
    ids=["expectation", "no blocks", "nothing judged", "no event", "field", "place", "own place", "action", "both"],
)
def test_a_case_that_is_none_is_told_by_its_line(change, word, tmp_path, capfd):
    assert main(["evaluate", "--cases", written(tmp_path / "mine.jsonl", QUIET, CLONES | change)]) == 2
    err = capfd.readouterr().err
    assert "line 2" in err
    assert word in err
    assert err.count("\n") == 1
