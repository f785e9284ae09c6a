"""A client whose types are generated from the committed document: it compiles, strictly, and talks to a worker."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.support import node
from tests.support.site import open_site, site_settings
from tests.support.worker import working

DOCUMENT = Path(__file__).parents[3] / "contracts" / "asyncapi.json"
KNOWN = '"l1.walk.start.v1"'


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, fetched_programs: None) -> Path:
    """The program, with the types generated, not compiled."""
    there = node.program("typescript", tmp_path_factory.mktemp("client"))
    node.run(["node", "generate.mjs", str(DOCUMENT), "generated"], there)
    return there


async def test_it_walks_a_ticket_and_reads_what_a_psa_gets(
    client: Path, database_url: str, bootstrap_servers: str, topic_prefix: str
) -> None:
    node.run(["node_modules/.bin/tsc"], client)
    settings = site_settings(database_url, bootstrap_servers, topic_prefix)
    env = {"WALK_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, "WALK_TOPIC_PREFIX": topic_prefix}
    async with open_site(settings) as site, working(settings):
        said = await asyncio.to_thread(node.run, ["node", "build/walk.js"], client, env=env)
        sentence, figures = said.splitlines()
        read = json.loads(figures)
        row = await site.session(read["session"])

    assert sentence == f"resolved {row['ticket_id']}: {row['resolution_notes']}"
    assert (read["caused"], read["version"], read["path_count"]) == (True, row["version"], 1)
    assert "Is the link light on?" in read["summary"]


def test_the_types_are_of_use(client: Path) -> None:
    """A message that breaks the contract does not compile."""
    wrong = client.parent / "wrong"
    shutil.copytree(client, wrong, symlinks=True)
    program = (wrong / "walk.ts").read_text()
    assert KNOWN in program
    (wrong / "walk.ts").write_text(program.replace(KNOWN, '"l1.walk.begin.v1"'))
    with pytest.raises(AssertionError, match=r"l1\.walk\.begin\.v1"):
        node.run(["node_modules/.bin/tsc", "--noEmit"], wrong)
