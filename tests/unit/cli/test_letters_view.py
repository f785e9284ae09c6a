"""`walk dead-letters`: what is wrong, how often, and one letter whole."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.cli.views.letters import letter_json, letter_view, letters_json, letters_view
from service.ops.dead_letters import Letter, LetterGroup, LetterLine
from tests.support.terminal import rendered

NOW = datetime.now(UTC)
ID = UUID("3f1c9a02-5a0e-5b6d-8c1f-0a1b2c3d4e5f")
SESSION = UUID("6440f978-ca0c-5fa4-9fad-589f66dbfde4")
GROUPS = [
    LetterGroup("unreadable", "no JSON", 1_200, NOW - timedelta(hours=2), NOW - timedelta(seconds=20)),
    LetterGroup(
        "unsupported", "unknown verb or version", 1, NOW - timedelta(minutes=1), NOW - timedelta(minutes=1)
    ),
]
LINE = LetterLine(
    ID,
    "unsupported",
    "unknown verb or version",
    SESSION,
    "l1.walk.commands",
    3,
    1_204,
    NOW,
    parked_behind=None,
)
LETTER = Letter(
    LINE,
    state="open",
    account_id=None,
    record_timestamp=NOW,
    key=str(SESSION).encode(),
    headers=(("content-type", b"application/json"), ("odd\x1b", None)),
    value=b'{"type":"l1.walk.fly.v1"}',
)


def test_no_letters_is_good_news() -> None:
    assert rendered(letters_view([], [], 80)) == "no dead letters\n"


def test_what_is_wrong_comes_first_then_the_newest() -> None:
    told = rendered(letters_view(GROUPS, [LINE], 80, NOW))
    assert told.startswith("1,201 dead letters, by what is wrong\n")
    assert "1,200   unreadable      2 h ago    20 s ago   no JSON\n" in told
    assert "    1   unsupported   1 min ago   1 min ago   unknown verb or version\n" in told
    assert "the newest of them\n" in told
    assert f"3f1c9a02   {NOW.astimezone():%H:%M:%S}   3@1204   6440f978   unknown verb or version\n" in told


def test_where_there_is_room_ids_are_whole() -> None:
    told = rendered(letters_view(GROUPS, [LINE], 140, NOW), width=140)
    assert str(ID) in told
    assert str(SESSION) in told


def test_a_list_of_none_still_says_what_is_wrong() -> None:
    told = rendered(letters_view(GROUPS, [], 80, NOW))
    assert "no JSON" in told
    assert "session" not in told


def test_one_letter_whole() -> None:
    told = rendered(letter_view(LETTER))
    assert told.startswith(f"dead letter {ID}\n")
    assert "error    unsupported  unknown verb or version\n" in told
    assert "from     l1.walk.commands, partition 3, offset 1,204, written " in told
    assert f"session  {SESSION}\n" in told
    assert "content-type  application/json\n" in told
    assert "odd\ufffd          null\n" in told
    assert '  "type": "l1.walk.fly.v1"\n' in told


def test_a_letter_that_has_nothing() -> None:
    bare = LETTER._replace(
        key=None, headers=(), value=None, record_timestamp=None, line=LINE._replace(session_id=None)
    )
    told = rendered(letter_view(bare))
    assert "key    null\n" in told
    assert "headers" not in told
    assert told.endswith("null\n")


def test_programs_get_all_of_it() -> None:
    told = letter_json(LETTER)
    assert told["id"] == str(ID)
    assert told["origin"] == {"topic": "l1.walk.commands", "partition": 3, "offset": 1_204}
    assert told["headers"] == [["content-type", "application/json"], ["odd\x1b", None]]
    assert told["value"] == '{"type":"l1.walk.fly.v1"}'
    listed = letters_json(GROUPS, [LINE])
    assert listed["count"] == 1_201
    assert [group["reason"] for group in listed["groups"]] == ["no JSON", "unknown verb or version"]
    assert [letter["session_id"] for letter in listed["letters"]] == [str(SESSION)]
