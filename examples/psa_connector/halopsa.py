"""HaloPSA, REST API: notes and time are both actions of a ticket."""

from datetime import timedelta
from typing import Any, ClassVar

from .vendor import Action, Desk, Limits, Request, Search, Step, booked, fit, number, ticket_number
from .walks import Walk

NOTE_SUFFIX, TIME_SUFFIX = " note", " time"


class HaloPSA:
    """An action has one text, so the marker of what the client reads stands at its end too."""

    secrets: ClassVar[tuple[str, ...]] = ("CLIENT_ID", "CLIENT_SECRET", "TENANT")
    limits: ClassVar[Limits] = Limits(
        calls=60, window=timedelta(minutes=1), parallel=4, note_characters=32_000
    )

    def __init__(self, secrets: dict[str, str]) -> None:
        self._secrets = secrets

    def headers(self) -> dict[str, str]:
        return {}

    def token_request(self) -> Request | None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._secrets["CLIENT_ID"],
            "client_secret": self._secrets["CLIENT_SECRET"],
            "scope": "all",
        }
        return Request("POST", "/auth/token", "token", form=form, query={"tenant": self._secrets["TENANT"]})

    def ticket(self, walk: Walk) -> int | Search:
        return ticket_number(walk)

    def action(self, step: Step, walk: Walk, ticket: int, desk: Desk, limits: Limits) -> Action:
        match step:
            case Step.NOTE:
                return _note(ticket, walk, limits)
            case Step.TIME:
                return _time(ticket, walk, desk, limits)
            case Step.STATUS:
                return _status(ticket, number(desk.status(walk), "the status"))


def _note(ticket: int, walk: Walk, limits: Limits) -> Action:
    mark = _mark(walk, NOTE_SUFFIX)
    _hours, remark = booked(walk, limits)  # told here: what stands in the entry is read by the client
    text = fit(walk.summary, f"{remark}\n{mark}".strip(), limits.note_characters, walk.session_id)
    return _action(ticket, text, mark, hiddenfromuser=True)


def _time(ticket: int, walk: Walk, desk: Desk, limits: Limits) -> Action:
    hours, _remark = booked(walk, limits)
    mark = _mark(walk, TIME_SUFFIX)
    text = fit(walk.customer_summary, mark, limits.note_characters, walk.session_id)
    who = {"who_agentid": number(desk.who(walk), "the agent")} if desk.who(walk) else {}
    return _action(ticket, text, mark, hiddenfromuser=False, timetaken=hours, **who)


def _action(ticket: int, text: str, mark: str, **fields: Any) -> Action:
    silent = {"sendemail": False, "outcome": "L1 walk"}
    return Action(
        Request(
            "POST", "/api/Actions", "Actions", json=[{"ticket_id": ticket, "note": text} | silent | fields]
        ),
        Request(
            "GET",
            "/api/Actions",
            "Actions",
            query={"ticket_id": str(ticket), "excludesys": "true", "count": "1000"},
        ),
        lambda found: any(mark in (action.get("note") or "") for action in found["actions"]),
    )


def _status(ticket: int, status: int) -> Action:
    return Action(
        Request("POST", "/api/Tickets", "Tickets", json=[{"id": ticket, "status_id": status}]),
        Request("GET", f"/api/Tickets/{ticket}", "Tickets"),
        lambda found: bool(found["status_id"] == status),
    )


def _mark(walk: Walk, suffix: str) -> str:
    return f"{walk.marker[:-1]}{suffix}]"
