"""One call: permits, tokens, Retry-After, and what it says of an answer that does not come."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import httpx
import pytest

from examples.psa_connector.calls import Calls
from examples.psa_connector.client import Answer, Client, StoppedError
from examples.psa_connector.connectwise import ConnectWise
from examples.psa_connector.halopsa import HaloPSA
from examples.psa_connector.settings import Pace
from examples.psa_connector.vendor import Request, Vendor
from examples.psa_connector.verdict import Verdict

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
NOTE = Request("POST", "/notes", "notes", json={"text": "the cable was loose"})
CONNECTWISE = ConnectWise({"COMPANY": "acme", "PUBLIC_KEY": "pub", "PRIVATE_KEY": "priv", "CLIENT_ID": "id"})
PACE = Pace(timeout=0.05, settle=10.0, backoff=2.0, longest_backoff=8.0, attempts=3)


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 1_000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@asynccontextmanager
async def client(
    db: sqlite3.Connection, handler: Handler, clock: Clock, vendor: Vendor = CONNECTWISE
) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://psa") as http:
        calls = Calls(db, vendor.limits)
        yield Client(http, vendor, calls, PACE, asyncio.Event(), clock=clock, sleep=clock.sleep)


async def test_after_a_429_nobody_calls_before_the_time_it_names(db: sqlite3.Connection) -> None:
    answers = iter([httpx.Response(429, headers={"Retry-After": "17"}), httpx.Response(201, json={})])

    async def psa(_: httpx.Request) -> httpx.Response:
        return next(answers)

    clock = Clock()
    async with client(db, psa, clock) as psa_client:
        assert (await psa_client.call(NOTE)).verdict is Verdict.NOT_DONE
        assert (await psa_client.call(NOTE)).verdict is Verdict.DONE
    assert clock.slept == [17.0]


async def test_no_answer_is_doubt_and_its_place_stays_taken(db: sqlite3.Connection) -> None:
    async def psa(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError

    async with client(db, psa, Clock()) as psa_client:
        assert (await psa_client.call(NOTE)).verdict is Verdict.IN_DOUBT
    assert db.execute("SELECT count(*) FROM calls WHERE answered = 0").fetchone()[0] == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ConnectError, Verdict.NOT_DONE),
        (httpx.ConnectTimeout, Verdict.NOT_DONE),
        (httpx.ReadError, Verdict.IN_DOUBT),
        (httpx.WriteError, Verdict.IN_DOUBT),
        (httpx.RemoteProtocolError, Verdict.IN_DOUBT),
    ],
)
async def test_only_a_call_that_was_never_sent_is_certainly_not_done(
    db: sqlite3.Connection, error: type[Exception], said: Verdict
) -> None:
    async def psa(_: httpx.Request) -> httpx.Response:
        raise error("")

    async with client(db, psa, Clock()) as psa_client:
        assert (await psa_client.call(NOTE)).verdict is said


async def test_a_token_is_fetched_once_and_again_when_it_is_refused(db: sqlite3.Connection) -> None:
    paths: list[str] = []

    async def psa(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": f"t{len(paths)}", "expires_in": 3_600})
        old = request.headers["authorization"] == "Bearer t1" and len(paths) > 3
        return httpx.Response(401 if old else 201, json={})

    halo = HaloPSA({"CLIENT_ID": "id", "CLIENT_SECRET": "sec", "TENANT": "acme"})
    async with client(db, psa, Clock(), halo) as psa_client:
        said = [(await psa_client.call(NOTE)).verdict for _ in range(4)]
    assert said == [Verdict.DONE, Verdict.DONE, Verdict.LOCKED_OUT, Verdict.DONE]
    assert paths == ["/auth/token", "/notes", "/notes", "/notes", "/auth/token", "/notes"]


async def test_a_token_that_is_refused_parks_nothing(db: sqlite3.Connection) -> None:
    async def psa(_: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": "invalid_client"})

    halo = HaloPSA({"CLIENT_ID": "id", "CLIENT_SECRET": "sec", "TENANT": "acme"})
    async with client(db, psa, Clock(), halo) as psa_client:
        assert (await psa_client.call(NOTE)).verdict is Verdict.LOCKED_OUT


async def test_what_the_psa_says_is_for_the_store_and_not_for_the_log(
    db: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    async def psa(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, content=b"wrong: " + request.content)

    with caplog.at_level(logging.INFO):
        async with client(db, psa, Clock()) as psa_client:
            answer: Answer = await psa_client.call(NOTE)
    assert "cable" in answer.reason
    assert "cable" not in answer.short + caplog.text


async def test_who_is_stopped_makes_no_call(db: sqlite3.Connection) -> None:
    async def psa(_: httpx.Request) -> httpx.Response:
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(psa), base_url="http://psa") as http:
        stopping, calls = asyncio.Event(), Calls(db, CONNECTWISE.limits)
        calls.close(Clock().now + 60)
        psa_client = Client(http, CONNECTWISE, calls, PACE, stopping, clock=Clock())
        waiting = asyncio.create_task(psa_client.call(NOTE))
        await asyncio.sleep(0)
        stopping.set()
        with pytest.raises(StoppedError):
            await waiting
