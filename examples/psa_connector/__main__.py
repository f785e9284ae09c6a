"""What a person types: `python -m examples.psa_connector run`, `parked`, `retry`, `drop`."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import sys

import httpx
from aiokafka.errors import KafkaError

from .calls import Calls
from .client import Client
from .consume import Intake
from .deliver import Delivery
from .parked import drop, list_parked, retry
from .settings import Settings, SettingsError, log_level, read_settings, store_path
from .store import Store, connect


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT: then the calls under way end, and the group is left."""
    stopping, gone = asyncio.Event(), ""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    with contextlib.closing(connect(settings.store)) as db:
        store, calls = Store(db), Calls(db, settings.limits)
        async with httpx.AsyncClient(base_url=settings.url, timeout=None) as http:
            client = Client(http, settings.vendor, calls, settings.pace, stopping)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(Intake(store, settings, stopping).run())
                    group.create_task(Delivery(store, client, settings, stopping).run())
            except* KafkaError as errors:
                gone = f"Kafka: {errors.exceptions[0]}"
    if gone:
        sys.exit(gone)


def main() -> None:
    options = _options()
    try:
        logging.basicConfig(level=log_level(os.environ), format="%(asctime)s %(levelname)s %(message)s")
        for library in ("httpx", "httpcore", "aiokafka"):  # the first logs every URL
            logging.getLogger(library).setLevel(logging.WARNING)
        if options.command == "run":
            asyncio.run(run(read_settings(os.environ)))
        else:
            _parked(options)
    except SettingsError as error:
        sys.exit(str(error))
    except sqlite3.Error as error:
        sys.exit(f"CONNECTOR_STORE, {store_path(os.environ)}: {error}")


def _parked(options: argparse.Namespace) -> None:
    store = store_path(os.environ)
    if not store.exists():
        raise SettingsError(f"CONNECTOR_STORE: there is no {store}")
    connection = connect(store)
    if options.command == "parked":
        print("\n".join(list_parked(connection)) or "nothing is parked")
        return
    if options.command == "retry":
        number = retry(connection, None if options.all else options.number)
        print(f"{number} to be tried again")
    else:
        number = drop(connection, options.number)
        print(f"{number} dropped")
    if number < len(options.number):
        sys.exit(f"{len(options.number) - number} of these are not parked: `parked` lists what is")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.psa_connector", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="write walks into the PSA, until SIGTERM")
    commands.add_parser("parked", help="what the PSA refused, and why")
    again = commands.add_parser("retry", help="try parked walks again")
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true")
    which.add_argument("number", type=int, nargs="*", default=[], help="as `parked` lists them")
    commands.add_parser("drop", help="never write these").add_argument("number", type=int, nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    main()
