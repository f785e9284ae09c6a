"""Every public name of the contracts says what it is, and every public module what it is for."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from enum import Enum
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

import l1_walk_contracts

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(l1_walk_contracts.__path__, "l1_walk_contracts.")
    if not found.name.endswith("__main__")
]


def own_names(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public classes and functions that a module defines."""
    for name, found in vars(module).items():
        is_ours = getattr(found, "__module__", None) == module.__name__
        if not name.startswith("_") and is_ours and (inspect.isclass(found) or inspect.isfunction(found)):
            yield name, found


def methods(cls: type) -> Iterator[tuple[str, Any]]:
    for name, found in vars(cls).items():
        if not name.startswith("_") and (inspect.isfunction(found) or isinstance(found, property)):
            yield name, found


@pytest.mark.parametrize("module", [l1_walk_contracts, *MODULES], ids=lambda module: module.__name__)
def test_a_module_and_all_that_it_defines_say_what_they_are(module: ModuleType) -> None:
    silent = [] if inspect.getdoc(module) else [module.__name__]
    for name, found in own_names(module):
        inherited = object.__doc__ if inspect.isclass(found) else None
        if not found.__doc__ or found.__doc__ == inherited:
            silent.append(name)
        if inspect.isclass(found):
            silent += [f"{name}.{method}" for method, of in methods(found) if not inspect.getdoc(of)]
    assert silent == []


@pytest.mark.parametrize("name", l1_walk_contracts.__all__)
def test_each_field_of_a_message_says_what_it_is(name: str) -> None:
    found = getattr(l1_walk_contracts, name)
    if not inspect.isclass(found) or issubclass(found, Enum):
        return
    if issubclass(found, BaseModel):
        assert [field for field, told in found.model_fields.items() if not told.description] == []
    elif dataclasses.is_dataclass(found) and name.endswith("Data"):
        hints = inspect.get_annotations(found)
        assert [field for field, hint in hints.items() if "description=" not in repr(hint)] == []
