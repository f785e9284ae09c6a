"""Which broker the embedded stack runs, and why (design 10)."""

from dataclasses import dataclass
from typing import Literal, Protocol

from service.dev.errors import StackError
from service.dev.java import KAFKA_VERSION, jars_missing, java_missing

BrokerName = Literal["auto", "memory", "kafka"]


class Broker(Protocol):
    """What the stack needs of a broker."""

    @property
    def name(self) -> str:
        """What it is, for a person to read."""

    @property
    def bootstrap_servers(self) -> str:
        """Its address, known once it was started."""

    def start(self) -> None:
        """Start it and wait until it answers; raises `StackError`."""

    def stop(self) -> None:
        """Stop it."""


@dataclass(frozen=True)
class Choice:
    """The broker to run, and the sentence that says which and why."""

    kind: Literal["memory", "kafka"]
    why: str


def choose(wanted: BrokerName = "auto") -> Choice:
    """Real Kafka where Java 17 and Maven are found, else the in-memory one; or the one that was asked for.

    Raises `StackError` where `kafka` was asked for and cannot be had.
    """
    if wanted == "memory":
        return in_memory("you asked for it")
    missing = java_missing() or jars_missing()
    if not missing:
        return Choice("kafka", f"real Apache Kafka {KAFKA_VERSION} (Java 17+ and Maven found)")
    if wanted == "kafka":
        raise StackError(
            f"No Apache Kafka here: {missing}. Install Java 17+ and Maven, or use the broker `memory`."
        )
    return in_memory(missing)


def in_memory(why: str) -> Choice:
    """The in-memory broker, with the reason why not a real one."""
    return Choice("memory", f"in-memory broker, librdkafka's mock, for trying things out: {why}")
