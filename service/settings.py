"""The settings, read from the environment (`WALK_...`): every one documented where it is declared.

Each is also read from a file named by `WALK_..._FILE` where it may hold a secret. Nothing here does I/O but
reading those files.
"""

import os
import re
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "WALK_"
SECRETS = ("database_url", "kafka_password")

_BROKER = re.compile(r"(\[[0-9a-fA-F:.%]+\]|[^\s:/\[\]]+)(:[0-9]{1,5})?")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNIT = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and says what to do."""


def parse_duration(value: object) -> object:
    """`"25s"`, `"15m"`, `"24h"`, `"30d"`, `"250ms"` as a timedelta; anything else is left to be refused."""
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        raise ValueError("write a number with a unit: 250ms, 25s, 15m, 24h or 30d")
    try:
        return float(match[1]) * _UNIT[match[2]]
    except OverflowError:
        raise ValueError("longer than a duration can be") from None


Duration = Annotated[timedelta, BeforeValidator(parse_duration), Field(gt=timedelta(0))]
Age = Annotated[Duration, Field(le=timedelta(days=36_500))]
"""What the database counts back from now: a century at most."""


def _unless_off(value: object) -> object:
    return None if value == "off" else value


class References(StrEnum):
    """What becomes of an id that nobody has told us of (design 8)."""

    LEARN = "learn"
    REQUIRE = "require"


class Settings(BaseSettings):
    """All settings of the worker and of the command `walk`; see the table in README.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: SecretStr | None = None
    """`postgresql+asyncpg://` or `postgresql://`; also `WALK_DATABASE_URL_FILE`."""
    database_pool_size: int = Field(default=5, ge=3, le=100)
    """Connections a worker may open, beside one for the upkeep."""
    kafka_bootstrap_servers: str | None = None
    """`host:port`, several with commas."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    """Also `WALK_KAFKA_PASSWORD_FILE`."""
    kafka_ca_file: Path | None = None
    """The authority that signed the brokers' certificates; the system's where it is absent."""

    topic_prefix: str = Field(default="l1.walk", pattern=r"^[a-zA-Z0-9._-]{1,200}$")
    topic_partitions: int = Field(default=12, ge=1, le=10_000)
    topic_replication: int = Field(default=-1, ge=-1, le=100)
    """Replicas of each topic; -1: what the brokers have as their default."""
    topic_retention: Duration = timedelta(days=30)
    """Commands and events."""
    topic_dead_letter_retention: Duration = timedelta(days=90)
    topic_reference_delete_retention: Duration = timedelta(days=30)
    """How long a reference's null stays for those who read late."""

    consumer_group: str = Field(default="l1-walk-worker", min_length=1, max_length=249)
    event_source: str = Field(default="/l1-walk-worker", min_length=1, max_length=120)
    """Of events; that of the worker's own commands begins with it."""
    references: References = References.LEARN
    batch_max: int = Field(default=2000, ge=1, le=100_000)
    """Commands that share one transaction, at most."""
    path_limit: int = Field(default=500, ge=1, le=100_000)
    """Entries of a walked path, rewinds too."""
    active_gap: Duration = timedelta(minutes=15)
    """A longer gap between two acts is no working time (`active_seconds`)."""
    idle_after: Annotated[Age | None, BeforeValidator(_unless_off)] = timedelta(hours=24)
    """A walk of which nothing was handled for so long is abandoned; `off`: none is."""
    inbox_retention: Age = timedelta(days=30)
    """How long the commands of a walk are remembered after it ended."""
    dead_letter_retention: Age = timedelta(days=90)
    """How long a settled dead letter is kept, and one that nobody could read."""
    upkeep_interval: Annotated[Duration, Field(le=timedelta(hours=1))] = timedelta(seconds=30)
    """How often a worker looks after what is idle or too old, if no other does."""
    startup_timeout: Duration = timedelta(seconds=30)
    """How long a start waits for a database or broker that does not answer."""
    shutdown_grace: Duration = timedelta(seconds=25)
    """SIGTERM until the worker is gone, at most."""
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65_535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "text", "json"] = "auto"
    """`auto`: text on a terminal, else one JSON object a line."""

    @field_validator("database_url")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(
            ("postgresql://", "postgresql+asyncpg://", "postgres://")
        ):
            raise ValueError("must begin with postgresql:// or postgresql+asyncpg://")
        if value is not None and not _has_ports(value.get_secret_value()):
            raise ValueError(
                "a port is no number: characters such as / ? # in a password must be percent-encoded"
            )
        return value

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _known_brokers(cls, value: str | None) -> str | None:
        if value and not all(_BROKER.fullmatch(one.strip()) for one in value.split(",")):
            raise ValueError("must be host:port, several with commas")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then `..._FILE` of the secrets; no .env file."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

    def require_database(self) -> str:
        """The database's URL, as SQLAlchemy's async engine takes it.

        Raises:
            SettingsError: it is not set.
        """
        if self.database_url is None:
            raise SettingsError(
                "WALK_DATABASE_URL is not set: give it as postgresql://user:password@host:5432/database"
                " (`walk dev` starts a database and prints its URL)"
            )
        _, _, rest = self.database_url.get_secret_value().partition("://")
        return f"postgresql+asyncpg://{rest}"

    def require_kafka(self) -> str:
        """The bootstrap servers.

        Raises:
            SettingsError: they are not set.
        """
        if not self.kafka_bootstrap_servers:
            raise SettingsError(
                "WALK_KAFKA_BOOTSTRAP_SERVERS is not set: give it as host:9092, several with commas"
                " (`walk dev` starts a broker and prints its address)"
            )
        return self.kafka_bootstrap_servers


class _SecretFiles(EnvSettingsSource):
    """`WALK_X_FILE=path` gives `WALK_X`, for what may hold a secret."""

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in SECRETS:
            variable = f"{PREFIX}{name.upper()}_FILE"
            path = os.environ.get(variable)
            if not path:
                continue
            try:
                found[name] = Path(path).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(
                    f"{variable}: the file cannot be read: {getattr(error, 'strerror', error)}"
                ) from None
        return found


def load() -> Settings:
    """The settings as the environment has them.

    Raises:
        SettingsError: names each variable that is wrong and what it takes, never a secret value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {_words(e['msg'])}" for e in error.errors())
        ) from None


def _has_ports(url: str) -> bool:
    """Whether what drivers take for the ports of a URL are numbers; a driver that fails on one quotes it."""
    hosts = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts.split(",")]
    return all(port.isdecimal() for port in ports if port)


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Input ").strip()
