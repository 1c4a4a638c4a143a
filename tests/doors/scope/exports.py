"""Exports and views: the creditor's people ask and download, everybody keeps views of their own side."""

from __future__ import annotations

from typing import Any

from duecourse.parties.services import export_ask
from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST, VISITORS
from tests.people import FIRST_DAY

POST_ONLY = dict.fromkeys(VISITORS, 405) | {"anonymous": 302, "stranger": 403}


def asked_by_fan(house: Any) -> int:
    """Return the number of an export that Fan asked for."""
    terms = {"listing": "exports", "query": "", "columns": ["purpose"], "row_count": 1, "is_personal": True}
    return export_ask(actor=house.bank.fan, on=FIRST_DAY, purpose="To be looked at", **terms).pk


ROWS = {
    "exports": ("/exports/", CREDITOR_ONLY),
    "export-ask": ("/exports/new/?listing=exports", CREDITOR_ONLY),
    "export": (lambda house: f"/exports/{asked_by_fan(house)}/", CREDITOR_ONLY),
    "export-make": ("/exports/1/make/", CREDITOR_POST),
    "export-download": ("/exports/1/file/", CREDITOR_POST),
    "view-save": ("/views/save/", POST_ONLY),
    "view-columns": ("/views/columns/", POST_ONLY),
    "view-rename": ("/views/1/", POST_ONLY),
    "view-delete": ("/views/1/delete/", POST_ONLY),
}
