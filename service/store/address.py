"""A database's URL, as the driver takes it and as people may see it."""

from urllib.parse import parse_qsl, unquote, urlencode

SCHEMES = ("postgresql", "postgresql+asyncpg", "postgres")


def dsn(url: str) -> str:
    """`postgresql://`, `postgresql+asyncpg://` or `postgres://` as libpq and asyncpg take it.

    SQLAlchemy's `ssl=` becomes libpq's `sslmode=`.

    Raises:
        ValueError: another scheme, or no URL at all. The text holds nothing of the URL.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in SCHEMES:
        raise ValueError("a database URL begins with postgresql:// or postgresql+asyncpg://")
    address, mark, query = rest.partition("?")
    options = [("sslmode" if name == "ssl" else name, value) for name, value in parse_qsl(query)]
    return f"postgresql://{address}{mark}{urlencode(options)}"


def where(url: str) -> str:
    """`host:port/name`, with no user, password or options, however badly the URL is written."""
    address, _, query = url.partition("://")[2].partition("?")
    if "@" in query and "@" not in address:
        return "of that URL"
    host, _, name = address.rpartition("@")[2].partition("/")
    host = host or dict(parse_qsl(query)).get("host", "localhost")
    return f"{host}/{unquote(name)}".rstrip("/")
