"""Users and roles: read by the creditor's side, changed by its managers; everybody has a profile, and a link opens to who holds it."""

from __future__ import annotations

from typing import Any

from duecourse.parties.services import member_invite
from tests.doors.scope import ALL_IN, CREDITOR_ONLY, CREDITOR_POST, VISITORS
from tests.people import FIRST_DAY

MANAGER_ONLY = CREDITOR_ONLY | {"compliance": 404, "accountant": 404}


def link_of_gao(house: Any) -> str:
    """Return the page on which Gao, who was let in, sets a password."""
    who = {"email": "gao@lanxi.example", "display_name": "Gao", "role": "analyst"}
    return f"/welcome/{member_invite(actor=house.bank.mei, from_on=FIRST_DAY, **who).link}/"


ROWS = {
    "people": ("/people/", CREDITOR_ONLY),
    "person-new": ("/people/new/", MANAGER_ONLY),
    "person": (lambda house: f"/people/{house.bank.fan.user_id}/", CREDITOR_ONLY),
    "membership-grant": ("/people/1/roles/", CREDITOR_POST),
    "membership-end": ("/people/1/roles/1/end/", CREDITOR_POST),
    "person-leave": ("/people/1/leave/", CREDITOR_POST),
    "person-link": ("/people/1/link/", CREDITOR_POST),
    "profile": ("/profile/", ALL_IN),
    "welcome": (link_of_gao, dict.fromkeys(VISITORS, 200)),
}
