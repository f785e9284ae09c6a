from typing import Any

import pytest

from service.domain.digest import command_digest

LONG = 10**4200


@pytest.mark.parametrize(
    "value", [2**64, -(2**63) - 1, LONG, -LONG], ids=["2**64", "-2**63-1", "long", "-long"]
)
def test_whole_numbers_beyond_64_bits_count(value: int) -> None:
    def digest(number: Any) -> bytes:
        return command_digest("t", {"a": [{"b": number}], "c": 1.5, "d": None})

    assert digest(value) == command_digest("t", {"d": None, "c": 1.5, "a": [{"b": value}]})
    assert (
        len({digest(value), digest(value + 1), digest(-value), digest(hex(value)), digest(str(value)[:99])})
        == 5
    )


def test_the_edges_of_64_bits() -> None:
    edges = [-(2**63) - 1, -(2**63), 2**63 - 1, 2**63, 2**64 - 1, 2**64]
    assert len({command_digest("t", edge) for edge in edges}) == len(edges)
    assert len({command_digest("t", [2**70, edge]) for edge in edges}) == len(edges)
