"""What cannot be right is refused at the start, and a secret in it is not quoted."""

from datetime import timedelta

import pytest

from service import settings
from service.settings import SettingsError

SECRET = "s3cr3t"


@pytest.mark.parametrize("mark", "/?#")
@pytest.mark.parametrize("begin", ["postgresql://", "postgresql+asyncpg://"])
def test_a_password_that_is_not_escaped_is_not_taken_for_a_port(
    mark: str, begin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALK_DATABASE_URL", f"{begin}walk:{SECRET}{mark}x@db:5432/walk")
    with pytest.raises(SettingsError, match=r"WALK_DATABASE_URL: .*percent-encoded") as raised:
        settings.load()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://walk:p%2Fw@db:5432/walk?sslmode=require",
        "postgresql+asyncpg://walk@db/walk",
        "postgres://a:1,[::1]:2,c/walk",
        "postgresql:///walk?host=/run/postgresql",
    ],
)
def test_a_database_may_be_named_in_many_ways(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALK_DATABASE_URL", url)
    assert settings.load().require_database().endswith(url.partition("://")[2])


@pytest.mark.parametrize("servers", ["::bad::", "broker:", "broker:x", "a:1,,b:2", "kafka://a:1"])
def test_brokers_are_hosts_with_ports(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALK_KAFKA_BOOTSTRAP_SERVERS", servers)
    with pytest.raises(SettingsError, match=r"WALK_KAFKA_BOOTSTRAP_SERVERS: .*host:port"):
        settings.load()


@pytest.mark.parametrize("servers", ["broker", "10.0.0.1:9092", "a:1, b:2", "[::1]:9092", ""])
def test_brokers_may_be_several(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALK_KAFKA_BOOTSTRAP_SERVERS", servers)
    assert settings.load().kafka_bootstrap_servers == servers


@pytest.mark.parametrize(("text", "hours"), [("off", None), ("90m", 1.5), ("36500d", 36_500 * 24)])
def test_walks_are_idle_after_a_time_or_never(
    text: str, hours: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WALK_IDLE_AFTER", text)
    assert settings.load().idle_after == (None if hours is None else timedelta(hours=hours))


@pytest.mark.parametrize("text", ["0s", "-1h", "never", "", "36501d"])
def test_what_is_no_age_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WALK_IDLE_AFTER", text)
    with pytest.raises(SettingsError, match="WALK_IDLE_AFTER"):
        settings.load()
