"""`walk worker`."""

import asyncio

from service.cli.tree import examples

EPILOG = examples(
    ("walk worker", "with the settings of the environment"),
    ("WALK_LOG_LEVEL=debug walk worker", "tells more"),
    ("curl -f http://127.0.0.1:8080/readyz", "whether it works, and if not, why"),
)


def worker() -> None:
    """Run the service: commands in, sessions kept, events out.

    It checks first that the database and the broker answer and are set up, and waits up to
    WALK_STARTUP_TIMEOUT (30s) for what does not answer. SIGTERM and Ctrl-C end it in good order, within
    WALK_SHUTDOWN_GRACE (25s). More workers in the same WALK_CONSUMER_GROUP share the partitions.

    The log goes to standard error: as text on a terminal, else as one JSON object a line (WALK_LOG_FORMAT).
    HTTP on WALK_HTTP_HOST and WALK_HTTP_PORT (127.0.0.1:8080): /livez, /readyz, /metrics.
    """
    from service.app import run
    from service.ops import logging
    from service.settings import load

    settings = load()
    logging.set_up(settings.log_level, settings.log_format)
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        asyncio.run(run(settings))
    else:
        uvloop.run(run(settings))
