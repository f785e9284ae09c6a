"""Which broker is chosen, and what a person is told of it (design 10)."""

import pytest

from service.dev import broker
from service.dev.broker import choose
from service.dev.errors import StackError


def machine_has(monkeypatch: pytest.MonkeyPatch, *, java: bool, maven: bool) -> None:
    monkeypatch.setattr(broker, "java_missing", lambda: None if java else "Java 17+ not found")
    monkeypatch.setattr(broker, "jars_missing", lambda: None if maven else "Maven not found")


def test_auto_is_real_kafka_where_java_and_maven_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_has(monkeypatch, java=True, maven=True)
    choice = choose("auto")
    assert choice.kind == "kafka"
    assert choice.why == "real Apache Kafka 4.4.0 (Java 17+ and Maven found)"


@pytest.mark.parametrize(
    ("java", "maven", "reason"), [(False, True, "Java 17+ not found"), (True, False, "Maven not found")]
)
def test_auto_is_the_one_in_memory_elsewhere(
    monkeypatch: pytest.MonkeyPatch, java: bool, maven: bool, reason: str
) -> None:
    machine_has(monkeypatch, java=java, maven=maven)
    choice = choose("auto")
    assert choice.kind == "memory"
    assert "librdkafka's mock" in choice.why
    assert choice.why.endswith(reason)


def test_kafka_that_cannot_be_had_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_has(monkeypatch, java=False, maven=True)
    with pytest.raises(StackError, match=r"Java 17\+ not found\. Install Java 17\+ and Maven"):
        choose("kafka")


def test_memory_is_taken_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_has(monkeypatch, java=True, maven=True)
    assert choose("memory").kind == "memory"
