"""The composition root: settings in, a running worker out.

The order of a stop is the reverse of that of a start, and matters: first nothing more is taken and the batch in flight
ends (beside it the upkeep, which owes nothing), then what it owes is published and offsets are committed, then the
consumers leave their groups (so that others go on at once), and only then do connections close.
"""

import asyncio
import gc
import logging

from aiokafka import AIOKafkaProducer
from faststream import FastStream
from faststream.kafka import KafkaBroker

from service.kafka import broker_security, client_options
from service.ops import asyncapi, preflight
from service.ops.health import Health
from service.ops.http import Endpoints, HttpServer
from service.ops.metrics import Metrics
from service.ops.upkeep import Upkeep, duties
from service.pipeline.pipeline import Pipeline
from service.pipeline.publishers import PRODUCER_OPTIONS
from service.settings import Settings
from service.store.database import Database

logger = logging.getLogger(__name__)

METADATA_AGE_MS = 30_000
"""A topic that was made larger is noticed after this."""


class Worker:
    """The service, assembled.

    Args:
        settings: all of them.
        database: migrated; closed when the worker stops.
        adopted: whether the database's tables of accounts, users, flows and proposals are upstream's own.
    """

    def __init__(self, settings: Settings, database: Database, *, adopted: bool) -> None:
        self._settings = settings
        self._grace = settings.shutdown_grace.total_seconds()
        self._database = database
        self._running: asyncio.Task[None] | None = None
        self._gave_in = False
        self._metrics = Metrics()
        self._health = Health()
        broker = KafkaBroker(
            settings.require_kafka().split(","),
            security=broker_security(settings),
            client_id="l1-walk-worker",
            apply_types=False,
            logger=None,
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_AGE_MS,
            **PRODUCER_OPTIONS,
        )
        self._pipeline = Pipeline(
            settings, broker, self._database, self._metrics, adopted=adopted, new_producer=self._new_producer
        )
        self._upkeep = Upkeep(
            database, duties(settings, self._new_producer), settings.upkeep_interval, self._metrics
        )
        self.document = asyncapi.text(asyncapi.document(settings, broker))
        endpoints = Endpoints(self._health, self._metrics, self.document.encode())
        self._http = HttpServer(endpoints, settings.http_host, settings.http_port)
        self.app = FastStream(
            broker,
            logger=None,
            on_startup=[self._before_start],
            after_startup=[self._after_start],
            on_shutdown=[self._before_stop],
            after_shutdown=[self._after_stop],
        )

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT.

        Raises:
            SettingsError: the HTTP address cannot be had.
            TimeoutError: the stop took longer than the grace period; what was not finished is done again elsewhere.
        """
        self._running = asyncio.current_task()
        try:
            await self.app.run()
        except asyncio.CancelledError:
            if self._gave_in:
                raise TimeoutError(f"not stopped within {self._grace:.0f} s") from None
            raise
        finally:
            await self._http.stop()

    async def _before_start(self) -> None:
        await self._http.start()
        self._pipeline.start()

    async def _after_start(self) -> None:
        self._metrics.watch(self._pipeline)
        self._health.watch(self._pipeline)
        self._upkeep.start()
        logger.info("working: commands from %s.commands", self._settings.topic_prefix)

    async def _before_stop(self) -> None:
        logger.info("stopping: ending the batch in flight, publishing what it owes")
        self._health.stopping()
        self._deadline = asyncio.get_running_loop().call_later(self._grace, self._give_in)
        await asyncio.gather(self._upkeep.stop(), self._pipeline.give_up(self._grace))

    async def _after_stop(self) -> None:
        await self._pipeline.stop()
        await self._database.close()
        self._deadline.cancel()
        logger.info("stopped")

    def _give_in(self) -> None:
        logger.error("not stopped within %.0f s: giving in; nothing is lost by it", self._grace)
        self._gave_in = True
        if self._running is not None:
            self._running.cancel()

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            client_id="l1-walk-worker", **client_options(self._settings), **PRODUCER_OPTIONS
        )


async def run(settings: Settings) -> None:
    """Check that all is there, then work until SIGTERM or SIGINT.

    Raises:
        SettingsError: a setting is missing or wrong.
        PreflightError: something the worker needs is not there; the text says which and what to do.
    """
    adopted = await preflight.check(settings)
    _collect_rarely()
    database = Database(settings.require_database(), pool_size=settings.database_pool_size)
    await Worker(settings, database, adopted=adopted).run()


def described() -> str:
    """The AsyncAPI document of a worker with the default settings, whatever the environment says."""
    settings = Settings.model_construct(kafka_bootstrap_servers="localhost")
    return Worker(settings, Database("postgresql+asyncpg://localhost/"), adopted=False).document


def _collect_rarely() -> None:
    """Let garbage be collected every few batches instead of dozens of times in each.

    What a batch makes is free of cycles and alive until it ends: each collection in it walks tens of thousands of
    objects for nothing. That was a third of the worker's CPU time: 65 us a command, 44 without.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
