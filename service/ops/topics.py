"""Which topics a broker has, and making those that it has not."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, TopicAlreadyExistsError, for_code

from service.ops import broker
from service.ops.errors import PreflightError
from service.ops.topic_specs import Found, TopicReport, TopicSpec, TopicState, compare, specs
from service.settings import Settings

VISIBLE_SECONDS = 15
"""How long a topic that was made may take until every broker tells of it."""


@dataclass(frozen=True, slots=True)
class Created:
    """What `create` did."""

    topics: tuple[TopicReport, ...]
    by_mention: bool
    """The broker cannot be told how a topic must be: it makes what is mentioned, its own way."""


async def create(settings: Settings, *, dry_run: bool = False) -> Created:
    """Makes the topics that are not there and leaves the others as they are; may be run again and again.

    Args:
        settings: prefix, partitions, replicas, retention.
        dry_run: looks, and makes nothing.

    Raises:
        UnreachableError, RefusedError: the broker does not answer, or turns us away.
        PreflightError: it refuses to make a topic.
    """
    wanted = specs(settings)
    async with broker.admin(settings) as client:
        before = compare(wanted, await existing(client, [spec.name for spec in wanted]))
        missing = [report.spec for report in before if report.state is TopicState.MADE]
        by_mention = not await _takes_orders(client)
        if dry_run or not missing:
            return Created(before, by_mention)
        if by_mention:
            await client.describe_topics([spec.name for spec in missing])
            made = {spec.name for spec in missing}
        else:
            made = await _order(client, missing, settings.topic_replication)
        after = await _visible(client, wanted)
    return Created(
        tuple(_as_made(report) if report.spec.name in made else report for report in after), by_mention
    )


async def existing(client: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, Found]:
    """Those of `names` that the broker has. Asks for all topics, since naming one may create it."""
    wanted = set(names)
    there = {t["topic"]: len(t["partitions"]) for t in await client.describe_topics() if t["topic"] in wanted}
    configs = await _configs(client, there) if there else {}
    return {name: Found(partitions, configs.get(name, {})) for name, partitions in there.items()}


async def _configs(client: AIOKafkaAdminClient, names: Collection[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    try:
        responses = await client.describe_configs(resources)
    except IncompatibleBrokerVersion:
        return {}
    return {
        resource[3]: {str(entry[0]): str(entry[1]) for entry in resource[4]}
        for response in responses
        for resource in response.resources
    }


async def _takes_orders(client: AIOKafkaAdminClient) -> bool:
    """librdkafka's in-memory broker knows nothing of configuration, nor of a controller."""
    try:
        await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, "any")])
    except IncompatibleBrokerVersion:
        return False
    return True


async def _order(client: AIOKafkaAdminClient, missing: Iterable[TopicSpec], replicas: int) -> set[str]:
    """The topics that were made; not those that somebody else has made meanwhile, maybe otherwise."""
    new = [
        NewTopic(
            spec.name, spec.partitions, replicas, replica_assignments={}, topic_configs=dict(spec.config)
        )
        for spec in missing
    ]
    response = await client.create_topics(new)
    for name, code, message in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            why = message or for_code(code).__name__
            raise PreflightError(f"the broker refuses to make the topic {name}: {why}")
    return {name for name, code, _ in response.topic_errors if code == 0}


async def _visible(client: AIOKafkaAdminClient, wanted: tuple[TopicSpec, ...]) -> tuple[TopicReport, ...]:
    names = [spec.name for spec in wanted]
    deadline = asyncio.get_running_loop().time() + VISIBLE_SECONDS
    while True:
        reports = compare(wanted, await existing(client, names))
        if all(report.state is not TopicState.MADE for report in reports):
            return reports
        if asyncio.get_running_loop().time() > deadline:
            late = ", ".join(report.spec.name for report in reports if report.state is TopicState.MADE)
            raise PreflightError(f"made, but after {VISIBLE_SECONDS} s the broker does not show: {late}")
        await asyncio.sleep(0.1)


def _as_made(report: TopicReport) -> TopicReport:
    return TopicReport(report.spec, TopicState.MADE, report.differences)
