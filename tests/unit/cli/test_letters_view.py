"""`walk dead-letters list` and `show`: what is wrong, how often, one letter whole, and what can be done."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from service.cli.views.letter import letter_json, letter_view
from service.cli.views.letters import letters_json, letters_view
from service.ops.dead_letters import Letter, LetterGroup, LetterLine
from tests.support.terminal import rendered

NOW = datetime.now(UTC)
CLOCK = f"{NOW.astimezone():%H:%M:%S}"
ID = UUID("3f1c9a02-5a0e-5b6d-8c1f-0a1b2c3d4e5f")
HEAD = UUID("77aa0102-5a0e-5b6d-8c1f-0a1b2c3d4e5f")
SESSION = UUID("6440f978-ca0c-5fa4-9fad-589f66dbfde4")
GROUPS = [
    LetterGroup("unreadable", "no JSON", 1_200, NOW - timedelta(hours=2), NOW - timedelta(seconds=20)),
    LetterGroup("unsupported", "unknown verb or version", 1, NOW, NOW - timedelta(minutes=1)),
]
HELD = LetterGroup("failed", "KeyError in service.domain.walk.step", 3, NOW, NOW, held=3, parked=14, again=1)


def line(**changes: Any) -> LetterLine:
    whole = LetterLine(
        id=ID,
        letter_class="unsupported",
        error="unknown verb or version",
        session_id=SESSION,
        topic="l1.walk.commands",
        partition=3,
        offset=1_204,
        created_at=NOW,
        parked_behind=None,
        state="open",
        attempts=0,
        parked=0,
        outcome=None,
        outcome_reason=None,
        settled_by=None,
        settled_reason=None,
        settled_at=None,
    )
    return whole._replace(**changes)


SETTLED = line(
    state="redriven", outcome="rejected", outcome_reason="stale_node", settled_by="anna", settled_at=NOW
)
LETTER = Letter(
    line(),
    account_id=None,
    record_timestamp=NOW,
    key=str(SESSION).encode(),
    headers=(("content-type", b"application/json"), ("odd\x1b", None)),
    value=b'{"type":"l1.walk.fly.v1"}',
)


def of(**changes: Any) -> Letter:
    return LETTER._replace(line=line(**changes))


def test_no_letters_is_good_news() -> None:
    assert rendered(letters_view([], [], 80)) == "no dead letters\n"
    assert rendered(letters_view([], [], 80, "discarded")) == "no discarded letters\n"


def test_what_is_wrong_comes_first_then_the_newest() -> None:
    told = rendered(letters_view(GROUPS, [line()], 80, now=NOW))
    assert told.startswith("1,201 dead letters, by what is wrong\n")
    assert "1,200   unreadable       2 h     20 s   no JSON\n" in told
    assert "    1   unsupported      0 s    1 min   unknown verb or version\n" in told
    assert "the newest of them\n" in told
    assert f"3f1c9a02   {CLOCK}   3@1204   6440f978   unknown verb or version\n" in told
    assert "walk dead-letters redrive ID" in told


def test_what_they_hold_up_is_told_where_they_do() -> None:
    letters = [line(parked=12, attempts=2), line()]
    told = rendered(letters_view([*GROUPS, HELD], letters, 100, now=NOW), width=100)
    assert told.startswith("1,204 dead letters, by what is wrong; 3 sessions held with 14 commands parked\n")
    assert (
        "    3   failed            14       1      0 s      0 s   KeyError in service.domain.walk.step\n"
        in told
    )
    assert "3@1204   6440f978       12       2   unknown verb or version\n" in told


def test_where_there_is_room_ids_are_whole() -> None:
    told = rendered(letters_view(GROUPS, [line()], 140, now=NOW), width=140)
    assert str(ID) in told
    assert str(SESSION) in told


def test_a_list_of_none_still_says_what_is_wrong() -> None:
    told = rendered(letters_view(GROUPS, [], 80, now=NOW))
    assert "no JSON" in told
    assert "session" not in told


def test_settled_ones_say_how_and_by_whom() -> None:
    told = rendered(letters_view(GROUPS[1:], [SETTLED], 120, "redriven", NOW), width=120)
    assert told.startswith("1 redriven letter, by what is wrong\n")
    assert f"3f1c9a02   redriven   {CLOCK}   anna   rejected (stale_node)   6440f978   unknown verb" in told
    assert "redrive ID" not in told


def test_parked_ones_are_no_fault() -> None:
    parked = line(letter_class="parked", parked_behind=HEAD, error="behind a dead letter")
    group = LetterGroup("parked", "behind a dead letter", 1, NOW, NOW)
    told = rendered(letters_view([group], [parked], 80, now=NOW))
    assert told.startswith("1 parked command, by what is wrong\n")
    assert "3@1204   6440f978   77aa0102   behind a dead letter\n" in told


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
    bare = of(session_id=None)._replace(key=None, headers=(), value=None, record_timestamp=None)
    told = rendered(letter_view(bare))
    assert "key    null\n" in told
    assert "headers" not in told
    assert "value ────" in told


@pytest.mark.parametrize(
    ("letter_class", "remedy"),
    [
        ("unreadable", "Its sender has to send what was meant again"),
        ("unsupported", "A worker that knows the type redrives it by itself"),
        ("failed", "the mistake is the worker's"),
    ],
)
def test_each_class_has_its_remedy(letter_class: str, remedy: str) -> None:
    told = " ".join(rendered(letter_view(of(letter_class=letter_class))).split())
    assert remedy in told
    assert "walk dead-letters redrive 3f1c9a02" in told
    assert "walk dead-letters discard 3f1c9a02 --why TEXT" in told


def test_what_waits_behind_it_is_shown() -> None:
    parked = line(letter_class="parked", parked_behind=ID, offset=1_300)
    told = rendered(letter_view(of(parked=3, attempts=1)._replace(behind=[parked, parked])))
    assert "redriven 1 time and failed again" in told
    assert "parked behind it: 3 commands of the session ───" in told
    assert told.count("3@1300\n") == 2
    assert "and 1 more\n" in told
    assert "what is parked behind it (3)" in " ".join(told.split())


def test_a_parked_one_names_what_it_waits_for() -> None:
    told = rendered(letter_view(of(letter_class="parked", parked_behind=HEAD)))
    assert f"behind   {HEAD}\n" in told
    assert "walk dead-letters show 77aa0102" in told
    assert "redrive" not in told


def test_a_settled_one_says_by_whom_when_and_why() -> None:
    told = rendered(letter_view(LETTER._replace(line=SETTLED._replace(settled_reason="mended in 1.2"))))
    assert f"state    redriven {CLOCK} by anna: rejected (stale_node); put aside {CLOCK}\n" in told
    assert "why      mended in 1.2\n" in told
    assert "what can be done" not in told


def test_programs_get_all_of_it() -> None:
    told = letter_json(LETTER._replace(behind=[line(parked_behind=ID)]))
    assert told["id"] == str(ID)
    assert told["origin"] == {"topic": "l1.walk.commands", "partition": 3, "offset": 1_204}
    assert told["headers"] == [["content-type", "application/json"], ["odd\x1b", None]]
    assert told["value"] == '{"type":"l1.walk.fly.v1"}'
    assert [letter["parked_behind"] for letter in told["behind"]] == [str(ID)]
    listed = letters_json([*GROUPS, HELD], [SETTLED], 4)
    assert (listed["count"], listed["parked"], listed["held_sessions"]) == (1_204, 14, 4)
    assert [group["reason"] for group in listed["groups"]] == [*(g.reason for g in GROUPS), HELD.reason]
    assert [letter["session_id"] for letter in listed["letters"]] == [str(SESSION)]
    assert listed["letters"][0]["settled_by"] == "anna"
