"""How long a walk took, and how much of it can be billed (design 7)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

_ZERO = timedelta(0)


def moment(value: object) -> datetime | None:
    """The `at` of an entry as a UTC time; None for what is no ISO 8601 text, a naive one is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is UTC:
            return at
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def duration_seconds(started_at: datetime, ended_at: datetime) -> int:
    """Whole seconds from start to end; 0 where an adopted row's clocks run backwards."""
    return max(0, int((ended_at - started_at).total_seconds()))


def active_seconds(
    started_at: datetime, ended_at: datetime, deeds: Iterable[datetime | None], gap: timedelta
) -> int:
    """Whole seconds of the walk without the gaps longer than `gap` between one deed and the next.

    Deeds may come in any order; those outside of the walk's time do not make it longer.
    """
    if ended_at - started_at <= gap:
        return duration_seconds(started_at, ended_at)
    active, last = _ZERO, started_at
    for at in [*sorted(d for d in deeds if d is not None and started_at < d < ended_at), ended_at]:
        if at - last <= gap:
            active += at - last
        last = at
    return int(active.total_seconds())
