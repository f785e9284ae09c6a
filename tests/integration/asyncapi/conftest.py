"""Fixture: `fetched_programs`, nothing, for tests that run Node.js with packages from npm."""

import pytest

from tests.support import node
from tests.support.missing import cannot_have
from tests.support.servers import UnavailableError


@pytest.fixture(scope="session")
def fetched_programs(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("fetched")
    try:
        for name in ("asyncapi", "typescript"):
            node.program(name, folder)
    except UnavailableError as error:
        cannot_have(str(error))
