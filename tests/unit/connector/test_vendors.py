"""What each vendor is sent for a walk: what is internal, what the client reads, and how it is found again."""

import json
from datetime import timedelta
from typing import Any

import pytest

from examples.psa_connector.autotask import Autotask
from examples.psa_connector.connectwise import ConnectWise
from examples.psa_connector.halopsa import HaloPSA
from examples.psa_connector.vendor import (
    STEPS,
    Action,
    Desk,
    Limits,
    Search,
    Step,
    UnfitError,
    Vendor,
    booked,
    fit,
)
from examples.psa_connector.walks import Walk, read_walk
from l1_walk_contracts import Topics, encode_event
from tests.support.psa.ended import TECHNICIAN, ended

INTERNAL, CLIENT = "The cable was loose.", "Your request was worked on."
VENDORS: list[Vendor] = [
    ConnectWise({"COMPANY": "acme", "PUBLIC_KEY": "pub", "PRIVATE_KEY": "priv", "CLIENT_ID": "id"}),
    Autotask({"USERNAME": "user", "SECRET": "sec", "INTEGRATION_CODE": "code"}),
    HaloPSA({"CLIENT_ID": "id", "CLIENT_SECRET": "sec", "TENANT": "acme"}),
]
DESK = Desk(resolved="5", escalated="11", member="7", role="8")
LIMITS = ConnectWise.limits


def walk(ticket: str = "1001", **data: Any) -> Walk:
    record = encode_event(ended(ticket, **{"summary": INTERNAL, "customer_summary": CLIENT} | data), Topics())
    found = read_walk(record.key, record.value)
    assert found is not None
    return found


def actions(vendor: Vendor, of: Walk, desk: Desk = DESK, limits: Limits = LIMITS) -> dict[Step, Action]:
    return {step: vendor.action(step, of, 1001, desk, limits) for step in STEPS}


def body(action: Action) -> dict[str, Any]:
    sent: Any = action.write.json
    one: dict[str, Any] = sent[0] if isinstance(sent, list) else sent
    return one


def listed(vendor: Vendor, items: list[dict[str, Any]]) -> Any:
    """As the vendor answers a look-up."""
    match vendor:
        case ConnectWise():
            return items
        case Autotask():
            return {"items": items}
    return {"actions": items}


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: type(vendor).__name__)
def test_the_client_reads_nothing_internal(vendor: Vendor) -> None:
    sent = {step: json.dumps(action.write.json) for step, action in actions(vendor, walk()).items()}
    assert (INTERNAL in sent[Step.NOTE], CLIENT in sent[Step.NOTE]) == (True, False)
    assert (INTERNAL in sent[Step.TIME], CLIENT in sent[Step.TIME]) == (False, True)


def test_notes_are_internal_in_each_vendors_words() -> None:
    connectwise, autotask, halo = (body(actions(vendor, walk())[Step.NOTE]) for vendor in VENDORS)
    flags = ("internalAnalysisFlag", "detailDescriptionFlag", "resolutionFlag", "processNotifications")
    assert [connectwise[flag] for flag in flags] == [True, False, False, False]
    assert autotask["publish"] == 2
    assert (halo["hiddenfromuser"], halo["sendemail"]) == (True, False)


def test_time_is_booked_in_each_vendors_words() -> None:
    connectwise, autotask, halo = (
        body(actions(vendor, walk(active_seconds=2_700))[Step.TIME]) for vendor in VENDORS
    )
    assert (connectwise["chargeToType"], connectwise["chargeToId"]) == ("ServiceTicket", 1001)
    assert (connectwise["actualHours"], connectwise["timeStart"]) == (0.75, "2026-01-31T11:50:00Z")
    assert connectwise["member"] == {"id": 7}
    assert (autotask["hoursWorked"], autotask["dateWorked"]) == (0.75, "2026-01-31T00:00:00Z")
    assert (autotask["resourceID"], autotask["roleID"], autotask["ticketID"]) == (7, 8, 1001)
    assert (halo["timetaken"], halo["who_agentid"], halo["ticket_id"]) == (0.75, 7, 1001)
    assert halo["hiddenfromuser"] is False


def test_the_status_says_how_it_ended() -> None:
    for resolved, status in ((True, "5"), (False, "11")):
        connectwise, autotask, halo = (
            body(actions(vendor, walk(resolved=resolved))[Step.STATUS]) for vendor in VENDORS
        )
        assert connectwise == {"op": "replace", "path": "status", "value": {"name": status}}
        assert autotask == {"id": 1001, "status": int(status)}
        assert halo == {"id": 1001, "status_id": int(status)}


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: type(vendor).__name__)
def test_what_was_written_is_found_and_what_others_wrote_is_not(vendor: Vendor) -> None:
    of = walk()
    for step in (Step.NOTE, Step.TIME):
        action, other = actions(vendor, of)[step], actions(vendor, walk())[step]
        assert action.found(listed(vendor, [body(other), body(action)]))
        assert not action.found(listed(vendor, [body(other), {}]))


def test_halos_note_is_not_taken_for_its_time_entry() -> None:
    of = actions(VENDORS[2], walk())
    assert not of[Step.TIME].found({"actions": [body(of[Step.NOTE])]})


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: type(vendor).__name__)
@pytest.mark.parametrize("ticket", ["T20260131.0042/..", "12/../13", "1 or 1=1", "١٢"])
def test_a_ticket_that_is_no_number_is_unfit(vendor: Vendor, ticket: str) -> None:
    with pytest.raises(UnfitError):
        vendor.ticket(walk(ticket))


def test_autotask_is_asked_for_the_id_of_the_number_that_people_see() -> None:
    assert VENDORS[1].ticket(walk("1001")) == 1001
    search = VENDORS[1].ticket(walk("T20260131.0042"))
    assert isinstance(search, Search)
    [wanted] = search.request.json["filter"]
    assert wanted == {"op": "eq", "field": "ticketNumber", "value": "T20260131.0042"}
    assert (search.read({"items": [{"id": 42}]}), search.read({"items": []})) == (42, None)


def test_a_technician_is_whom_the_msp_says() -> None:
    desk = Desk("5", "11", member="7", members={str(TECHNICIAN): "42"}, role="8")
    assert body(actions(VENDORS[1], walk(), desk)[Step.TIME])["resourceID"] == 42


def test_a_setting_that_autotask_needs_is_named_where_it_is_missing() -> None:
    with pytest.raises(UnfitError, match="resource"):
        VENDORS[1].action(Step.TIME, walk(), 1001, Desk("5", "11"), LIMITS)


def test_a_note_is_cut_with_a_pointer_and_keeps_its_marker() -> None:
    text = fit("x" * 500, "[marker]", 200, "the-session")
    assert len(text) == 200
    assert text.endswith("[cut here; the whole is walk the-session]\n\n[marker]")
    assert fit("short", "[marker]", 200, "the-session") == "short\n\n[marker]"


@pytest.mark.parametrize(
    ("seconds", "hours"),
    [(0, 0.25), (60, 0.25), (900, 0.25), (901, 0.5), (7_200, 2.0), (36_000, 4.0)],
)
def test_time_is_rounded_up_and_kept_within_the_entry(seconds: int, hours: float) -> None:
    quarter = timedelta(minutes=15)
    limits = Limits(1, quarter, 1, 1, shortest=quarter, longest=timedelta(hours=4), rounding=quarter)
    got, remark = booked(walk(active_seconds=seconds), limits)
    assert got == hours
    assert ("360 minutes are left" in remark) == (seconds == 36_000)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: type(vendor).__name__)
def test_colleagues_are_told_of_time_that_did_not_fit_and_the_client_is_not(vendor: Vendor) -> None:
    found = actions(vendor, walk(active_seconds=100_000))
    internal = [body(found[Step.NOTE]).get("note"), body(found[Step.TIME]).get("internalNotes")]
    assert any("left to book" in (text or "") for text in internal)
    read = [body(found[Step.TIME]).get(name) or "" for name in ("notes", "summaryNotes", "note")]
    assert "left to book" not in "".join(read)


def test_no_secret_is_in_an_address() -> None:
    token = VENDORS[2].token_request()
    assert token is not None
    assert "sec" not in token.path + str(token.query)
    assert token.form is not None
    assert token.form["client_secret"] == "sec"
