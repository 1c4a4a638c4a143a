"""Who gets what of the rules and of compliance's own pages."""

from __future__ import annotations

from typing import Any

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST

COMPLIANCE_ONLY = CREDITOR_ONLY | {"manager": 404, "accountant": 404}


def _stop(house: Any) -> int:
    """Return a stop that stands, made once for a house."""
    if not hasattr(house, "stop_id"):
        from duecourse.contact.services import contact_stop

        house.stop_id = contact_stop(actor=house.bank.qiu, scope="channel", channel="letter", reason_code="conduct").pk
    return house.stop_id


ROWS = {
    "violations": ("/violations/", CREDITOR_ONLY),
    "call-findings": ("/violations/calls/", CREDITOR_ONLY),
    "contact-stops": ("/stops/", CREDITOR_ONLY),
    "contact-stops-all": ("/stops/all/", CREDITOR_ONLY),
    "contact-stop-new": ("/stops/new/?scope=everything", COMPLIANCE_ONLY),
    "contact-stop": (lambda house: f"/stops/{_stop(house)}/", CREDITOR_ONLY),
    "contact-stop-lift": (lambda house: f"/stops/{_stop(house)}/lift/", CREDITOR_POST),
    "rules": ("/rules/", CREDITOR_ONLY),
    "rule-texts": ("/rules/texts/", CREDITOR_ONLY),
    "rule-disabled": ("/rules/disabled/", CREDITOR_ONLY),
    "rule": ("/rules/cn/contact_hours/", CREDITOR_ONLY),
}
