"""docs/contract.md says what the models say, of everything."""

from pathlib import Path

import pytest

from l1_walk_contracts import EventKind, RejectionReason, Topics, Verb
from l1_walk_contracts.reference import markdown
from l1_walk_contracts.schemas import schemas

PAGE = (Path(__file__).parents[3] / "docs/contract.md").read_text()


def test_the_page_is_that_of_the_models() -> None:
    assert markdown() == PAGE, "run: python -m l1_walk_contracts.reference > docs/contract.md"


@pytest.mark.parametrize("name", sorted(schemas()))
def test_every_field_of_every_message_and_part_is_in_it(name: str) -> None:
    schema = schemas()[name]
    parts = [schema, *schema.get("$defs", {}).values()]
    fields = {field for part in parts for field in part.get("properties", {})}
    assert {field for field in fields if f"| `{field}`" not in PAGE} == set()


def test_every_type_topic_and_reason_is_in_it() -> None:
    for word in (*(one.type for one in (*Verb, *EventKind)), *Topics().all(), *RejectionReason):
        assert f"`{word}`" in PAGE


def test_each_reason_says_what_is_so_and_what_to_do() -> None:
    for reason in RejectionReason:
        assert RejectionReason(reason.value) is reason
        assert reason.meaning
        assert reason.remedy.endswith(".")
