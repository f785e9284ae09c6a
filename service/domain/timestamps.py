"""Kafka's timestamps as moments."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = (datetime(9999, 12, 31, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def record_time(timestamp_ms: int) -> datetime | None:
    """A record's timestamp (milliseconds since the epoch); None where it has none that a calendar knows."""
    if not 0 <= timestamp_ms <= _LATEST_MS:
        return None
    return EPOCH + timedelta(milliseconds=timestamp_ms)


def milliseconds(moment: datetime | None) -> int:
    """The timestamp (milliseconds since the epoch) of which `record_time` made this; -1 for None."""
    return -1 if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)
