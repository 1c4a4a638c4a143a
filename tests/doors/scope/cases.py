"""Who gets what of cases, the gate's answers, payments and statements; the scene is made once for a house."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST

KEEPERS = CREDITOR_ONLY | {"accountant": 404}
LOADERS = CREDITOR_ONLY | {"compliance": 404}


def scene(house: Any) -> Any:
    """Return one of each thing that these pages show."""
    if not hasattr(house, "cases"):
        from tests.doors.case_scene import furnished
        from tests.doors.scope import work

        work.scene(house)  # the workbench's scene counts what is with Aoki, so it comes first
        house.cases = furnished(house.bank)
    return house.cases


def _case(rest: str = "") -> Callable[[Any], str]:
    return lambda house: f"/cases/{scene(house).case_id}/{rest}"


def _statement(rest: str = "") -> Callable[[Any], str]:
    return lambda house: f"/statements/{scene(house).statement_id}/{rest}"


def _file(house: Any) -> int:
    """Return a bank file that was loaded, once for a house."""
    if hasattr(house, "bank_file_id"):
        return house.bank_file_id
    from duecourse.kit.clock import now
    from duecourse.parties.access import acting
    from duecourse.repayment.models import PaymentFile

    with acting(house.bank.system):
        house.bank_file_id = PaymentFile.objects.create(
            creditor_id=house.bank.id, sha256="0" * 64, mapping_name="native_payments", mapping_version="1", known_at=now()
        ).pk
    return house.bank_file_id


ROWS = {
    "case": (_case(), CREDITOR_ONLY),
    "case-timeline": (_case("timeline/"), CREDITOR_ONLY),
    "case-reveal": (_case("reveal/"), CREDITOR_POST),
    "case-hold": (_case("hold/"), KEEPERS),
    "case-hold-lift": (_case("hold/lift/"), CREDITOR_POST),
    "case-dispute": (_case("dispute/"), KEEPERS),
    "case-dispute-close": (_case("dispute/close/"), CREDITOR_POST),
    "case-promise": (_case("promise/"), KEEPERS),
    "complaints": ("/complaints/", CREDITOR_ONLY),
    "disputes": ("/disputes/", CREDITOR_ONLY),
    "refusals": ("/refusals/", CREDITOR_ONLY),
    "refusal": (lambda house: f"/refusals/{scene(house).refusal_id}/", CREDITOR_ONLY),
    "permits": ("/permits/", CREDITOR_ONLY),
    "permit": (lambda house: f"/permits/{scene(house).permit_id}/", CREDITOR_ONLY),
    "payments": ("/payments/", CREDITOR_ONLY),
    "suspense": ("/payments/suspense/", CREDITOR_ONLY),
    "payment": (lambda house: f"/payments/{scene(house).payment_id}/", CREDITOR_ONLY),
    "payment-match": (lambda house: f"/payments/{scene(house).lost_id}/match/", CREDITOR_POST),
    "payment-upload": ("/payments/upload/", LOADERS),
    "payment-file": (lambda house: f"/payments/files/{_file(house)}/", CREDITOR_ONLY),
    "payment-file-rejects": (lambda house: f"/payments/files/{_file(house)}/rejects/", CREDITOR_POST),
    "statements": ("/statements/", CREDITOR_ONLY),
    "statement": (_statement(), CREDITOR_ONLY),
    "statement-approve": (_statement("approve/"), CREDITOR_POST),
    "statement-freeze": (_statement("freeze/"), CREDITOR_POST),
    "statement-download": (_statement("lines.csv"), CREDITOR_ONLY),
}
