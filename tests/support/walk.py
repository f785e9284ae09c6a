"""Commands of one walk as upstream sends them, for tests of the running worker."""

import json
import uuid
from typing import Any, NamedTuple

from l1_walk_contracts import Record, Verb
from tests.support.records import MINIMAL

STRUCTURED = ("content-type", b"application/cloudevents+json")


class Sending(NamedTuple):
    """A record on its way to Kafka."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = (STRUCTURED,)

    def received(self, timestamp_ms: int) -> Record:
        """As the worker gets it."""
        return Record(self.key, self.value, self.headers, timestamp_ms)


class Walk:
    """Makes the commands of one session; each has an id of its own unless one is given."""

    def __init__(self, session_id: str | None = None, *, account: str | None = None, user: str | None = None):
        self.id = session_id or str(uuid.uuid4())
        self.account = account or str(uuid.uuid4())
        self.user = user or str(uuid.uuid4())
        self.flow = str(uuid.uuid4())

    def data(self, verb: Verb, **fields: Any) -> dict[str, Any]:
        """The least that the verb takes, with `fields` in it; one that is None is left out."""
        data = {"account_id": self.account, "user_id": self.user, **MINIMAL[verb], **fields}
        return {name: value for name, value in data.items() if value is not None}

    def envelope(self, verb: Verb, command_id: str | None = None, **fields: Any) -> dict[str, Any]:
        """The command's CloudEvent."""
        return {
            "specversion": "1.0",
            "id": command_id or str(uuid.uuid4()),
            "source": "/test",
            "type": verb.type,
            "subject": self.id,
            "time": "2026-01-31T09:30:00Z",
            "datacontenttype": "application/json",
            "data": self.data(verb, **fields),
        }

    def send(self, verb: Verb, command_id: str | None = None, **fields: Any) -> Sending:
        """The command in structured mode."""
        return self.wrap(self.envelope(verb, command_id, **fields))

    def wrap(self, envelope: dict[str, Any]) -> Sending:
        """The CloudEvent in structured mode, keyed by the session."""
        return Sending(self.id.encode(), json.dumps(envelope).encode())

    def binary(self, verb: Verb, command_id: str | None = None, **fields: Any) -> Sending:
        """The command in binary mode."""
        envelope = self.envelope(verb, command_id, **fields)
        data = json.dumps(envelope.pop("data")).encode()
        headers: list[tuple[str, bytes | None]] = [("content-type", b"application/json")]
        del envelope["datacontenttype"]
        headers += [(f"ce_{name}", text.encode()) for name, text in envelope.items()]
        return Sending(self.id.encode(), data, tuple(headers))

    def start(self, **fields: Any) -> Sending:
        """Begins a flow walk at any node."""
        return self.send(Verb.START, **{"session_kind": "flow", "flow_id": self.flow, **fields})

    def step(self, node_id: str, **fields: Any) -> Sending:
        """Answers a node."""
        return self.send(Verb.STEP, node_id=node_id, **fields)
