"""The routes of each vendor, as far as a connector needs them."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .desk import Desk, WrongError

Handler = Callable[[Request], Awaitable[Response]]


_LOGIN = base64.b64encode(b"acme+public:private").decode()
HEADERS = {
    "connectwise": {"authorization": f"Basic {_LOGIN}", "clientid": "client"},
    "autotask": {"apiintegrationcode": "code", "username": "user", "secret": "secret"},
    "halopsa": {"authorization": "Bearer token"},
}
"""What proves who is calling, by vendor."""


def routes(vendor: str, desk: Desk) -> list[Route]:
    return {"connectwise": _connectwise, "autotask": _autotask, "halopsa": _halopsa}[vendor](desk)


def _connectwise(desk: Desk) -> list[Route]:
    async def notes(request: Request) -> Response:
        ticket = request.path_params["ticket"]
        if request.method == "GET":
            return await desk.serve(
                request, "notes", lambda: _of(desk, "notes", desk.ticket(ticket)), writes=False
            )
        body = await request.json()

        def add() -> Any:
            flags = [
                body.get(f"{name}Flag") for name in ("internalAnalysis", "detailDescription", "resolution")
            ]
            if True not in flags:
                raise WrongError(400, "a note needs a kind")
            return desk.add_note(ticket, body.get("text"), internal=flags == [True, False, False])

        return await desk.serve(request, "notes", add, writes=True)

    async def time(request: Request) -> Response:
        if request.method == "GET":
            ticket = request.query_params["conditions"].split()[0].partition("=")[2]
            found = [
                {"notes": entry["client"], "internalNotes": entry["internal"]}
                for entry in _of(desk, "times", int(ticket))
            ]
            return await desk.serve(request, "time", lambda: found, writes=False)
        body = await request.json()

        def add() -> Any:
            if body.get("chargeToType") != "ServiceTicket" or not body.get("timeStart"):
                raise WrongError(400, "chargeToType and timeStart are required")
            return desk.add_time(
                body.get("chargeToId"), body.get("actualHours"), client=body.get("notes"),
                internal=body.get("internalNotes"), who=body.get("member"),
            )  # fmt: skip

        return await desk.serve(request, "time", add, writes=True)

    async def ticket(request: Request) -> Response:
        number = request.path_params["ticket"]
        if request.method == "GET":
            return await desk.serve(
                request, "tickets",
                lambda: {"id": number, "status": {"name": desk.books.status(desk.ticket(number))}}, writes=False,
            )  # fmt: skip
        [change] = await request.json()
        return await desk.serve(
            request, "tickets", lambda: desk.set_status(number, change["value"]["name"]), writes=True
        )

    return [
        Route("/service/tickets/{ticket:int}/notes", notes, methods=["GET", "POST"]),
        Route("/time/entries", time, methods=["GET", "POST"]),
        Route("/service/tickets/{ticket:int}", ticket, methods=["GET", "PATCH"]),
    ]


def _autotask(desk: Desk) -> list[Route]:
    async def note(request: Request) -> Response:
        body = await request.json()

        def add() -> Any:
            if not body.get("title") or body.get("publish") not in {1, 2}:
                raise WrongError(500, "title and publish are required")
            return desk.add_note(
                request.path_params["ticket"], body["description"], internal=body["publish"] == 2
            )

        return await desk.serve(request, "TicketNotes", add, writes=True)

    async def query(request: Request) -> Response:
        entity, wanted = request.path_params["entity"], (await request.json())["filter"]
        if entity == "Tickets":
            number = int("".join(filter(str.isdigit, wanted[0]["value"])))
            items = [] if number in desk.books.missing else [{"id": number}]
            return await desk.serve(request, entity, lambda: {"items": items}, writes=False)
        ticket, text = wanted
        kind, fields = {
            "TicketNotes": ("notes", {"description": "text"}),
            "TimeEntries": ("times", {"summaryNotes": "client", "internalNotes": "internal"}),
        }[entity]

        def find() -> Any:
            found = [
                {name: entry[of] for name, of in fields.items()} for entry in _of(desk, kind, ticket["value"])
            ]
            return {"items": [item for item in found if text["value"] in item[text["field"]]]}

        return await desk.serve(request, entity, find, writes=False)

    async def time(request: Request) -> Response:
        body = await request.json()

        def add() -> Any:
            if not all(body.get(name) for name in ("resourceID", "roleID", "dateWorked", "summaryNotes")):
                raise WrongError(500, "a required field is missing")
            return desk.add_time(
                body["ticketID"], body["hoursWorked"], client=body["summaryNotes"],
                internal=body["internalNotes"], who=body["resourceID"],
            )  # fmt: skip

        return await desk.serve(request, "TimeEntries", add, writes=True)

    async def ticket(request: Request) -> Response:
        if request.method == "GET":
            number = request.path_params["ticket"]
            return await desk.serve(
                request,
                "Tickets",
                lambda: {"item": {"status": desk.books.status(desk.ticket(number))}},
                writes=False,
            )
        body = await request.json()
        return await desk.serve(
            request, "Tickets", lambda: desk.set_status(body["id"], body["status"]), writes=True
        )

    return [
        Route("/Tickets/{ticket:int}/Notes", note, methods=["POST"]),
        Route("/{entity}/query", query, methods=["POST"]),
        Route("/TimeEntries", time, methods=["POST"]),
        Route("/Tickets", ticket, methods=["PATCH"]),
        Route("/Tickets/{ticket:int}", ticket, methods=["GET"]),
    ]


def _halopsa(desk: Desk) -> list[Route]:
    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))

        def give() -> Any:
            if (form.get("client_id"), form.get("client_secret")) != ("client", "secret"):
                raise WrongError(400, "invalid_client")
            return {"access_token": "token", "token_type": "Bearer", "expires_in": 3_600}

        return await desk.serve(request, "token", give, writes=False, open_to_all=True)

    async def actions(request: Request) -> Response:
        if request.method == "GET":
            ticket = int(request.query_params["ticket_id"])

            def find() -> Any:
                texts = [note["text"] for note in _of(desk, "notes", ticket)]
                texts += [entry["client"] for entry in _of(desk, "times", ticket)]
                return {"record_count": len(texts), "actions": [{"note": text} for text in texts]}

            return await desk.serve(request, "Actions", find, writes=False)
        [body] = await request.json()

        def add() -> Any:
            if "timetaken" in body:
                return desk.add_time(
                    body["ticket_id"],
                    body["timetaken"],
                    client=body["note"],
                    internal="",
                    who=body.get("who_agentid"),
                )
            return desk.add_note(body["ticket_id"], body["note"], internal=body["hiddenfromuser"])

        return await desk.serve(request, "Actions", add, writes=True)

    async def tickets(request: Request) -> Response:
        if request.method == "GET":
            number = request.path_params["ticket"]
            return await desk.serve(
                request,
                "Tickets",
                lambda: {"status_id": desk.books.status(desk.ticket(number))},
                writes=False,
            )
        [body] = await request.json()
        return await desk.serve(
            request, "Tickets", lambda: desk.set_status(body["id"], body["status_id"]), writes=True
        )

    return [
        Route("/auth/token", token, methods=["POST"]),
        Route("/api/Actions", actions, methods=["GET", "POST"]),
        Route("/api/Tickets", tickets, methods=["POST"]),
        Route("/api/Tickets/{ticket:int}", tickets, methods=["GET"]),
    ]


def _of(desk: Desk, kind: str, ticket: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = getattr(desk.books, kind)
    return [entry for entry in entries if entry["ticket"] == ticket]
