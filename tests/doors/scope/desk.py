"""Who gets what of the studio, the steps, the batches, the desk of moves and the policies: the creditor's side all, an agency nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duecourse.parties.access import acting
from duecourse.placement import services
from duecourse.placement.models import Batch, Placement, PlacementMoveSet
from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST
from tests.doors.scope.cases import scene
from tests.placement import world


def _there(house: Any) -> dict[str, int]:
    """Return an allocation, a batch and a set of moves of the house, made when there are none yet."""
    bank = house.bank
    scene(house)
    with acting(bank.system):
        has_set = PlacementMoveSet.objects.exists()
        case_ids = list(Placement.objects.values_list("case_id", flat=True)[:3])
    if not has_set:
        services.moves_preview(actor=bank.mei, kind="close", reason_code="sold", as_of=world.AS_OF, case_ids=case_ids)
    with acting(bank.system):
        batch = Batch.objects.order_by("pk").first()
        return {"allocation": batch.allocation_run_id, "batch": batch.pk, "set": PlacementMoveSet.objects.order_by("pk").first().pk}


def _of(kind: str, text: str) -> Callable[[Any], str]:
    return lambda house: text.format(_there(house)[kind])


ROWS = {
    "allocations": ("/allocations/", CREDITOR_ONLY),
    "allocation-new": ("/allocations/new/", CREDITOR_ONLY),
    "allocation-rows": ("/allocations/rows/", CREDITOR_ONLY),
    "allocation-compare": ("/allocations/compare/", CREDITOR_ONLY),
    "allocation": (_of("allocation", "/allocations/{}/"), CREDITOR_ONLY),
    "allocation-propose": (_of("allocation", "/allocations/{}/propose/"), CREDITOR_POST),
    "allocation-approve": (_of("allocation", "/allocations/{}/approve/"), CREDITOR_POST),
    "allocation-reject": (_of("allocation", "/allocations/{}/reject/"), CREDITOR_POST),
    "allocation-hand-over": (_of("allocation", "/allocations/{}/hand-over/"), CREDITOR_POST),
    "month-steps": ("/months/2026-09/steps/", CREDITOR_ONLY),
    "month-open": ("/months/2026-10/open/", CREDITOR_POST),
    "month-run": ("/months/2026-09/run/", CREDITOR_POST),
    "batches": ("/batches/", CREDITOR_ONLY),
    "batch-cases": ("/batches/cases/", CREDITOR_ONLY),
    "batch": (_of("batch", "/batches/{}/"), CREDITOR_ONLY),
    "moves": ("/moves/", CREDITOR_ONLY),
    "move-due": ("/moves/due/", CREDITOR_ONLY),
    "move-new": ("/moves/new/", CREDITOR_ONLY),
    "move-fields": ("/moves/fields/?kind=close", CREDITOR_ONLY | {"accountant": 422}),
    "move-list": ("/moves/list/", CREDITOR_ONLY),
    "move-rows": ("/moves/rows/", CREDITOR_ONLY),
    "move": (_of("set", "/moves/{}/"), CREDITOR_ONLY),
    "move-apply": (_of("set", "/moves/{}/apply/"), CREDITOR_POST),
    "move-approve": (_of("set", "/moves/{}/approve/"), CREDITOR_POST),
    "move-reject": (_of("set", "/moves/{}/reject/"), CREDITOR_POST),
    "move-undo": (_of("set", "/moves/{}/undo/"), CREDITOR_POST),
    "policies": ("/policies/", CREDITOR_ONLY),
}
