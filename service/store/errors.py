"""What the store tells people: those who set it up, and those whose command could not reach it."""

import asyncpg


class MigrationError(Exception):
    """A migration was refused or failed, or the database is not where this version needs it.

    The text is one line, names what is wrong and what to do, and holds no secret.
    """


def words(error: BaseException) -> str:
    """An error in a few words of one line: what the system or the server said."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = str(getattr(error, "strerror", None) or error) or type(error).__name__
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in text:
        return "connection refused"
    if isinstance(error, asyncpg.ForeignKeyViolationError) and error.detail:
        text = f"{text}: {error.detail}"
    return " ".join(text.split())
