"""`walk progress`: where partitions stand, and how one is put elsewhere."""

from datetime import datetime

from service.ops.progress import read_progress
from service.ops.status import read_status
from tests.support.shell import Shell
from tests.support.site import Site
from tests.support.terminal import Terminal
from tests.support.walk import Walk
from tests.support.worker import working

WHY = ("--reason", "the topic was made anew")


async def test_a_partition_is_put_elsewhere_and_who_did_it_is_kept(site: Site, shell: Shell) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), Walk().start(), partition=1))
    ended = await shell.walk("progress", "set", "1", "earliest", *WHY, "--by", "ann", "--yes")
    assert (ended.code, ended.out.splitlines()[0][:7]) == (0, "✓ parti")
    assert "Offsets 0 to 1 would be read again: up to 2 commands." in ended.err

    told = (await shell.walk("progress", "show", "--json")).json
    commands = {one["partition"]: one for one in told["partitions"] if one["topic"] == site.topics.commands}
    assert (commands[1]["next_offset"], commands[1]["lag"], commands[1]["fits"]) == (0, 2, True)
    assert commands[1]["epoch"] == 2
    [change] = told["changes"]
    assert (change["from_offset"], change["to_offset"]) == (2, 0)
    assert (change["changed_by"], change["reason"]) == ("ann", WHY[1])
    assert "ann" in (await shell.walk("progress", "show")).out

    async with working(site.settings):
        await site.all_handled()
    assert await site.count("l1_walk_sessions") == 2


async def test_when_a_partition_was_handled_is_not_when_it_was_taken(site: Site) -> None:
    async with working(site.settings):
        await site.handled(*await site.send(Walk().start(), partition=1))
    before = await handled_at(site)
    async with working(site.settings):
        pass
    after = await handled_at(site)
    assert after == before
    assert [number for number, at in after.items() if at is not None] == [1]


async def handled_at(site: Site) -> dict[int, datetime | None]:
    """When each partition of the commands was handled last, as both of the commands that tell it have it."""
    standings = (await read_progress(site.settings)).partitions
    told = {one.partition: one.last_handled_at for one in standings if one.topic == site.topics.commands}
    lag = (await read_status(site.settings)).lag
    assert {one.partition: one.last_handled_at for one in lag.partitions} == told
    return told


def test_what_cannot_be_is_refused_and_nothing_is_set_without_a_yes(terminal: Terminal) -> None:
    assert terminal.walk("topics", "create").code == 0
    for arguments, code, said in (
        (("1", "earliest", *WHY), 2, "there is no terminal to ask on: --yes says yes beforehand"),
        (
            ("1", "2", *WHY, "--yes"),
            1,
            "holds nothing, and the next record will stand at 0: give an offset from 0 to 0",
        ),
        (("3", "0", *WHY, "--yes"), 1, "has no partition 3: its partitions are 0 to 2"),
        (("1", "soon", *WHY, "--yes"), 2, "an offset, earliest or latest"),
        (("1", "0", "--reason", " ", "--yes"), 2, "--reason: must say something"),
        (("1", "0", *WHY, "--by", "x" * 129, "--yes"), 2, "--by: must be 1 to 128 characters"),
    ):
        ended = terminal.walk("progress", "set", *arguments)
        assert (ended.code, said in " ".join(ended.err.split())) == (code, True), ended.err
    told = terminal.walk("progress", "show", "--json").json
    assert not told["changes"]
    assert {one["epoch"] for one in told["partitions"]} == {0}
