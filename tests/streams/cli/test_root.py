import os
import signal
import subprocess
import sys

import pytest

from schemas.errors import EvidenceError, UsageError
from streams.cli import group, main, root
from streams.cli.group import COMMANDS, command

NAMES = [name for section in COMMANDS.values() for name in section]
AIRLOCK = [sys.executable, "-c", "import sys; from streams.cli import main; sys.exit(main())"]


@pytest.fixture(autouse=True)
def _empty_surroundings(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("AIRLOCK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.chdir(tmp_path)


def leaves(built, path):
    below = getattr(built, "commands", None)
    if below is None:
        return [(path, built)]
    return [leaf for name, child in below.items() for leaf in leaves(child, f"{path} {name}")]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example(name, capsys):
    for path, leaf in leaves(command(name), name):
        assert main([*path.split(), "--help"]) == 0
        help = capsys.readouterr().out
        assert "Example" in help, path
        assert "airlock " in help.split("Example", 1)[1], path
        assert leaf.help


def test_the_root_shows_every_command_by_section(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [name for name in NAMES if f"  {name} " not in out] == []
    assert [title for title in COMMANDS if f"{title}:" not in out] == []


def test_help_costs_nothing_of_kafka_or_pydantic():
    program = (
        "import sys; from streams.cli import main; main(['--help'])\n"
        "sys.exit(bool({'kafka', 'aiokafka', 'faust', 'pydantic', 'structlog'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0


def test_without_a_command_there_is_help_and_exit_2(capsys):
    assert main([]) == 2
    assert "airlock demo" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["scor"], "Did you mean 'score'?", id="misspelt command"),
        pytest.param(["nonsense"], "No such command 'nonsense'", id="unknown command"),
        pytest.param(["--nonsense"], "--nonsense", id="unknown option"),
        pytest.param(["score", "--nonsense"], "airlock score: No such option: --nonsense", id="option of a command"),
        pytest.param(["score", "missing.jsonl"], "missing.jsonl: No such file", id="missing file"),
        pytest.param(["score", "."], "Is a directory", id="folder"),
        pytest.param(["score", "--format", "xml"], "'xml': known are auto, ", id="unknown format"),
        pytest.param(["score", "array.json"], "is one JSON array", id="JSON array"),
        pytest.param(["score", "pretty.json"], "spreads an event over several lines", id="pretty-printed JSON"),
        pytest.param(["score", "a", "b"], "airlock score: ", id="too many arguments"),
        pytest.param(["alerts", "--since", "yesterday"], "--since 'yesterday'", id="bad date"),
        pytest.param(["alerts", "--since", "2026-13-01"], "--since '2026-13-01'", id="date that isn't"),
        pytest.param(["alerts", "--limit", "many"], "--limit", id="bad number"),
        pytest.param(["--data", "empty", "alerts"], "airlock broker start", id="no broker"),
        pytest.param(["--bootstrap", "nowhere", "alerts"], "--bootstrap", id="bad address"),
        pytest.param(["--config", "missing.toml", "config", "show"], "missing.toml", id="missing configuration"),
        pytest.param(["--config", "array.json", "config", "show"], "not valid TOML", id="broken configuration"),
        pytest.param(["config", "nonsense"], "airlock config: ", id="unknown subcommand"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(arguments, words, tmp_path, capsys):
    (tmp_path / "array.json").write_text('[{"id": 1}]', encoding="utf-8")
    (tmp_path / "pretty.json").write_text('{\n  "id": 1\n}\n', encoding="utf-8")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_broken_configuration_does_not_hide_the_help(monkeypatch, capsys):
    monkeypatch.setenv("AIRLOCK_NONSENSE", "1")
    assert main(["score", "--help"]) == 0
    assert main(["score"]) == 2
    assert "AIRLOCK_NONSENSE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        pytest.param(
            UsageError("x\n\x1b[2J\u202ey"), 2, "airlock: x \\u001b[2J\\u202ey", id="hostile text in an error"
        ),
        pytest.param(EvidenceError("roots differ"), 2, "airlock: roots differ", id="evidence"),
        pytest.param(OSError(28, "No space left on device"), 2, "airlock: No space left on device", id="full disk"),
        pytest.param(PermissionError(13, "Permission denied", "/x"), 2, "airlock: /x: Permission denied", id="file"),
        pytest.param(KeyboardInterrupt(), 130, "", id="interrupt"),
        pytest.param(SystemExit(3), 3, "", id="exit"),
    ],
)
def test_an_error_becomes_a_sentence_and_an_exit_code(error, code, words, monkeypatch, capsys):
    failing_command(monkeypatch, error)
    assert main(["demo"]) == code
    err = capsys.readouterr().err
    assert err.strip() == words
    assert "Traceback" not in err


def test_a_bug_keeps_its_traceback_and_has_its_own_exit_code(monkeypatch, capsys):
    failing_command(monkeypatch, ZeroDivisionError("oops"))
    assert main(["demo"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_debug_shows_the_traceback_of_an_expected_error(monkeypatch, capsys):
    monkeypatch.setenv("AIRLOCK_DEBUG", "1")
    failing_command(monkeypatch, UsageError("no"))
    assert main(["demo"]) == 2
    assert "Traceback" in capsys.readouterr().err


def failing_command(monkeypatch, error):
    built = command("config")
    built.commands.clear()
    built.no_args_is_help, built.invoke_without_command = False, True
    built.callback = lambda: (_ for _ in ()).throw(error)
    monkeypatch.setattr(group, "command", lambda _: built)


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path):
    event = '{"id":"e%d","time":"2026-01-05T09:00:00Z","actor":"alice","action":"login"}\n'
    path = tmp_path / "events.jsonl"
    path.write_text("".join(event % i for i in range(3000)), encoding="utf-8")
    process = subprocess.Popen(
        [*AIRLOCK, "score", "--scores", "--quiet", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    assert (process.wait(30), said) == (141, b"")


def test_an_interrupt_ends_it_quietly():
    process = subprocess.Popen(
        [*AIRLOCK, "score", "--scores", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write(b"{]\n")
    process.stdin.flush()
    process.stderr.readline()  # it has told of the bad line, so it is at work
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert b"Traceback" not in process.stderr.read()


def test_the_root_command_can_be_had_for_documentation():
    assert root().list_commands(None) == NAMES


def test_a_process_without_standard_streams_works_all_the_same():
    command = (
        f"exec {sys.executable} -c 'from streams.cli import main; raise SystemExit(main())' config show <&- >&- 2>&-"
    )
    assert subprocess.run(["/bin/sh", "-c", command], check=False, timeout=60).returncode == 0
