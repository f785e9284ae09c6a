"""Settling dead letters from outside: commands to the worker that owns them, and what came of each (design 9, rule 4).

Whoever settles only sends; the worker does it. So it may be stopped or killed at any point and done again: what is
settled already stays so, and what was sent is handled once a worker runs.
"""

from service.ops.settling.choice import Choice, Lot, named_ones, wanted_ones
from service.ops.settling.post import Post, posting
from service.ops.settling.results import End, Result
from service.ops.settling.run import GIVEN_UP_AFTER, GivenUp, Order, Settling, Stalled, Tally

__all__ = [
    "GIVEN_UP_AFTER",
    "Choice",
    "End",
    "GivenUp",
    "Lot",
    "Order",
    "Post",
    "Result",
    "Settling",
    "Stalled",
    "Tally",
    "named_ones",
    "posting",
    "wanted_ones",
]
