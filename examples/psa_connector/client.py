"""One call to the PSA: with a permit, a token, a time limit, and an answer that says what became of it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from .calls import Calls
from .settings import Pace
from .store import Claimed
from .vendor import Request, Vendor
from .verdict import DENIED, Verdict, retry_after, verdict

logger = logging.getLogger(__name__)
REASON_CHARACTERS = 500
TOKEN_MARGIN = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a call. `reason`, the PSA's words, may quote ours: it is for the store, not for the log."""

    verdict: Verdict
    short: str
    """For the log."""
    reason: str = ""
    body: Any = None


class StoppedError(Exception):
    """We are told to stop, and the call was not made."""


class Client:
    """Makes calls until it is `stopping`; clock and sleep are passed in."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        vendor: Vendor,
        calls: Calls,
        pace: Pace,
        stopping: asyncio.Event,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        self._http, self._vendor, self._calls, self._pace = http, vendor, calls, pace
        self._stopping, self._clock, self._sleep = stopping, clock, sleep or self._pause
        self._token, self._token_until = "", 0.0
        self._token_lock = asyncio.Lock()

    async def call(self, request: Request, *, writes: Claimed | None = None) -> Answer:
        """Wait for a permit and make the call.

        Raises LostClaimError where the walk that it writes was claimed again, and StoppedError.
        """
        headers = dict(self._vendor.headers())
        if self._vendor.token_request() is not None:
            refused = await self._renew_token()
            if refused is not None:
                return refused
            headers["Authorization"] = f"Bearer {self._token}"
        answer = await self._send(request, headers, writes)
        if answer.verdict in DENIED:  # a new token may have what the old one has not
            self._token_until = 0.0
        return answer

    async def _renew_token(self) -> Answer | None:
        """Have a token that is good for a while; else the answer that says why there is none."""
        async with self._token_lock:
            request = self._vendor.token_request()
            if request is None or self._clock() < self._token_until:
                return None
            answer = await self._send(request, {}, None)
            body = answer.body if isinstance(answer.body, dict) else {}
            if answer.verdict is Verdict.DONE and "access_token" in body:
                life = float(body.get("expires_in", 0))
                self._token, self._token_until = body["access_token"], self._clock() + life - TOKEN_MARGIN
                return None
            ours = answer.verdict in {Verdict.DONE, Verdict.REFUSED, *DENIED}
            said = Verdict.LOCKED_OUT if ours else Verdict.NOT_DONE
            return Answer(said, f"no token, {answer.short}", f"no token, {answer.reason}")

    async def _send(self, request: Request, headers: dict[str, str], writes: Claimed | None) -> Answer:
        call = await self._permit(request.endpoint, writes)
        try:
            async with asyncio.timeout(self._pace.timeout):
                response = await self._http.request(
                    request.method,
                    request.path,
                    params=request.query,
                    json=request.json,
                    data=request.form,
                    headers=headers,
                )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._calls.ended(call, self._clock(), ok=False)
            return Answer(Verdict.NOT_DONE, f"no connection ({type(error).__name__})")
        except (TimeoutError, httpx.RequestError) as error:
            # the permit stays taken: the PSA may be at it still
            return Answer(Verdict.IN_DOUBT, f"no answer ({type(error).__name__})")
        now = self._clock()
        said = verdict(response.status_code)
        self._calls.ended(call, now, ok=said is Verdict.DONE)
        if response.status_code in {429, 503}:
            wait = retry_after(response.headers.get("retry-after"), now)
            if wait is not None or response.status_code == 429:
                self._calls.close(now + (self._pace.backoff if wait is None else wait))
        return _answer(said, response)

    async def _permit(self, endpoint: str, writes: Claimed | None) -> int:
        while not self._stopping.is_set():
            now = self._clock()
            until = now + self._pace.timeout + self._pace.settle
            permit = self._calls.take(endpoint, now, until, writes=writes)
            if isinstance(permit, int):
                return permit
            await self._sleep(permit)
        raise StoppedError

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _answer(said: Verdict, response: httpx.Response) -> Answer:
    short = f"HTTP {response.status_code}"
    logger.debug("%s: %s", short, response.text)
    if said is not Verdict.DONE:
        return Answer(said, short, f"{short} {' '.join(response.text.split())[:REASON_CHARACTERS]}".strip())
    try:
        return Answer(said, short, body=response.json() if response.content else None)
    except ValueError:
        return Answer(said, short)
