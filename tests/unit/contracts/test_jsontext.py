"""A JSON value is what was written, but for what Python or PostgreSQL cannot hold."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from l1_walk_contracts.jsontext import has_more_values, parse_json

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
        return f"{'-' * (value < 0)}1{'0' * 309}"
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


def test_numbers_that_a_double_holds_stay_whole() -> None:
    assert parse_json(b"9" * 309) == int("9" * 309)
    assert parse_json(b"9" * 310) == math.inf


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 0), ("[]", 1), ("[1, 2]", 2), ('{"a": 1, "b": [1, 2, {}]}', 6), ('["a,[{\\"\\\\", "{"]', 2)],
)
def test_values_are_counted_by_commas_and_brackets_outside_of_texts(text: str, count: int) -> None:
    padded = text.encode().ljust(100)
    assert not has_more_values(padded, count)
    assert count == 0 or has_more_values(padded, count - 1)


def test_so_many_texts_are_too_many_values() -> None:
    assert has_more_values(b'["a" "b" "c" "d"]' * 10 + b"," * 20, 19)


def test_a_short_text_holds_few_values() -> None:
    assert not has_more_values(b"[" * 20, 20)


def test_too_many_halves_of_pairs_are_no_json() -> None:
    assert parse_json(b'["' + rb"\ud800" * 20_000 + b'"]') == ["\0" * 20_000]
    with pytest.raises(ValueError, match="surrogate"):
        parse_json(b'["' + rb"\uD800" * 20_001 + b'"]')
