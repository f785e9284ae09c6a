"""The Kafka settings in the words of both clients."""

import pytest
from faststream.kafka import KafkaBroker
from faststream.kafka.security import parse_security
from faststream.security import SASLScram512

from service.kafka import broker_security, client_options
from service.settings import Settings, SettingsError


def settings(**more: object) -> Settings:
    return Settings(kafka_bootstrap_servers="127.0.0.1:9092", **more)  # type: ignore[arg-type]


def test_a_plain_broker_asks_for_nothing() -> None:
    assert client_options(settings()) == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "PLAINTEXT",
    }
    assert broker_security(settings()) is None


def test_tls_brings_a_context_that_checks_the_broker() -> None:
    options = client_options(settings(kafka_security_protocol="SSL"))
    assert options["ssl_context"].check_hostname
    assert (
        parse_security(broker_security(settings(kafka_security_protocol="SSL")))["security_protocol"] == "SSL"
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_both_clients_log_in_alike(protocol: str, mechanism: str) -> None:
    told = settings(
        kafka_security_protocol=protocol,
        kafka_sasl_mechanism=mechanism,
        kafka_username="walk",
        kafka_password="secret",
    )
    ours = client_options(told)
    theirs = parse_security(broker_security(told))
    for key in ("security_protocol", "sasl_mechanism", "sasl_plain_username", "sasl_plain_password"):
        assert theirs[key] == ours[key]
    assert (theirs["ssl_context"] is not None) == ("ssl_context" in ours) == protocol.endswith("SSL")


def test_faststream_takes_it() -> None:
    told = settings(kafka_security_protocol="SASL_SSL", kafka_username="walk", kafka_password="secret")
    security = broker_security(told)
    assert isinstance(security, SASLScram512)
    assert KafkaBroker("127.0.0.1:9092", security=security)


def test_a_login_without_a_name_says_which_settings() -> None:
    for build in (client_options, broker_security):
        with pytest.raises(SettingsError, match="WALK_KAFKA_USERNAME and WALK_KAFKA_PASSWORD"):
            build(settings(kafka_security_protocol="SASL_SSL"))


def test_an_unreadable_authority_is_named() -> None:
    with pytest.raises(SettingsError, match="WALK_KAFKA_CA_FILE: no-such-file"):
        client_options(settings(kafka_security_protocol="SSL", kafka_ca_file="no-such-file"))
