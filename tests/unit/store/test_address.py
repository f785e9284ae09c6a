import pytest

from service.store.address import dsn, where


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+asyncpg://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
        ("postgresql://u:p@h/d?sslmode=require", "postgresql://u:p@h/d?sslmode=require"),
        ("postgres://h/d?ssl=verify-full", "postgresql://h/d?sslmode=verify-full"),
        ("postgresql:///d?host=/run/pg", "postgresql:///d?host=%2Frun%2Fpg"),
    ],
)
def test_every_form_is_one_to_the_driver(url: str, expected: str) -> None:
    assert dsn(url) == expected


@pytest.mark.parametrize("url", ["", "walk", "mysql://u:secret@h/d", "postgresql+psycopg://u:secret@h/d"])
def test_another_scheme_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="begins with postgresql://") as refused:
        dsn(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+asyncpg://u:secret@h:5432/d?sslmode=require", "h:5432/d"),
        ("postgresql:///d?host=/run/pg", "/run/pg/d"),
        ("postgresql://u:sec/ret@h/d", "h/d"),
        ("postgresql://u:sec@ret@h/d", "h/d"),
        ("postgresql://u:sec?ret@h/d", "of that URL"),
        ("postgresql://h/d?user=u&password=secret", "h/d"),
        ("postgresql://", "localhost"),
    ],
)
def test_people_see_host_and_name_alone(url: str, expected: str) -> None:
    assert where(url) == expected
