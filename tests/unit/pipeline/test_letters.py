from uuid import UUID

import pytest

from l1_walk_contracts import DeadLetterClass, Record
from service.ops.topic_specs import MIB
from service.pipeline.decode import decode
from service.pipeline.letters import dead_letter, letter_message
from service.store.dead_letters import DeadLetter
from service.store.outbox import Headers, Message
from tests.support.consumed import consumed
from tests.support.records import STAMP

TOPIC = "l1.walk.commands"


def letter(record: Record, partition: int = 3, offset: int = 9) -> DeadLetter:
    [one] = decode([consumed(record, partition, offset)])
    return dead_letter(TOPIC, one, DeadLetterClass.UNREADABLE, "no JSON")


def message(record: Record) -> Message:
    return letter_message(letter(record), "dead")


def size(message: Message) -> int:
    headers = sum(len(name.encode()) + len(value or b"") + 10 for name, value in message.headers)
    return len(message.key or b"") + len(message.value or b"") + headers


def test_a_letter_is_as_received_with_where_it_came_from() -> None:
    headers: Headers = (("a", b"1"), ("a", None), ("x-walk-class", b"forged"), ("b", b"\xff"))
    out = message(Record(b"\xff", b"{", headers, STAMP))
    assert (out.topic, out.partition, out.offset, out.number, out.target_partition) == ("dead", 3, 9, 0, 3)
    assert (out.key, out.value) == (b"\xff", b"{")
    assert tuple(out.headers[:4]) == headers
    assert dict(out.headers[4:]) == {
        "x-walk-class": b"unreadable",
        "x-walk-error": b"no JSON",
        "x-walk-origin-topic": TOPIC.encode(),
        "x-walk-origin-partition": b"3",
        "x-walk-origin-offset": b"9",
        "x-walk-origin-timestamp": str(STAMP).encode(),
    }


@pytest.mark.parametrize("timestamp", [-1, 10**17])
def test_a_record_may_have_no_time(timestamp: int) -> None:
    record = Record(None, None, (), timestamp)
    assert letter(record).record_timestamp is None
    assert dict(message(record).headers)["x-walk-origin-timestamp"] == b""


def test_its_id_is_that_of_its_place() -> None:
    assert letter(Record(b"a", b"b")).id == letter(Record(b"c", None)).id
    assert len({letter(Record(None, None), p, o).id for p in (1, 2) for o in (1, 2)}) == 4
    assert isinstance(letter(Record(None, None)).id, UUID)


LARGE: dict[str, tuple[Record, str]] = {
    "value": (Record(b"k", b"v" * (3 * MIB)), "value"),
    "key": (Record(b"k" * (3 * MIB), b"v"), "key"),
    "one header": (Record(b"k", b"v", (("a", b"1"), ("h" * 100_000, b"x" * 3 * MIB))), "headers"),
    "many headers": (Record(b"k", b"v", (("h", b""),) * 200_000), "headers"),
    "everything": (Record(b"k" * 2 * MIB, b"v" * 2 * MIB, (("h", b"x" * 2 * MIB),)), "headers,key,value"),
}


@pytest.mark.parametrize(("record", "cut"), LARGE.values(), ids=LARGE.keys())
def test_what_does_not_fit_the_topic_is_cut_there_and_marked_and_whole_in_the_table(
    record: Record, cut: str
) -> None:
    out = message(record)
    assert size(out) < 2 * MIB - 10_000
    assert dict(out.headers)["x-walk-truncated"] == cut.encode()
    assert (record.value or b"").startswith(out.value or b"")
    assert (record.key or b"").startswith(out.key or b"")
    kept = letter(record)
    assert (kept.key, kept.value, tuple(kept.headers)) == record[:3]


def test_what_fits_is_not_cut() -> None:
    record = Record(b"k" * 1_000, b"v" * MIB, (("h", b"x" * 100_000),))
    out = message(record)
    assert (out.key, out.value) == record[:2]
    assert "x-walk-truncated" not in dict(out.headers)
