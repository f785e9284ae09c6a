"""From commands in a file to what an operator sees of them."""

import json
from datetime import UTC, datetime

from l1_walk_contracts import Verb
from tests.support.shell import Shell
from tests.support.site import Site
from tests.support.walk import Walk
from tests.support.worker import working


async def test_what_is_sent_can_be_looked_at(site: Site, shell: Shell) -> None:
    walk = Walk()
    resolve = walk.envelope(Verb.RESOLVE, resolution_notes="Cleared the spooler", helpful=True)
    sendings = [
        walk.start(start_node_id="power"),
        walk.step("power", question="Is it on?", answer="yes", next_node_id="spooler"),
        walk.send(Verb.NOTE, text="Second floor"),
        walk.wrap({**resolve, "time": datetime.now(UTC).isoformat()}),
        walk.send(Verb.FEEDBACK, helpful=False),
        walk.step("late"),
    ]
    lines = [json.dumps(json.loads(sending.value or b"")).encode() for sending in sendings]
    async with working(site.settings):
        assert (await shell.walk("send", "--no-check", given=b"\n".join([*lines, b"\xff\xfe"]))).code == 0
        await site.all_handled()
    status = (await shell.walk("status", "--json")).json
    assert status["lag"] == {"messages": 0, "seconds": 0.0}
    assert status["outbox"]["count"] == 0
    assert status["dead_letters"]["by_class"] == {"unreadable": 1}

    told = (await shell.walk("tail", "--from-start", "--no-follow", "--json")).out.splitlines()
    records = [json.loads(line) for line in told]
    assert sorted(record["type"].split(".")[2] for record in records if "type" in record) == [
        "command-rejected",
        "feedback-recorded",
        "resolved",
        "started",
    ]
    (dead,) = [record for record in records if "type" not in record]
    assert dead["value"] == {"base64": "//4="}

    resolved = next(record for record in records if record.get("type") == "l1.walk.resolved.v1")
    row = (await shell.walk("session", walk.id, "--json")).json
    assert row["status"] == "resolved"
    assert row["helpful"] is False
    assert row["active_seconds"] == resolved["data"]["active_seconds"]
    assert row["customer_summary"] == resolved["data"]["customer_summary"]
    shown = (await shell.walk("session", walk.id.upper())).out
    for word in (
        "Is it on?",
        "→ yes",
        "✎  Second floor",
        "■  resolved",
        "Cleared the spooler",
        "for the PSA",
    ):
        assert word in shown

    listed = (await shell.walk("dead-letters", "list", "--json")).json
    assert listed["count"] == 1
    letter = listed["letters"][0]
    one = (await shell.walk("dead-letters", "show", letter["id"][:8], "--json")).json
    assert one["value"] == {"base64": "//4="}
    assert one["class"] == "unreadable"
    assert "00000000  ff fe" in (await shell.walk("dead-letters", "show", letter["id"])).out
    assert letter["id"][:8] in (await shell.walk("dead-letters", "list")).out


async def test_what_is_not_there_is_said_so(site: Site, shell: Shell) -> None:
    nobody = await shell.walk("session", Walk().id)
    assert nobody.code == 1
    assert nobody.error.startswith("walk: there is no session ")
    assert (await shell.walk("dead-letters", "list")).out == "no dead letters\n"
    assert (await shell.walk("dead-letters", "list", "--json")).json == {
        "count": 0,
        "parked": 0,
        "held_sessions": 0,
        "groups": [],
        "letters": [],
    }
    letter = await shell.walk("dead-letters", "show", "0000")
    assert letter.code == 1
    assert letter.error == "walk: there is no dead letter 0000: see walk dead-letters list --state all"
