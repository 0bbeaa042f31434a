import json
import os

import pytest

from streams.cli import main


@pytest.fixture(autouse=True)
def _empty_surroundings(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("AIRLOCK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_show_names_every_value_and_where_it_came_from(tmp_path, monkeypatch, capsys):
    (tmp_path / "airlock.toml").write_text("[topics]\npartitions = 8\n", encoding="utf-8")
    monkeypatch.setenv("AIRLOCK_KAFKA__SASL_PASSWORD", "hunter2")
    assert main(["--data", "here", "--verbose", "config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert shown["topics.partitions"] == {"value": 8, "from": "airlock.toml"}
    assert shown["kafka.sasl_password"] == {"value": "********", "from": "AIRLOCK_KAFKA__SASL_PASSWORD"}
    assert shown["data_dir"] == {"value": str(tmp_path / "here"), "from": "--data"}
    assert shown["log.level"] == {"value": "debug", "from": "--verbose"}
    assert shown["broker.port"] == {"value": 9092, "from": "default"}
    assert "hunter2" not in out


def test_the_table_has_the_same_rows(monkeypatch, capsys):
    monkeypatch.setenv("AIRLOCK_KAFKA__SASL_PASSWORD", "hunter2")
    main(["config", "show", "--json"])
    names = list(json.loads(capsys.readouterr().out))
    assert main(["--bootstrap", "[::1]:9092", "config", "show"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows] == ["setting", *names]
    assert ["kafka.bootstrap", "[::1]:9092", "--bootstrap"] in rows
    assert ["kafka.sasl_password", "********", "AIRLOCK_KAFKA__SASL_PASSWORD"] in rows
