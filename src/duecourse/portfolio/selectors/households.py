"""One debtor, many debts (归户): the accounts and cases of a case's debtor, and who answers for them beside.

What is returned is what the database shows the actor: an agency's people get the accounts of cases they have and nothing beside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from duecourse.kit.masking import Masked, mask_name
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.portfolio.models import PersonSecret
from duecourse.portfolio.selectors.access import access_case
from duecourse.portfolio.selectors.sealing import sealer_of, value_place

PERSONS_MAX = 20

_ACCOUNTS = """
SELECT a.id AS account_id, a.number, a.product_class, a.lender_class, a.currency, a.opened_on, a.closed_on, a.charged_off_on,
       a.credit_limit_minor, a.balance_authority, coalesce(o.role, 'borrower') AS role, ca.case_id, ca.from_on, c.closed_on AS case_closed_on, c.work_stream,
       c.open_agency_id, g.code AS agency_code, s.as_of, s.days_past_due, s.bucket, s.balance_minor
FROM (
    SELECT account_id FROM portfolio_obligation WHERE creditor_id = %(creditor)s AND person_id = %(person)s AND until_on IS NULL
    UNION SELECT account_id FROM portfolio_caseaccount WHERE creditor_id = %(creditor)s AND case_id = %(case)s
) wanted
JOIN portfolio_account a ON a.creditor_id = %(creditor)s AND a.id = wanted.account_id
LEFT JOIN LATERAL (
    SELECT o.role FROM portfolio_obligation o WHERE o.creditor_id = a.creditor_id AND o.account_id = a.id AND o.person_id = %(person)s
    ORDER BY o.until_on DESC NULLS FIRST, o.id LIMIT 1) o ON true
LEFT JOIN LATERAL (
    SELECT * FROM portfolio_caseaccount ca WHERE ca.creditor_id = a.creditor_id AND ca.account_id = a.id ORDER BY ca.id DESC LIMIT 1
) ca ON true
LEFT JOIN portfolio_case c ON c.creditor_id = ca.creditor_id AND c.id = ca.case_id
LEFT JOIN parties_agency g ON g.creditor_id = c.creditor_id AND g.id = c.open_agency_id
LEFT JOIN LATERAL (
    SELECT * FROM portfolio_snapshot s WHERE s.creditor_id = a.creditor_id AND s.account_id = a.id ORDER BY s.as_of DESC, s.id DESC LIMIT 1
) s ON true
ORDER BY (ca.case_id = %(case)s) DESC NULLS LAST, a.number
"""
_OBLIGORS = """
SELECT o.person_id, o.account_id, a.number, o.role, o.from_on, o.until_on, c.id AS case_id FROM portfolio_obligation o
JOIN portfolio_account a ON a.creditor_id = o.creditor_id AND a.id = o.account_id
LEFT JOIN LATERAL (
    SELECT c.id FROM portfolio_case c WHERE c.creditor_id = o.creditor_id AND c.person_id = o.person_id
    ORDER BY c.closed_on DESC NULLS FIRST, c.id DESC LIMIT 1) c ON true
WHERE o.creditor_id = %(creditor)s AND o.account_id = ANY(%(accounts)s::bigint[]) AND o.person_id <> %(person)s
ORDER BY o.until_on NULLS FIRST, a.number, o.person_id LIMIT %(limit)s
"""
_CASES = """
SELECT c.id, c.work_stream, c.region, c.opened_on, c.closed_on, c.close_reason, c.hand_count, c.open_agency_id, g.code AS agency_code,
       g.name AS agency_name
FROM portfolio_case c LEFT JOIN parties_agency g ON g.creditor_id = c.creditor_id AND g.id = c.open_agency_id
WHERE c.creditor_id = %(creditor)s AND c.person_id = %(person)s ORDER BY c.closed_on DESC NULLS FIRST, c.id DESC
"""


@dataclass(frozen=True, slots=True)
class Household:
    """What a case's debtor owes altogether, as far as the actor may see it.

    Attributes:
        person_id: the debtor.
        accounts: every account the debtor answers for, those of the case first: role, case, agency and newest age beside.
        cases: every case of the debtor, open ones first.
        obligors: who answers for these accounts beside the debtor: `name` shortened, role, account, days, and their own case if any.
    """

    person_id: int
    accounts: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    obligors: list[dict[str, Any]]

    def of_case(self, case_id: int) -> list[dict[str, Any]]:
        """Return the accounts that are or were last worked in a case."""
        return [row for row in self.accounts if row["case_id"] == case_id]

    def owed_by_currency(self) -> dict[str, int]:
        """Return what the newest snapshots say of all accounts together, minor units by currency."""
        sums: dict[str, int] = {}
        for row in self.accounts:
            if row["balance_minor"] is not None and row["closed_on"] is None:
                sums[row["currency"]] = sums.get(row["currency"], 0) + row["balance_minor"]
        return sums


def household(*, actor: Actor, case_id: int) -> Household:
    """Return the household of a case's debtor.

    Raises:
        CaseMissing: there is no such case for this actor.
    """
    case = access_case(actor, case_id)
    wanted = {"creditor": actor.creditor_id, "person": case.person_id, "case": case_id}
    accounts = dicts(_ACCOUNTS, **wanted)
    obligors = dicts(_OBLIGORS, **wanted, accounts=[row["account_id"] for row in accounts], limit=PERSONS_MAX)
    names = masked_names(creditor_id=actor.creditor_id, person_ids={row["person_id"] for row in obligors})
    shown = [row | {"name": names.get(row["person_id"])} for row in obligors]
    return Household(case.person_id, accounts, dicts(_CASES, **wanted), shown)


def masked_names(*, creditor_id: int, person_ids: Iterable[int]) -> dict[int, str]:
    """Return the shortened names of persons, by person; who was erased, has no name or is not to be seen is missing."""
    names = {}
    for secret in PersonSecret.objects.filter(creditor_id=creditor_id, person_id__in=set(person_ids), name_sealed__isnull=False):
        sealer = sealer_of(creditor_id, person_id=secret.person_id, wrapped_key=bytes(secret.wrapped_key))
        place = value_place(creditor_id, person_id=secret.person_id, field="name")
        names[secret.person_id] = Masked(sealer.unseal(bytes(secret.name_sealed), aad=place).decode()).partial(mask_name)
    return names
