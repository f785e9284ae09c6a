"""What the FastStream application itself tells: which topics it reads and writes, as which group, and how."""

import json
from dataclasses import dataclass
from typing import Any

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI


@dataclass(frozen=True, slots=True)
class Declared:
    """One topic as it was declared with FastStream."""

    title: str
    action: str
    """`receive` or `send`, as seen from the service."""
    group: str | None
    """The consumer group, of what is received."""


@dataclass(frozen=True, slots=True)
class Application:
    """All of it."""

    topics: dict[str, Declared]
    protocol: str
    """`kafka`, or `kafka-secure` where connections are encrypted."""
    security: dict[str, dict[str, Any]]
    """How clients authenticate, by name; never a credential."""


def application(broker: KafkaBroker) -> Application:
    """What a broker's subscribers and publishers tell; nothing is connected to.

    FastStream's own document knows neither the payloads, since our records go past its parser, nor keys, headers and
    how topics are kept; its names hold spaces, and its order is that of a set. So this takes from it what is true,
    and the rest comes from the contracts.
    """
    told = json.loads(AsyncAPI(broker).to_specification().to_json())
    groups = {
        topic: subscriber.group_id  # type: ignore[attr-defined]
        for subscriber in broker.subscribers
        for topic in subscriber.specification.topics  # type: ignore[attr-defined]
    }
    channels = told["channels"]
    topics = {}
    for title, operation in told["operations"].items():
        address = channels[title]["address"]
        topics[address] = Declared(title, operation["action"], groups.get(address))
    (protocol,) = {server["protocol"] for server in told["servers"].values()}
    return Application(topics, protocol, told["components"].get("securitySchemes") or {})
