import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.errors import UsageError
from streams.config import load_settings
from streams.settings import Settings

TOML = '[kafka]\nbootstrap = "toml:1"\n'
VARIABLE = {"AIRLOCK_KAFKA__BOOTSTRAP": "env:2"}
FLAG = {"kafka.bootstrap": ("--bootstrap", "flag:3")}


@pytest.fixture(autouse=True)
def _empty_surroundings(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("AIRLOCK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch, toml=None, env=None, flags=None):
    if toml is not None:
        Path("airlock.toml").write_text(toml, encoding="utf-8")
    for name, value in (env or {}).items():
        monkeypatch.setenv(name, value)
    return load_settings(flags=flags)


@pytest.mark.parametrize(
    ("toml", "env", "flags", "expected"),
    [
        pytest.param(None, {}, {}, (None, "default"), id="nothing: the default"),
        pytest.param(TOML, {}, {}, ("toml:1", "airlock.toml"), id="file over default"),
        pytest.param(TOML, VARIABLE, {}, ("env:2", "AIRLOCK_KAFKA__BOOTSTRAP"), id="variable over file"),
        pytest.param(TOML, VARIABLE, FLAG, ("flag:3", "--bootstrap"), id="flag over variable"),
        pytest.param(TOML, {}, FLAG, ("flag:3", "--bootstrap"), id="flag over file"),
        pytest.param(
            TOML, {"AIRLOCK_KAFKA__BOOTSTRAP": ""}, {}, ("toml:1", "airlock.toml"), id="empty variable is unset"
        ),
        pytest.param(
            None, {"AIRLOCK_KAFKA": '{"bootstrap": "j:1"}'}, {}, ("j:1", "AIRLOCK_KAFKA"), id="section as JSON"
        ),
    ],
)
def test_a_later_source_wins_and_its_name_is_kept(monkeypatch, toml, env, flags, expected):
    loaded = load(monkeypatch, toml, env, flags)
    origins = {name: origin for name, _, origin in loaded.rows()}
    assert (loaded.settings.kafka.bootstrap, origins["kafka.bootstrap"]) == expected


def test_sources_of_one_section_are_merged_key_by_key(monkeypatch):
    settings = load(monkeypatch, "[broker]\nport = 1\nheap_mb = 300\n", {"AIRLOCK_BROKER__PORT": "2"}).settings
    assert (settings.broker.port, settings.broker.heap_mb) == (2, 300)


def test_source_topics_come_from_file_and_environment(monkeypatch):
    loaded = load(monkeypatch, '[sources]\n"github-audit" = "github"\n', {"AIRLOCK_SOURCES": '{"ci.events": "native"}'})
    assert loaded.settings.sources == {"github-audit": "github", "ci.events": "native"}
    origins = {name: origin for name, _, origin in loaded.rows()}
    assert origins["sources.github-audit"] == "airlock.toml"
    assert origins["sources.ci.events"] == "AIRLOCK_SOURCES"


def test_a_map_takes_one_key_a_variable(monkeypatch):
    loaded = load(
        monkeypatch, env={"AIRLOCK_TOPICS__PRINCIPALS__PUBLISHERS": '["User:ci"]', "AIRLOCK_SOURCES__A": "github"}
    )
    assert loaded.settings.topics.principals == {"publishers": ("User:ci",)}
    assert loaded.settings.sources == {"a": "github"}
    assert loaded.origins["sources.a"] == "AIRLOCK_SOURCES__A"


@pytest.mark.parametrize("how", ["argument", "variable"])
def test_another_file_can_be_named(monkeypatch, tmp_path, how):
    path = tmp_path / "other.toml"
    path.write_text(TOML, encoding="utf-8")
    if how == "variable":
        monkeypatch.setenv("AIRLOCK_CONFIG", str(path))
    loaded = load_settings(path if how == "argument" else None)
    assert loaded.settings.kafka.bootstrap == "toml:1"
    assert loaded.origins["kafka.bootstrap"] == str(path)


def test_paths_are_absolute_so_that_a_process_started_elsewhere_means_the_same(monkeypatch, tmp_path):
    settings = load(monkeypatch, 'data_dir = "state"\n', {"AIRLOCK_GEO__CITY": "~/city.mmdb"}).settings
    assert settings.data_dir == tmp_path / "state"
    assert settings.geo.city == Path.home() / "city.mmdb"


def refusal(monkeypatch, **given):
    with pytest.raises(UsageError) as caught:
        load(monkeypatch, **given)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        pytest.param("[kafka]\nbootstrp = 'a:1'", ["kafka.bootstrp", "mean kafka.bootstrap?"], id="misspelt key"),
        pytest.param("[kafak]\nbootstrap = 'a:1'", ["kafak", "mean kafka?"], id="misspelt section"),
        pytest.param("[broker]\nzzz = 1", ["broker.zzz", "known are broker.port"], id="unknown key: its siblings"),
        pytest.param("[broker]\nport = 'x'", ["broker.port", "integer"], id="value of the wrong type"),
        pytest.param("kafka = 3", ["kafka: "], id="section that is none"),
        pytest.param("[kafka]\nbootstrap = \n", ["TOML", "line 2"], id="broken TOML"),
        pytest.param("[sources]\na = 'nope'", ["sources.a", "'nope'", "github"], id="unknown format"),
    ],
)
def test_a_mistake_in_the_file_is_refused_by_name(monkeypatch, toml, words):
    sentence = refusal(monkeypatch, toml=toml)
    assert [word for word in ("airlock.toml", *words) if word not in sentence] == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("AIRLOCK_KAFKA__BOOTSTRP", "a:1", ["mean AIRLOCK_KAFKA__BOOTSTRAP?"], id="misspelt"),
        pytest.param("AIRLOCK_BOOTSTRAP", "a:1", ["mean AIRLOCK_KAFKA__BOOTSTRAP?"], id="without its section"),
        pytest.param("airlock_bootstrap", "a:1", ["mean AIRLOCK_KAFKA__BOOTSTRAP?"], id="in small letters"),
        pytest.param("AIRLOCK_QQQ", "1", ["known are AIRLOCK_DATA_DIR, AIRLOCK_KAFKA"], id="like no other"),
        pytest.param("AIRLOCK_KAFKA", '{"x": 1}', ["kafka.x"], id="unknown key in its JSON"),
        pytest.param("AIRLOCK_KAFKA", "{", ["not valid JSON"], id="broken JSON"),
        pytest.param("AIRLOCK_TOPICS__PRINCIPALS", "{", ["not valid JSON"], id="broken JSON below a section"),
        pytest.param("AIRLOCK_BROKER__PORT", "99999", ["65535"], id="value out of range"),
    ],
)
def test_a_mistake_in_the_environment_is_refused_by_name(monkeypatch, name, value, words):
    sentence = refusal(monkeypatch, env={name: value})
    assert [word for word in (name, *words) if word not in sentence] == []


def test_a_mistake_in_a_flag_is_refused_by_its_name(monkeypatch):
    assert refusal(monkeypatch, flags={"kafka.bootstrap": ("--bootstrap", "nowhere")}).startswith("--bootstrap: ")


def test_a_named_file_that_is_missing_is_refused(monkeypatch):
    sentence = refusal(monkeypatch, env={"AIRLOCK_CONFIG": "missing.toml"})
    assert "missing.toml can't be read: No such file" in sentence


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "airlock.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        load_settings(path)


def test_a_secret_is_masked_and_never_quoted(monkeypatch):
    loaded = load(monkeypatch, env={"AIRLOCK_KAFKA__SASL_PASSWORD": "hunter2"})
    assert loaded.settings.kafka.sasl_password.get_secret_value() == "hunter2"
    assert {name: value for name, value, _ in loaded.rows()}["kafka.sasl_password"] == "********"
    assert "hunter2" not in f"{loaded.settings!r} {loaded!r} {list(loaded.rows())}"


def test_the_message_about_a_bad_section_does_not_quote_a_secret(monkeypatch):
    with pytest.raises(UsageError) as caught:
        load(monkeypatch, env={"AIRLOCK_KAFKA": '{"sasl_password": ["hunter2"], "compression": "hunter2"}'})
    assert "hunter2" not in str(caught.value)


def test_settings_are_frozen():
    with pytest.raises(ValidationError):
        Settings().data_dir = Path("/elsewhere")


def test_the_settings_themselves_read_no_environment(monkeypatch):
    monkeypatch.setenv("AIRLOCK_KAFKA__BOOTSTRAP", "env:2")
    assert Settings().kafka.bootstrap is None


def test_every_setting_has_a_variable(monkeypatch):
    every = {name for name, _, _ in load_settings().rows()}
    assert "worker.batch_records" in every
    for name in every - {"sources"}:
        monkeypatch.setenv("AIRLOCK_" + name.upper().replace(".", "__"), "")
    assert load_settings().origins == {}
