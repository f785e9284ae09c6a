"""Errors of clients in one line that says what to do."""

import asyncio
import logging

import pytest
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from service.ops.broker import explained, missing_topics
from service.ops.errors import NotSetUpError, RefusedError, UnreachableError
from service.settings import Settings
from service.store.errors import words

SETTINGS = Settings(kafka_bootstrap_servers="broker:9092")
QUESTION = ": is it running, and is WALK_KAFKA_BOOTSTRAP_SERVERS right?"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 1)"), "connection refused"),
        (OSError("Multiple exceptions: Connect call failed, Connect call failed"), "connection refused"),
        (TimeoutError(), "no answer in time"),
        (OSError(-2, "Name or service not known"), "Name or service not known"),
        (ValueError("two\nlines"), "two lines"),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_in_a_few_words(error: BaseException, said: str) -> None:
    assert words(error) == said


def fail(error: Exception, logged: BaseException) -> None:
    """As aiokafka does: the reason goes to the log, and another error is raised."""
    with explained(SETTINGS):
        logging.getLogger("aiokafka").error('Unable connect to "%s:%s": %s', "broker", 9092, logged)
        raise error


def test_why_a_client_cannot_connect_comes_from_its_log() -> None:
    reason = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9092)")
    with pytest.raises(UnreachableError) as caught:
        fail(KafkaConnectionError("Unable to bootstrap from [('broker', 9092, 0)]"), reason)
    assert str(caught.value) == f"the broker broker:9092 cannot be reached (connection refused){QUESTION}"


def test_the_clients_jargon_is_left_out() -> None:
    reason = IllegalSaslStateError("<AIOKafkaConnection host=broker port=9092>")
    with pytest.raises(UnreachableError) as caught:
        fail(KafkaConnectionError(), reason)
    assert str(caught.value) == f"the broker broker:9092 cannot be reached (IllegalSaslStateError){QUESTION}"


def test_the_clients_log_reaches_nobody_else_meanwhile(caplog: pytest.LogCaptureFixture) -> None:
    with explained(SETTINGS):
        logging.getLogger("aiokafka").error("noise")
    assert not caplog.records
    logging.getLogger("aiokafka").error("news")
    assert [record.message for record in caplog.records] == ["news"]


def test_who_is_turned_away_need_not_try_again() -> None:
    with (
        pytest.raises(RefusedError, match=r"turns us away .*: check WALK_KAFKA_USERNAME"),
        explained(SETTINGS),
    ):
        raise TopicAuthorizationFailedError("l1.walk.commands")


@pytest.mark.parametrize(
    "error", [UnknownTopicOrPartitionError(), TimeoutError(), asyncio.IncompleteReadError(b"", 4)]
)
def test_all_else_of_the_broker_is_that_it_cannot_be_reached(error: Exception) -> None:
    with (
        pytest.raises(UnreachableError, match="the broker broker:9092 cannot be reached"),
        explained(SETTINGS),
    ):
        raise error


def test_what_was_explained_already_stays_as_it_is() -> None:
    with pytest.raises(NotSetUpError, match=r"^as it is$"), explained(SETTINGS):
        raise NotSetUpError("as it is")


def test_missing_topics_are_named() -> None:
    assert missing_topics(["a"]) == "the topic a is not on the broker: run: walk topics create"
    assert missing_topics(["a", "b"]) == "the topics a, b are not on the broker: run: walk topics create"
