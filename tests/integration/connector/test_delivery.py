"""From an event on the topic to the ticket in the PSA."""

import pytest

from tests.integration.connector.conftest import OpenDesk
from tests.support.psa.ended import ended

VENDORS = ["connectwise", "autotask", "halopsa"]


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_walk_becomes_a_note_a_time_entry_and_a_status(open_desk: OpenDesk, vendor: str) -> None:
    desk = open_desk(vendor)
    walks = [ended("1001"), ended("1002", resolved=False)]
    await desk.publish(*walks)
    running = desk.connector.start()
    await desk.written(*walks)
    desk.once(*walks)
    assert await desk.connector.stop(running) == 0
