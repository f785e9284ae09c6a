"""Settings: what is read, what is refused, and that a secret is never said; and what the connector depends on."""

import ast
import re
import ssl
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from examples.psa_connector.connectwise import ConnectWise
from examples.psa_connector.settings import VENDORS, SettingsError, log_level, read_settings
from tests.support.psa.connector import SECRETS

SECRET = "s3cr3t"
WHOLE = {
    "CONNECTOR_VENDOR": "connectwise",
    "CONNECTOR_URL": "https://psa.example/v4_6_release/apis/3.0/",
    "CONNECTOR_COMPANY": "acme",
    "CONNECTOR_PUBLIC_KEY": "pub",
    "CONNECTOR_PRIVATE_KEY": SECRET,
    "CONNECTOR_CLIENT_ID": "id",
    "CONNECTOR_STATUS_RESOLVED": "Resolved",
    "CONNECTOR_STATUS_ESCALATED": "Escalated",
}
PACKAGE = Path(__file__).parents[3] / "examples" / "psa_connector"
DOCUMENT = Path(__file__).parents[3] / "docs" / "connectors.md"


def test_limits_are_the_vendors_unless_set() -> None:
    assert read_settings(WHOLE).limits == ConnectWise.limits
    changed = read_settings(WHOLE | {"CONNECTOR_CALLS": "700", "CONNECTOR_CALLS_WINDOW": "5m"}).limits
    assert (changed.calls, changed.window.total_seconds()) == (700, 300)


def test_the_vendors_limits_are_in_the_document() -> None:
    mapped = DOCUMENT.read_text().partition("## How the fields are mapped")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in mapped.splitlines() if line.startswith("| ")]
    shown = {name.strip(): cells for name, *cells in rows}
    units = {timedelta(minutes=1): "a minute", timedelta(hours=1): "an hour"}
    for column, vendor in enumerate(VENDORS.values()):
        own = vendor.limits
        assert f"default {own.calls:,} {units[own.window]}" in shown["calls"][column]
        assert f"{own.parallel}" in shown["parallel calls to an endpoint"][column]
        assert f"{own.note_characters:,}" in shown["longest note"][column]


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    env = WHOLE | {"CONNECTOR_PRIVATE_KEY_FILE": str(file)}
    del env["CONNECTOR_PRIVATE_KEY"]
    given, same = read_settings(env), read_settings(WHOLE | {"CONNECTOR_PRIVATE_KEY": "from-file"})
    assert given.vendor.headers() == same.vendor.headers()


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings({key: value for key, value in WHOLE.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONNECTOR_VENDOR", "syncro"),
        ("CONNECTOR_TIMEOUT", "30"),
        ("CONNECTOR_CALLS", "many"),
        ("CONNECTOR_CALLS", "0"),
        ("CONNECTOR_URL", "127.0.0.1:8090"),
        ("CONNECTOR_STATUS_RESOLVED", " "),
        ("CONNECTOR_LOOK_UP", "alway"),
        ("CONNECTOR_KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("CONNECTOR_MEMBERS_FILE", "/nowhere"),
        ("CONNECTOR_PRIVATE_KEY_FILE", "/nowhere"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_told(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        read_settings(WHOLE | {name: value})
    assert SECRET not in str(refused.value)


def test_a_word_is_taken_however_it_is_written() -> None:
    assert read_settings(WHOLE | {"CONNECTOR_LOOK_UP": "Always"}).always_look_up
    assert log_level({"CONNECTOR_LOG_LEVEL": "debug"}) == "DEBUG"
    with pytest.raises(SettingsError, match="CONNECTOR_LOG_LEVEL: write one of INFO, "):
        log_level({"CONNECTOR_LOG_LEVEL": "loud"})


AUTOTASK = (
    WHOLE
    | {"CONNECTOR_VENDOR": "autotask"}
    | {f"CONNECTOR_{name}": value for name, value in SECRETS["autotask"].items()}
)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("STATUS_ESCALATED", "Escalated", "status cannot be written: no number is set for the status"),
        ("MEMBER", "", "time cannot be written: no number is set for the resource that time is booked on"),
        ("ROLE", "", "time cannot be written: no number is set for the role"),
    ],
)
def test_what_no_walk_could_be_written_with_is_told_before_the_first(
    name: str, value: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings(AUTOTASK | {f"CONNECTOR_{name}": value})


def test_time_may_be_booked_on_those_alone_who_are_named(tmp_path: Path) -> None:
    members = tmp_path / "members.json"
    members.write_text('{"550e8400-e29b-41d4-a716-446655440000": "7"}')
    given = AUTOTASK | {"CONNECTOR_MEMBER": "", "CONNECTOR_MEMBERS_FILE": str(members)}
    assert read_settings(given).desk.member == ""


def test_kafka_is_reached_as_its_operators_want() -> None:
    assert "ssl_context" not in read_settings(WHOLE).kafka
    secure = {"SECURITY_PROTOCOL": "SASL_SSL", "USERNAME": "me", "PASSWORD": "kafka-secret"}
    kafka = read_settings(WHOLE | {f"CONNECTOR_KAFKA_{name}": value for name, value in secure.items()}).kafka
    assert isinstance(kafka["ssl_context"], ssl.SSLContext)
    assert (kafka["sasl_mechanism"], kafka["sasl_plain_password"]) == ("SCRAM-SHA-512", "kafka-secret")


def test_the_settings_do_not_tell_secrets_when_printed() -> None:
    assert SECRET not in repr(read_settings(WHOLE))


def test_the_connector_depends_on_what_it_says_and_on_nothing_of_the_worker() -> None:
    trees = [ast.parse(file.read_text()) for file in PACKAGE.glob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    others = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert others == {"aiokafka", "httpx", "l1_walk_contracts"}


def test_every_setting_is_in_the_document_and_no_other() -> None:
    source = (PACKAGE / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source)) | {"STORE", "LOG_LEVEL"}
    read |= {secret for vendor in VENDORS.values() for secret in vendor.secrets}
    rows = [
        line.split("|")[1] for line in DOCUMENT.read_text().splitlines() if line.startswith("| `CONNECTOR_")
    ]
    assert {name for row in rows for name in re.findall(r"`CONNECTOR_([A-Z_]+)`", row)} == read
