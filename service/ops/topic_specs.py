"""How each topic must be (design 3), and how what a broker has compares: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from l1_walk_contracts.topics import Topics
from service.settings import Settings

MIB = 1024 * 1024

Config = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How one topic must be; `config` in the broker's own words."""

    name: str
    partitions: int
    config: Config


class TopicState(StrEnum):
    """What became of a topic, or would."""

    MADE = "made"
    THERE = "there"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Difference:
    """One property of a topic that is not as `wanted`."""

    setting: str
    found: str
    wanted: str


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic after `create`: `differences` where the broker has it otherwise (nothing is altered)."""

    spec: TopicSpec
    state: TopicState
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the broker has it; `config` is empty where the broker does not tell."""

    partitions: int
    config: Config


def specs(settings: Settings) -> tuple[TopicSpec, ...]:
    """All topics as the settings want them."""
    topics = Topics(settings.topic_prefix)
    kept = {"cleanup.policy": "delete", "retention.ms": _ms(settings.topic_retention)}
    large = {"max.message.bytes": str(2 * MIB)}
    configs: dict[str, Config] = {
        topics.commands: {
            **kept,
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MIB),
        },
        topics.references: {
            "cleanup.policy": "compact",
            "delete.retention.ms": _ms(settings.topic_reference_delete_retention),
        },
        topics.resolved: kept,
        topics.escalated: kept,
        topics.lifecycle: kept,
        topics.rejected: {**kept, **large},
        topics.dead_letter: {**kept, **large, "retention.ms": _ms(settings.topic_dead_letter_retention)},
    }
    return tuple(TopicSpec(name, settings.topic_partitions, config) for name, config in configs.items())


def compare(wanted: Iterable[TopicSpec], found: Mapping[str, Found]) -> tuple[TopicReport, ...]:
    """Each topic against what the broker has; those it has not are `MADE`: to be made."""
    return tuple(_report(spec, found.get(spec.name)) for spec in wanted)


def _report(spec: TopicSpec, found: Found | None) -> TopicReport:
    if found is None:
        return TopicReport(spec, TopicState.MADE)
    differences = [
        Difference(name, found.config[name], value)
        for name, value in spec.config.items()
        if found.config.get(name, value) != value
    ]
    if found.partitions != spec.partitions:
        differences.insert(0, Difference("partitions", str(found.partitions), str(spec.partitions)))
    state = TopicState.DIFFERS if differences else TopicState.THERE
    return TopicReport(spec, state, tuple(differences))


def _ms(duration: timedelta) -> str:
    return str(duration // timedelta(milliseconds=1))
