"""What a vendor's module answers: which requests write a walk, and which find what was written. Pure."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from .walks import Walk

MINUTE = timedelta(minutes=1)


class Step(StrEnum):
    """What is written for a walk, in this order: no ticket is closed before its time is booked."""

    NOTE = "note"
    TIME = "time"
    STATUS = "status"


STEPS = tuple(Step)


class UnfitError(Exception):
    """The vendor has no place for this walk; says why. It is parked."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call; `endpoint` is what the vendor's limit of parallel calls counts by."""

    method: str
    path: str
    endpoint: str
    json: Any = None
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """How one step is written, and how to see whether it already is."""

    write: Request
    look_up: Request
    found: Callable[[Any], bool]
    """Whether the look-up's answer, as parsed JSON, holds what was written."""


@dataclass(frozen=True, slots=True)
class Search:
    """How the number of a ticket is found, where the walk does not have it."""

    request: Request
    read: Callable[[Any], int | None]
    """The number in the answer, as parsed JSON; None: there is no such ticket."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows; each is a setting, these are the module's defaults."""

    calls: int
    """Within `window`, of everybody who uses this connector's store."""
    window: timedelta
    parallel: int
    """Calls at the same time to one endpoint."""
    note_characters: int
    shortest: timedelta = MINUTE
    longest: timedelta = timedelta(hours=24)
    """Of a time entry."""
    rounding: timedelta = MINUTE
    """Time entries are rounded up to whole ones of these."""


@dataclass(frozen=True, slots=True)
class Desk:
    """How this MSP's PSA is set up: what stands for what there."""

    resolved: str
    """The ticket's status after a resolved walk, in the vendor's own words or numbers."""
    escalated: str
    member: str = ""
    """Whom time is booked on, where `members` does not tell."""
    members: Mapping[str, str] | None = None
    """The PSA's id of a technician by the product's."""
    role: str = ""
    """The role that time is booked in, where the vendor wants one."""

    def status(self, walk: Walk) -> str:
        """The status that the ticket gets."""
        return self.resolved if walk.resolved else self.escalated

    def who(self, walk: Walk) -> str:
        """The PSA's id of who did it; empty where nobody is set."""
        return (self.members or {}).get(walk.user_id, self.member)


class Vendor(Protocol):
    """A PSA. `secrets` names the settings that only a vendor has; all are passed to its constructor."""

    secrets: ClassVar[tuple[str, ...]]
    limits: ClassVar[Limits]

    def __init__(self, secrets: dict[str, str]) -> None: ...

    def headers(self) -> dict[str, str]:
        """Of every call."""

    def token_request(self) -> Request | None:
        """How to get a bearer token; None where the headers are enough."""

    def ticket(self, walk: Walk) -> int | Search:
        """The ticket as the PSA numbers it, so that no text of ours gets into a path; raises UnfitError."""

    def action(self, step: Step, walk: Walk, ticket: int, desk: Desk, limits: Limits) -> Action:
        """How the step is written on that ticket; raises UnfitError."""


def ticket_number(walk: Walk) -> int:
    """The ticket's id as a number."""
    if not (walk.ticket_id.isascii() and walk.ticket_id.isdigit()):
        raise UnfitError("the ticket's id is not a number, as this PSA wants it")
    return int(walk.ticket_id)


def number(text: str, what: str) -> int:
    """A setting as the number that the vendor wants."""
    try:
        return int(text)
    except ValueError:
        raise UnfitError(f"no number is set for {what}") from None


def fit(text: str, tail: str, characters: int, session_id: str) -> str:
    """The text with `tail` as its last line, in so many characters; where it was cut it points to the whole."""
    whole = f"{text}\n\n{tail}" if text else tail
    if len(whole) <= characters:
        return whole
    pointer = f"\n[cut here; the whole is walk {session_id}]\n\n{tail}"
    return text[: max(0, characters - len(pointer))] + pointer


def booked(walk: Walk, limits: Limits) -> tuple[float, str]:
    """Hours to book in the one entry that a walk has, and a remark for colleagues where they are not the whole.

    Rounded up to the vendor's steps and to its shortest entry. Longer than its longest is clamped, not split: a
    second entry could not be told from one that was written twice. The remark says what is left to book by hand.
    """
    steps = max(1, math.ceil(timedelta(seconds=walk.active_seconds) / limits.rounding))
    time = max(steps * limits.rounding, limits.shortest)
    if time <= limits.longest:
        return round(time / timedelta(hours=1), 4), ""
    rest = math.ceil((time - limits.longest) / MINUTE)
    remark = f"Longer than one entry may be: {rest} minutes are left to book by hand."
    return round(limits.longest / timedelta(hours=1), 4), remark
