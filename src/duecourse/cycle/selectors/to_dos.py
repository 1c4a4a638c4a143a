"""What waits for a person, as counts: one statement for all of it, so that the first page of the day costs little."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from duecourse.ledger.selectors.rows import dicts
from duecourse.placement.selectors import policies_on

SOON_DAYS = 7
EXPIRY_DAYS = 30
OWED_MAX = 1_000
"""First contacts owed are counted up to this number; beyond it 'more than' is the answer."""

_STATUS = """(SELECT t.status FROM settlement_statementtransition t
    WHERE t.creditor_id = s.creditor_id AND t.statement_id = s.id ORDER BY t.id DESC LIMIT 1)"""

_COUNTS = f"""
WITH stated AS (
    SELECT {_STATUS} AS status, count(*) AS n FROM settlement_statement s WHERE s.creditor_id = %(creditor)s GROUP BY 1
), pending AS (
    SELECT t.last_on FROM placement_placementtransition t
    JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id AND upper_inf(p.during)
    WHERE t.creditor_id = %(creditor)s AND t.status = 'recall_pending' AND NOT EXISTS (
        SELECT 1 FROM placement_placementtransition n
        WHERE n.creditor_id = t.creditor_id AND n.placement_id = t.placement_id AND n.id > t.id)
), handed AS (
    SELECT h.id IS NOT NULL AS is_handed, EXISTS (
        SELECT 1 FROM placement_batchreceipt r WHERE r.creditor_id = b.creditor_id AND r.batch_id = b.id AND r.kind = 'accepted') AS is_accepted
    FROM placement_batch b LEFT JOIN placement_handover h ON h.creditor_id = b.creditor_id AND h.batch_id = b.id
    WHERE b.creditor_id = %(creditor)s AND b.term_until_on >= %(on)s
), suspended AS (
    SELECT y.currency, y.amount_minor, y.booked_on FROM repayment_paymentmatch m
    JOIN repayment_payment y ON y.creditor_id = m.creditor_id AND y.id = m.payment_id AND y.reverses_id IS NULL
    WHERE m.creditor_id = %(creditor)s AND m.how = 'suspense' AND NOT EXISTS (
        SELECT 1 FROM repayment_paymentmatch n WHERE n.creditor_id = m.creditor_id AND n.payment_id = m.payment_id AND n.id > m.id)
), qualified AS (
    SELECT max(q.valid_until_on) AS valid_until_on FROM parties_qualification q
    JOIN parties_agency a ON a.creditor_id = q.creditor_id AND a.id = q.agency_id AND a.closed_on IS NULL
    WHERE q.creditor_id = %(creditor)s GROUP BY q.agency_id, q.kind
)
SELECT (SELECT count(*) FROM placement_allocationrun r WHERE r.creditor_id = %(creditor)s AND r.state = 'proposed') AS allocation_proposed,
       (SELECT count(*) FROM placement_allocationrun r WHERE r.creditor_id = %(creditor)s AND r.state = 'approved') AS allocation_approved,
       (SELECT count(*) FROM placement_placementmoveset m WHERE m.creditor_id = %(creditor)s AND m.state = 'requested') AS moves_requested,
       (SELECT count(*) FROM parties_export e WHERE e.creditor_id = %(creditor)s AND e.state = 'asked') AS exports_asked,
       (SELECT count(*) FROM handed WHERE NOT is_handed) AS batches_unhanded,
       (SELECT count(*) FROM handed WHERE is_handed AND NOT is_accepted) AS batches_unaccepted,
       (SELECT count(*) FROM pending WHERE last_on IS NULL OR last_on >= %(on)s) AS recalls_pending,
       (SELECT count(*) FROM pending WHERE last_on < %(on)s) AS recalls_due,
       (SELECT count(*) FROM placement_placement p WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during)
            AND p.term_until_on <= %(on)s + {SOON_DAYS}) AS terms_ending,
       (SELECT count(*) FROM suspended) AS suspense,
       (SELECT coalesce(json_object_agg(currency, minor), '{{}}') FROM (
            SELECT currency, sum(amount_minor)::bigint AS minor FROM suspended GROUP BY currency) x) AS suspense_minor,
       (SELECT coalesce(sum(n), 0)::bigint FROM stated WHERE status IN ('draft', 'disputed')) AS statements_to_agree,
       (SELECT coalesce(sum(n), 0)::bigint FROM stated WHERE status = 'disputed') AS statements_disputed,
       (SELECT coalesce(sum(n), 0)::bigint FROM stated WHERE status = 'agreed') AS statements_to_approve,
       (SELECT coalesce(sum(n), 0)::bigint FROM stated WHERE status = 'approved') AS statements_to_freeze,
       (SELECT count(*) FROM care_complaint c WHERE c.creditor_id = %(creditor)s AND c.closed_on IS NULL) AS complaints_open,
       (SELECT count(*) FROM care_complaint c WHERE c.creditor_id = %(creditor)s AND c.closed_on IS NULL AND c.due_on < %(on)s) AS complaints_late,
       (SELECT count(*) FROM care_dispute d WHERE d.creditor_id = %(creditor)s AND d.closed_on IS NULL) AS disputes_open,
       (SELECT count(*) FROM portfolio_tape t WHERE t.creditor_id = %(creditor)s AND t.as_of > %(on)s - {EXPIRY_DAYS}
            AND coalesce((t.counts ->> 'rejected_count')::int, 0) > 0) AS tapes_with_rejects,
       (SELECT count(*) FROM qualified WHERE valid_until_on <= %(on)s + {EXPIRY_DAYS}) AS qualifications_expiring,
       (SELECT count(*) FROM qualified WHERE valid_until_on <= %(on)s) AS qualifications_expired,
       (SELECT count(DISTINCT h.person_id) FROM portfolio_hold h WHERE h.creditor_id = %(creditor)s AND h.until_on > %(on)s
            AND h.until_on <= %(on)s + {SOON_DAYS}) AS stops_ending
"""  # noqa: S608 - fragments and numbers of this file

_OWED = """
SELECT count(*) AS n FROM (
    SELECT 1 FROM placement_placement p
    JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
    JOIN parties_creditor cr ON cr.id = p.creditor_id
    JOIN portfolio_case c ON c.creditor_id = p.creditor_id AND c.id = p.case_id
    WHERE p.creditor_id = %(creditor)s AND upper_inf(p.during)
      AND (lower(p.during) AT TIME ZONE cr.zone)::date + coalesce((%(days)s::jsonb ->> b.contract_id::text)::int, %(all_days)s) < %(on)s
      AND NOT EXISTS (
          SELECT 1 FROM contact_permit m
          JOIN contact_attempt a ON a.creditor_id = m.creditor_id AND a.permit_id = m.id AND a.local_on = m.local_on
          WHERE m.creditor_id = p.creditor_id AND m.person_id = c.person_id AND m.case_id = p.case_id
            AND m.local_on >= (lower(p.during) AT TIME ZONE cr.zone)::date)
      AND NOT EXISTS (
          SELECT 1 FROM portfolio_hold h WHERE h.creditor_id = c.creditor_id AND h.person_id = c.person_id AND h.stops_contact
            AND h.from_on <= %(on)s AND (h.until_on IS NULL OR h.until_on > %(on)s))
    LIMIT %(maximum)s) found
"""


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something that waits: its code, how many, and how many of those are late; `minor` is money by currency where it is about money."""

    code: str
    count: int
    late_count: int = 0
    minor: dict[str, int] | None = None


_LATE = {
    "complaints_open": "complaints_late",
    "statements_to_agree": "statements_disputed",
    "qualifications_expiring": "qualifications_expired",
}


def to_dos(*, creditor_id: int, on: date) -> list[ToDo]:
    """Return what waits for the creditor's people on a day; only what there is."""
    counts: dict[str, Any] = dicts(_COUNTS, creditor=creditor_id, on=on)[0]
    late = {code: counts.pop(name) for code, name in _LATE.items()}
    minor = counts.pop("suspense_minor")
    return [
        ToDo(code, number, late.get(code, number if code == "recalls_due" else 0), minor if code == "suspense" else None)
        for code, number in counts.items()
        if number
    ]


def first_contacts_owed(*, creditor_id: int, on: date) -> int:
    """Return how many open placements have had no attempt in the days the policy gives, up to one more than `OWED_MAX`."""
    policies = policies_on(creditor_id=creditor_id, on=on)
    days = json.dumps({str(contract_id): policy.first_contact_days for contract_id, policy in policies.items() if contract_id is not None})
    wanted = {"days": days, "all_days": policies[None].first_contact_days, "maximum": OWED_MAX + 1}
    return int(dicts(_OWED, creditor=creditor_id, on=on, **wanted)[0]["n"])
