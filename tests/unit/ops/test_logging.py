"""The log: text for people, JSON for programs, and libraries that keep quiet."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from service.ops.logging import LIBRARIES, set_up

LOGGER = logging.getLogger("service.test")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def test_a_program_reads_one_json_object_a_line() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    LOGGER.info("took %d partitions\nand more", 3, extra={"epoch": 7})
    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "level": "info",
        "logger": "service.test",
        "message": "took 3 partitions\nand more",
        "epoch": 7,
    }


def test_a_trace_stays_within_its_line() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    try:
        raise ValueError("no")
    except ValueError:
        LOGGER.exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: no" in json.loads(line)["error"]


def test_what_json_does_not_know_is_told_as_text() -> None:
    stream = io.StringIO()
    set_up(stream=stream)
    LOGGER.info("at", extra={"partitions": {3}})
    assert json.loads(stream.getvalue())["partitions"] == "{3}"


def test_a_terminal_gets_text_in_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    set_up(stream=stream)
    LOGGER.warning("waits", extra={"partition": 3})
    assert stream.getvalue().endswith(" \033[33mWARNING\033[0m waits  partition=3\n")


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Screen()
    set_up(stream=stream)
    LOGGER.error("no")
    assert "\033" not in stream.getvalue()


def test_the_format_can_be_asked_for() -> None:
    text, lines = io.StringIO(), Screen()
    set_up(style="text", stream=text)
    LOGGER.info("one")
    set_up(style="json", stream=lines)
    LOGGER.info("two")
    assert text.getvalue().endswith(" INFO    one\n")
    assert json.loads(lines.getvalue())["message"] == "two"


def test_libraries_speak_up_at_debug_alone() -> None:
    stream = io.StringIO()
    set_up("info", stream=stream)
    logging.getLogger("aiokafka.consumer").info("noise")
    assert not stream.getvalue()
    set_up("debug", stream=stream)
    logging.getLogger("aiokafka.consumer").info("news")
    assert json.loads(stream.getvalue())["message"] == "news"


def test_a_level_keeps_what_is_below_it_out() -> None:
    stream = io.StringIO()
    set_up("warning", stream=stream)
    LOGGER.info("no")
    LOGGER.warning("yes")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["yes"]
