"""The table of settings in README.md: all that there are, with their defaults and the words that they take."""

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from service.settings import PREFIX, SECRETS, Settings, load

README = (Path(__file__).parents[3] / "README.md").read_text()
VALUE = re.compile(r"`([^`]+)`|(-?\d+)")


class Row(NamedTuple):
    """A line of the table; several settings share it, and have their defaults in the same order."""

    names: list[str]
    defaults: list[str]
    line: str


def rows() -> Iterable[Row]:
    for line in README.splitlines():
        if line.startswith(f"| `{PREFIX}"):
            names, defaults = (
                [code or number for code, number in VALUE.findall(cell)] for cell in line.split("|")[1:3]
            )
            yield Row(names, defaults, line)


ROWS = list(rows())
DEFAULTS = [pair for row in ROWS if row.defaults for pair in zip(row.names, row.defaults, strict=True)]
WITHOUT = [name for row in ROWS if not row.defaults for name in row.names if not name.endswith("_FILE")]


def default_of(name: str) -> object:
    return Settings.model_fields[name.removeprefix(PREFIX).lower()].default


def test_it_lists_every_setting_once() -> None:
    there = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    there += [f"{PREFIX}{name.upper()}_FILE" for name in SECRETS]
    assert sorted(name for row in ROWS for name in row.names) == sorted(there)


@pytest.mark.parametrize(("name", "shown"), DEFAULTS)
def test_the_default_is_the_one_that_it_has(name: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, shown)
    assert getattr(load(), name.removeprefix(PREFIX).lower()) == default_of(name)


@pytest.mark.parametrize("name", WITHOUT)
def test_without_one_there_is_none(name: str) -> None:
    assert default_of(name) is None


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.names[0])
def test_all_words_that_it_takes_are_named(row: Row) -> None:
    for name in row.names:
        field = Settings.model_fields.get(name.removeprefix(PREFIX).lower())
        kind = field and field.annotation
        words = list(kind) if isinstance(kind, type) and issubclass(kind, StrEnum) else get_args(kind)
        missing = [word for word in words if isinstance(word, str) and f"`{word}`" not in row.line]
        assert not missing
