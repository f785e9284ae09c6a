"""Lines of files and pipes."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.cli.exits import CommandError
from service.cli.lines import file_lines, pipe_lines


async def test_a_pipe_is_read_as_it_comes() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb", buffering=0) as feed:
        lines = pipe_lines(reader)
        feed.write(b"one\ntw")
        assert (await anext(lines)).value == b"one"
        feed.write(b"o\n\nfour")
        assert (await anext(lines)).value == b"two"
        feed.close()
        last = await anext(lines)
        assert (last.number, last.value) == (4, b"four"), "the last line may lack its end"
        assert [line async for line in lines] == []


async def test_lines_longer_than_a_pipe_holds_are_whole() -> None:
    reader, writer = os.pipe()
    long = b"x" * 300_000
    with os.fdopen(reader, "rb"):
        with os.fdopen(writer, "wb") as feed, ThreadPoolExecutor(1) as thread:
            lines = pipe_lines(reader)
            thread.submit(feed.write, long + b"\n")
            assert (await anext(lines)).value == long
        assert [line async for line in lines] == []


def test_a_file_is_read_by_lines(tmp_path: Path) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_bytes(b"one\r\n\ntwo")
    assert [(line.number, line.value) for line in file_lines(file)] == [(1, b"one"), (3, b"two")]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        list(file_lines(tmp_path))
