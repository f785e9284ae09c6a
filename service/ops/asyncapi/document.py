"""The document, assembled from what FastStream, the settings and the contracts tell: AsyncAPI 3.0.0."""

import json
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from faststream.kafka import KafkaBroker

from l1_walk_contracts import EventKind, Topics
from l1_walk_contracts.schemas import schemas
from service.ops.asyncapi import messages, others
from service.ops.asyncapi.components import payload, types_of
from service.ops.asyncapi.declared import Application, application
from service.ops.asyncapi.messages import BINDING
from service.ops.topic_specs import TopicSpec, specs
from service.settings import Settings

VERSION: Final = "3.0.0"
"""Of AsyncAPI; the generators lag behind 3.1."""
_NUMBERS: Final = ("retention.ms", "delete.retention.ms", "max.message.bytes")

_ABOUT: Final = """\
The one writer of L1 walks: it takes commands from Kafka, keeps each walk in PostgreSQL, and tells how it ended.

- **Upstream** sends commands and references, and reads `rejected`: what was refused, why, and the command.
- **PSA connectors** read `resolved` and `escalated`: one event a walk, with all that a ticket needs.
- **Analytics and operators** read `lifecycle` and `dead-letter`.

Commands and events are CloudEvents 1.0. The key of a record keeps the order, so a command's is its session id, and
every producer must use the same partitioner: murmur2, the default of Java's clients and of most others; for librdkafka
set `partitioner=murmur2_random`. A command counts once however often it is sent (`source` and `id` are its identity).
An event may come again, with the same id and bytes: drop the ids that you know. Read with
`isolation.level=read_committed`. Pass over attributes, fields and types of event that you do not know. The names of
the topics begin with a prefix that is a setting; the types of the messages do not change with it."""

_TAGS: Final = {
    "command": "A wish, from upstream.",
    "event": "A fact, from this service.",
    "reference": "What exists, and what is gone.",
    "psa": "For connectors that write into a PSA.",
    "operators": "For those who run this service.",
}
_CHANNELS: Final = {
    "commands": "What technicians do, as commands of upstream's. Of one session all are in one partition, in order.",
    "references": "Which accounts, users, flows and proposals exist; compacted.",
    "resolved": "Walks that were resolved, one event each. All of one ticket are in one partition.",
    "escalated": "Walks that were escalated, one event each. All of one ticket are in one partition.",
    "lifecycle": "Walks started and abandoned, feedback on them, and what it says of a proposal.",
    "rejected": "Commands that a rule refused, with the reason and the command as received.",
    "deadLetter": "Records that nobody could handle, as received.",
}


def document(settings: Settings, broker: KafkaBroker) -> dict[str, Any]:
    """The document of a service with these settings, whose broker has all its subscribers and publishers.

    It names neither brokers nor credentials: where the brokers are depends on the reader's network.
    """
    topics, told = Topics(settings.topic_prefix), application(broker)
    found = messages.commands(topics) | others.settling(topics) | messages.events(topics)
    found |= others.references() | others.dead_letters(topics)
    held = _held(topics)
    by_topic = {spec.name: spec for spec in specs(settings)}
    return {
        "asyncapi": VERSION,
        "id": "urn:l1-walk-worker",
        "info": _info(),
        "defaultContentType": messages.STRUCTURED,
        "servers": {"kafka": _server(told)},
        "channels": {
            name: _channel(name, by_topic[topic], held[name]) for name, topic in _names(topics).items()
        },
        "operations": dict(_operation(name, topic, told) for name, topic in _names(topics).items()),
        "components": {
            "messages": found,
            "schemas": _schemas(),
            "correlationIds": messages.correlation_ids(),
            **({"securitySchemes": told.security} if told.security else {}),
        },
    }


def text(described: dict[str, Any]) -> str:
    """The document as JSON, the same for the same document."""
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _names(topics: Topics) -> dict[str, str]:
    """Each channel's name in the document, and its topic; commands first."""
    return dict(zip(_CHANNELS, topics.all(), strict=True))


def _held(topics: Topics) -> dict[str, list[str]]:
    """The names of the messages of each channel."""
    return {
        "commands": [*messages.commands(topics), *others.settling(topics)],
        "references": list(others.references()),
        "deadLetter": list(others.dead_letters(topics)),
    } | {
        name: [messages.name_of(kind) for kind in EventKind if topics.for_event(kind) == topic]
        for name, topic in _names(topics).items()
        if name not in ("commands", "references", "deadLetter")
    }


def _info() -> dict[str, Any]:
    return {
        "title": "L1 Walk Worker",
        "version": version("l1-walk-contracts"),
        "description": _ABOUT,
        "license": {"name": "Apache-2.0"},
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
    }


def _server(told: Application) -> dict[str, Any]:
    server: dict[str, Any] = {
        "host": "{bootstrapServers}",
        "protocol": told.protocol,
        "title": "Kafka",
        "description": "Apache Kafka, or what speaks its protocol. No schema registry is used.",
        "variables": {
            "bootstrapServers": {
                "description": "The brokers as your network reaches them: host:port, several with commas. Ask whoever "
                "runs the service; the document does not tell.",
                "default": "localhost:9092",
            }
        },
        "bindings": {"kafka": {"bindingVersion": BINDING}},
    }
    if told.security:
        server["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in told.security]
    return server


def _channel(name: str, spec: TopicSpec, held: list[str]) -> dict[str, Any]:
    return {
        "address": spec.name,
        "title": spec.name,
        "description": _CHANNELS[name],
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {one: {"$ref": f"#/components/messages/{one}"} for one in held},
        "bindings": {
            "kafka": {
                "topic": spec.name,
                "partitions": spec.partitions,
                "topicConfiguration": {key: _configured(key, value) for key, value in spec.config.items()},
                "bindingVersion": BINDING,
            }
        },
    }


def _configured(key: str, value: str) -> Any:
    """A topic's setting as the binding has it: it knows numbers, and a list of policies."""
    if key == "cleanup.policy":
        return value.split(",")
    return int(value) if key in _NUMBERS else value


def _operation(name: str, topic: str, told: Application) -> tuple[str, dict[str, Any]]:
    declared = told.topics[topic]
    key = f"{declared.action}{name[0].upper()}{name[1:]}"
    kafka: dict[str, Any] = {"clientId": {"type": "string", "const": "l1-walk-worker"}}
    if declared.group:
        kafka["groupId"] = {"type": "string", "const": declared.group}
    operation = {
        "action": declared.action,
        "channel": {"$ref": f"#/channels/{name}"},
        "title": declared.title,
        "summary": _CHANNELS[name],
        "bindings": {"kafka": kafka | {"bindingVersion": BINDING}},
    }
    return key, operation


@cache
def _schemas() -> dict[str, Any]:
    wanted = messages.payloads(schemas()) | others.settling_schemas()
    made = {name: payload(schema, name) for name, schema in wanted.items()}
    return made | types_of(wanted.values()) | others.other_schemas()
