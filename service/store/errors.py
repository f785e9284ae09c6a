"""What the store tells people who set it up."""


class MigrationError(Exception):
    """A migration was refused or failed, or the database is not where this version needs it.

    The text is one line, names what is wrong and what to do, and holds no secret.
    """
