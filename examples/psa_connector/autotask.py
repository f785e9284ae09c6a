"""Autotask PSA (Datto, Kaseya), REST API 1.0."""

import re
from datetime import timedelta
from typing import Any, ClassVar

from .vendor import Action, Desk, Limits, Request, Search, Step, booked, fit, number, ticket_number
from .walks import Walk

INTERNAL_ONLY = 2
"""`publish` of a note: 1 is everybody, 2 the MSP's own people; a picklist that an MSP can look up in its Autotask."""
NOTE_TYPE = 1
TITLE = "L1 walk"
TICKET_NUMBER = re.compile(r"T[0-9]{8}\.[0-9]{4,}")
"""As people see it; the API wants the ticket's id."""


class Autotask:
    """Of the 10,000 calls an hour that all integrations share, half: above that Autotask slows down for all."""

    secrets: ClassVar[tuple[str, ...]] = ("USERNAME", "SECRET", "INTEGRATION_CODE")
    limits: ClassVar[Limits] = Limits(
        calls=5_000, window=timedelta(hours=1), parallel=3, note_characters=32_000
    )

    def __init__(self, secrets: dict[str, str]) -> None:
        self._headers = {
            "ApiIntegrationCode": secrets["INTEGRATION_CODE"],
            "UserName": secrets["USERNAME"],
            "Secret": secrets["SECRET"],
        }

    def headers(self) -> dict[str, str]:
        return self._headers

    def token_request(self) -> Request | None:
        return None

    def ticket(self, walk: Walk) -> int | Search:
        if not TICKET_NUMBER.fullmatch(walk.ticket_id):
            return ticket_number(walk)
        wanted = [{"op": "eq", "field": "ticketNumber", "value": walk.ticket_id}]
        return Search(
            Request("POST", "/Tickets/query", "Tickets", json={"filter": wanted}),
            lambda found: next((int(item["id"]) for item in found["items"]), None),
        )

    def action(self, step: Step, walk: Walk, ticket: int, desk: Desk, limits: Limits) -> Action:
        match step:
            case Step.NOTE:
                return _note(ticket, walk, limits)
            case Step.TIME:
                return _time(ticket, walk, desk, limits)
            case Step.STATUS:
                return _status(ticket, number(desk.status(walk), "the status"))


def _note(ticket: int, walk: Walk, limits: Limits) -> Action:
    note = {
        "ticketID": ticket,
        "title": f"{TITLE} {'resolved' if walk.resolved else 'escalated'}",
        "description": fit(walk.summary, walk.marker, limits.note_characters, walk.session_id),
        "noteType": NOTE_TYPE,
        "publish": INTERNAL_ONLY,
    }
    return Action(
        Request("POST", f"/Tickets/{ticket}/Notes", "TicketNotes", json=note),
        _query("TicketNotes", ticket, "description", walk.marker),
        lambda found: _holds(found, "description", walk.marker),
    )


def _time(ticket: int, walk: Walk, desk: Desk, limits: Limits) -> Action:
    hours, remark = booked(walk, limits)
    entry = {
        "ticketID": ticket,
        "resourceID": number(desk.who(walk), "the resource that time is booked on"),
        "roleID": number(desk.role, "the role that time is booked in"),
        "dateWorked": walk.started_at.strftime("%Y-%m-%dT00:00:00Z"),
        "hoursWorked": hours,
        "summaryNotes": fit(walk.customer_summary, "", limits.note_characters, walk.session_id).rstrip(),
        "internalNotes": f"{remark}\n{walk.marker}".strip(),
    }
    return Action(
        Request("POST", "/TimeEntries", "TimeEntries", json=entry),
        _query("TimeEntries", ticket, "internalNotes", walk.marker),
        lambda found: _holds(found, "internalNotes", walk.marker),
    )


def _status(ticket: int, status: int) -> Action:
    return Action(
        Request("PATCH", "/Tickets", "Tickets", json={"id": ticket, "status": status}),
        Request("GET", f"/Tickets/{ticket}", "Tickets"),
        lambda found: bool(found["item"]["status"] == status),
    )


def _query(entity: str, ticket: int, field: str, marker: str) -> Request:
    wanted = [
        {"op": "eq", "field": "ticketID", "value": ticket},
        {"op": "contains", "field": field, "value": marker},
    ]
    return Request("POST", f"/{entity}/query", entity, json={"filter": wanted})


def _holds(found: dict[str, Any], field: str, marker: str) -> bool:
    return any(marker in (item.get(field) or "") for item in found["items"])
