"""ConnectWise PSA (Manage), REST API 3.0."""

from base64 import b64encode
from datetime import timedelta
from typing import Any, ClassVar

from .vendor import Action, Desk, Limits, Request, Search, Step, booked, fit, number, ticket_number
from .walks import Walk

NEWEST = {"orderBy": "id desc", "pageSize": "1000"}


class ConnectWise:
    """Notes are looked up among the ticket's newest thousand: no condition on long texts is relied on."""

    secrets: ClassVar[tuple[str, ...]] = ("COMPANY", "PUBLIC_KEY", "PRIVATE_KEY", "CLIENT_ID")
    limits: ClassVar[Limits] = Limits(
        calls=60, window=timedelta(minutes=1), parallel=4, note_characters=32_000
    )

    def __init__(self, secrets: dict[str, str]) -> None:
        login = f"{secrets['COMPANY']}+{secrets['PUBLIC_KEY']}:{secrets['PRIVATE_KEY']}"
        self._headers = {
            "Authorization": f"Basic {b64encode(login.encode()).decode()}",
            "clientId": secrets["CLIENT_ID"],
        }

    def headers(self) -> dict[str, str]:
        return self._headers

    def token_request(self) -> Request | None:
        return None

    def ticket(self, walk: Walk) -> int | Search:
        return ticket_number(walk)

    def action(self, step: Step, walk: Walk, ticket: int, desk: Desk, limits: Limits) -> Action:
        match step:
            case Step.NOTE:
                return _note(ticket, walk, limits)
            case Step.TIME:
                return _time(ticket, walk, desk, limits)
            case Step.STATUS:
                return _status(ticket, desk.status(walk))


def _note(ticket: int, walk: Walk, limits: Limits) -> Action:
    path = f"/service/tickets/{ticket}/notes"
    note = {
        "text": fit(walk.summary, walk.marker, limits.note_characters, walk.session_id),
        "internalAnalysisFlag": True,
        "detailDescriptionFlag": False,
        "resolutionFlag": False,
        "processNotifications": False,
    }
    return Action(
        Request("POST", path, "notes", json=note),
        Request("GET", path, "notes", query=NEWEST),
        lambda found: _holds(found, "text", walk.marker),
    )


def _time(ticket: int, walk: Walk, desk: Desk, limits: Limits) -> Action:
    hours, remark = booked(walk, limits)
    entry: dict[str, Any] = {
        "chargeToId": ticket,
        "chargeToType": "ServiceTicket",
        "timeStart": walk.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "actualHours": hours,
        "notes": fit(walk.customer_summary, "", limits.note_characters, walk.session_id).rstrip(),
        "internalNotes": f"{remark}\n{walk.marker}".strip(),
        "addToDetailDescriptionFlag": not walk.resolved,
        "addToResolutionFlag": walk.resolved,
        "addToInternalAnalysisFlag": False,
        "emailContactFlag": False,
    }
    if desk.who(walk):
        entry["member"] = {"id": number(desk.who(walk), "the member")}
    charged = f'chargeToId={ticket} and chargeToType="ServiceTicket"'
    return Action(
        Request("POST", "/time/entries", "time", json=entry),
        Request("GET", "/time/entries", "time", query=NEWEST | {"conditions": charged}),
        lambda found: _holds(found, "internalNotes", walk.marker),
    )


def _status(ticket: int, name: str) -> Action:
    path = f"/service/tickets/{ticket}"
    change = [{"op": "replace", "path": "status", "value": {"name": name}}]
    return Action(
        Request("PATCH", path, "tickets", json=change),
        Request("GET", path, "tickets"),
        lambda found: bool(found["status"]["name"] == name),
    )


def _holds(found: list[dict[str, Any]], field: str, marker: str) -> bool:
    return any(marker in (entry.get(field) or "") for entry in found)
