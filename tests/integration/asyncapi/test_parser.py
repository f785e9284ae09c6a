"""AsyncAPI's own parser takes the committed document, and would not take a broken one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from l1_walk_contracts import EventKind, Topics, Verb
from tests.support import node

DOCUMENT = Path(__file__).parents[3] / "contracts" / "asyncapi.json"
NOT_THE_NEWEST = "asyncapi-latest-version"
"""It is 3.0.0 on purpose: the generators lag behind 3.1."""

Document = dict[str, Any]


def no_such_action(document: Document) -> None:
    document["operations"]["sendResolved"]["action"] = "shout"


def no_such_channel(document: Document) -> None:
    document["operations"]["sendResolved"]["channel"] = {"$ref": "#/channels/nowhere"}


def no_such_type(document: Document) -> None:
    document["components"]["schemas"]["Ticket"]["type"] = "thing"


def unknown_binding(document: Document) -> None:
    document["channels"]["commands"]["bindings"]["kafka"]["partitions"] = "many"


BREAKS = (no_such_action, no_such_channel, no_such_type, unknown_binding)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, fetched_programs: None) -> dict[str, Document]:
    """What the parser says of the document, and of it broken in each of the ways, by their names."""
    documents = {"committed": json.loads(DOCUMENT.read_text())}
    for break_it in BREAKS:
        document = json.loads(DOCUMENT.read_text())
        break_it(document)
        documents[break_it.__name__] = document
    program = node.program("asyncapi", tmp_path_factory.mktemp("parser"))
    given = json.dumps([json.dumps(document) for document in documents.values()])
    answers = json.loads(node.run(["node", "check.mjs"], program, given=given))
    return dict(zip(documents, answers, strict=True))


def test_it_is_valid_and_read_whole(said: dict[str, Document]) -> None:
    committed = said["committed"]
    assert {one["code"] for one in committed["diagnostics"]} <= {NOT_THE_NEWEST}, committed["diagnostics"]
    assert committed["document"]["version"] == "3.0.0"
    assert set(committed["document"]["channels"]) == set(Topics().all())
    assert {one.type for one in (*Verb, *EventKind)} <= set(committed["document"]["messages"])


@pytest.mark.parametrize("break_it", BREAKS)
def test_it_tells_what_is_broken(said: dict[str, Document], break_it: Callable[[Document], None]) -> None:
    broken = said[break_it.__name__]
    assert "error" in {one["severity"] for one in broken["diagnostics"]}
    assert broken["document"] is None
