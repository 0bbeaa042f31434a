from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.event import Event
from streams.cli import main
from streams.simulate import SimulationSpec, simulate

SMALL = ["simulate", "--seed", "4", "--days", "3", "--actors", "12"]


def test_it_writes_one_event_a_line(capfdbinary: pytest.CaptureFixture[bytes]):
    assert main(SMALL) == 0
    out = capfdbinary.readouterr().out
    assert out == b"".join(event.raw + b"\n" for event in simulate(SimulationSpec(seed=4, days=3, actors=12)))
    assert all(Event.from_json(line).actor for line in out.splitlines())


def test_labels_are_json_lines_of_attacks_and_oddities(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    file = tmp_path / "labels.jsonl"
    assert main([*SMALL, "--incidents", "2", "--kind", "mass_clone", "--labels", str(file)]) == 0
    ids = {json.loads(line)["id"] for line in capfdbinary.readouterr().out.splitlines()}
    labels = [json.loads(line) for line in file.read_text().splitlines()]
    attacks = [label for label in labels if "kind" in label]
    assert [attack["kind"] for attack in attacks] == ["mass_clone"] * 2
    assert all(set(attack["event_ids"]) <= ids for attack in attacks)
    assert any("nuisance" in label for label in labels)


def test_without_nuisances_there_is_nothing_to_label(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    file = tmp_path / "labels.jsonl"
    assert main([*SMALL, "--no-nuisances", "--incidents", "0", "--labels", str(file)]) == 0
    assert file.read_bytes() == b""


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["--start", "yesterday"], "'yesterday'"),
        (["--kind", "flood"], "'flood'"),
        (["--difficulty", "absurd"], "'absurd'"),
        (["--days", "0"], "days"),
        (["--actors", "-3"], "actors"),
        (["--labels", "/nonexistent/labels.jsonl"], "/nonexistent/labels.jsonl"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(flags: list[str], word: str, capfd: pytest.CaptureFixture[str]):
    assert main([*SMALL, *flags]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert word in err
    assert err.count("\n") == 1
