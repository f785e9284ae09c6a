"""Bytes of which nobody knows what they are."""

from rich.console import RenderableType

from service.cli.views.content import content_json, content_line, content_view, headers_json, visible
from tests.support.terminal import rendered


def lines(view: RenderableType) -> list[str]:
    return rendered(view).splitlines()


def test_json_is_laid_out() -> None:
    assert lines(content_view(b'{"a":[1,"\xc3\xa4"]}')) == ["{", '  "a": [', "    1,", '    "ä"', "  ]", "}"]


def test_other_text_is_shown_as_it_is() -> None:
    assert lines(content_view(b"one\ntwo {")) == ["one", "two {"]


def test_what_is_no_text_is_dumped() -> None:
    assert lines(content_view(b"\xff\x00abc" + bytes(16))) == [
        "00000000  ff 00 61 62 63 00 00 00 00 00 00 00 00 00 00 00  ..abc...........",
        "00000010  00 00 00 00 00                                   .....",
    ]


def test_a_long_dump_says_how_much_is_left_out() -> None:
    assert lines(content_view(b"\xff" * 2000))[-1] == "and 976 bytes more: --json has them"


def test_nothing_and_too_much_are_told_in_words() -> None:
    assert lines(content_view(None)) == ["null"]
    assert lines(content_view(b"")) == ["empty"]
    assert lines(content_view(b"x" * 100_000)) == ["100,000 bytes: --json has the whole"]


def test_nothing_reaches_the_terminal_that_it_would_obey() -> None:
    hostile = b"\x1b[2Jgone\x07"
    assert lines(content_view(hostile)) == ["\ufffd[2Jgone\ufffd"]
    assert content_line(hostile).plain == "\ufffd[2Jgone\ufffd"
    assert visible("a\u202eb") == "a\ufffdb"


def test_nesting_beyond_measure_is_borne() -> None:
    assert rendered(content_view(b"[" * 30_000)).startswith("[[[")


def test_one_line() -> None:
    assert content_line(None).plain == "null"
    assert content_line(b"two\n words").plain == "two words"
    assert content_line(b"\xff\x01").plain == "ff 01"


def test_programs_get_text_or_base64() -> None:
    assert content_json(None) is None
    assert content_json("ä\n".encode()) == "ä\n"
    assert content_json(b"\xff") == {"base64": "/w=="}
    assert headers_json([("a", b"1"), ("a", None)]) == [["a", "1"], ["a", None]]
