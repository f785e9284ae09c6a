"""How the simulator answers: limits, credentials and faults are the same for all vendors."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .books import Books
from .faults import Fault, Faults


class WrongError(Exception):
    """The request is not as the vendor wants it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Desk:
    """A PSA at work."""

    books: Books
    faults: Faults
    headers: Mapping[str, str]
    """That every call must have."""
    hold: float
    """Seconds that UNANSWERED waits after the write, and LATE before it."""
    slow: float
    """Seconds of SLOW, at most."""
    retry_after: float
    tell: Callable[[str], None] = print
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(
        self,
        request: Request,
        endpoint: str,
        work: Callable[[], Any],
        *,
        writes: bool,
        open_to_all: bool = False,
    ) -> Response:
        """Answer with what `work` gives, where nothing goes wrong."""
        within = self.books.begin(endpoint, time.time())
        try:
            if not open_to_all and any(
                request.headers.get(name) != value for name, value in self.headers.items()
            ):
                return JSONResponse({"message": "who are you?"}, 401)
            if not within:
                return self._limited()
            fault = self.faults.draw(endpoint, writes=writes)
            self.books.faults[fault] += 1
            return await self._with_fault(fault, work)
        except WrongError as error:
            return JSONResponse({"message": str(error)}, error.status)
        finally:
            self.books.end(endpoint)

    async def _with_fault(self, fault: Fault, work: Callable[[], Any]) -> Response:
        match fault:
            case Fault.LIMITED:
                return self._limited()
            case Fault.CONFLICT:
                return JSONResponse({"message": "somebody else is at it"}, 409)
            case Fault.REFUSED:
                return JSONResponse({"message": "not so"}, 400)
            case Fault.BROKEN:
                if self.faults.coin():
                    work()
                return JSONResponse({"message": "oh no"}, 500)
            case Fault.LATE:
                await asyncio.sleep(self.hold)
                return JSONResponse(work())
        answer = JSONResponse(work())
        if fault is Fault.UNANSWERED:
            await asyncio.sleep(self.hold)
        elif fault is Fault.SLOW:
            await asyncio.sleep(self.slow)
        elif fault is Fault.HELD:
            await self.released.wait()
        return answer

    def _limited(self) -> Response:
        after = f"{self.retry_after:.0f}"
        if self.faults.coin():
            after = format_datetime(datetime.now(UTC) + timedelta(seconds=self.retry_after), usegmt=True)
        return JSONResponse({"message": "too many calls"}, 429, {"Retry-After": after})

    def ticket(self, number: Any) -> int:
        """The ticket of that number; there are all but the missing."""
        try:
            ticket = int(number)
        except (TypeError, ValueError):
            raise WrongError(400, "no ticket's number") from None
        if ticket in self.books.missing:
            raise WrongError(404, f"ticket {ticket} is not there")
        return ticket

    def add_note(self, ticket: Any, text: Any, *, internal: bool, limit: int = 32_000) -> dict[str, Any]:
        if not isinstance(text, str) or not text.strip() or len(text) > limit:
            raise WrongError(400, "a note has a text, and not too long a one")
        note = {"ticket": self.ticket(ticket), "text": text, "internal": internal, "at": time.time()}
        self.books.notes.append(note)
        who = "colleagues" if internal else "the client"
        self.tell(f"note on ticket {ticket}, for {who}: {text.splitlines()[0]}")
        return {"id": len(self.books.notes)}

    def add_time(self, ticket: Any, hours: Any, *, client: str, internal: str, who: Any) -> dict[str, Any]:
        if not isinstance(hours, int | float) or not 0 < hours <= 24:
            raise WrongError(400, "hours are above 0 and at most 24")
        entry = {
            "ticket": self.ticket(ticket), "hours": hours, "client": client, "internal": internal, "who": who,
            "at": time.time(),
        }  # fmt: skip
        self.books.times.append(entry)
        self.tell(f"time on ticket {ticket}: {hours:.2f} hours")
        return {"id": len(self.books.times)}

    def set_status(self, ticket: Any, status: Any) -> dict[str, Any]:
        self.books.set_status(self.ticket(ticket), status, time.time())
        self.tell(f"status of ticket {ticket}: {status}")
        return {"id": ticket}
