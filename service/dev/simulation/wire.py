"""A command as upstream puts it on the wire: a CloudEvent in structured mode, keyed by its session."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from service.dev.simulation.expected import Record


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as browsers write it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dumps(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def command(
    verb: str,
    *,
    command_id: str,
    session_id: str,
    source: str,
    time: datetime,
    data: Mapping[str, object],
    traceparent: str | None = None,
) -> dict[str, object]:
    """A command of version 1 as one JSON object; fields of `data` that are None are left out."""
    line: dict[str, object] = {
        "specversion": "1.0",
        "id": command_id,
        "source": source,
        "type": f"l1.walk.{verb}.v1",
        "subject": session_id,
        "time": timestamp(time),
        "datacontenttype": "application/json",
    }
    if traceparent:
        line["traceparent"] = traceparent
    line["data"] = {name: value for name, value in data.items() if value is not None}
    return line


@dataclass
class Outgoing:
    """What is to be sent, and when; `in_order` is what a producer that knew the future would send."""

    _records: list[tuple[datetime, int, Record]] = field(default_factory=list)

    def send(self, at: datetime, line: Mapping[str, object], key: str | None = None) -> Record:
        """Plan `line` for `at`, under its session id unless another key is given."""
        return self.send_bytes(at, dumps(line), str(line["subject"]) if key is None else key)

    def send_bytes(self, at: datetime, value: bytes, key: str) -> Record:
        """Plan bytes that need not be a command."""
        record = Record(key.encode(), value)
        self.send_again(at, record)
        return record

    def send_again(self, at: datetime, record: Record) -> None:
        """Plan a record that is already on its way for a second time."""
        self._records.append((at, len(self._records), record))

    def in_order(self) -> list[Record]:
        """All records by their times; those of one moment in the order in which they were planned."""
        return [record for _, _, record in sorted(self._records, key=lambda planned: planned[:2])]


def later(at: datetime, seconds: float) -> datetime:
    """`at` plus some seconds, to the millisecond that a timestamp can hold."""
    return at + timedelta(milliseconds=round(seconds * 1000))
