"""The AsyncAPI document says what the service does: every topic, every message, how topics are kept, and no secret."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from pydantic import SecretStr

from l1_walk_contracts import EventKind, Record, SettleVerb, Topics, Verb, decode_command, decode_event
from l1_walk_contracts.records import Command, Settle
from service.app import Worker, described
from service.ops.topic_specs import specs
from service.settings import Settings
from service.store.database import Database

COMMITTED = Path(__file__).parents[3] / "contracts" / "asyncapi.json"
DOCUMENT: dict[str, Any] = json.loads(described())
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
READ = ("commands", "references")


def worker(**settings: Any) -> Worker:
    return Worker(Settings(**settings), Database("postgresql+asyncpg://localhost/"), adopted=False)


def document_of(**settings: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(worker(**settings).document)
    return document


def found_at(reference: str) -> Any:
    part: Any = DOCUMENT
    for name in reference.removeprefix("#/").split("/"):
        part = part[name]
    return part


def references_in(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from references_in(one)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for one in part.values():
            yield from references_in(one)


def validator(schema: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator({**schema, "components": DOCUMENT["components"]})


def test_the_committed_document_is_that_of_the_code() -> None:
    assert COMMITTED.read_text() == described(), "run: walk contracts export"


def test_a_worker_with_the_default_settings_serves_the_committed_one() -> None:
    assert (
        worker(kafka_bootstrap_servers="kafka-1.internal:9092,kafka-2.internal:9092").document == described()
    )


def test_the_environment_does_not_change_what_is_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    before = described()
    monkeypatch.setenv("WALK_TOPIC_PREFIX", "acme")
    monkeypatch.setenv("WALK_KAFKA_BOOTSTRAP_SERVERS", "kafka.internal:9092")
    assert described() == before


def test_every_topic_is_there_in_its_direction() -> None:
    addresses = {name: channel["address"] for name, channel in DOCUMENT["channels"].items()}
    assert tuple(addresses.values()) == Topics().all()
    ways = {
        operation["channel"]["$ref"].rpartition("/")[2]: operation["action"]
        for operation in DOCUMENT["operations"].values()
    }
    assert ways == {name: "receive" if name in READ else "send" for name in addresses}


def test_every_message_type_is_on_its_topic() -> None:
    topics = Topics()
    on = {
        (MESSAGES[name]["name"], channel["address"])
        for channel in DOCUMENT["channels"].values()
        for name in channel["messages"]
    }
    commands = {(one.type, topics.commands) for one in (*Verb, *SettleVerb)}
    events = {(kind.type, topics.for_event(kind)) for kind in EventKind}
    others = {
        ("reference-known", topics.references),
        ("reference-gone", topics.references),
        ("dead-letter", topics.dead_letter),
    }
    assert on == commands | events | others


def test_each_reference_leads_somewhere_and_each_name_is_allowed() -> None:
    for reference in set(references_in(DOCUMENT)):
        assert found_at(reference) is not None
    for parts in (DOCUMENT["channels"], DOCUMENT["operations"], *DOCUMENT["components"].values()):
        assert all(re.fullmatch(r"[\w.-]+", name) for name in parts)


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_each_example_keeps_its_schemas(name: str) -> None:
    message = MESSAGES[name]
    (example,) = message["examples"]
    validator(message["payload"]).validate(example["payload"])
    if "headers" in message:
        validator(message["headers"]).validate(example["headers"])


@pytest.mark.parametrize(
    "name", sorted(name for name in MESSAGES if name.endswith(("Command", "Binary", "Event")))
)
def test_each_example_is_what_the_service_reads_and_writes(name: str) -> None:
    message = MESSAGES[name]
    (example,) = message["examples"]
    headers = [(key, text.encode()) for key, text in example["headers"].items()]
    session = example["headers"].get("ce_subject") or example["payload"]["subject"]
    record = Record(session.encode(), json.dumps(example["payload"]).encode(), headers, 0)
    if name.endswith("Event"):
        assert decode_event(record).type == message["name"]
    else:
        read = decode_command(record)
        assert isinstance(read, Command | Settle)
        assert read.type == message["name"]


def test_a_payload_that_breaks_the_contract_breaks_the_schema() -> None:
    for name in (*(f"{one}Command" for one in ("Step", "Start")), "ResolvedEvent"):
        payload = json.loads(json.dumps(MESSAGES[name]["examples"][0]["payload"]))
        del payload["data"]["account_id"]
        assert not validator(MESSAGES[name]["payload"]).is_valid(payload)
        payload["type"] = "l1.walk.other.v1"
        assert not validator(MESSAGES[name]["payload"]).is_valid(payload)


@pytest.mark.parametrize("settings", [{}, {"topic_partitions": 3, "topic_retention": timedelta(hours=1)}])
def test_topics_are_kept_as_they_are_made(settings: dict[str, Any]) -> None:
    channels = document_of(kafka_bootstrap_servers="localhost", **settings)["channels"].values()
    kafka = {channel["address"]: channel["bindings"]["kafka"] for channel in channels}
    for spec in specs(Settings(**settings)):
        told = kafka[spec.name]
        assert told["partitions"] == spec.partitions
        config = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in told["topicConfiguration"].items()
        }
        assert config == spec.config


def test_a_running_worker_tells_of_its_own_settings() -> None:
    told = document_of(kafka_bootstrap_servers="localhost", topic_prefix="acme", consumer_group="other")
    assert [channel["address"] for channel in told["channels"].values()] == list(Topics("acme").all())
    groups = [
        operation["bindings"]["kafka"]["groupId"]["const"]
        for operation in told["operations"].values()
        if operation["action"] == "receive"
    ]
    assert groups == ["other", "other-references"]


def test_keys_are_those_of_the_contract() -> None:
    keys = DOCUMENT["components"]["schemas"]
    told = {
        name: message["bindings"]["kafka"]["key"]["$ref"].rpartition("/")[2]
        for name, message in MESSAGES.items()
    }
    assert (told["StepCommand"], told["StepCommandBinary"], told["StartedEvent"]) == ("SessionKey",) * 3
    assert (told["ResolvedEvent"], told["EscalatedEvent"]) == ("TicketKey",) * 2
    account = "5d0c7a52-9f0e-4a39-b1a7-6c2f8e4d9b11"
    assert validator(keys["TicketKey"]).is_valid(f"{account}/psa/T20260131.0042")
    assert not validator(keys["TicketKey"]).is_valid(account)
    assert validator(keys["ReferenceKey"]).is_valid(f"proposal/{account}")
    assert not validator(keys["ReferenceKey"]).is_valid(f"ticket/{account}")


def test_no_address_and_no_credential_is_told() -> None:
    told = worker(
        kafka_bootstrap_servers="kafka-one.example:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_username="walk-kafka-user",
        kafka_password=SecretStr("hunter2"),
        database_url=SecretStr("postgresql://walk:hunter2@db.example/walk"),
    ).document
    assert not re.search(r"\.example|walk-kafka-user|hunter2", told)
    document = json.loads(told)
    assert document["servers"]["kafka"]["protocol"] == "kafka-secure"
    assert list(document["components"]["securitySchemes"].values()) == [{"type": "scramSha512"}]
    assert [found["$ref"] for found in document["servers"]["kafka"]["security"]] == [
        "#/components/securitySchemes/scram512"
    ]
