"""Real help-desk traffic for a scenario: the walks of some tickets, whole, with all that must come of them."""

import importlib.util
import json
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from service.dev.simulation.expected import Traffic
from service.dev.simulation.replayed import load
from service.dev.simulation.traffic import simulate

SHARED = Path(__file__).parents[3] / "shared"
TOOL, DATA = SHARED / "tools/helpdesk_commands.py", SHARED / "data/helpdesk_events.csv.gz"


def source() -> str:
    """Where the traffic comes from, for a person to read."""
    return "the help desk's log" if _is_here() else "the simulator: the help desk's log is not here"


def help_desk(cases: int, seed: int) -> Traffic:
    """The commands of so many tickets drawn from the log, in the order of its clock; the seed says which.

    Where the log is not here, simulated traffic of the same size.
    """
    if not _is_here():
        return simulate(cases * 3 // 5, seed)
    tool, rows = _log()
    names = sorted({row["case"] for row in rows})
    drawn = set(random.Random(seed).sample(names, min(cases, len(names))))
    commands, expected = tool.convert([dict(row) for row in rows if row["case"] in drawn])
    with tempfile.TemporaryDirectory() as folder:
        lines, told = Path(folder, "commands.jsonl"), Path(folder, "expected.json")
        lines.write_text("".join(json.dumps(one, separators=(",", ":")) + "\n" for one in commands))
        told.write_text(json.dumps(expected))
        return load(lines, told)


def _is_here() -> bool:
    return TOOL.exists() and DATA.exists()


@cache
def _log() -> tuple[Any, list[dict[str, str]]]:
    spec = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool, tool.read(DATA, 0)
