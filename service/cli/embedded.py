"""What `walk dev` and `walk demo` do with the embedded stack."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.cli.exits import CommandError, ExitCode
from service.dev.errors import StackError
from service.ops import topics
from service.settings import Settings
from service.store import migrate


@contextmanager
def told() -> Iterator[None]:
    """What the stack says went wrong, as a command's one line."""
    try:
        yield
    except StackError as error:
        raise CommandError(str(error), ExitCode.NOT_SET_UP) from None


async def set_up(settings: Settings) -> None:
    """Migrate the database and make the topics."""
    await migrate.upgrade(settings.require_database())
    await topics.create(settings)
