"""`walk topics create`: what it says of each topic."""

from datetime import timedelta

from service.cli.views.topics import topics_json, topics_view
from service.ops.topic_specs import Found, compare, specs
from service.ops.topics import Created
from service.settings import Settings
from tests.support.terminal import rendered

WANTED = specs(Settings(topic_retention=timedelta(days=7)))
COMMANDS = WANTED[0]


def test_what_is_made_is_told_with_how_it_is() -> None:
    told = rendered(topics_view(Created(compare(WANTED, {}), by_mention=False), dry_run=False))
    assert "l1.walk.commands      made   12 partitions, kept 7 d\n" in told
    assert "l1.walk.references    made   12 partitions, compacted\n" in told
    assert "l1.walk.dead-letter   made   12 partitions, kept 90 d\n" in told
    assert told.endswith("\n7 topics made\n")


def test_a_dry_run_says_what_would_be() -> None:
    told = rendered(topics_view(Created(compare(WANTED, {}), by_mention=False), dry_run=True))
    assert "would be made" in told
    assert told.endswith("\n7 topics to be made\n")


def test_what_differs_is_told_in_words() -> None:
    found = {
        COMMANDS.name: Found(
            4, {**COMMANDS.config, "retention.ms": "3600000", "max.message.bytes": "1000012"}
        )
    }
    (report,) = compare((COMMANDS,), found)
    told = rendered(topics_view(Created((report,), by_mention=False), dry_run=False), width=160)
    assert (
        "partitions 4, not 12; retention 1 h, not 7 d; largest message 1,000,012 bytes, not 1,048,576 bytes"
        in told
    )
    assert told.endswith("\nnothing to make, 1 there and not as the settings say: left so\n")


def test_a_broker_that_takes_no_orders_is_told_of() -> None:
    found = {spec.name: Found(4, {}) for spec in WANTED}
    told = rendered(topics_view(Created(compare(WANTED, found), by_mention=True), dry_run=False))
    assert "This broker takes no orders" in told


def test_programs_get_states_and_differences() -> None:
    found = {COMMANDS.name: Found(4, COMMANDS.config)}
    told = topics_json(Created(compare(WANTED, found), by_mention=False), dry_run=True)
    first, second = told["topics"][:2]
    assert first["state"] == "differs"
    assert first["differences"] == [{"setting": "partitions", "found": "4", "wanted": "12"}]
    assert second["state"] == "made"
    assert told["dry_run"]
