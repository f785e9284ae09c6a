"""What `/metrics` tells: the pipeline's work in Prometheus' words."""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from l1_walk_contracts import Outcome
from service.pipeline.failure import kind_of
from service.pipeline.observer import Phases
from service.pipeline.pipeline import Pipeline

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


class Metrics:
    """Counts what the pipeline tells it."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._commands = Counter(
            "walk_commands",
            "Records handled, by outcome and the reason of a rejection or the class of a dead letter.",
            ["outcome", "reason"],
            registry=self._registry,
        )
        self._batch_size = Histogram(
            "walk_batch_size", "Records that shared one transaction.", buckets=_SIZES, registry=self._registry
        )
        self._phase = Histogram(
            "walk_batch_phase_seconds",
            "Seconds a batch spent in each phase.",
            ["phase"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._published = Counter(
            "walk_messages_published",
            "Messages acknowledged by Kafka, by topic.",
            ["topic"],
            registry=self._registry,
        )
        self._publish_seconds = Histogram(
            "walk_publish_seconds",
            "Seconds from the first message of a batch to the last acknowledgement.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._failures = Counter(
            "walk_failures",
            "Attempts that failed and are made again (batch, publish, upkeep), by whose fault it is and of what kind.",
            ["what", "fault", "kind"],
            registry=self._registry,
        )
        self._upkeep_done = Counter(
            "walk_upkeep_done",
            "What the upkeep did, by duty: rows removed, commands sent.",
            ["duty"],
            registry=self._registry,
        )
        self._upkeep_here = Gauge(
            "walk_upkeep_here", "1 where the upkeep is this worker's.", registry=self._registry
        )

    def watch(self, pipeline: Pipeline) -> None:
        """Also tell what the pipeline is like at the moment of a scrape."""
        self._registry.register(_Now(pipeline))

    def render(self) -> bytes:
        """All metrics in the text format."""
        return generate_latest(self._registry)

    def phases(self) -> Phases:
        """A new piece of work begins."""
        return Phases()

    def batch(self, size: int, outcomes: Mapping[tuple[Outcome, str], int], phases: Phases) -> None:
        """A batch of so many records was committed."""
        self._batch_size.observe(size)
        for (outcome, reason), count in outcomes.items():
            self._commands.labels(outcome, reason).inc(count)
        for phase, seconds in phases.seconds.items():
            self._phase.labels(phase).observe(seconds)

    def published(self, topics: Mapping[str, int], seconds: float) -> None:
        """So many messages of each topic were acknowledged, in so many seconds."""
        self._publish_seconds.observe(seconds)
        for topic, count in topics.items():
            self._published.labels(topic).inc(count)

    def failed(self, what: str, error: BaseException) -> None:
        """An attempt at something failed with this error."""
        kind = kind_of(error)
        self._failures.labels(what, kind.fault, kind).inc()

    def upkeep_done(self, duty: str, number: int) -> None:
        """The upkeep did so much of a duty."""
        self._upkeep_done.labels(duty).inc(number)

    def upkeep_here(self, here: bool) -> None:
        """Whether the upkeep is this worker's now."""
        self._upkeep_here.set(here)


class _Now(Collector):
    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def collect(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily(
            "walk_lag_messages", "Commands that wait, of the partitions held here.", labels=["partition"]
        )
        stopped = GaugeMetricFamily(
            "walk_partition_stopped", "1 where a partition is not handled further.", labels=["partition"]
        )
        for number, messages in self._pipeline.lags().items():
            lag.add_metric([str(number)], messages)
        for number, partition in self._pipeline.partitions.held.items():
            stopped.add_metric([str(number)], float(partition.stopped is not None))
        yield lag
        yield stopped
        yield GaugeMetricFamily(
            "walk_outbox_waiting",
            "Messages committed here and not yet acknowledged by Kafka.",
            value=self._pipeline.relay.depth,
        )
        amiss = GaugeMetricFamily(
            "walk_condition", "1 for each thing that keeps the worker from working.", labels=["name"]
        )
        for name in self._pipeline.conditions.reasons:
            amiss.add_metric([name], 1)
        yield amiss
