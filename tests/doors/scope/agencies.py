"""Agencies, contracts and fees: read by the creditor's side, changed by its managers, evidence and closing also by compliance."""

from __future__ import annotations

from typing import Any

from duecourse.ledger.services import file_put
from duecourse.parties.access import acting
from duecourse.parties.services import qualification_add
from tests.doors.scope import CREDITOR_ONLY, CREDITOR_POST
from tests.doors.scope.people import MANAGER_ONLY
from tests.people import FIRST_DAY

MANAGER_OR_COMPLIANCE = CREDITOR_ONLY | {"accountant": 404}


def of_aoki(rest: str = "") -> Any:
    """Return the address of a page of Aoki's, for a house."""
    return lambda house: f"/agencies/{house.bank.aoki.pk}/{rest}"


def of_contract(rest: str = "") -> Any:
    """Return the address of a page of Aoki's contract, for a house."""
    return lambda house: f"/contracts/{house.bank.aoki_terms.contract.pk}/{rest}"


def of_version(rest: str) -> Any:
    """Return the address of a page of Aoki's terms, for a house."""
    return lambda house: of_contract(f"versions/{house.bank.aoki_terms.version.pk}/{rest}")(house)


def evidence(house: Any) -> str:
    """Return the file of a piece of evidence of Aoki's."""
    bank = house.bank
    with acting(bank.qiu):
        stored = file_put(
            creditor_id=bank.id, kind="evidence", name="licence.pdf", media_type="application/pdf", content=b"%PDF-1.7", is_personal=True
        )
    span = {"valid_from_on": FIRST_DAY, "valid_until_on": FIRST_DAY.replace(year=2099)}
    row = qualification_add(actor=bank.qiu, agency_id=bank.aoki.pk, kind="licence", evidence_file_id=stored.id, **span)
    return f"/agencies/{bank.aoki.pk}/qualifications/{row.pk}/file/"


ROWS = {
    "agencies": ("/agencies/", CREDITOR_ONLY),
    "agency-new": ("/agencies/new/", MANAGER_ONLY),
    "agency": (of_aoki(), CREDITOR_ONLY),
    "agency-edit": (of_aoki("edit/"), MANAGER_ONLY),
    "agency-close": (of_aoki("close/"), MANAGER_OR_COMPLIANCE),
    "qualification-add": (of_aoki("qualifications/"), CREDITOR_POST),
    "qualification-file": (evidence, CREDITOR_ONLY),
    "collector-evidence-add": (of_aoki("collectors/"), CREDITOR_POST),
    "collector-evidence-withdraw": (of_aoki("collectors/1/withdraw/"), CREDITOR_POST),
    "token-issue": (of_aoki("tokens/"), CREDITOR_POST),
    "token-revoke": (of_aoki("tokens/1/revoke/"), CREDITOR_POST),
    "contract-new": (of_aoki("contracts/new/"), MANAGER_ONLY),
    "contract": (of_contract(), CREDITOR_ONLY),
    "contract-version-new": (of_contract("versions/new/"), MANAGER_ONLY),
    "fees": (of_version("fees/"), MANAGER_ONLY),
    "fees-grid": (of_version("fees/grid/"), CREDITOR_POST),
}
