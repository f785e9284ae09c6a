"""Delivery against a PSA of a few lines: parked, locked out, overtaken, looked up."""

import asyncio
import json
import random
import re
import sqlite3
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from examples.psa_connector.calls import Calls
from examples.psa_connector.client import Client
from examples.psa_connector.connectwise import ConnectWise
from examples.psa_connector.deliver import Delivery
from examples.psa_connector.settings import VENDORS, Settings, read_settings
from examples.psa_connector.store import Store
from examples.psa_connector.walks import Walk
from l1_walk_contracts import Event
from tests.support.psa.ended import ended
from tests.support.waiting import until
from tests.unit.connector.test_settings import WHOLE
from tests.unit.connector.test_store import take

PATIENCE = 10.0


class Psa:
    """Does as `answer` says: a status for each call, by method and path."""

    def __init__(self, answer: Callable[[httpx.Request], int]) -> None:
        self.answer = answer
        self.calls: list[str] = []
        self.bodies: dict[str, Callable[[str], object]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(f"{request.method} {request.url.path.rpartition('/')[2]}")
        status = self.answer(request)
        found: object = {"status": {"name": "New"}} if request.url.path.endswith("/1") else []
        for path, body in self.bodies.items():
            if request.url.path.endswith(path):
                found = body(request.content.decode())
        return httpx.Response(status, content=json.dumps(found))


async def deliver(db: sqlite3.Connection, psa: Psa, done: Callable[[], bool], **settings: str) -> Store:
    """Work on what is in the store until it is so."""
    quick = {"TIMEOUT": "2s", "SETTLE": "1ms", "BACKOFF": "1ms", "LONGEST_BACKOFF": "2ms"} | settings
    own: Settings = read_settings(WHOLE | {f"CONNECTOR_{name}": value for name, value in quick.items()})
    stopping, store = asyncio.Event(), Store(db)
    async with httpx.AsyncClient(transport=httpx.MockTransport(psa), base_url=own.url) as http:
        client = Client(http, own.vendor, Calls(db, own.limits), own.pace, stopping)
        running = asyncio.create_task(Delivery(store, client, own, stopping, chance=random.Random(1)).run())
        try:
            await until(done, PATIENCE, "it is so")
        finally:
            stopping.set()
            await running
    return store


def state(db: sqlite3.Connection, event: Event) -> str:
    return str(db.execute("SELECT state FROM walks WHERE id = ?", (event.id,)).fetchone()[0])


async def test_what_fails_again_and_again_is_parked_while_the_psa_answers_others(
    db: sqlite3.Connection,
) -> None:
    poison, others = ended("666"), [ended(str(number)) for number in range(3)]
    take(db, poison, *others)
    psa = Psa(lambda request: 500 if "/666/" in request.url.path and request.method == "POST" else 200)
    await deliver(db, psa, lambda: state(db, poison) == "parked", ATTEMPTS="3")
    reason = db.execute("SELECT reason FROM walks WHERE id = ?", (poison.id,)).fetchone()[0]
    assert reason.startswith("3 times note: HTTP 500")


async def test_a_ticket_is_found_by_its_number_or_parked(db: sqlite3.Connection) -> None:
    there, gone = ended("T20260131.0042"), ended("T20260131.0043")
    take(db, there, gone)
    psa = Psa(lambda _: 200)
    psa.bodies["/query"] = lambda body: {"items": [{"id": 1}] if "0042" in body else []}
    autotask = {"USERNAME": "u", "SECRET": "s", "INTEGRATION_CODE": "c", "STATUS_RESOLVED": "5", "ROLE": "8"}
    await deliver(
        db, psa, lambda: {state(db, there), state(db, gone)} == {"done", "parked"},
        VENDOR="autotask", STATUS_ESCALATED="11", MEMBER="7", **autotask,
    )  # fmt: skip
    assert (state(db, there), state(db, gone)) == ("done", "parked")


class Worded(ConnectWise):
    """A PSA whose tickets are texts."""

    def ticket(self, walk: Walk) -> Any:
        return {"1": "HELP-1"}[walk.ticket_id]


async def test_tickets_may_be_texts_and_a_vendors_own_error_parks_that_walk_alone(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VENDORS, "connectwise", Worded)
    event, broken = ended("1"), ended("broken")
    take(db, broken, event)
    psa = Psa(lambda _: 200)
    await deliver(db, psa, lambda: {state(db, event), state(db, broken)} == {"done", "parked"})
    assert state(db, event) == "done"
    reason = db.execute("SELECT reason FROM walks WHERE id = ?", (broken.id,)).fetchone()[0]
    assert re.fullmatch(r"our own error: KeyError in test_deliver\.py, line \d+", reason)


async def test_an_outage_parks_nothing(db: sqlite3.Connection) -> None:
    event = ended("1")
    take(db, event)
    psa = Psa(lambda _: 503)
    await deliver(db, psa, lambda: len(psa.calls) > 12, ATTEMPTS="2")
    assert state(db, event) == "open"


async def test_wrong_credentials_park_nothing(db: sqlite3.Connection) -> None:
    event, other = ended("1"), ended("2")
    take(db, event, other)
    psa = Psa(lambda _: 401)
    await deliver(db, psa, lambda: len(psa.calls) > 12, ATTEMPTS="2")
    assert (state(db, event), state(db, other)) == ("open", "open")


async def test_a_right_that_is_missing_parks_nothing_where_it_is_missing_for_all(
    db: sqlite3.Connection,
) -> None:
    event, other = ended("1"), ended("2")
    take(db, event, other)
    psa = Psa(lambda _: 403)
    await deliver(db, psa, lambda: len(psa.calls) > 12, ATTEMPTS="2")
    assert (state(db, event), state(db, other)) == ("open", "open")


async def test_a_right_that_is_missing_for_one_ticket_parks_its_walk(db: sqlite3.Connection) -> None:
    forbidden = ended("666")
    take(db, forbidden)
    psa = Psa(lambda request: 403 if "/666/" in request.url.path else 200)

    def parked_while_others_come() -> bool:
        take(db, ended("1"))
        return state(db, forbidden) == "parked"

    await deliver(db, psa, parked_while_others_come, ATTEMPTS="3", CALLS="10000")
    reason = db.execute("SELECT reason FROM walks WHERE id = ?", (forbidden.id,)).fetchone()[0]
    assert reason.startswith("3 times note: HTTP 403")


@pytest.mark.parametrize(
    ("setting", "calls"),
    [
        ("doubtful", ["POST notes", "POST entries", "PATCH 1"]),
        ("always", ["GET notes", "POST notes", "GET entries", "POST entries", "GET 1", "PATCH 1"]),
    ],
)
async def test_it_looks_before_each_write_where_that_is_set(
    db: sqlite3.Connection, setting: str, calls: list[str]
) -> None:
    event = ended("1")
    take(db, event)
    psa = Psa(lambda _: 200)
    await deliver(db, psa, lambda: state(db, event) == "done", LOOK_UP=setting)
    assert psa.calls == calls
