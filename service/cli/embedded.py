"""What `walk dev` and `walk demo` do with the embedded stack."""

from service.ops import topics
from service.settings import Settings
from service.store import migrate


async def set_up(settings: Settings) -> None:
    """Migrate the database and make the topics."""
    await migrate.upgrade(settings.require_database())
    await topics.create(settings)
