"""docs/upstream.md shows what the tests run, and a command that is one."""

import json
import re

import pytest

from l1_walk_contracts import Command, Record, RejectionReason, decode_command, limits
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


@pytest.mark.parametrize("reason", RejectionReason)
def test_each_reason_to_reject_has_a_cause_and_a_remedy(reason: RejectionReason) -> None:
    rows = re.findall(rf"^\|[^|]*`{reason}`[^|]*\|(.+)\|(.+)\|$", PAGE.read_text(), re.MULTILINE)
    assert rows
    assert all(cell.strip() for row in rows for cell in row)


def test_the_limits_are_those_of_the_contract() -> None:
    section = PAGE.read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = [cells.split("|")[2].strip() for cells in section.splitlines() if cells.startswith("| ")][1:]
    path = f"{limits.PATH_BYTES // 1024**2} MiB and {limits.PATH_ENTRIES} entries"
    assert rows == [
        f"{limits.MESSAGE_BYTES // 1024} KiB, {limits.JSON_VALUES:,} JSON values, nested 200 deep",
        f"{limits.ID_CHARS} characters",
        f"{limits.TICKET_ID_CHARS}; {limits.NODE_ID_CHARS}; {limits.ACTING_AS_CHARS} characters",
        f"{limits.ANSWER_CHARS:,} characters",
        f"{limits.TEXT_CHARS:,} characters",
        f"{limits.NOTES_BYTES // 1024} KiB; {path}, as JSON",
    ]
