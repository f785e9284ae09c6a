"""Numbers, ages and times as people read them."""

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `11 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    rest = round(seconds)
    for place, (size, unit) in enumerate(_UNITS):
        if rest >= size:
            whole, rest = divmod(rest, size)
            below = _UNITS[place + 1] if place + 1 < len(_UNITS) else None
            more = f" {rest // below[0]} {below[1]}" if below and rest // below[0] else ""
            return f"{whole} {unit}{more}"
    return "0 s"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 command`, `2,000 commands`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def local(moment: datetime, *, today: datetime | None = None) -> str:
    """A time of this machine's zone: `16:01:19` where it is of today, else `2026-11-23 16:01`."""
    now = (today or datetime.now(UTC)).astimezone()
    there = moment.astimezone()
    return there.strftime("%H:%M:%S" if there.date() == now.date() else "%Y-%m-%d %H:%M")
