"""A JSON value is what was written, but for what Python or PostgreSQL cannot hold."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts.jsontext import parse_json

texts = st.text('ab"\\ud8\ud800\udbff\udc00\udfff\U0001f600', max_size=8)
values = st.recursive(
    texts | st.integers(-9, 9) | st.sampled_from([math.inf, -math.inf]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def written(value: Any) -> str:
    """As JSON; infinity as a number too long to read."""
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{json.dumps(key)}:{written(item)}' for key, item in value.items())}}}"
    if isinstance(value, float):
        return f"{'-' * (value < 0)}1{'0' * 4300}"
    return json.dumps(value)


def readable(value: Any) -> Any:
    """The value with U+0000 for halves of surrogate pairs."""
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    if isinstance(value, str):
        paired = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return re.sub("[\ud800-\udfff]", "\0", paired)
    return value


@given(values)
def test_what_was_written_is_read(value: Any) -> None:
    assert parse_json(written(value).encode()) == readable(value)


@pytest.mark.parametrize(
    "text",
    [
        f"{'9' * 5000}.5",
        f"-{'9' * 5000}e-3",
        f'["{"9" * 5000}", {"9" * 5000}]',
        f'[{"9" * 5000}, "{"9" * 5000}\\\\", {"9" * 5000}]',
    ],
)
def test_long_numbers_beside_texts(text: str) -> None:
    read = parse_json(text.encode())
    numbers = read if isinstance(read, list) else [read]
    assert all(math.isinf(number) for number in numbers if not isinstance(number, str))
    assert all("9" * 5000 in number for number in numbers if isinstance(number, str))


@pytest.mark.parametrize("text", ["0" * 5000, f"1e+{'9' * 5000}x", f"1.{'9' * 5000}.", f"{'9' * 5000}."])
def test_long_digits_that_are_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="line 1 column"):
        parse_json(text.encode())
