"""Faults of aiokafka 0.14 that lose commands, hold them up or leak, mended here until they are mended there.

Each replaces a part of aiokafka for the whole process, and has a test that fails where an upgrade moves that part.
"""

from service.mends.closed_connections import bear_closed_connections
from service.mends.first_connections import close_first_connections
from service.mends.header_names import bear_odd_header_names

__all__ = ["mend_aiokafka"]


def mend_aiokafka() -> None:
    """Put all of them in place; may be called again."""
    bear_closed_connections()
    close_first_connections()
    bear_odd_header_names()
