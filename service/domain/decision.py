"""What a decision can be."""

from typing import NamedTuple

from l1_walk_contracts import Event, RejectionReason
from service.domain.session import Session


class Accepted(NamedTuple):
    """The command is granted."""

    session: Session
    """As it now stands; the very same object where nothing changed."""
    events: tuple[Event, ...] = ()
    """What is to be told, in order."""


class Rejected(NamedTuple):
    """A rule said no: nothing changed."""

    reason: RejectionReason
    version: int | None
    """The version that stands; None where the sender may not know of a session."""
