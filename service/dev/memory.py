"""librdkafka's mock broker, which lives in this very process: for trying things out, where Java is not there.

It is no Kafka: nothing is on disk, it knows no CreateTopics (a topic appears with four partitions when it is
first asked for, whatever its settings should be), and it takes no second member into a group in good order.
"""

from typing import TYPE_CHECKING, Final

from service.dev.errors import StackError

if TYPE_CHECKING:
    from confluent_kafka import Producer

PARTITIONS: Final = 4
_ANSWER_SECONDS: Final = 10.0


class MemoryBroker:
    """One mock broker on a free port of 127.0.0.1; what it holds is gone when it stops."""

    name = "in-memory broker, librdkafka's mock"

    def __init__(self) -> None:
        self._owner: Producer | None = None
        self._address = ""

    @property
    def bootstrap_servers(self) -> str:
        """The address, as `WALK_KAFKA_BOOTSTRAP_SERVERS` takes it."""
        return self._address

    def start(self) -> None:
        """Start it; takes a few milliseconds."""
        try:
            from confluent_kafka import Producer  # noqa: PLC0415  an extra: only who runs this needs it
        except ImportError:
            raise StackError(
                "The in-memory broker's wheel is missing: run `pip install 'l1-walk-worker[embedded]'`."
            ) from None
        self._owner = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 2})
        broker = next(iter(self._owner.list_topics(timeout=_ANSWER_SECONDS).brokers.values()))
        self._address = f"{broker.host}:{broker.port}"

    def stop(self) -> None:
        """Stop it and forget what it held."""
        self._owner = None
