"""The blocks of docs/upstream.md that a newcomer pastes, as they stand there, on a running worker."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.missing import cannot_have
from tests.support.shown import json_block, on_site, put, run, shell_block
from tests.support.site import Site
from tests.support.upstream_programs import Programs
from tests.support.upstream_walk import SUMMARY, timeless, what_is_shown
from tests.support.walk import Sending

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "docs/upstream.md"
FIVE_MINUTES = 300.0


@pytest.fixture
def kcat() -> None:
    if not shutil.which("kcat"):
        cannot_have("kcat is not installed")


@pytest.mark.timeout(2 * FIVE_MINUTES)
async def test_five_minutes_with_pip_alone_lead_to_an_event(site: Site, tmp_path: Path) -> None:
    elsewhere = {"python3 ": f"{sys.executable} ", ".venv-upstream": str(tmp_path / "new")}
    said = await run(put(shell_block("five-minutes", PAGE), elsewhere), site, patience=FIVE_MINUTES)
    session_id, summary = what_is_shown(said)
    assert timeless(summary) == SUMMARY
    assert (await site.session(session_id))["status"] == "resolved"


async def test_the_rejection_is_what_its_command_gets(site: Site, kcat: None) -> None:
    shown = json_block("rejection", PAGE)
    command = shown["data"]["command"]
    headers = tuple((name, text.encode()) for name, text in command["headers"])
    sent = Sending(command["key"].encode(), command["value"].encode(), headers)
    [place] = await site.send(sent)
    await site.handled(place)

    [line] = (await run(on_site(shell_block("follow", PAGE), site), site)).splitlines()
    told = json.loads(line)
    assert told["data"].pop("origin") == {"topic": site.topics.commands, **place._asdict()}
    assert shown["data"].pop("origin").keys() == {"topic", "partition", "offset"}
    for one_of_its_own in ("id", "time"):
        assert told.pop(one_of_its_own)
        assert shown.pop(one_of_its_own)
    assert told == shown


async def test_a_reference_that_was_told_of_is_known(strict: Site, programs: Programs, kcat: None) -> None:
    await run(on_site(shell_block("references", PAGE), strict), strict)
    code, _said, errors = await programs.run("python_contracts.py", strict.settings)
    assert code == 0, errors
