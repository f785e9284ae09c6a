"""For the tests of those who build against the worker: valid messages, and a worker in memory.

`Factory` needs these contracts alone. `FakeWorker` decides by the worker's own rules, so it needs the worker:
`pip install 'l1-walk-contracts[testing]'`, or `pip install ./contracts .` in a clone of the worker.
"""

from typing import TYPE_CHECKING, Any

from .factory import Factory

if TYPE_CHECKING:
    from .fake_worker import FakeWorker, Handled

__all__ = ["Factory", "FakeWorker", "Handled"]


def __getattr__(name: str) -> Any:
    """What needs the worker is imported when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import fake_worker  # noqa: PLC0415

    return getattr(fake_worker, name)
