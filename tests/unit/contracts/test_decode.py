"""Every clause of design 4: what a record is, and with which time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from l1_walk_contracts import (
    COMMAND_DATA,
    Command,
    FieldError,
    Invalid,
    Record,
    Settle,
    SettleData,
    SettleVerb,
    StepData,
    Unreadable,
    Unsupported,
    Verb,
    decode_command,
    encode_settle,
)
from tests.support.records import (
    ACCOUNT,
    SESSION,
    STAMP,
    binary_record,
    data_of,
    envelope_of,
    record_of,
)

STEP = Verb.STEP
NINE_THIRTY = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
OUR_CONTENT_TYPE = ("content-type", b"application/cloudevents+json")


def fields_of(record: Record) -> list[str]:
    decoded = decode_command(record)
    assert isinstance(decoded, Invalid), decoded
    return [error.field for error in decoded.errors]


def accepted(record: Record) -> Command:
    decoded = decode_command(record)
    assert isinstance(decoded, Command), decoded
    return decoded


def unreadable(record: Record) -> str:
    decoded = decode_command(record)
    assert isinstance(decoded, Unreadable), decoded
    return decoded.error


@pytest.mark.parametrize("verb", Verb)
def test_a_structured_command_is_read(verb: Verb) -> None:
    command = accepted(record_of(envelope_of(verb, more="ignored")))
    assert (command.session_id, command.source, command.id) == (SESSION, "/test", "command-1")
    assert (command.verb, command.type) == (verb, f"l1.walk.{verb}.v1")
    assert command.time == NINE_THIRTY
    assert type(command.data) is COMMAND_DATA[verb]
    assert command.data.account_id == UUID(ACCOUNT)
    assert command.raw_data == data_of(verb)


@pytest.mark.parametrize("verb", Verb)
def test_binary_mode_reads_the_same(verb: Verb) -> None:
    structured = accepted(record_of(envelope_of(verb)))
    assert accepted(binary_record(verb)) == structured


class TestModes:
    def test_our_content_type_makes_it_structured_whatever_other_headers_say(self) -> None:
        for content_type in (
            b"application/cloudevents+json",
            b"Application/CloudEvents+JSON; charset=UTF-8",
            b" application/cloudevents+json ;x=y",
        ):
            headers = [("ce_id", b"other"), ("Content-Type", content_type)]
            assert accepted(record_of(envelope_of(STEP), headers=headers)).id == "command-1"

    def test_without_ce_headers_it_is_structured_whatever_its_content_type(self) -> None:
        headers = [("content-type", b"text/plain"), ("ce", b"x"), ("x-ce_id", b"y")]
        assert accepted(record_of(envelope_of(STEP), headers=headers)).id == "command-1"

    def test_one_ce_header_makes_it_binary(self) -> None:
        error = "no CloudEvent 1.0 in the ce_ headers, which count where there are any"
        assert unreadable(record_of(envelope_of(STEP), headers=[("ce_x", None)])) == error

    def test_the_last_of_doubled_headers_counts(self) -> None:
        record = binary_record(STEP)
        assert accepted(record._replace(headers=[*record.headers, ("ce_id", b"last")])).id == "last"
        doubled = [*record.headers, OUR_CONTENT_TYPE, ("content-type", b"application/json")]
        assert accepted(record._replace(headers=doubled)).id == "command-1"
        assert "id" in unreadable(record._replace(headers=[*record.headers, ("ce_id", None)]))

    def test_the_last_of_doubled_keys_counts(self) -> None:
        value = record_of(envelope_of(STEP)).value
        assert value is not None
        assert accepted(record_of(value[:-1] + b',"id":"last"}')).id == "last"

    @pytest.mark.parametrize("content", [None, b"\xff", b"", b"x" * 1000])
    def test_headers_nobody_knows_are_nobodys_business(self, content: bytes | None) -> None:
        record = binary_record(STEP)
        strange = [("x-strange", content), ("ce_strange", content), ("", content), ("CE_ID", content)]
        assert accepted(record._replace(headers=[*record.headers, *strange])) == accepted(record)

    def test_attributes_in_headers_are_utf_8(self) -> None:
        assert accepted(binary_record(STEP, source="/Zürich")).source == "/Zürich"
        record = binary_record(STEP)
        assert "source" in unreadable(record._replace(headers=[*record.headers, ("ce_source", b"\xff")]))
        assert fields_of(record._replace(headers=[*record.headers, ("ce_time", b"\xff")])) == ["time"]

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xef\xbb\xbf{}", b"1", b"NaN"])
    def test_a_binary_value_that_is_no_object_is_invalid_data(self, body: bytes) -> None:
        assert fields_of(binary_record(STEP, body)) == ["data"]

    def test_a_binary_record_without_value_is_invalid_data(self) -> None:
        assert fields_of(binary_record(STEP)._replace(value=None)) == ["data"]


class TestUnreadable:
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (None, "no value"),
            (b"", "no JSON: "),
            (b"{", "no JSON: "),
            (b"\xef\xbb\xbf{}", "no JSON: "),
            (b"{} {}", "no JSON: "),
            (b"{'a': 1}", "no JSON: "),
            (b'{"a": NaN}', "no JSON: "),
            (b'{"a": -Infinity}', "no JSON: "),
            (b'{"a": "\xff"}', "no JSON: "),
            (b'{"a": "\x01"}', "no JSON: "),
            (b'{"a": "\x00"}', "no JSON: "),
            (b'"{}"', "no JSON object"),
            (b"[{}]", "no JSON object"),
            (b"null", "no JSON object"),
            (b"{}", "no CloudEvent 1.0"),
        ],
    )
    def test_a_value_that_is_no_cloud_event(self, value: bytes | None, reason: str) -> None:
        assert unreadable(record_of(b"", value=value)).startswith(reason)

    @pytest.mark.parametrize("version", ["0.3", "1", "1.0.0", 1.0, None])
    def test_another_version_of_cloud_events(self, version: Any) -> None:
        assert unreadable(record_of(envelope_of(STEP, specversion=version))) == "no CloudEvent 1.0"

    @pytest.mark.parametrize("name", ["id", "source", "type"])
    @pytest.mark.parametrize(
        "text", [None, "", "x" * 129, "a\nb", "\x00", "\x7f", "\x9f", "\ud800", "a\udfff", 7, True, ["a"], {}]
    )
    def test_an_identity_that_is_not_usable(self, name: str, text: Any) -> None:
        assert unreadable(record_of(envelope_of(STEP, **{name: text}))) == f"no usable {name}"

    @pytest.mark.parametrize("text", ["x", "x" * 128, " ", "ä" * 128, "\U0001f600", "no uuid: ?&%"])
    def test_an_identity_that_is(self, text: str) -> None:
        command = accepted(record_of(envelope_of(STEP, id=text, source=text)))
        assert (command.id, command.source) == (text, text)

    @pytest.mark.parametrize(
        "subject",
        [
            None,
            "",
            SESSION.upper(),
            SESSION.replace("-", ""),
            f"{{{SESSION}}}",
            f"urn:uuid:{SESSION}",
            f"{SESSION}\n",
            f" {SESSION}",
            SESSION[:-1] + "٣",
            7,
        ],
    )
    def test_a_session_id_in_another_form(self, subject: Any) -> None:
        assert "session id" in unreadable(record_of(envelope_of(STEP, subject=subject)))

    @pytest.mark.parametrize(
        "name", ["l1.walkstart.v1", "com.example.started", "L1.WALK.step.v1", " l1.walk.step.v1"]
    )
    def test_a_type_that_is_not_ours(self, name: str) -> None:
        assert unreadable(record_of(envelope_of(STEP, type=name))) == "not one of our types"

    def test_one_byte_too_many(self) -> None:
        value = record_of(envelope_of(STEP)).value
        assert value is not None
        full = value + b" " * (512 * 1024 - len(value))
        assert accepted(record_of(full)).id == "command-1"
        assert unreadable(record_of(full + b" ")) == "over 512 KiB"
        assert unreadable(binary_record(STEP, full + b" ")) == "over 512 KiB"


@pytest.mark.parametrize(
    "name", ["l1.walk.step.v2", "l1.walk.jump.v1", "l1.walk.", "l1.walk.started.v1", "l1.walk.redrive.v2"]
)
def test_a_type_of_ours_that_is_not_known_is_unsupported(name: str) -> None:
    decoded = decode_command(record_of(envelope_of(STEP, type=name), key=b"other"))
    assert decoded == Unsupported(
        SESSION, "/test", "command-1", name, UUID(ACCOUNT), "unknown verb or version"
    )


def test_unsupported_without_a_readable_account() -> None:
    decoded = decode_command(record_of(envelope_of(STEP, data=[ACCOUNT], type="l1.walk.step.v2")))
    assert isinstance(decoded, Unsupported)
    assert decoded.account_id is None


class TestSettle:
    LETTER = "5f0c9c3e-8a59-4f0a-9d3c-6f7a1b2c3d4e"

    def decoded(self, key: bytes | None = None, **data: Any) -> Any:
        data = {"dead_letter_id": self.LETTER, "by": "night-shift", **data}
        envelope = envelope_of(STEP, type="l1.walk.redrive.v1", data=data)
        return decode_command(record_of(envelope, key=key or SESSION.encode()))

    def test_it_names_a_letter_who_and_why(self) -> None:
        settle = self.decoded(reason="mended")
        assert isinstance(settle, Settle)
        assert (settle.verb, settle.dead_letter_id, settle.session_id) == (
            SettleVerb.REDRIVE, UUID(self.LETTER), SESSION
        )  # fmt: skip
        assert (settle.by, settle.reason) == ("night-shift", "mended")

    def test_without_them_it_is_invalid(self) -> None:
        invalid = self.decoded(dead_letter_id="x", by=" ", key=b"other")
        assert isinstance(invalid, Invalid)
        assert [error.field for error in invalid.errors] == ["key", "data.dead_letter_id", "data.by"]

    def test_what_is_published_is_read_so(self) -> None:
        data = SettleData(dead_letter_id=UUID(self.LETTER), by="ops", reason=None)
        for session in (UUID(SESSION), None):
            out = encode_settle(SettleVerb.DISCARD, data, session_id=session, source="/ops", id="1")
            settle = decode_command(Record(out.key, out.value, out.headers))
            assert isinstance(settle, Settle)
            assert settle.session_id == str(session or self.LETTER)
            assert settle.verb is SettleVerb.DISCARD
        with pytest.raises(ValueError, match="no usable id"):
            encode_settle(SettleVerb.DISCARD, data, session_id=None, source="/ops", id="")


class TestKey:
    @pytest.mark.parametrize("key", [None, b"", b"other", SESSION.upper().encode(), SESSION.encode() + b" "])
    def test_any_other_key_is_invalid(self, key: bytes | None) -> None:
        assert fields_of(record_of(envelope_of(STEP), key=key)) == ["key"]


class TestTime:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-01-31T10:30:00+01:00", NINE_THIRTY),
            ("2026-01-31t09:30:00z", NINE_THIRTY),
            ("2026-01-31T09:30:00-00:00", NINE_THIRTY),
            ("2026-01-31T09:30:00.5Z", NINE_THIRTY + timedelta(milliseconds=500)),
            ("2026-01-31T09:30:00.1234567899Z", NINE_THIRTY + timedelta(microseconds=123456)),
            ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
            ("2016-12-31T23:59:60.25Z", datetime(2017, 1, 1, microsecond=250000, tzinfo=UTC)),
            ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ],
    )
    def test_rfc_3339(self, text: str, moment: datetime) -> None:
        time = accepted(record_of(envelope_of(STEP, time=text))).time
        assert time == moment
        assert time.utcoffset() == timedelta(0)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "now",
            "2026-01-31",
            "2026-01-31T09:30:00",
            "2026-01-31 09:30:00Z",
            "2026-01-31T09:30Z",
            "2026-01-31T09:30:00.Z",
            "2026-01-31T09:30:00Z\n",
            "2026-01-31T09:30:00+0100",
            "2026-01-31T09:30:00+99:00",
            "2026-02-30T09:30:00Z",
            "2026-01-31T24:30:00Z",
            "2026-01-31T09:30:61Z",
            "0000-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "9999-12-31T23:59:60Z",
            "2026-W05-6T09:30:00Z",
            "٢٠٢٦-01-31T09:30:00Z",
            1_769_851_800,
            True,
            {},
        ],
    )
    def test_anything_else_is_invalid(self, text: Any) -> None:
        assert fields_of(record_of(envelope_of(STEP, time=text))) == ["time"]

    def test_absent_it_is_the_records_timestamp(self) -> None:
        assert accepted(record_of(envelope_of(STEP, time=None))).time == NINE_THIRTY
        assert accepted(binary_record(STEP, time=None)).time == NINE_THIRTY
        assert accepted(record_of(envelope_of(STEP, time=None), timestamp_ms=1)).time == datetime(
            1970, 1, 1, microsecond=1000, tzinfo=UTC
        )

    @pytest.mark.parametrize("timestamp_ms", [-1, -(2**63), 2**63 - 1])
    def test_absent_and_no_timestamp_either_is_invalid(self, timestamp_ms: int) -> None:
        assert fields_of(record_of(envelope_of(STEP, time=None), timestamp_ms=timestamp_ms)) == ["time"]

    def test_over_five_minutes_ahead_it_is_replaced(self) -> None:
        ahead = accepted(record_of(envelope_of(STEP, time="2026-01-31T09:35:00Z"))).time
        assert ahead == NINE_THIRTY + timedelta(minutes=5)
        for text in ("2026-01-31T09:35:00.000001Z", "9999-12-31T23:59:59Z"):
            assert accepted(record_of(envelope_of(STEP, time=text))).time == NINE_THIRTY

    @pytest.mark.parametrize("timestamp_ms", [-1, STAMP, STAMP * 1000, 2**63 - 1])
    def test_a_time_that_is_not_ahead_stands(self, timestamp_ms: int) -> None:
        assert accepted(record_of(envelope_of(STEP), timestamp_ms=timestamp_ms)).time == NINE_THIRTY


class TestData:
    @pytest.mark.parametrize("data", [[], "x", 1, True, [{}]])
    def test_what_is_no_object_is_invalid(self, data: Any) -> None:
        assert fields_of(record_of(envelope_of(STEP, data=data))) == ["data"]

    def test_absent_null_or_base64_is_invalid(self) -> None:
        absent = envelope_of(STEP)
        del absent["data"]
        assert fields_of(record_of(absent)) == ["data"]
        assert fields_of(record_of(absent | {"data": None})) == ["data"]
        assert fields_of(record_of(absent | {"data_base64": "e30="})) == ["data"]

    def test_all_that_is_wrong_is_named_at_once(self) -> None:
        record = record_of(envelope_of(STEP, data={"account_id": ACCOUNT}, time="never"), key=None)
        decoded = decode_command(record)
        assert isinstance(decoded, Invalid)
        assert [error.field for error in decoded.errors] == [
            "key",
            "time",
            "data.user_id",
            "data.node_id",
            "data.answer",
        ]
        assert decoded.account_id == UUID(ACCOUNT)
        assert decoded.raw_data == {"account_id": ACCOUNT}
        assert FieldError("data.answer", "is required") in decoded.errors

    def test_half_of_a_surrogate_pair_in_a_field_nobody_knows_does_no_harm(self) -> None:
        command = accepted(
            record_of(envelope_of(STEP, data=data_of(STEP, answer="\\ud800 \U0001f600", x="\ud800")))
        )
        assert isinstance(command.data, StepData)
        assert command.data.answer == "\\ud800 \U0001f600"

    def test_a_number_too_long_for_python_in_a_field_nobody_knows_does_no_harm(self) -> None:
        digits = "9" * 5000
        text = "a " + digits + " b"
        record = record_of(envelope_of(Verb.NOTE, data=data_of(Verb.NOTE, text=text, x=0, y=1)))
        assert record.value is not None
        value = record.value.replace(b'"x": 0', f'"x": -{digits}'.encode()).replace(
            b'"y": 1', f'"y": [{digits}.5e-3, 1e-{digits}, {digits}]'.encode()
        )
        command = accepted(record_of(value))
        assert command.raw_data["text"] == text
        assert command.raw_data["x"] == float("-inf")
        assert command.raw_data["y"][2] == float("inf")


class TestTraceparent:
    GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def test_it_is_handed_on(self) -> None:
        assert accepted(record_of(envelope_of(STEP, traceparent=self.GOOD))).traceparent == self.GOOD
        assert accepted(binary_record(STEP, traceparent=self.GOOD)).traceparent == self.GOOD
        invalid = decode_command(record_of(envelope_of(STEP, traceparent=self.GOOD), key=None))
        assert isinstance(invalid, Invalid)
        assert invalid.traceparent == self.GOOD

    @pytest.mark.parametrize("text", ["", "x", GOOD.upper(), GOOD + "\n", GOOD + "-\x00", 7, {}])
    def test_malformed_it_is_as_good_as_none(self, text: Any) -> None:
        assert accepted(record_of(envelope_of(STEP, traceparent=text))).traceparent is None
