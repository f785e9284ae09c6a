"""The settings, from the environment; docs/connectors.md has them all. A secret may also be in a file: `NAME_FILE`."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from .autotask import Autotask
from .connectwise import ConnectWise
from .halopsa import HaloPSA
from .vendor import STEPS, Desk, Limits, UnfitError, Vendor
from .walks import Walk

PREFIX: Final = "CONNECTOR_"
VENDORS: Final[Mapping[str, type[Vendor]]] = {
    "connectwise": ConnectWise,
    "autotask": Autotask,
    "halopsa": HaloPSA,
}
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


class SettingsError(Exception):
    """A setting is missing or wrong; names it, never its value."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a call may take, and how tries follow each other; in seconds."""

    timeout: float
    """Of one call, from first to last byte."""
    settle: float
    """So long after we gave a call up the PSA may still carry it out; only then it is looked up."""
    backoff: float
    """After the first failure; then doubled."""
    longest_backoff: float
    attempts: int
    """Failures of one step, while the PSA answers others, after which the walk is parked."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a connector needs to know."""

    vendor: Vendor
    url: str
    desk: Desk
    limits: Limits
    pace: Pace
    store: Path
    lanes: int
    """Tickets worked on at the same time."""
    always_look_up: bool
    """Whether to look before every write, not only before one that may have been done."""
    group: str
    topic_prefix: str
    kafka: dict[str, Any] = field(repr=False)
    """Options of the Kafka client."""


class Environment:
    """Reads settings by name; what is missing or wrong raises SettingsError."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str | None = None) -> str:
        value = self._env.get(PREFIX + name, default)
        if value is None:
            raise SettingsError(f"{PREFIX}{name} is not set")
        return value

    def some(self, name: str) -> str:
        if not (value := self.text(name).strip()):
            raise SettingsError(f"{PREFIX}{name} is empty")
        return value

    def secret(self, name: str) -> str:
        if path := self._env.get(f"{PREFIX}{name}_FILE"):
            try:
                return Path(path).read_text().strip()
            except OSError as error:
                raise SettingsError(f"{PREFIX}{name}_FILE: {error.strerror}") from None
        return self.text(name)

    def seconds(self, name: str, default: str) -> float:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", self.text(name, default).strip())
        if match is None or not float(match[1]):
            raise SettingsError(f"{PREFIX}{name}: write a number with a unit: 250ms, 25s, 15m, 1h, 30d")
        return float(match[1]) * _UNITS[match[2]]

    def span(self, name: str, default: timedelta) -> timedelta:
        return timedelta(seconds=self.seconds(name, f"{default.total_seconds():g}s"))

    def choice(self, name: str, default: str, *others: str) -> str:
        words = {word.casefold(): word for word in (default, *others)}
        if (value := self.text(name, default).strip().casefold()) not in words:
            raise SettingsError(f"{PREFIX}{name}: write one of {', '.join(words.values())}")
        return words[value]

    def count(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdigit() or not int(value):
            raise SettingsError(f"{PREFIX}{name}: write a number above 0")
        return int(value)


def read_settings(variables: Mapping[str, str]) -> Settings:
    """The settings of an environment such as `os.environ`."""
    env = Environment(variables)
    name = env.text("VENDOR")
    if name not in VENDORS:
        raise SettingsError(f"{PREFIX}VENDOR: write one of {', '.join(VENDORS)}")
    vendor = VENDORS[name]({secret: env.secret(secret) for secret in VENDORS[name].secrets})
    desk, limits = _desk(env), _limits(env, vendor.limits)
    _try(vendor, desk, limits)
    return Settings(
        vendor=vendor,
        url=_url(env),
        desk=desk,
        limits=limits,
        pace=Pace(
            timeout=env.seconds("TIMEOUT", "30s"),
            settle=env.seconds("SETTLE", "30s"),
            backoff=env.seconds("BACKOFF", "1s"),
            longest_backoff=env.seconds("LONGEST_BACKOFF", "5m"),
            attempts=env.count("ATTEMPTS", 10),
        ),
        store=store_path(variables),
        lanes=env.count("LANES", 8),
        always_look_up=env.choice("LOOK_UP", "doubtful", "always") == "always",
        group=env.text("GROUP", "psa-connector"),
        topic_prefix=variables.get("WALK_TOPIC_PREFIX", "l1.walk"),
        kafka=_kafka(env, variables),
    )


def log_level(variables: Mapping[str, str]) -> str:
    """The lowest level that is logged."""
    return Environment(variables).choice("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR")


def store_path(variables: Mapping[str, str]) -> Path:
    """Where the store is: all that the commands about parked walks need."""
    return Path(Environment(variables).text("STORE", "psa-connector.sqlite"))


def _url(env: Environment) -> str:
    url = env.text("URL").rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"{PREFIX}URL: write the whole address, with https://")
    return url


def _try(vendor: Vendor, desk: Desk, limits: Limits) -> None:
    """What would keep every walk from being written is told before the first."""
    user = next(iter(desk.members or ()), "")
    for resolved in (True, False):
        walk = Walk("", "", "", "1", user, resolved, _SOME_TIME, _SOME_TIME, 1, "", "")
        for step in STEPS:
            try:
                vendor.action(step, walk, 1, desk, limits)
            except UnfitError as error:
                raise SettingsError(f"{step} cannot be written: {error}") from None


def _desk(env: Environment) -> Desk:
    members = {}
    if path := env.text("MEMBERS_FILE", ""):
        try:
            members = {str(user): str(member) for user, member in json.loads(Path(path).read_text()).items()}
        except (OSError, ValueError, AttributeError):
            raise SettingsError(f"{PREFIX}MEMBERS_FILE: cannot be read as a JSON object") from None
    return Desk(
        resolved=env.some("STATUS_RESOLVED"),
        escalated=env.some("STATUS_ESCALATED"),
        member=env.text("MEMBER", ""),
        members=members,
        role=env.text("ROLE", ""),
    )


def _limits(env: Environment, limits: Limits) -> Limits:
    return replace(
        limits,
        calls=env.count("CALLS", limits.calls),
        window=env.span("CALLS_WINDOW", limits.window),
        parallel=env.count("PARALLEL", limits.parallel),
        note_characters=env.count("NOTE_CHARACTERS", limits.note_characters),
        shortest=env.span("SHORTEST_ENTRY", limits.shortest),
        longest=env.span("LONGEST_ENTRY", limits.longest),
        rounding=env.span("ROUNDING", limits.rounding),
    )


def _kafka(env: Environment, variables: Mapping[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": variables.get("WALK_KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        "security_protocol": env.choice(
            "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
        ),
        "group_instance_id": env.text("INSTANCE", "") or None,
    }
    if "SSL" in options["security_protocol"]:
        options["ssl_context"] = ssl.create_default_context(cafile=env.text("KAFKA_CA_FILE", "") or None)
    if "SASL" in options["security_protocol"]:
        options |= {
            "sasl_mechanism": env.text("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
            "sasl_plain_username": env.text("KAFKA_USERNAME"),
            "sasl_plain_password": env.secret("KAFKA_PASSWORD"),
        }
    return options
