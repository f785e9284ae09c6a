"""The log of the process: text for a terminal, one JSON object a line for a program.

What is logged beside the message goes through `extra=`; payloads are never given to the log above debug.
"""

import json
import logging
import math
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

LIBRARIES = {
    "aiokafka": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "faststream": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "uvicorn": logging.WARNING,
}
"""How loud each library may be: the worker says itself what an operator wants to know."""

SELDOM_SECONDS = 30.0
"""How often a library's message is let through."""
SETTLING_SECONDS = 5.0
"""How long brokers may take over what a group or topic that is new to them needs, before a library's error tells it."""
SETTLING = ("GroupCoordinatorNotAvailableError", "NotLeaderForPartitionError", "LeaderNotAvailableError")
"""What brokers answer until then."""
SELDOM_KINDS = 1000
"""Different messages remembered, at most."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_COLOURS = {
    "DEBUG": "\033[2m",
    "INFO": "\033[36m",
    "WARNING": "\033[33m",
    "ERROR": "\033[31m",
    "CRITICAL": "\033[31m",
}


def set_up(
    level: str = "info", style: Literal["auto", "text", "json"] = "auto", stream: TextIO | None = None
) -> None:
    """Send all logs of the process to `stream` (standard error), in place of any handlers set before.

    Args:
        level: the lowest level of the worker's own loggers; at `debug` the libraries speak up too.
        style: `auto`: text where the stream is a terminal, else JSON.
        stream: where to.
    """
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    as_text = style == "text" or (style == "auto" and stream.isatty())
    if level != "debug":
        handler.addFilter(Seldom())
    handler.setFormatter(TextFormatter(coloured=_coloured(stream)) if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, quiet in LIBRARIES.items():
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
        library.setLevel(logging.NOTSET if level == "debug" else quiet)


class Seldom(logging.Filter):
    """Lets a library say the same thing once in a while: what is away, aiokafka tells two hundred times a second.

    What mends itself while brokers settle is said when it has lasted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}
        self._since: dict[str, tuple[float, float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be logged."""
        if record.name.partition(".")[0] not in LIBRARIES:
            return True
        said, now = (record.name, str(record.msg)), self._clock()
        if self._settles(record, now):
            return False
        if now - self._said.get(said, -math.inf) < SELDOM_SECONDS:
            return False
        if len(self._said) >= SELDOM_KINDS:
            self._said.clear()
        self._said[said] = now
        return True

    def _settles(self, record: logging.LogRecord, now: float) -> bool:
        said = record.args if isinstance(record.args, tuple) else ()
        names = {
            one if isinstance(one, str) else getattr(one, "__name__", type(one).__name__) for one in said
        }
        error = next(iter(names.intersection(SETTLING)), None)
        if error is None or not record.name.startswith("aiokafka"):
            return False
        first, last = self._since.get(error, (now, now))
        if now - last > SELDOM_SECONDS:
            first = now
        self._since[error] = first, now
        return now - first < SETTLING_SECONDS


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `at` (UTC), `level`, `logger`, `message`, `extra`, `error` (the trace)."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, Any] = {
            "at": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """`16:01:19.615 INFO  message  name=value`, with the trace below."""

    def __init__(self, *, coloured: bool) -> None:
        super().__init__()
        self._coloured = coloured

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines where there is a trace."""
        level = f"{record.levelname:<7}"
        if self._coloured:
            level = f"{_COLOURS.get(record.levelname, '')}{level}\033[0m"
        extra = "".join(f"  {name}={value}" for name, value in _extra(record).items())
        clock = _time(record).astimezone().strftime("%H:%M:%S.%f")[:-3]
        trace = "\n" + self.formatException(record.exc_info) if record.exc_info else ""
        return f"{clock} {level} {record.getMessage()}{extra}{trace}"


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _coloured(stream: TextIO) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
