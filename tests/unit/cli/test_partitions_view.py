"""`walk progress`: where partitions stand, and what setting one would mean."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.cli.views.partitions import done_view, plan_view, progress_json, progress_view
from service.ops.progress import Change, Plan, Report, Standing
from tests.support.terminal import rendered

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TOPIC = "l1.walk.commands"
FITS = Standing(TOPIC, 0, 1_204, 1_000, 1_210, 4, NOW - timedelta(seconds=12), None)
FRESH = Standing(TOPIC, 1, None, 0, 0, 0, None, None)
ASTRAY = Standing(TOPIC, 2, 5, 9, 20, 7, NOW, "offsets 5 to 8 are not in the topic any more")
CHANGE = Change(TOPIC, 2, 5, 9, "ann", "retention\nwas short", NOW)


def meant(standing: Standing, to: int, *, commands: bool = True) -> str:
    return " ".join(rendered(plan_view(Plan(standing, to), skipped=commands), 400).split())


def test_each_partition_and_what_is_amiss_and_what_was_set_by_hand() -> None:
    other = replace(FRESH, topic="l1.walk.references", partition=0)
    told = rendered(progress_view(Report([FITS, FRESH, ASTRAY, other], [CHANGE]), NOW), 100)
    assert [line for line in told.splitlines() if "──" not in line][:11] == [
        "l1.walk.commands",
        "partition    next   begin     end   lag   epoch   handled ago",
        "        0   1,204   1,000   1,210     6       4          12 s",
        "        1       –       0       0     0       0         never",
        "        2       5       9      20     –       7           0 s   stopped",
        "Partition 2: offsets 5 to 8 are not in the topic any more.",
        "",
        "l1.walk.references",
        "partition   next   begin   end   lag   epoch   handled ago",
        "        0      –       0     0     0       0         never",
        "",
    ]
    assert "l1.walk.commands           2      5    9   ann   retention\ufffdwas short" in told


def test_a_program_reads_the_same() -> None:
    told = progress_json(Report([FITS, ASTRAY], [CHANGE]))
    assert told["partitions"][0] == {
        "topic": TOPIC,
        "partition": 0,
        "next_offset": 1_204,
        "begin_offset": 1_000,
        "end_offset": 1_210,
        "lag": 6,
        "epoch": 4,
        "last_handled_at": "2026-03-02T11:59:48+00:00",
        "fits": True,
        "astray": None,
    }
    assert (told["partitions"][1]["fits"], told["partitions"][1]["lag"]) == (False, None)
    assert told["changes"][0]["reason"] == "retention\nwas short"


def test_forwards_skips_for_good() -> None:
    told = meant(FITS, 1_207)
    assert told.startswith("Offsets 1,204 to 1,206 would be skipped: up to 3 commands, for good.")
    assert "erasures among them are not done" in meant(FITS, 1_205, commands=False)


def test_backwards_reads_again_and_changes_nothing() -> None:
    told = meant(FITS, 1_200)
    assert told.startswith("Offsets 1,200 to 1,203 would be read again: up to 4 commands.")
    assert "change nothing" in told


def test_a_partition_that_is_stopped_goes_on_there() -> None:
    told = meant(ASTRAY, 9)
    assert told.startswith(
        "partition 2 of l1.walk.commands is stopped: offsets 5 to 8 are not in the topic any more."
    )
    assert "would be skipped" not in told
    assert "Offsets 9 to 10 would be skipped" in meant(ASTRAY, 11)


def test_where_it_stands_already_nothing_comes_of_it() -> None:
    assert meant(FITS, 1_204).endswith("stands there already: nothing would be skipped, nothing read again.")
    assert meant(FRESH, 0).endswith("stands there already: nothing would be skipped, nothing read again.")


def test_what_was_done_is_told() -> None:
    assert "from nothing handled yet to 3" in rendered(done_view(Plan(FRESH, 3), None), 200)
    assert "partition 0 of l1.walk.commands: from 1,204 to 1,210." in rendered(
        done_view(Plan(FITS, 1_210), 1_204), 200
    )
