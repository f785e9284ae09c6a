"""`walk status`: what an operator reads, and what a program does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from service.cli.views.status import status_json, status_view
from service.ops.figures import DeadLetters, Lag, PartitionLag, Pile, Status
from tests.support.terminal import rendered

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
IDLE = PartitionLag(0, 7, 7, 0, 0.0, NOW - timedelta(seconds=12), fits=True)
BEHIND = PartitionLag(1, None, 1_204, 1_204, 90.5, None, fits=True)
CALM = Status(
    "l1.walk.commands", Lag.of((IDLE,)), Pile(0, 0.0), DeadLetters(0, 0.0), Pile(0, 0.0), parked=0, workers=2
)


def test_nothing_waits() -> None:
    assert rendered(status_view(CALM, NOW)) == (
        "●  workers        2\n"
        "●  commands       none\n"
        "●  outbox         none\n"
        "●  dead letters   none\n"
        "●  held sessions  none\n"
        "\n"
        "l1.walk.commands\n"
        "partition   next   end   waiting   oldest   handled ago\n"
        "───────────────────────────────────────────────────────\n"
        "        0      7     7                             12 s\n"
    )


def test_what_waits_is_counted_with_the_age_of_the_oldest() -> None:
    status = replace(
        CALM,
        lag=Lag.of((IDLE, BEHIND)),
        outbox=Pile(3, 2.5),
        dead_letters=DeadLetters(3, 7_200.0, {"failed": 1, "unreadable": 2}),
        held_sessions=Pile(1, 60.0),
        parked=2,
    )
    told = rendered(status_view(status, NOW))
    assert "commands       1,204 waiting, the oldest for 1 min 30 s\n" in told
    assert "outbox         3 waiting, the oldest for 2.5 s\n" in told
    assert "dead letters   3 (1 failed, 2 unreadable), the oldest 2 h old\n" in told
    assert "held sessions  1 for up to 1 min, 2 commands parked\n" in told
    assert "walk dead-letters list" in told
    assert "        1      –   1,204     1,204   1 min 30 s         never\n" in told


def test_that_nobody_works_is_said() -> None:
    told = rendered(status_view(replace(CALM, workers=0), NOW))
    assert told.startswith("●  workers        none in the consumer group: walk worker starts one\n")
    assert status_json(replace(CALM, workers=0))["workers"] == 0


def test_where_the_brokers_do_not_tell_of_workers_it_says_so() -> None:
    status = replace(CALM, workers=None)
    told = rendered(status_view(status, NOW))
    assert told.startswith("●  workers        unknown: the brokers do not tell of the consumer group\n")
    assert status_json(status)["workers"] is None


def test_progress_outside_of_the_topic_is_pointed_out() -> None:
    astray = replace(IDLE, fits=False)
    told = rendered(status_view(replace(CALM, lag=Lag.of((astray,))), NOW))
    assert "The progress of partition 0 lies outside of what the topic holds.\n" in told


def test_programs_find_the_figures_under_their_names() -> None:
    told = status_json(replace(CALM, lag=Lag.of((IDLE, BEHIND))))
    assert told["lag"] == {"messages": 1_204, "seconds": 90.5}
    assert told["outbox"]["count"] == told["dead_letters"]["count"] == told["held_sessions"]["count"] == 0
    assert told["partitions"][1] == {
        "partition": 1,
        "next_offset": None,
        "end_offset": 1_204,
        "messages": 1_204,
        "seconds": 90.5,
        "last_handled_at": None,
        "fits": True,
    }


def test_no_partition_means_no_lag() -> None:
    assert Lag.of(()) == Lag(0, 0.0, ())
