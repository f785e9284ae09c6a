"""`docs/hostile-input.md`, made of the table. `python -m tests.support.hostile_page` writes it."""

from pathlib import Path

from l1_walk_contracts import Outcome
from tests.support.hostile import TABLE, Hostile

PAGE = Path(__file__).parents[2] / "docs" / "hostile-input.md"

_BEGIN = """\
# What becomes of what should not come

Made by `python -m tests.support.hostile_page` from `tests/support/hostile.py`, the table that the tests run: each row
through the decoder, through the rules, and through a worker with Kafka and PostgreSQL.

Whatever the bytes of a record on `l1.walk.commands`, it has exactly one outcome, and its neighbours have theirs:

- **accepted**: odd, and a command all the same.
- **duplicate**: counted already; nothing happens.
- **rejected**: upstream is told on `l1.walk.rejected`, with the reason; where that is `invalid`, with each field and
  what is wrong with it. The walk is not touched. Correct it and send it again.
- **dead letter**: put aside whole, and on `l1.walk.dead-letter` for operators. `unreadable`: nobody can tell whose it
  is, so upstream is not told. `unsupported`: of a type that this worker does not know yet; its walk waits until one
  does.

No error quotes what it is about. No message, whatever is in it, takes the worker's event loop for longer than 10 ms;
`python -m bench.hostile_cost` measures it. So a value has at most 512 KiB and 20,000 JSON values (as told by commas
and opening brackets outside of texts), and `replace-notes` at most 3,000 notes, which is more than a walk holds.

Each row below is a `note` for a walk that has begun, unless it says otherwise. The first error that is found is the
one that is told where a record is unreadable; where it is invalid, all are.
"""


def page() -> str:
    """The whole document."""
    return "\n".join([_BEGIN, *(_section(title, rows) for title, rows in TABLE.items())])


def _section(title: str, rows: list[Hostile]) -> str:
    lines = [f"## {title}", "", "| what comes | outcome | what is told |", "|---|---|---|"]
    lines += [f"| {row.name} | {_outcome(row)} | {row.told} |" for row in rows]
    return "\n".join([*lines, ""])


def _outcome(row: Hostile) -> str:
    name = "dead letter" if row.outcome is Outcome.DEAD_LETTERED else row.outcome.value
    return f"{name}, `{row.reason}`" if row.reason else name


if __name__ == "__main__":
    PAGE.write_text(page())
