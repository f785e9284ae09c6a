from tests.support.hostile_page import PAGE, page


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text() == page(), "run: python -m tests.support.hostile_page"
