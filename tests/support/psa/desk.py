"""A PSA, a connector, and the topics between."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from l1_walk_contracts import EscalatedData, Event, OutRecord, ResolvedData
from service.dev.children import Children
from tests.support.psa.connector import Connector, statuses
from tests.support.psa.ended import publish
from tests.support.psa.simulator import Simulator
from tests.support.waiting import until

PARTITIONS = 4
PATIENCE = 60.0


class Desk:
    """What a test of the connector has."""

    def __init__(
        self, children: Children, psa: Simulator, servers: str, prefix: str, settings: Mapping[str, str]
    ) -> None:
        self.psa = psa
        self.connector = Connector(children, psa, servers, prefix, **settings)
        self._servers, self.prefix = servers, prefix

    async def publish(self, *events: Event | OutRecord) -> None:
        await publish(self._servers, self.prefix, events)

    async def written(self, *events: Event, timeout: float = PATIENCE) -> dict[str, Any]:
        """Wait until these walks have a note, a time entry and, of the newest, a status; then all that was written."""
        wanted = newest(events, self.psa.vendor)
        try:
            await until(lambda: self._done(events, wanted), timeout, "all is written")
        except AssertionError as error:
            raise AssertionError(f"{error}; the connector: {self.connector.log()[-3_000:]}") from None
        return self.psa.shown()

    async def logged(self, text: str) -> None:
        """Wait until the connector has logged it."""
        await until(lambda: text in self.connector.log(), PATIENCE, f"it logs {text!r}")

    def once(self, *events: Event) -> None:
        """These, and nothing else, are written, each once, and no limit was ever passed."""
        shown = self.psa.shown()
        ids = Counter(event.id for event in events)
        client = "internal" if self.psa.vendor != "halopsa" else "client"
        wrong = {
            "notes": difference(ids, found(ids, shown["notes"], "text")),
            "times": difference(ids, found(ids, shown["times"], client)),
            "others": len(shown["notes"]) - len(ids) or len(shown["times"]) - len(ids),
            "statuses": newest(events, self.psa.vendor).items() ^ last(shown["statuses"]).items(),
            "calls above a limit": shown["over_limit"],
        }
        assert not any(wrong.values()), wrong

    def _done(self, events: Iterable[Event], wanted: dict[int, Any]) -> bool:
        shown, ids = self.psa.shown(), Counter(event.id for event in events)
        client = "internal" if self.psa.vendor != "halopsa" else "client"
        return (
            found(ids, shown["notes"], "text") >= ids
            and found(ids, shown["times"], client) >= ids
            and last(shown["statuses"]).items() >= wanted.items()
        )


def found(ids: Iterable[str], entries: Iterable[Mapping[str, Any]], field: str) -> Counter[str]:
    """How often each id is told of in the entries."""
    known = set(ids)
    words = (word.strip("[]") for entry in entries for word in str(entry[field]).split())
    return Counter(word for word in words if word in known)


def last(changes: Iterable[Mapping[str, Any]]) -> dict[int, Any]:
    """Where each ticket's status stands."""
    return {change["ticket"]: change["status"] for change in changes}


def newest(events: Iterable[Event], vendor: str) -> dict[int, Any]:
    """What each ticket's status should be."""
    resolved, escalated = statuses(vendor)
    found: dict[int, Any] = {}
    for event in sorted(events, key=lambda event: (event.time, event.id)):
        assert isinstance(event.data, ResolvedData | EscalatedData)
        found[int("".join(filter(str.isdigit, event.data.ticket.id)))] = (
            resolved if isinstance(event.data, ResolvedData) else escalated
        )
    return found


def difference(wanted: Counter[str], there: Counter[str]) -> dict[str, int]:
    """How often each is there that is not there as often as it should be."""
    return {id_: there[id_] for id_ in wanted | there if wanted[id_] != there[id_]}
