"""How a client reaches the brokers: the `WALK_KAFKA_...` settings in aiokafka's and in FastStream's words."""

import ssl
from typing import TYPE_CHECKING, Any

from l1_walk_contracts.aiokafka import stop
from service.mends import mend_aiokafka
from service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from faststream.security import BaseSecurity

__all__ = ["broker_security", "client_options", "stop"]

mend_aiokafka()


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes: addresses and security, no more.

    Raises:
        SettingsError: a setting is missing, or the authority's file cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.require_kafka(),
        "security_protocol": settings.kafka_security_protocol,
    }
    if _encrypted(settings):
        options["ssl_context"] = _ssl_context(settings)
    if _authenticated(settings):
        username, password = _credentials(settings)
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = username
        options["sasl_plain_password"] = password
    return options


def broker_security(settings: Settings) -> "BaseSecurity | None":
    """The same for FastStream's `KafkaBroker(security=...)`; None where the brokers ask for nothing.

    Raises:
        SettingsError: a setting is missing, or the authority's file cannot be read.
    """
    from faststream import security  # noqa: PLC0415  its import is slow, and only the worker needs it

    encrypted = _encrypted(settings)
    context = _ssl_context(settings) if encrypted else None
    if not _authenticated(settings):
        return security.BaseSecurity(ssl_context=context) if encrypted else None
    mechanism: dict[str, type[security.SASLPlaintext | security.SASLScram256 | security.SASLScram512]] = {
        "PLAIN": security.SASLPlaintext,
        "SCRAM-SHA-256": security.SASLScram256,
        "SCRAM-SHA-512": security.SASLScram512,
    }
    username, password = _credentials(settings)
    return mechanism[settings.kafka_sasl_mechanism](
        username, password, ssl_context=context, use_ssl=encrypted
    )


def _encrypted(settings: Settings) -> bool:
    return settings.kafka_security_protocol in ("SSL", "SASL_SSL")


def _authenticated(settings: Settings) -> bool:
    return settings.kafka_security_protocol.startswith("SASL_")


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.kafka_ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"WALK_KAFKA_CA_FILE: {settings.kafka_ca_file} cannot be read: {error.strerror}"
        ) from None


def _credentials(settings: Settings) -> tuple[str, str]:
    if settings.kafka_username is None or settings.kafka_password is None:
        raise SettingsError(
            f"WALK_KAFKA_USERNAME and WALK_KAFKA_PASSWORD (or WALK_KAFKA_PASSWORD_FILE) must be set"
            f" for WALK_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol}"
        )
    return settings.kafka_username, settings.kafka_password.get_secret_value()
