"""Writing what a month brought of each cohort of accounts, for the vintage curves.

A month's flows are written from what is known when it is measured, and replaced while the month is open; earlier months stay as they are.
So a curve is a sum of small rows, whatever the number of accounts.
"""

from __future__ import annotations

from django.db import connection

from duecourse.kit.calendar import month_bounds
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.settlement.models import VintageFlow

_OPENED = """
WITH executions AS (
    SELECT DISTINCT step_run_id FROM portfolio_snapshotsum WHERE creditor_id = %(creditor)s AND as_of BETWEEN %(first)s AND %(last)s
), first_seen AS (
    SELECT DISTINCT ON (s.account_id) s.account_id, s.balance_minor FROM portfolio_snapshot s
    JOIN executions e ON e.step_run_id = s.step_run_id
    WHERE s.creditor_id = %(creditor)s ORDER BY s.account_id, s.as_of, s.step_run_id
)
SELECT to_char(ca.from_on, 'YYYY-MM') AS cohort, a.product_class, a.region, a.currency, count(*) AS account_count,
       sum(f.balance_minor) AS base_minor, 0 AS recovered_minor, 0 AS gone_count
FROM portfolio_caseaccount ca
JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
JOIN first_seen f ON f.account_id = ca.account_id
WHERE ca.creditor_id = %(creditor)s AND ca.from_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
UNION ALL
SELECT to_char(ca.from_on, 'YYYY-MM'), a.product_class, a.region, a.currency, 0, 0, sum(y.amount_minor), 0
FROM repayment_payment y
JOIN LATERAL (
    SELECT m.account_id FROM repayment_paymentmatch m WHERE m.creditor_id = y.creditor_id AND m.payment_id = y.id ORDER BY m.id DESC LIMIT 1
) m ON m.account_id IS NOT NULL
JOIN portfolio_account a ON a.creditor_id = y.creditor_id AND a.id = m.account_id
JOIN LATERAL (
    SELECT ca.from_on FROM portfolio_caseaccount ca
    WHERE ca.creditor_id = y.creditor_id AND ca.account_id = m.account_id AND ca.from_on <= y.booked_on ORDER BY ca.from_on DESC, ca.id DESC LIMIT 1
) ca ON true
WHERE y.creditor_id = %(creditor)s AND y.booked_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
UNION ALL
SELECT to_char(ca.from_on, 'YYYY-MM'), a.product_class, a.region, a.currency, 0, 0, 0, count(*)
FROM portfolio_caseaccount ca JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
WHERE ca.creditor_id = %(creditor)s AND ca.until_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
"""

_PLACED = """
SELECT to_char(b.placed_on, 'YYYY-MM') AS cohort, a.product_class, a.region, a.currency, count(*) AS account_count,
       sum(pa.balance_minor) AS base_minor, 0 AS recovered_minor, 0 AS gone_count
FROM placement_batch b
JOIN placement_placement p ON p.creditor_id = b.creditor_id AND p.batch_id = b.id
JOIN placement_placementaccount pa ON pa.creditor_id = p.creditor_id AND pa.placement_id = p.id
JOIN portfolio_account a ON a.creditor_id = pa.creditor_id AND a.id = pa.account_id
WHERE b.creditor_id = %(creditor)s AND b.placed_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
UNION ALL
SELECT to_char(b.placed_on, 'YYYY-MM'), a.product_class, a.region, a.currency, 0, 0, sum(t.amount_minor), 0
FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
JOIN portfolio_account a ON a.creditor_id = t.creditor_id AND a.id = t.account_id
WHERE t.creditor_id = %(creditor)s AND t.recognised_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
UNION ALL
SELECT to_char(p.placed_on, 'YYYY-MM'), a.product_class, a.region, a.currency, 0, 0, 0, count(*)
FROM portfolio_caseaccount ca
JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
JOIN parties_creditor cr ON cr.id = ca.creditor_id
JOIN LATERAL (
    SELECT b.placed_on FROM placement_placement p
    JOIN placement_placementaccount pa ON pa.creditor_id = p.creditor_id AND pa.placement_id = p.id AND pa.account_id = ca.account_id
    JOIN placement_batch b ON b.creditor_id = p.creditor_id AND b.id = p.batch_id
    WHERE p.creditor_id = ca.creditor_id AND p.case_id = ca.case_id AND b.placed_on <= ca.until_on
      AND (upper(p.during) IS NULL OR (upper(p.during) AT TIME ZONE cr.zone)::date >= ca.until_on)
    ORDER BY p.id DESC LIMIT 1
) p ON true
WHERE ca.creditor_id = %(creditor)s AND ca.until_on BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3, 4
"""

_WRITE = f"""
INSERT INTO settlement_vintageflow (creditor_id, month, kind, cohort, product_class, region, currency, account_count, base_minor,
    recovered_minor, gone_count)
SELECT %(creditor)s, %(month)s, kind, cohort, product_class, region, currency, sum(account_count), sum(base_minor), sum(recovered_minor),
       sum(gone_count)
FROM (SELECT 'opened' AS kind, o.* FROM ({_OPENED}) o UNION ALL SELECT 'placed', p.* FROM ({_PLACED}) p) found
GROUP BY kind, cohort, product_class, region, currency ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 - fragments of this file


def vintages_write(*, actor: Actor, month: str) -> int:
    """Replace an open month's flows of all cohorts with what is known now, and return how many rows they are.

    A cohort 'opened' holds the accounts first seen overdue in its month, with what they owed at their first snapshot; what was booked for
    them since is recovered, whoever had them. A cohort 'placed' holds the accounts of the placements that began in its month, with what
    was frozen then; only what was recognised for those placements is recovered, and gone is who left while placed.

    Raises:
        MonthUnreadable: the month is not written YYYY-MM.
        Forbidden: the actor is no manager, accountant or analyst of the creditor.
    """
    require(actor, Role.MANAGER, Role.ACCOUNTANT, Role.ANALYST, action="write vintages")
    first, last = month_bounds(month)
    with acting(actor):
        VintageFlow.objects.filter(creditor_id=actor.creditor_id, month=month).delete()
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, {"creditor": actor.creditor_id, "month": month, "first": first, "last": last})
            row_count = cursor.rowcount
        audit_append(
            creditor_id=actor.creditor_id,
            action="vintages_written",
            subject_kind="creditor",
            subject_id=actor.creditor_id,
            details={"month": month, "row_count": row_count},
        )
    return row_count
