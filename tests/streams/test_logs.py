import json
import logging

import pytest
import structlog
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.logs import configure_logs
from streams.settings import LogSettings


@pytest.fixture(autouse=True)
def _restored():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_tells_when_who_and_what(capsys):
    configure_logs(LogSettings(format="json"))
    structlog.get_logger("airlock.test").info("worker started", partitions=4)
    (line,) = lines(capsys)
    assert line["event"] == "worker started"
    assert (line["logger"], line["level"], line["partitions"]) == ("airlock.test", "info", 4)
    assert line["timestamp"].endswith("Z")


def test_the_librarys_own_logs_have_the_same_form(capsys):
    configure_logs(LogSettings(format="json"))
    logging.getLogger("somebody").warning("disk %s is full", "sda")
    (line,) = lines(capsys)
    assert (line["event"], line["logger"]) == ("disk sda is full", "somebody")


@pytest.mark.parametrize("format", ["json", "console"])
def test_text_from_an_event_moves_no_cursor_and_fills_no_disk(format, capsys):
    configure_logs(LogSettings(format=format))
    structlog.get_logger("x").warning("seen", actor="\x1b[2J\u202e\n" + "a" * 1_000_000)
    said = capsys.readouterr().err
    assert "\x1b[2J" not in said
    assert "\u202e" not in said
    assert len(said) < 3_000
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("level", "said"),
    [("debug", ["debug", "info", "warning"]), ("info", ["info", "warning"]), ("error", [])],
)
def test_the_level_decides_what_is_said(level, said, capsys):
    configure_logs(LogSettings(format="json", level=level))
    for name in ("debug", "info", "warning"):
        getattr(structlog.get_logger("x"), name)("hello")
    assert [line["level"] for line in lines(capsys)] == said


def test_a_kafka_client_that_repeats_itself_is_heard_once(capsys):
    configure_logs(LogSettings(format="json"))
    for _ in range(50):
        logging.getLogger("aiokafka.conn").error("connection refused")
        structlog.get_logger("airlock.worker").warning("ours is always heard")
    logging.getLogger("aiokafka.conn").error("something else")
    said = [line["event"] for line in lines(capsys)]
    assert said.count("connection refused") == 1
    assert said.count("something else") == 1
    assert said.count("ours is always heard") == 50


@pytest.mark.parametrize(("level", "said"), [("info", []), ("debug", ["refused"])])
def test_what_kafka_python_logs_and_raises_is_told_once_unless_in_detail(level, said, capsys):
    configure_logs(LogSettings(format="json", level=level))
    logging.getLogger("kafka.net").error("refused")
    assert [line["event"] for line in lines(capsys)] == said


@pytest.mark.parametrize(("level", "said"), [("info", 0), ("debug", 1)])
@pytest.mark.parametrize(
    ("logger", "error"),
    [
        pytest.param("aiokafka.consumer", GroupCoordinatorNotAvailableError(), id="a broker that is making ready"),
        pytest.param("faust.transport", RuntimeError("Event loop is closed"), id="a thread that ended by itself"),
    ],
)
def test_what_a_library_wrongly_calls_an_error_is_told_only_in_detail(logger, error, level, said, capsys):
    configure_logs(LogSettings(format="json", level=level))
    logging.getLogger(logger).error("this failed: %r", error)
    assert len(lines(capsys)) == said


def test_no_variable_of_a_frame_is_logged(capsys):
    configure_logs(LogSettings(format="json"))
    password = "".join(["hun", "ter", "2"])
    try:
        raise ZeroDivisionError(len(password))
    except ZeroDivisionError:
        structlog.get_logger("x").exception("broke")
    assert "hunter2" not in capsys.readouterr().err


def test_configuring_twice_says_things_once(capsys):
    configure_logs(LogSettings(format="json"))
    configure_logs(LogSettings(format="json"))
    structlog.get_logger("x").warning("once")
    assert len(lines(capsys)) == 1


def test_an_error_keeps_its_traceback(capsys):
    configure_logs(LogSettings(format="json"))
    try:
        raise ZeroDivisionError("oops")
    except ZeroDivisionError:
        structlog.get_logger("x").exception("broke")
    (line,) = lines(capsys)
    assert "ZeroDivisionError" in json.dumps(line)
