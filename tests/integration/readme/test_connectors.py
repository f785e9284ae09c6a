"""The five-minute path of docs/connectors.md, on a running worker."""

from pathlib import Path

from service.dev.ports import free_ports
from tests.support.shown import on_site, put, run, shell_block
from tests.support.site import Site


async def test_a_walk_reaches_the_simulated_psa(site: Site, tmp_path: Path) -> None:
    shown = shell_block("connector", "docs/connectors.md")
    block = put(shown, {"8090": str(free_ports(1)[0]), "psa-connector.sqlite": str(tmp_path / "store")})
    said = await run(on_site(block, site), site)
    assert "note on ticket 1001, for colleagues: L1 walk of ticket 1001: RESOLVED" in said
    assert "time on ticket 1001: 0.02 hours" in said
    assert "status of ticket 1001: Resolved" in said
