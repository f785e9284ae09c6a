"""Every number of the contract, with its unit and where it comes from. Characters are Unicode code points."""

from datetime import timedelta
from typing import Final

# The envelope (design 4)
MESSAGE_BYTES: Final = 512 * 1024
"""Bytes of a record's value; a larger one is unreadable."""
JSON_VALUES: Final = 20_000
"""Values in a record's value: texts, numbers, true, false, null, lists and objects, at any depth. The largest list of
notes that a walk can hold has half as many; a message of more of them is unreadable, as one that is too large."""
ID_CHARS: Final = 128
"""Characters of `id`, `source` and `type`, at least one."""
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far `time` may be ahead of the record's timestamp before the timestamp replaces it."""

# Fields of `data` (design 5), in characters
TICKET_ID_CHARS: Final = 64
NODE_ID_CHARS: Final = 100
TEXT_CHARS: Final = 32_000
"""Notes, resolution notes and escalation reasons: what a PSA note holds."""
ANSWER_CHARS: Final = 2_000
"""`question`, `answer` and `answer_label`."""
ACTING_AS_CHARS: Final = 30
REASON_CATEGORY_CHARS: Final = 30
ABANDON_REASON_CHARS: Final = 2_000
VERSION_MAX: Final = 2**31 - 1
"""The largest session version: a PostgreSQL integer."""

# What a session may grow to (design 5); the domain refuses what would pass them
PATH_ENTRIES: Final = 500
"""Default of the setting; rewinds count."""
PATH_BYTES: Final = 1024 * 1024
"""Bytes of `walked_path` as JSON."""
NOTES_BYTES: Final = 256 * 1024
"""Bytes of `walk_notes` as JSON."""

NOTES: Final = 3_000
"""Notes in one `replace-notes`: each takes 90 bytes of `NOTES_BYTES` at least, so more of them fit no walk."""

# Events (design 7)
EVENT_BYTES: Final = 64 * 1024
"""Bytes of an event's value."""
SUMMARY_CHARS: Final = 32_000
"""Characters of `summary`."""
CUSTOMER_SUMMARY_CHARS: Final = 16_000
"""Characters of `customer_summary`: it fits an event beside resolution notes of full length, which are never cut."""
ACTIVE_GAP: Final = timedelta(minutes=15)
"""Default of the setting: a longer gap between two commands is not counted in `active_seconds`."""
