"""Who gets what at the workbench: Ann leads Aoki, so its objects are hers; Bo collects at Birch, so none of them are his."""

from __future__ import annotations

from typing import Any

from tests.doors.scope import AGENCY_ONLY, AGENCY_POST

LEAD_ONLY = AGENCY_ONLY | {"collector": 404}
LEAD_POST = AGENCY_POST | {"collector": 404}


def scene(house: Any) -> Any:
    """Return a batch, a case, a permit, a set of moves and a statement of Aoki's, made once for a house."""
    if not hasattr(house, "work"):
        from tests.doors.work_scene import furnished

        house.work = furnished(house.bank)
    return house.work


ROWS = {
    "workbench": ("/agency/", AGENCY_ONLY),
    "work-batches": ("/agency/batches/", LEAD_ONLY),
    "work-batch": (lambda house: f"/agency/batches/{scene(house).batch_id}/", LEAD_ONLY),
    "work-accept": (lambda house: f"/agency/batches/{scene(house).batch_id}/accept/", LEAD_POST),
    "work-discrepancy": (lambda house: f"/agency/batches/{scene(house).batch_id}/discrepancy/", LEAD_POST),
    "work-package": (lambda house: f"/agency/batches/{scene(house).batch_id}/package/", LEAD_POST),
    "work-cases": ("/agency/cases/", AGENCY_ONLY),
    "work-case": (lambda house: f"/agency/cases/{scene(house).case_id}/", LEAD_ONLY),
    "work-call": (lambda house: f"/agency/cases/{scene(house).case_id}/call/", AGENCY_POST),
    "work-permit": (lambda house: f"/agency/permits/{scene(house).permit_id}/", LEAD_ONLY),
    "work-assign": ("/agency/assign/", LEAD_ONLY),
    "work-moves": ("/agency/moves/", LEAD_ONLY),
    "work-move-new": ("/agency/moves/new/", LEAD_ONLY),
    "work-move": (lambda house: f"/agency/moves/{scene(house).move_set_id}/", LEAD_ONLY),
    "work-move-apply": (lambda house: f"/agency/moves/{scene(house).move_set_id}/apply/", LEAD_POST),
    "work-move-withdraw": (lambda house: f"/agency/moves/{scene(house).move_set_id}/withdraw/", LEAD_POST),
    "work-statements": ("/agency/statements/", LEAD_ONLY),
    "work-statement": (lambda house: f"/agency/statements/{scene(house).statement_id}/", LEAD_ONLY),
    "work-agree": (lambda house: f"/agency/statements/{scene(house).statement_id}/agree/", LEAD_POST),
    "work-object": (lambda house: f"/agency/statements/{scene(house).statement_id}/object/", LEAD_POST),
    "work-people": ("/agency/people/", LEAD_ONLY),
    "work-evidence-add": ("/agency/people/evidence/", LEAD_POST),
    "work-evidence-withdraw": ("/agency/people/evidence/1/withdraw/", LEAD_POST),
}
