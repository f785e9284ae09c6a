"""The topics as design 3 has them."""

from datetime import timedelta

import pytest

from l1_walk_contracts import Topics
from service.ops.topic_specs import Difference, Found, TopicState, compare, specs
from service.settings import Settings

DAY_MS = 24 * 60 * 60 * 1000
BY_NAME = {spec.name: spec for spec in specs(Settings())}
TOPICS = Topics()


def test_every_topic_has_its_specification() -> None:
    assert tuple(BY_NAME) == TOPICS.all()
    assert {spec.partitions for spec in BY_NAME.values()} == {12}


@pytest.mark.parametrize(
    ("topic", "config"),
    [
        (TOPICS.commands, {"message.timestamp.type": "LogAppendTime", "max.message.bytes": "1048576"}),
        (TOPICS.commands, {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}),
        (TOPICS.references, {"cleanup.policy": "compact", "delete.retention.ms": str(30 * DAY_MS)}),
        (TOPICS.resolved, {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}),
        (TOPICS.escalated, {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}),
        (TOPICS.lifecycle, {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}),
        (TOPICS.rejected, {"retention.ms": str(30 * DAY_MS), "max.message.bytes": "2097152"}),
        (TOPICS.dead_letter, {"retention.ms": str(90 * DAY_MS), "max.message.bytes": "2097152"}),
    ],
)
def test_how_each_is_kept(topic: str, config: dict[str, str]) -> None:
    assert config.items() <= dict(BY_NAME[topic].config).items()


def test_the_settings_say_otherwise() -> None:
    made = specs(
        Settings(
            topic_prefix="acme",
            topic_partitions=3,
            topic_retention=timedelta(hours=1),
            topic_dead_letter_retention=timedelta(hours=2),
            topic_reference_delete_retention=timedelta(hours=3),
        )
    )
    by_name = {spec.name: spec for spec in made}
    assert by_name["acme.commands"].config["retention.ms"] == "3600000"
    assert by_name["acme.dead-letter"].config["retention.ms"] == "7200000"
    assert by_name["acme.references"].config["delete.retention.ms"] == "10800000"
    assert {spec.partitions for spec in made} == {3}


def test_a_topic_is_to_be_made_or_there_or_differs() -> None:
    commands, references, resolved = list(BY_NAME.values())[:3]
    found = {
        references.name: Found(12, {**references.config, "segment.ms": "1"}),
        resolved.name: Found(6, {**resolved.config, "retention.ms": "1"}),
    }
    to_make, there, differs = compare((commands, references, resolved), found)
    assert to_make.state is TopicState.MADE
    assert there.state is TopicState.THERE
    assert differs.state is TopicState.DIFFERS
    assert differs.differences == (
        Difference("partitions", "6", "12"),
        Difference("retention.ms", "1", str(30 * DAY_MS)),
    )


def test_what_a_broker_does_not_tell_does_not_differ() -> None:
    (report,) = compare(list(BY_NAME.values())[:1], {TOPICS.commands: Found(12, {})})
    assert report.state is TopicState.THERE
