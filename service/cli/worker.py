"""`walk worker`."""

import asyncio
import logging
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.cli.tree import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.settings import Settings

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
    HTTP on WALK_HTTP_HOST and WALK_HTTP_PORT (127.0.0.1:8080): /livez, /readyz, /metrics,
    /asyncapi.json.
    """
    from service.app import run
    from service.ops.logging import set_up
    from service.settings import load

    settings = load()
    set_up(settings.log_level, settings.log_format)
    signal.signal(signal.SIGTERM, _leave)
    with _told(settings):
        try:
            import uvloop
        except ImportError:  # there is none for Windows
            asyncio.run(run(settings))
        else:
            uvloop.run(run(settings))


def _leave(number: int, _: object) -> None:
    """SIGTERM before the worker works, and takes it over: there is nothing to bring to an end yet.

    Without a handler, the first process of a container would not end at all.
    """
    sys.exit(128 + number)


@contextmanager
def _told(settings: "Settings") -> "Iterator[None]":
    """An end that is not in good order: what nobody foresaw goes to the log with its trace."""
    from service.cli.exits import CommandError
    from service.ops.errors import PreflightError
    from service.settings import SettingsError

    try:
        yield
    except TimeoutError:
        grace = f"{settings.shutdown_grace.total_seconds():g} s"
        raise CommandError(
            f"not stopped within {grace} (WALK_SHUTDOWN_GRACE): what was not finished is done again, nothing is lost"
        ) from None
    except (PreflightError, SettingsError):
        raise
    except Exception:
        logging.getLogger(__name__).exception("the worker ends by an error of its own")
        raise
