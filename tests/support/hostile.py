"""What upstream must not send, and what becomes of it all the same: one table for tests, bench and docs.

Each row is a record for a walk that has begun, stands at no node, and has no other command.
"""

import gzip
import itertools
import json
from collections.abc import Callable
from typing import NamedTuple

from l1_walk_contracts import Outcome, Verb
from l1_walk_contracts.limits import MESSAGE_BYTES
from tests.support.walk import STRUCTURED, Sending, Walk

NOTE = Verb.NOTE
DIGITS = "9" * 5000


class Hostile(NamedTuple):
    """One thing that may come."""

    name: str
    """What it is, in words."""
    make: Callable[[Walk], Sending]
    """The record, for this walk."""
    outcome: Outcome
    reason: str = ""
    """The rejection reason or the class of the dead letter."""
    told: str = ""
    """How the error begins, or the fields and what is wrong with each."""
    timestamp_ms: int | None = None
    """The record's own timestamp, where that is what is odd."""
    before: Callable[[Walk], Sending] | None = None
    """A command that came before it, and was accepted."""


def accepted(name: str, make: Callable[[Walk], Sending], timestamp_ms: int | None = None) -> Hostile:
    """A row that is odd, and a command all the same."""
    return Hostile(name, make, Outcome.ACCEPTED, timestamp_ms=timestamp_ms)


def invalid(
    name: str, make: Callable[[Walk], Sending], told: str, timestamp_ms: int | None = None
) -> Hostile:
    """A row that breaks the contract."""
    return Hostile(name, make, Outcome.REJECTED, "invalid", told, timestamp_ms)


def unreadable(name: str, make: Callable[[Walk], Sending], told: str) -> Hostile:
    """A row of which nobody can tell whose command it is."""
    return Hostile(name, make, Outcome.DEAD_LETTERED, "unreadable", told)


def ending(member: str, verb: Verb = NOTE) -> Callable[[Walk], Sending]:
    """A valid command whose data ends with this member, as text; it counts where the data has it already."""

    def make(walk: Walk) -> Sending:
        text = json.dumps(walk.envelope(verb))
        return Sending(walk.id.encode(), f"{text[:-2]}, {member}}}}}".encode())

    return make


def filled(begin: str, unit: str, end: str, verb: Verb = NOTE) -> Callable[[Walk], Sending]:
    """A command as large as may be, of many times the same."""

    def make(walk: Walk) -> Sending:
        room = MESSAGE_BYTES - len(ending(begin + end, verb)(walk).value or b"")
        return ending(begin + unit * (room // len(unit.encode())) + end, verb)(walk)

    return make


def with_attributes(**attributes: object) -> Callable[[Walk], Sending]:
    """A command with these attributes; one that is None is left out."""

    def make(walk: Walk) -> Sending:
        envelope = walk.envelope(NOTE) | attributes
        return walk.wrap({name: value for name, value in envelope.items() if value is not None})

    return make


def changed(change: Callable[[bytes], bytes], verb: Verb = NOTE) -> Callable[[Walk], Sending]:
    """A valid command in structured mode, its bytes changed."""

    def make(walk: Walk) -> Sending:
        sending = walk.send(verb)
        return sending._replace(value=change(sending.value or b""))

    return make


def with_headers(*headers: tuple[str, bytes | None]) -> Callable[[Walk], Sending]:
    """A command in binary mode with these headers behind its own."""

    def make(walk: Walk) -> Sending:
        sending = walk.binary(NOTE)
        return sending._replace(headers=(*sending.headers, *headers))

    return make


def keyed(key: Callable[[Walk], bytes | None]) -> Callable[[Walk], Sending]:
    """A command under this key."""
    return lambda walk: walk.send(NOTE)._replace(key=key(walk))


def always(sending: Sending) -> Callable[[Walk], Sending]:
    """The same record for any walk."""
    return lambda _: sending


def contradicting(walk: Walk) -> Sending:
    """Structured mode by its content type, with headers that name another walk."""
    headers = (STRUCTURED, ("ce_subject", Walk().id.encode()), ("ce_type", b"l1.walk.resolve.v1"))
    return walk.send(NOTE)._replace(headers=headers)


def both_modes(walk: Walk) -> Sending:
    """Binary mode whose value is a whole CloudEvent: the headers count, and the value is the data."""
    return walk.binary(NOTE)._replace(value=walk.send(NOTE).value)


def identified(verb: Verb = NOTE, **fields: object) -> Callable[[Walk], Sending]:
    """A command with always the same id."""
    return lambda walk: walk.send(verb, "the same", **fields)


def turned(walk: Walk) -> Sending:
    """The command of that id with its names in another order, at another time."""
    envelope = walk.envelope(NOTE, "the same") | {"time": "2026-01-31T10:00:00Z"}
    data = dict(reversed(envelope["data"].items()))
    return walk.wrap(dict(reversed((envelope | {"data": data}).items())))


def elsewhere(walk: Walk) -> Sending:
    """A command of that id from another source."""
    return walk.wrap(walk.envelope(NOTE, "the same", text="u") | {"source": "/other"})


UNFIT = "data.text must hold neither U+0000 nor half of a surrogate pair"
KEY = "key must be the session id: the subject, as UTF-8 text"
TIME = "time must be an RFC 3339 timestamp with its offset, such as 2026-01-31T09:30:00Z"
VALUES = "over 20,000 JSON values"
NO_SESSION = "no usable session id: subject must be a UUID in canonical lowercase form"
NO_DATA = "data must be a JSON object; data_base64 is not read"

TABLE: dict[str, list[Hostile]] = {
    "The value": [
        unreadable("no key and no value", always(Sending(None, None, ())), "no value"),
        unreadable("a key and no value", lambda walk: Sending(walk.id.encode(), None), "no value"),
        unreadable("an empty value", lambda walk: Sending(walk.id.encode(), b""), "no JSON"),
        unreadable("white space alone", lambda walk: Sending(walk.id.encode(), b" \n" * 100_000), "no JSON"),
        unreadable("bytes that are no text", always(Sending(b"k", b"\x00\xff\xfe\x80")), "no JSON"),
        unreadable("gzip", changed(gzip.compress), "no JSON"),
        unreadable("UTF-16", changed(lambda value: value.decode().encode("utf-16")), "no JSON"),
        unreadable("a byte order mark first", changed(lambda value: b"\xef\xbb\xbf" + value), "no JSON"),
        unreadable("bytes behind the JSON", changed(lambda value: value + b"x"), "no JSON"),
        unreadable("two CloudEvents in one record", changed(lambda value: value + value), "no JSON"),
        unreadable("JSON that is cut off", changed(lambda value: value[:-1]), "no JSON"),
        unreadable("a list of CloudEvents", changed(lambda value: b"[" + value + b"]"), "no JSON object"),
        unreadable("null", changed(lambda _: b"null"), "no JSON object"),
        unreadable(
            "bytes in a text that are no UTF-8",
            changed(lambda value: value.replace(b'"t"', b'"\xff"')),
            "no JSON",
        ),
        unreadable(
            "half of a surrogate pair as UTF-8",
            changed(lambda value: value.replace(b'"t"', b'"\xed\xa0\x80"')),
            "no JSON",
        ),
        unreadable(
            "U+0000 as UTF-8 of two bytes",
            changed(lambda value: value.replace(b'"t"', b'"\xc0\x80"')),
            "no JSON",
        ),
        accepted("white space around the JSON", changed(lambda value: b"\n\t " + value + b" \r\n")),
        unreadable(
            "more than 512 KiB", changed(lambda value: value.ljust(MESSAGE_BYTES + 1)), "over 512 KiB"
        ),
        accepted("512 KiB, most of it white space", changed(lambda value: value.ljust(MESSAGE_BYTES))),
    ],
    "Nesting and numbers of values": [
        accepted("150 lists in each other", ending('"x": ' + "[" * 150 + "]" * 150)),
        unreadable("300 lists in each other", ending('"x": ' + "[" * 300 + "]" * 300), "no JSON"),
        unreadable("100,000 lists in each other", ending('"x": ' + "[" * 100_000 + "]" * 100_000), VALUES),
        unreadable("100,000 lists that are never closed", ending('"x": ' + "[" * 100_000), VALUES),
        unreadable("9,000 objects that are never closed", ending('"x": ' + '{"a":' * 9000), "no JSON"),
        unreadable("512 KiB of brackets", always(Sending(b"k", b"[" * MESSAGE_BYTES)), VALUES),
        unreadable("174,000 empty lists", filled('"x": [', "[],", "[]]"), VALUES),
        unreadable("174,000 empty objects", filled('"x": [', "{},", "{}]"), VALUES),
        unreadable("260,000 lists, 190 deep", filled('"x": [', "[" * 190 + "]" * 190 + ",", "1]"), VALUES),
        unreadable("262,000 numbers", filled('"x": [', "1,", "1]"), VALUES),
        unreadable("131,000 texts", filled('"x": [', '"a",', '"a"]'), VALUES),
        unreadable("87,000 times the same name", filled("", '"x":1,', '"x":1'), VALUES),
        unreadable(
            "48,000 names", ending('"x": {' + ",".join(f'"{n}":1' for n in range(48_000)) + "}"), VALUES
        ),
        accepted("9,000 numbers", ending('"x": [' + "1," * 9_000 + "1]")),
        accepted(
            "190 lists in each other, 50 times", ending('"x": [' + ("[" * 190 + "]" * 190 + ",") * 50 + "1]")
        ),
        accepted("512 KiB of commas and brackets in a text", filled('"x": "', '[,\\"{', '"')),
    ],
    "Names": [
        accepted("a name twice: the last counts", ending('"text": "", "text": "last"')),
        invalid(
            "a name twice, the last one wrong", ending('"text": "", "text": 1'), "data.text must be a string"
        ),
        accepted("a name of U+0000", ending('"\\u0000": 1')),
        accepted("a name of half of a surrogate pair", ending('"\\ud800": 1')),
        accepted("a name that nobody knows", ending('"x": {"text": 1}')),
        accepted("attributes that nobody knows", with_attributes(subjects="x", datacontenttype=7)),
    ],
    "Texts": [
        invalid("U+0000", ending('"text": "a\\u0000b"'), UNFIT),
        accepted("U+0000 in a field that nobody knows", ending('"x": "a\\u0000b"')),
        invalid("the first half of a surrogate pair", ending('"text": "\\ud800"'), UNFIT),
        invalid("the second half", ending('"text": "\\udc00"'), UNFIT),
        invalid("the halves in the wrong order", ending('"text": "\\udc00\\ud800"'), UNFIT),
        invalid("a half and a pair", ending('"text": "\\ud83d\\ud83d\\ude00"'), UNFIT),
        invalid("half of a pair behind a backslash", ending('"text": "\\\\\\ud800"'), UNFIT),
        accepted("both halves", ending('"text": "\\ud83d\\ude00"')),
        accepted("a backslash and `ud800`", ending('"text": "\\\\ud800"')),
        accepted(
            "control characters, line separators, right-to-left marks",
            ending('"text": "a\\u0001\\u2028\\u202e"'),
        ),
        invalid("an empty text", ending('"text": ""'), "data.text must not be empty"),
        invalid("white space alone", ending('"text": " \\n\\u3000"'), "data.text must not be blank"),
        invalid("null", ending('"text": null'), "data.text must be a string"),
        invalid(
            "32,001 characters",
            ending('"text": "' + "a" * 32_001 + '"'),
            "data.text must have at most 32,000 characters",
        ),
        accepted("32,000 characters of four bytes each", ending('"text": "' + "😀" * 32_000 + '"')),
        accepted("32,000 control characters", ending('"text": "' + "\\u0001" * 32_000 + '"')),
        invalid(
            "512 KiB of one field",
            filled('"text": "', "a", '"'),
            "data.text must have at most 32,000 characters",
        ),
        invalid(
            "512 KiB of blanks",
            filled('"text": "', " ", '"'),
            "data.text must have at most 32,000 characters",
        ),
        accepted("512 KiB of quotes, and half of a pair", filled('"x": "\\ud800', '\\"', '"')),
        accepted("512 KiB of backslashes, and half of a pair", filled('"x": "\\ud800', "\\\\", '"')),
        accepted("20,000 halves of pairs", ending('"x": "' + "\\ud800" * 20_000 + '"')),
        unreadable("87,000 halves of pairs", filled('"x": "', "\\ud800", '"'), "no JSON"),
    ],
    "Numbers": [
        unreadable("NaN", ending('"x": NaN'), "no JSON"),
        unreadable("Infinity", ending('"x": -Infinity'), "no JSON"),
        accepted("1e400 in a field that nobody knows", ending('"x": 1e400')),
        invalid(
            "1e400 for a version",
            ending('"expected_version": 1e400'),
            "data.expected_version must be an integer",
        ),
        invalid(
            "a whole number beyond 64 bits",
            ending('"expected_version": 18446744073709551616'),
            "data.expected_version must be at most 2,147,483,647",
        ),
        accepted("one in a field that nobody knows", ending('"x": -18446744073709551616')),
        invalid(
            "5,000 digits for a version",
            ending(f'"expected_version": {DIGITS}'),
            "data.expected_version must be an integer",
        ),
        invalid("5,000 digits for a text", ending(f'"text": {DIGITS}'), "data.text must be a string"),
        accepted("5,000 digits in a field that nobody knows", ending(f'"x": {DIGITS}')),
        accepted("512 KiB of digits", filled('"x": ', "9", "")),
        accepted("512 KiB of numbers of 5,000 digits", filled('"x": [', DIGITS + ",", "1]")),
        accepted("512 KiB of numbers of 4,300 digits", filled('"x": [', DIGITS[:4300] + ",", "1]")),
        accepted(
            "512 KiB of numbers beyond 64 bits", ending('"x": [' + "18446744073709551616," * 9_900 + "1]")
        ),
        invalid("zero", ending('"expected_version": 0'), "data.expected_version must be at least 1"),
        invalid("a fraction", ending('"expected_version": 1.0'), "data.expected_version must be an integer"),
        invalid(
            "a number as text", ending('"expected_version": "1"'), "data.expected_version must be an integer"
        ),
        invalid(
            "true for a number",
            ending('"expected_version": true'),
            "data.expected_version must be an integer",
        ),
        invalid("1 for true", ending('"helpful": 1', Verb.RESOLVE), "data.helpful must be true or false"),
    ],
    "Times": [
        invalid("the year 0", with_attributes(time="0000-01-01T00:00:00Z"), TIME),
        invalid("the year 99999", with_attributes(time="99999-01-01T00:00:00Z"), TIME),
        accepted("the year 1", with_attributes(time="0001-01-01T00:00:00Z")),
        accepted(
            "the year 9999: the record's timestamp counts", with_attributes(time="9999-12-31T23:59:59Z")
        ),
        invalid("before the year 1, by its offset", with_attributes(time="0001-01-01T00:00:00+23:59"), TIME),
        invalid(
            "after the year 9999, by its offset", with_attributes(time="9999-12-31T23:59:59-23:59"), TIME
        ),
        invalid("an offset of +99:99", with_attributes(time="2026-01-31T09:30:00+99:99"), TIME),
        invalid("no offset", with_attributes(time="2026-01-31T09:30:00"), TIME),
        invalid("the 30th of February", with_attributes(time="2026-02-30T09:30:00Z"), TIME),
        accepted("a leap second: the second after it", with_attributes(time="2016-12-31T23:59:60Z")),
        invalid("second 61", with_attributes(time="2016-12-31T23:59:61Z"), TIME),
        invalid("seconds since 1970", with_attributes(time=1_769_851_800), TIME),
        invalid("seconds since 1970, as text", with_attributes(time="1769851800"), TIME),
        invalid("an empty text", with_attributes(time=""), TIME),
        invalid("digits of another script", with_attributes(time="٢٠٢٦-01-31T09:30:00Z"), TIME),
        accepted("no time: the record's timestamp counts", with_attributes(time=None)),
        accepted(
            "512 KiB of a fraction of a second",
            filled('"idle_since": "2026-01-31T09:30:00.', "1", 'Z"', Verb.ABANDON),
        ),
        accepted(
            "a record's timestamp in seconds: it counts for what is ahead of it",
            with_attributes(),
            1_769_851_800,
        ),
        accepted("a record's timestamp of the year 99999", with_attributes(), 3_093_527_980_800_000),
        invalid(
            "the same, and no time",
            with_attributes(time=None),
            "time is required where the record has no timestamp",
            3_093_527_980_800_000,
        ),
        invalid(
            "no timestamp and no time",
            with_attributes(time=None),
            "time is required where the record has no timestamp",
            -1,
        ),
    ],
    "Attributes": [
        unreadable("no specversion", with_attributes(specversion=None), "no CloudEvent 1.0"),
        unreadable("specversion 0.3", with_attributes(specversion="0.3"), "no CloudEvent 1.0"),
        unreadable("no id", with_attributes(id=None), "no usable id"),
        unreadable("an id that is a number", with_attributes(id=7), "no usable id"),
        unreadable("an empty id", with_attributes(id=""), "no usable id"),
        unreadable("an id of 129 characters", with_attributes(id="i" * 129), "no usable id"),
        unreadable("an id with U+0000", with_attributes(id="a\0b"), "no usable id"),
        unreadable("an id with half of a surrogate pair", with_attributes(id="\ud800"), "no usable id"),
        unreadable("an id with a line break", with_attributes(id="a\n"), "no usable id"),
        accepted("an id of 128 emoji", with_attributes(id="😀" * 128)),
        accepted("an id of a blank", with_attributes(id=" ")),
        unreadable("a source with U+0000", with_attributes(source="a\0b"), "no usable source"),
        unreadable("no source", with_attributes(source=None), "no usable source"),
        unreadable("no type", with_attributes(type=None), "no usable type"),
        unreadable(
            "a type of somebody else's", with_attributes(type="com.example.order.v1"), "not one of our types"
        ),
        Hostile(
            "a version that nobody knows yet",
            with_attributes(type="l1.walk.note.v2"),
            Outcome.DEAD_LETTERED,
            "unsupported",
            "unknown verb or version",
        ),
        Hostile(
            "a type in capitals",
            with_attributes(type="l1.walk.NOTE.v1"),
            Outcome.DEAD_LETTERED,
            "unsupported",
            "unknown verb or version",
        ),
        unreadable("no subject", with_attributes(subject=None), NO_SESSION),
        unreadable("a subject that is no UUID", with_attributes(subject="42"), NO_SESSION),
        unreadable(
            "a UUID in capitals", lambda walk: with_attributes(subject=walk.id.upper())(walk), NO_SESSION
        ),
        unreadable(
            "a UUID in braces", lambda walk: with_attributes(subject=f"{{{walk.id}}}")(walk), NO_SESSION
        ),
        unreadable(
            "a UUID without hyphens",
            lambda walk: with_attributes(subject=walk.id.replace("-", ""))(walk),
            NO_SESSION,
        ),
        unreadable("a subject that is a list", with_attributes(subject=["a"]), NO_SESSION),
        accepted(
            "a traceparent that is none: as if there were none", with_attributes(traceparent="\0" * 200)
        ),
    ],
    "Data": [
        invalid("no data", with_attributes(data=None), NO_DATA),
        invalid("data as text", with_attributes(data="{}"), NO_DATA),
        invalid("data as a list", with_attributes(data=[]), NO_DATA),
        invalid("data_base64", with_attributes(data=None, data_base64="e30="), NO_DATA),
        accepted(
            "an account in capitals", lambda walk: ending(f'"account_id": "{walk.account.upper()}"')(walk)
        ),
        invalid(
            "an account in braces",
            lambda walk: ending(f'"account_id": "{{{walk.account}}}"')(walk),
            "data.account_id must be a UUID in its canonical form of 36 characters",
        ),
        invalid(
            "an account as a number",
            ending('"account_id": 42'),
            "data.account_id must be a UUID in its canonical form of 36 characters",
        ),
        invalid("a list for a text", ending('"text": ["t"]'), "data.text must be a string"),
        invalid(
            "a list for a ticket", ending('"ticket": [1, 2]', Verb.START), "data.ticket must be a JSON object"
        ),
        invalid(
            "a kind that nobody knows",
            ending('"session_kind": "\\ud800"', Verb.START),
            "data.session_kind must be 'flow', 'proposal', 'adhoc' or 'ai_build'",
        ),
        invalid(
            "a note that is none",
            ending('"notes": [{"text": "a"}, 1]', Verb.REPLACE_NOTES),
            "data.notes.1 must be a JSON object",
        ),
        invalid(
            "6,000 notes, more than fit any walk",
            ending('"notes": [' + '{"text":"a"},' * 5_999 + '{"text":"a"}]', Verb.REPLACE_NOTES),
            "data.notes must have at most 3,000 entries",
        ),
        unreadable(
            "40,000 notes",
            ending('"notes": [' + '{"text":"a"},' * 39_999 + '{"text":"a"}]', Verb.REPLACE_NOTES),
            VALUES,
        ),
        Hostile(
            "3,000 notes, more than fit this walk",
            ending('"notes": [' + '{"text":"a"},' * 2_999 + '{"text":"a"}]', Verb.REPLACE_NOTES),
            Outcome.REJECTED,
            "notes_too_large",
        ),
        Hostile(
            "256 KiB of notes",
            ending('"notes": [' + ",".join([f'{{"text":"{"a" * 31_000}"}}'] * 9) + "]", Verb.REPLACE_NOTES),
            Outcome.REJECTED,
            "notes_too_large",
        ),
    ],
    "Ids that were used before": [
        Hostile("the same command again", identified(), Outcome.DUPLICATE, before=identified()),
        Hostile(
            "the same again, names in another order, another time",
            turned,
            Outcome.DUPLICATE,
            before=identified(),
        ),
        Hostile(
            "the same id with another body",
            identified(text="u"),
            Outcome.REJECTED,
            "id_reused",
            before=identified(),
        ),
        Hostile(
            "the same id with a field more",
            identified(x=1),
            Outcome.REJECTED,
            "id_reused",
            before=identified(),
        ),
        Hostile(
            "the same id with another type",
            identified(Verb.ABANDON),
            Outcome.REJECTED,
            "id_reused",
            before=identified(),
        ),
        Hostile("the same id from another source", elsewhere, Outcome.ACCEPTED, before=identified()),
    ],
    "Keys": [
        invalid("no key", keyed(lambda _: None), KEY),
        invalid("an empty key", keyed(lambda _: b""), KEY),
        invalid("a key that is no UTF-8", keyed(lambda _: b"\xff\xfe"), KEY),
        invalid("the session id in capitals", keyed(lambda walk: walk.id.upper().encode()), KEY),
        invalid("the session id in quotes", keyed(lambda walk: f'"{walk.id}"'.encode()), KEY),
        invalid(
            "the session id as 16 bytes", keyed(lambda walk: bytes.fromhex(walk.id.replace("-", ""))), KEY
        ),
        invalid("another session id", keyed(lambda _: Walk().id.encode()), KEY),
        invalid("a key of 300 KB", keyed(lambda _: b"k" * 300_000), KEY),
    ],
    "Headers": [
        accepted(
            "content-type as structured mode, and `ce_` headers that contradict the value: the value counts",
            contradicting,
        ),
        accepted("no headers at all", lambda walk: walk.send(NOTE)._replace(headers=())),
        accepted(
            "headers that are null", lambda walk: walk.send(NOTE)._replace(headers=(STRUCTURED, ("x", None)))
        ),
        accepted(
            "a header that is no UTF-8", lambda walk: walk.send(NOTE)._replace(headers=(("x", b"\xff"),))
        ),
        accepted(
            "ten thousand headers", lambda walk: walk.send(NOTE)._replace(headers=(("x", b"1"),) * 10_000)
        ),
        accepted("a header of 400 KB", with_headers(("x", b"h" * 400_000))),
        accepted(
            "binary mode, a header twice: the last counts", with_headers(("ce_id", b"a"), ("ce_id", b"b"))
        ),
        unreadable("binary mode, the last `ce_id` null", with_headers(("ce_id", None)), "no usable id"),
        unreadable(
            "binary mode, a `ce_id` that is no UTF-8", with_headers(("ce_id", b"\xff")), "no usable id"
        ),
        unreadable("binary mode, an empty `ce_type`", with_headers(("ce_type", b"")), "no usable type"),
        unreadable(
            "binary mode, a `ce_id` of 400 KB", with_headers(("ce_id", b"h" * 400_000)), "no usable id"
        ),
        accepted("binary mode, `ce_` with no name", with_headers(("ce_", b"x"), ("ce_data", b"{}"))),
        unreadable(
            "one `ce_` header beside a CloudEvent, and no content-type",
            lambda walk: walk.send(NOTE)._replace(headers=(("ce_id", b"x"),)),
            "no CloudEvent 1.0 in the ce_ headers, which count where there are any",
        ),
        accepted(
            "binary mode, content-type of text", with_headers(("content-type", b"text/plain; charset=utf-16"))
        ),
        unreadable(
            "binary mode by its headers, structured by its last content-type",
            with_headers(STRUCTURED),
            "no CloudEvent 1.0",
        ),
        invalid(
            "binary mode with a whole CloudEvent as value",
            both_modes,
            "data.account_id is required; data.user_id is required; data.text is required",
        ),
        invalid("binary mode without value", lambda walk: walk.binary(NOTE)._replace(value=None), NO_DATA),
        invalid(
            "binary mode with a value that is no JSON",
            lambda walk: walk.binary(NOTE)._replace(value=b"{"),
            NO_DATA,
        ),
    ],
}
"""By subject, in the order in which a record is looked at."""

ROWS = tuple(itertools.chain.from_iterable(TABLE.values()))
