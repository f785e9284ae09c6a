"""From an event on the topic to the ticket in the PSA, of each vendor."""

import pytest

from tests.integration.connector.conftest import OpenDesk
from tests.support.psa.ended import ended

ENDPOINTS = {
    "connectwise": ("notes", "time", "tickets"),
    "autotask": ("TicketNotes", "TimeEntries", "Tickets"),
    "halopsa": ("Actions", "Tickets"),
}


@pytest.mark.parametrize("vendor", ENDPOINTS)
async def test_a_walk_becomes_one_note_one_time_entry_and_one_status(
    open_desk: OpenDesk, vendor: str
) -> None:
    """Though one write of each kind has no answer: it is looked up, and found."""
    desk = open_desk(vendor)
    desk.psa.order(script={endpoint: ["unanswered"] for endpoint in ENDPOINTS[vendor]})
    walks = [ended("1001"), ended("T20260131.0042" if vendor == "autotask" else "1002", resolved=False)]
    await desk.publish(*walks)
    running = desk.connector.start()
    await desk.written(*walks)
    assert await desk.connector.stop(running) == 0
    desk.once(*walks)
    assert desk.psa.shown()["faults"]["unanswered"] == len(ENDPOINTS[vendor])
