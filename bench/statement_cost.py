"""What a statement costs the event loop: through SQLAlchemy's async Core, and on asyncpg directly.

`python -m bench.statement_cost`. The statement is one of the batch's: it reads five hundred inbox entries by their
keys and finds none.
"""

import uuid

import asyncpg
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.clock import microseconds
from service.dev.children import Children
from service.dev.postgres import EmbeddedPostgres

STATEMENTS = 100
KEYS = 500
_TABLE = "CREATE TABLE inbox (session_id uuid, source text, id text, PRIMARY KEY (session_id, source, id))"
_FIND = """
SELECT session_id, source, id FROM inbox
JOIN unnest({}::uuid[], {}::text[], {}::text[]) AS k(session_id, source, id) USING (session_id, source, id)
"""


async def measure(url: str) -> dict[str, float]:
    """Microseconds a statement."""
    keys = (
        [uuid.UUID(int=number) for number in range(KEYS)],
        ["/product"] * KEYS,
        [str(n) for n in range(KEYS)],
    )
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
    connection = await asyncpg.connect(url)
    await connection.execute(_TABLE)
    core = text(_FIND.format("CAST(:ids AS uuid[]) ", "CAST(:sources AS text[])", "CAST(:names AS text[])"))
    driver = _FIND.format("$1", "$2", "$3")
    parameters = dict(zip(("ids", "sources", "names"), keys, strict=True))

    async with engine.connect() as wrapped:

        async def by_sqlalchemy() -> None:
            for _ in range(STATEMENTS):
                (await wrapped.execute(core, parameters)).all()

        async def by_asyncpg() -> None:
            for _ in range(STATEMENTS):
                await connection.fetch(driver, *keys)

        core_cost = await microseconds(by_sqlalchemy, STATEMENTS)
        driver_cost = await microseconds(by_asyncpg, STATEMENTS)
    await connection.close()
    await engine.dispose()
    return {
        "SQLAlchemy's async Core": core_cost,
        "asyncpg": driver_cost,
        "the difference": core_cost - driver_cost,
    }


def main() -> None:
    """Print what it costs."""
    with Children() as children:
        postgres = EmbeddedPostgres(children)
        postgres.start()
        costs = uvloop.run(measure(postgres.url()))
        postgres.stop()
    for name, cost in costs.items():
        print(f"{name}: {cost:.0f} us a statement")


if __name__ == "__main__":
    main()
