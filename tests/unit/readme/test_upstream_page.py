"""docs/upstream.md shows what the tests run, and a command that is one."""

import json

from l1_walk_contracts import Command, Record, decode_command
from tests.support.shown import json_block
from tests.support.upstream_page import PAGE, ROOT, files, page
from tests.support.upstream_programs import PROGRAMS, UPSTREAM


def test_the_programs_are_those_that_the_tests_run() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.support.upstream_page"


def test_each_of_them_is_shown() -> None:
    shown = [str((ROOT / name).relative_to(UPSTREAM)) for name in files()]
    assert shown == list(dict.fromkeys(program.split()[0] for program in PROGRAMS))


def test_the_command_is_one() -> None:
    envelope = json_block("command", "docs/upstream.md")
    read = decode_command(Record(envelope["subject"].encode(), json.dumps(envelope).encode()))
    assert isinstance(read, Command), read
