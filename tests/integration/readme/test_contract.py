"""The five minutes of docs/contract.md, which need no broker."""

import subprocess
import sys

from tests.support.shown import shell_block


def test_what_becomes_of_a_walk_is_shown_without_a_broker() -> None:
    block = shell_block("contract", "docs/contract.md").replace(".venv/bin/python", sys.executable)
    said = subprocess.run(["bash", "-c", block], capture_output=True, text=True, check=True).stdout
    assert "RESOLUTION\nPlugged the network cable back in." in said
    assert said.rstrip().endswith("sent too late: the walk has ended")
