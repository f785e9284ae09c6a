"""What was written, and how hard the PSA was called."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Books:
    """The whole of a simulated PSA. Times are seconds of the machine's clock."""

    calls: int
    """Allowed in `window`."""
    window: float
    parallel: int
    """Allowed at the same time, of each endpoint."""
    missing: set[int] = field(default_factory=set)
    """Tickets that are not there; any other is."""
    notes: list[dict[str, Any]] = field(default_factory=list)
    times: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    most_in_window: int = 0
    most_parallel: Counter[str] = field(default_factory=Counter)
    over_limit: int = 0
    """Calls that came above a limit, and were refused."""
    faults: Counter[str] = field(default_factory=Counter)
    _recent: deque[float] = field(default_factory=deque)
    _under_way: Counter[str] = field(default_factory=Counter)
    _status: dict[int, Any] = field(default_factory=lambda: defaultdict(lambda: "new"))

    def begin(self, endpoint: str, now: float) -> bool:
        """Count a call in; whether it is within the limits. `end` it either way."""
        while self._recent and self._recent[0] <= now - self.window:
            self._recent.popleft()
        self._recent.append(now)
        self._under_way[endpoint] += 1
        self.most_in_window = max(self.most_in_window, len(self._recent))
        self.most_parallel[endpoint] = max(self.most_parallel[endpoint], self._under_way[endpoint])
        within = len(self._recent) <= self.calls and self._under_way[endpoint] <= self.parallel
        self.over_limit += not within
        return within

    def end(self, endpoint: str) -> None:
        """The call is answered, or nobody waits for it any more."""
        self._under_way[endpoint] -= 1

    def set_status(self, ticket: int, status: Any, now: float) -> None:
        self._status[ticket] = status
        self.statuses.append({"ticket": ticket, "status": status, "at": now})

    def status(self, ticket: int) -> Any:
        return self._status[ticket]

    def shown(self) -> dict[str, Any]:
        """All of it, for those who check."""
        return {
            "notes": self.notes,
            "times": self.times,
            "statuses": self.statuses,
            "most_in_window": self.most_in_window,
            "most_parallel": self.most_parallel,
            "over_limit": self.over_limit,
            "faults": self.faults,
        }
