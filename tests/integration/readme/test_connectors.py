"""The five-minute paths of docs/connectors.md."""

import re
import sys
from pathlib import Path

import pytest

from service.dev.ports import free_ports
from tests.support.shown import ROOT, on_site, put, run, shell_block
from tests.support.site import Site

PAGE = "docs/connectors.md"
FIVE_MINUTES = 300.0


@pytest.mark.timeout(2 * FIVE_MINUTES)
async def test_with_pip_and_a_broker_alone_what_ended_is_read(site: Site, tmp_path: Path) -> None:
    elsewhere = {
        "python3 ": f"{sys.executable} ",
        ".venv-connector": str(tmp_path / "new"),
        "localhost:9092": site.settings.require_kafka(),
        "try.l1.walk": f"try.{site.settings.topic_prefix}",
        "consume.py": f"consume.py --group try.{site.settings.topic_prefix}",
    }
    said = await run(put(shell_block("consume", PAGE), elsewhere), site, patience=FIVE_MINUTES)
    (shown,) = re.findall(r"```text\n(T\d+ resolved.*?)```", (ROOT / PAGE).read_text(), re.DOTALL)
    tickets = [re.split(r"^(?=T\d)", text, flags=re.MULTILINE) for text in (said, shown)]
    published, *read = tickets[0]
    assert published.count("partition") == 2
    assert sorted(read) == sorted(tickets[1][1:])


async def test_a_walk_reaches_the_simulated_psa(site: Site, tmp_path: Path) -> None:
    shown = shell_block("connector", PAGE)
    block = put(shown, {"8090": str(free_ports(1)[0]), "$(mktemp -d)": str(tmp_path)})
    said = await run(on_site(block, site), site)
    assert "note on ticket 1001, for colleagues: L1 walk of ticket 1001: RESOLVED" in said
    assert "time on ticket 1001: 0.02 hours" in said
    assert "status of ticket 1001: Resolved" in said
