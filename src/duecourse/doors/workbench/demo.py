"""The last touch of the demo: the agencies' leads accept their batches, and Bo gets cases to call."""

from __future__ import annotations

from duecourse.doors.commands.demo.house import PEOPLE, lead_email
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.models import User
from duecourse.placement.selectors import agency_batches
from duecourse.placement.selectors.moves import open_cases
from duecourse.placement.services import assignments_make, batch_accept

CASES_MAX = 40


def workbench_filled(agency_codes: list[str]) -> None:
    """Accept every batch but the newest one of Ann's, which waits for her, and assign cases of his agency to Bo; a repeat changes nothing."""
    for code in agency_codes:
        lead = _member(lead_email(code))
        with acting(lead):
            waiting = [row for row in agency_batches(actor=lead) if row["sha256"] and row["open_count"] and not row["accepted_at"]]
        for row in waiting[1:] if lead_email(code).startswith("ann@") else waiting:
            batch_accept(actor=lead, batch_id=row["batch_id"], sha256=row["sha256"], row_count=row["row_count"])
    for person in PEOPLE:
        if person.role == "collector":
            _assigned(_member(person.email), lead=_member(lead_email(person.email.partition("@")[2].partition(".")[0].upper())))


def _assigned(collector: Actor, *, lead: Actor) -> None:
    with acting(lead):
        accepted = [row for row in agency_batches(actor=lead) if row["accepted_at"]]
        cases = [case_id for row in accepted for case_id in open_cases(creditor_id=lead.creditor_id, batch_id=row["batch_id"])]
    if cases:
        assignments_make(actor=lead, case_ids=cases[:CASES_MAX], user_ids=[collector.user_id])


def _member(email: str) -> Actor:
    user = User.objects.get(email=email)
    (actor, *_) = actors_of(user, on=local_day(now(), "Asia/Shanghai"))
    return actor
