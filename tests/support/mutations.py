"""Changes that somebody could make to the released schemas, and what the gate must say of each."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

Schemas = dict[str, dict[str, Any]]
BREAKS, NOTE, SAME, UNDECIDED = "breaks", "note", "same", "undecided"
START, STEP, NOTES, FEEDBACK = (
    f"l1.walk.{verb}.v1.json" for verb in ("start", "step", "replace-notes", "feedback")
)
RESOLVED, STARTED, REJECTED = (
    f"l1.walk.{kind}.v1.json" for kind in ("resolved", "started", "command-rejected")
)


class Mutation(NamedTuple):
    name: str
    verdict: str
    apply: Callable[[Schemas], object]

    def on(self, released: Schemas) -> Schemas:
        changed = deepcopy(released)
        self.apply(changed)
        assert changed != released, "it changes nothing"
        return changed


def at(schema: Any, path: str) -> Any:
    """The part of a schema at a path of `/`; `*Data` is its type of data."""
    for step in path.split("/") if path else ():
        if isinstance(schema, list):
            schema = schema[int(step)]
        else:
            schema = schema[next(k for k in schema if k.endswith("Data")) if step == "*Data" else step]
    return schema


def put(file: str, path: str, **keywords: Any) -> Callable[[Schemas], object]:
    named = {name.replace("x_", "x-"): value for name, value in keywords.items()}
    return lambda all_: at(all_[file], path).update(named)


def drop(file: str, path: str, *keywords: str) -> Callable[[Schemas], object]:
    return lambda all_: [at(all_[file], path).pop(name) for name in keywords]


def swap(file: str, path: str, schema: Any) -> Callable[[Schemas], object]:
    holder, _, name = path.rpartition("/")

    def apply(all_: Schemas) -> None:
        place = at(all_[file], holder)
        place[int(name) if isinstance(place, list) else name] = schema

    return apply


def lists(file: str, path: str, *, add: tuple[Any, ...] = (), remove: tuple[Any, ...] = ()) -> Any:
    def apply(all_: Schemas) -> None:
        place = at(all_[file], path)
        place[:] = [*(item for item in place if item not in remove), *add]

    return apply


def both(*changes: Callable[[Schemas], object]) -> Callable[[Schemas], object]:
    return lambda all_: [change(all_) for change in changes]


def gone(file: str, name: str, *, was_required: bool) -> Callable[[Schemas], object]:
    field = drop(file, f"{DATA}/properties", name)
    return both(field, lists(file, f"{DATA}/required", remove=(name,))) if was_required else field


def inlined(file: str, path: str) -> Callable[[Schemas], object]:
    def apply(all_: Schemas) -> None:
        place = at(all_[file], path)
        target = all_[file]["$defs"][place.pop("$ref").removeprefix("#/$defs/")]
        place.update({name: value for name, value in target.items() if name not in place})

    return apply


def into_defs(file: str, path: str, name: str) -> Callable[[Schemas], object]:
    def apply(all_: Schemas) -> None:
        whole = deepcopy(at(all_[file], path))
        all_[file]["$defs"][name] = whole
        at(all_[file], path).clear()
        at(all_[file], path).update({"$ref": f"#/$defs/{name}"})

    return apply


def backwards(file: str) -> Callable[[Schemas], object]:
    def apply(all_: Schemas) -> None:
        def turned(part: Any, key: str = "") -> Any:
            if isinstance(part, dict):
                return {name: turned(part[name], name) for name in reversed(part)}
            is_set = isinstance(part, list) and key in ("required", "enum", "anyOf", "allOf")
            return [turned(item) for item in reversed(part)] if is_set else part

        all_[file] = turned(all_[file])
        all_[file]["required"].reverse()

    return apply


def rule_as_any_of(all_: Schemas) -> None:
    """The same rule of `start` in other words."""
    data = at(all_[START], DATA)
    del data["allOf"]
    given, absent = {"type": "string"}, {"type": "null"}
    data["anyOf"] = [
        {
            "required": ["flow_id"],
            "properties": {"session_kind": {"const": "flow"}, "flow_id": given, "flow_proposal_id": absent},
        },
        {
            "required": ["flow_proposal_id"],
            "properties": {
                "session_kind": {"const": "proposal"},
                "flow_id": absent,
                "flow_proposal_id": given,
            },
        },
        {
            "properties": {
                "session_kind": {"enum": ["adhoc", "ai_build"]},
                "flow_id": absent,
                "flow_proposal_id": absent,
            }
        },
    ]


DATA = "$defs/*Data"
TEXT = {"type": "string", "maxLength": 10}
A_RULE = {
    "if": {"properties": {"session_kind": {"const": "adhoc"}}},
    "then": {"properties": {"start_node_id": {"type": "null"}}},
}
_field, _required = f"{DATA}/properties", f"{DATA}/required"

_COMMANDS = (
    ("an optional field added", NOTE, put(STEP, _field, mood=TEXT)),
    (
        "a required field added",
        BREAKS,
        both(put(STEP, _field, mood=TEXT), lists(STEP, _required, add=("mood",))),
    ),
    ("a nested optional field added", NOTE, put(START, "$defs/Ticket/properties", board=TEXT)),
    ("a nested required field added", BREAKS, lists(START, "$defs/Ticket/required", add=("board",))),
    ("an optional field removed", BREAKS, gone(STEP, "note", was_required=False)),
    ("a required field removed", BREAKS, gone(STEP, "answer", was_required=True)),
    (
        "a field renamed",
        BREAKS,
        both(gone(STEP, "answer_label", was_required=False), put(STEP, _field, label=TEXT)),
    ),
    ("an optional field made required", BREAKS, lists(STEP, _required, add=("note",))),
    ("a required field made optional", NOTE, lists(STEP, _required, remove=("answer",))),
    ("an envelope attribute made required", BREAKS, lists(STEP, "required", add=("time",))),
    ("longest text lowered", BREAKS, put(START, "$defs/Ticket/properties/id", maxLength=63)),
    ("longest text raised", NOTE, put(START, "$defs/Ticket/properties/id", maxLength=65)),
    ("longest text dropped", NOTE, drop(START, "$defs/Ticket/properties/id", "maxLength")),
    ("longest text set", BREAKS, put(STEP, "properties/traceparent/anyOf/0", maxLength=55)),
    ("shortest text raised", BREAKS, put(STEP, f"{_field}/answer", minLength=2)),
    ("shortest text dropped", NOTE, drop(STEP, f"{_field}/answer", "minLength")),
    ("an enum value added", NOTE, lists(START, "$defs/SessionKind/enum", add=("guided",))),
    ("an enum value removed", BREAKS, lists(START, "$defs/SessionKind/enum", remove=("ai_build",))),
    ("an enum made free text", NOTE, drop(START, "$defs/TicketKind", "enum")),
    ("free text made an enum", BREAKS, put(STEP, f"{_field}/answer", enum=["yes", "no"])),
    ("a text made a number", BREAKS, put(STEP, f"{_field}/answer", type="number")),
    ("a text made a text or a number", NOTE, put(STEP, f"{_field}/answer", type=["string", "number"])),
    ("an integer made a number", NOTE, put(STEP, f"{_field}/expected_version/anyOf/0", type="number")),
    ("a boolean made a text", BREAKS, put(FEEDBACK, f"{_field}/helpful", type="string")),
    ("the largest number lowered", BREAKS, put(STEP, f"{_field}/expected_version/anyOf/0", maximum=1000)),
    ("the largest number raised", NOTE, put(STEP, f"{_field}/expected_version/anyOf/0", maximum=2**40)),
    ("the smallest number raised", BREAKS, put(STEP, f"{_field}/expected_version/anyOf/0", minimum=2)),
    (
        "the smallest number in other words",
        NOTE,
        both(
            drop(STEP, f"{_field}/expected_version/anyOf/0", "minimum"),
            put(STEP, f"{_field}/expected_version/anyOf/0", exclusiveMinimum=0),
        ),
    ),
    ("only multiples", BREAKS, put(STEP, f"{_field}/expected_version/anyOf/0", multipleOf=2)),
    ("a pattern added", BREAKS, put(STEP, "properties/traceparent/anyOf/0", pattern="^00-")),
    ("a pattern removed", NOTE, drop(STEP, f"{_field}/answer", "pattern")),
    ("a pattern changed", UNDECIDED, put(STEP, f"{_field}/answer", pattern="^[a-z]+$")),
    ("a format changed", BREAKS, put(STEP, f"{_field}/user_id", format="uri")),
    ("a format removed", BREAKS, drop(STEP, f"{_field}/user_id", "format")),
    ("a const changed", BREAKS, put(STEP, "properties/type", const="l1.walk.step.v2")),
    ("a const removed", BREAKS, drop(STEP, "properties/type", "const")),
    (
        "a const made an enum of one",
        SAME,
        both(
            drop(STEP, "properties/specversion", "const"), put(STEP, "properties/specversion", enum=["1.0"])
        ),
    ),
    (
        "a const made an enum of two",
        NOTE,
        both(
            drop(STEP, "properties/specversion", "const"),
            put(STEP, "properties/specversion", enum=["1.0", "1.1"]),
        ),
    ),
    ("a default added", BREAKS, put(STEP, f"{_field}/acting_as", default="l1_coverage")),
    ("a unit added", UNDECIDED, put(STEP, f"{_field}/expected_version", x_unit="changes")),
    ("null allowed", NOTE, put(STEP, f"{_field}/answer", type=["string", "null"])),
    ("null refused", BREAKS, lists(STEP, f"{_field}/note/anyOf", remove=({"type": "null"},))),
    ("most entries lowered", BREAKS, put(NOTES, f"{_field}/notes", maxItems=100)),
    ("most entries raised", NOTE, put(NOTES, f"{_field}/notes", maxItems=5000)),
    ("fewest entries set", BREAKS, put(NOTES, f"{_field}/notes", minItems=1)),
    ("entries narrowed", BREAKS, put(NOTES, "$defs/NoteItem/properties/text", maxLength=100)),
    ("entries of another type", BREAKS, swap(NOTES, f"{_field}/notes/items", {"type": "string"})),
    ("no entry twice", BREAKS, put(NOTES, f"{_field}/notes", uniqueItems=True)),
    ("unknown fields refused", BREAKS, put(STEP, DATA, additionalProperties=False)),
    ("unknown fields said to be allowed", SAME, put(STEP, DATA, additionalProperties=True)),
    ("unknown fields typed", BREAKS, put(STEP, DATA, additionalProperties={"type": "string"})),
    ("a rule added", BREAKS, lists(START, f"{DATA}/allOf", add=(A_RULE,))),
    ("a rule removed", NOTE, drop(START, DATA, "allOf")),
    ("one of two rules removed", NOTE, lambda all_: at(all_[START], f"{DATA}/allOf").pop()),
    ("the rules in other words", SAME, rule_as_any_of),
    (
        "a rule turned round",
        BREAKS,
        swap(START, f"{DATA}/allOf/0/if/properties/session_kind", {"const": "adhoc"}),
    ),
    (
        "a condition that cannot be compared",
        UNDECIDED,
        swap(START, f"{DATA}/allOf/0/if", {"minProperties": 5}),
    ),
    ("a new type", NOTE, lambda all_: all_.update({"l1.walk.pause.v1.json": deepcopy(all_[STEP])})),
    ("a type removed", BREAKS, lambda all_: all_.pop(STEP)),
    ("another topic", BREAKS, swap(STEP, "x-kafka-topic", "l1.steps")),
    ("another key", BREAKS, swap(STEP, "x-kafka-key", "ACCOUNT")),
    ("the other direction", BREAKS, swap(STEP, "x-direction", "event")),
    ("an unknown keyword", UNDECIDED, put(STEP, f"{_field}/answer", contentEncoding="base64")),
    ("a pattern of names", UNDECIDED, put(STEP, DATA, patternProperties={"^x": {"type": "string"}})),
    (
        "a reference to elsewhere",
        UNDECIDED,
        swap(STEP, f"{_field}/answer", {"$ref": "https://example.org/a.json"}),
    ),
    ("a type that is no more", BREAKS, swap(STEP, f"{_field}/answer", False)),
    ("another description", NOTE, put(STEP, f"{_field}/answer", description="What was said.")),
    ("another title", NOTE, put(STEP, f"{_field}/answer", title="Reply")),
    ("other examples", NOTE, put(STEP, f"{_field}/answer", examples=["maybe"])),
    ("another order", SAME, backwards(START)),
    ("a type written in place", NOTE, inlined(START, f"{_field}/ticket")),
    ("a type moved into $defs", SAME, into_defs(STEP, f"{_field}/answer", "Answer")),
    ("the data written in place", NOTE, inlined(STEP, "properties/data")),
)

_EVENTS = (
    ("an optional field added", NOTE, put(RESOLVED, _field, mood=TEXT)),
    (
        "a required field added",
        NOTE,
        both(put(RESOLVED, _field, mood=TEXT), lists(RESOLVED, _required, add=("mood",))),
    ),
    ("an optional field removed", BREAKS, gone(RESOLVED, "helpful", was_required=False)),
    ("a required field removed", BREAKS, gone(RESOLVED, "summary", was_required=True)),
    ("a field of an entry removed", BREAKS, drop(RESOLVED, "$defs/PathEntry/properties", "answer")),
    ("an optional field made required", NOTE, lists(RESOLVED, _required, add=("helpful",))),
    ("a required field made optional", BREAKS, lists(RESOLVED, _required, remove=("summary",))),
    (
        "a nested required field made optional",
        BREAKS,
        lists(RESOLVED, "$defs/Ticket/required", remove=("kind",)),
    ),
    ("an attribute made optional", BREAKS, lists(RESOLVED, "required", remove=("causationid",))),
    ("longest text lowered", NOTE, put(RESOLVED, f"{_field}/summary", maxLength=16_000)),
    ("longest text raised", BREAKS, put(RESOLVED, f"{_field}/summary", maxLength=64_000)),
    ("longest text dropped", BREAKS, drop(RESOLVED, f"{_field}/summary", "maxLength")),
    ("longest text set", NOTE, put(RESOLVED, "properties/source", maxLength=100)),
    ("an enum value added", BREAKS, lists(RESOLVED, "$defs/SessionKind/enum", add=("guided",))),
    ("an enum value added in an entry", BREAKS, lists(RESOLVED, "$defs/PathEntryKind/enum", add=("jump",))),
    ("a reason added", BREAKS, lists(REJECTED, "$defs/RejectionReason/enum", add=("too_late",))),
    ("an enum value removed", NOTE, lists(RESOLVED, "$defs/SessionKind/enum", remove=("ai_build",))),
    ("an enum made free text", BREAKS, drop(RESOLVED, "$defs/TicketKind", "enum")),
    ("free text made an enum", NOTE, put(RESOLVED, "properties/source", enum=["/l1-walk-worker"])),
    ("a number made a text", BREAKS, put(RESOLVED, f"{_field}/active_seconds", type="string")),
    ("an integer made a number", BREAKS, put(RESOLVED, f"{_field}/active_seconds", type="number")),
    ("the smallest number lowered", BREAKS, put(RESOLVED, f"{_field}/active_seconds", minimum=-1)),
    ("the smallest number raised", NOTE, put(RESOLVED, f"{_field}/active_seconds", minimum=1)),
    ("the largest number set", NOTE, put(RESOLVED, f"{_field}/active_seconds", maximum=86_400)),
    ("a pattern added", NOTE, put(RESOLVED, f"{_field}/summary", pattern="^.")),
    ("a pattern removed", BREAKS, drop(RESOLVED, f"{_field}/session_id", "pattern")),
    ("a pattern changed", UNDECIDED, put(RESOLVED, f"{_field}/session_id", pattern="^[0-9a-f-]{36}$")),
    ("a format removed", BREAKS, drop(RESOLVED, f"{_field}/ended_at", "format")),
    ("a format added", BREAKS, put(RESOLVED, f"{_field}/summary", format="uri")),
    ("a const changed", BREAKS, put(RESOLVED, "properties/specversion", const="1.1")),
    ("a default changed", BREAKS, put(REJECTED, "$defs/ReceivedCommand/properties/truncated", default=True)),
    ("a unit changed", BREAKS, put(RESOLVED, f"{_field}/active_seconds", x_unit="minutes")),
    ("a unit dropped", BREAKS, drop(RESOLVED, f"{_field}/active_seconds", "x-unit")),
    ("null allowed", BREAKS, put(RESOLVED, f"{_field}/helpful", type=["boolean", "null"])),
    (
        "null never",
        NOTE,
        lists(REJECTED, "$defs/ReceivedCommand/properties/key/anyOf", remove=({"type": "null"},)),
    ),
    ("entries of another type", BREAKS, put(RESOLVED, f"{_field}/truncated/items", type="integer")),
    (
        "entries that are always described",
        NOTE,
        lists(RESOLVED, f"{_field}/walked_path/items/anyOf", remove=({},)),
    ),
    ("most entries set", NOTE, put(RESOLVED, f"{_field}/walked_path", maxItems=100)),
    ("a longer pair", BREAKS, put(REJECTED, "$defs/ReceivedCommand/properties/headers/items", maxItems=3)),
    ("unknown fields refused", NOTE, put(RESOLVED, DATA, additionalProperties=False)),
    ("a rule added", NOTE, put(RESOLVED, DATA, allOf=[A_RULE])),
    ("a new type", NOTE, lambda all_: all_.update({"l1.walk.paused.v1.json": deepcopy(all_[STARTED])})),
    ("a type removed", BREAKS, lambda all_: all_.pop(RESOLVED)),
    ("another topic", BREAKS, swap(RESOLVED, "x-kafka-topic", "l1.walk.lifecycle")),
    ("another key", BREAKS, swap(RESOLVED, "x-kafka-key", "SESSION")),
    ("an unknown keyword", UNDECIDED, put(RESOLVED, f"{_field}/summary", contentMediaType="text/html")),
    ("another description", NOTE, put(RESOLVED, f"{_field}/summary", description="The walk.")),
    ("another title", NOTE, put(RESOLVED, f"{_field}/summary", title="Walk")),
    ("other examples", NOTE, put(RESOLVED, f"{_field}/summary", examples=["1. ?"])),
    ("another order", SAME, backwards(RESOLVED)),
    ("a type written in place", NOTE, inlined(RESOLVED, f"{_field}/ticket")),
    ("a type moved into $defs", SAME, into_defs(RESOLVED, f"{_field}/summary", "Summary")),
    (
        "the envelope's type closed",
        NOTE,
        put("event-envelope.json", "properties/type", enum=["l1.walk.resolved.v1"]),
    ),
    ("the envelope gone", BREAKS, lambda all_: all_.pop("event-envelope.json")),
)

MUTATIONS = [Mutation(f"command: {name}", verdict, apply) for name, verdict, apply in _COMMANDS] + [
    Mutation(f"event: {name}", verdict, apply) for name, verdict, apply in _EVENTS
]
