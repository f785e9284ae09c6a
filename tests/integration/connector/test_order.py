"""What a ticket ends with, what is passed over, what is parked, and the limits."""

import asyncio
import json
import re

from l1_walk_contracts import OutRecord, Topics
from tests.integration.connector.conftest import OpenDesk
from tests.support.psa.desk import PATIENCE
from tests.support.psa.ended import ended, later
from tests.support.waiting import until


async def test_a_late_older_walk_does_not_set_the_status_back(open_desk: OpenDesk) -> None:
    desk, newest = open_desk(), ended("1001")
    older = later(newest, -30, resolved=False)
    newer_type = {"specversion": "1.0", "id": "1", "source": "/s", "type": "l1.walk.resolved.v2", "data": {}}
    newer_type |= {"subject": newest.session_id, "time": "2026-01-31T12:00:00Z"}
    odd = OutRecord(Topics(desk.prefix).resolved, b"k", json.dumps(newer_type).encode(), [])
    running = desk.connector.start()
    await desk.publish(ended("INT-1", internal=True), odd, newest, newest, newest)
    await desk.written(newest)
    await desk.publish(older, newest)
    await desk.written(newest, older)
    assert await desk.connector.stop(running) == 0
    desk.once(newest, older)
    assert [change["status"] for change in desk.psa.shown()["statuses"]] == ["Resolved"]
    assert await desk.connector.say("parked") == "nothing is parked\n"


async def test_what_the_psa_refuses_is_parked_and_its_ticket_goes_on(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.psa.order(missing=[404], script={"time": ["400"]})
    refused = ended("1001")
    following = later(refused, 5, resolved=False)
    missing, no_number = ended("404"), ended("T20260131.0042")
    unreadable = OutRecord(Topics(desk.prefix).escalated, b"k", b"\xff", [])
    await desk.publish(refused)
    running = desk.connector.start()
    await desk.logged("parked, time: HTTP 400")
    await desk.publish(following, missing, no_number, unreadable)
    await desk.written(following)
    await until(lambda: desk.connector.log().count("parked, ") == 4, PATIENCE, "the others are parked")

    parked = await desk.connector.say("parked")
    assert re.search(r"ticket 1001  time  time: HTTP 400 .*not so", parked)
    assert re.search(r"ticket 404  note  note: HTTP 404 .*ticket 404 is not there", parked)
    hopeless = re.findall(r"^(\d+) .*(?:is not a number|cannot be read)", parked, re.MULTILINE)
    assert len(hopeless) == 2
    assert len(desk.psa.shown()["notes"]) == 2

    desk.psa.order(missing=[])
    assert await desk.connector.say("drop", *hopeless) == "2 dropped\n"
    assert await desk.connector.say("retry", "--all") == "2 to be tried again\n"
    await desk.written(refused, following, missing)
    assert await desk.connector.stop(running) == 0
    desk.once(refused, following, missing)


async def test_limits_are_kept_and_no_more_is_logged_than_needed(open_desk: OpenDesk) -> None:
    desk = open_desk(
        "connectwise", "--calls", "30", "--window", "2", "--parallel", "2",
        CALLS="30", CALLS_WINDOW="2s", PARALLEL="2",
    )  # fmt: skip
    walks = [ended(str(1_001 + number)) for number in range(20)]
    await desk.publish(*walks)
    running = desk.connector.start()
    await desk.written(*walks)
    assert await desk.connector.stop(running) == 0
    desk.once(*walks)
    assert max(desk.psa.shown()["most_parallel"].values()) <= 2
    assert not any(text in desk.connector.log() for text in ("cable", "Your request", "private"))


async def test_without_its_topics_it_ends_and_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk("connectwise")
    desk.connector.env["WALK_TOPIC_PREFIX"] = "nobody.made.these"
    running = desk.connector.start()
    assert await asyncio.to_thread(running.wait, PATIENCE) == 1
    [line] = desk.connector.log().splitlines()
    assert line.startswith(
        "Kafka: the topics nobody.made.these.escalated, nobody.made.these.resolved are not on"
    )
