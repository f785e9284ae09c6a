"""What a deployment may set about the rules of a walk."""

from datetime import timedelta

import msgspec

from l1_walk_contracts import limits


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the domain; the rest of design 5 to 7 is fixed by the contract."""

    path_limit: int = limits.PATH_ENTRIES
    """Entries of a path, rewinds included (design 5)."""
    active_gap: timedelta = limits.ACTIVE_GAP
    """A longer gap between two deeds is not counted as active time (design 7)."""
    event_source: str = "/l1-walk-worker"
    """The CloudEvents `source` of all that is told (design 7)."""
