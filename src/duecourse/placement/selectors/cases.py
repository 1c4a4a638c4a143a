"""The long list of cases: how they stood when they were last aged, and where they are now."""

from __future__ import annotations

from duecourse.ledger.selectors import PageQuery
from duecourse.portfolio.selectors import GONE, NEW

_RUN_OF = """(SELECT d.step_run_id FROM portfolio_snapshotsum d WHERE d.creditor_id = %(creditor_id)s
    AND (nullif(%(as_of)s, '') IS NULL OR d.as_of = nullif(%(as_of)s, '')::date) ORDER BY d.as_of DESC, d.step_run_id DESC LIMIT 1)"""
_AT = """(SELECT max(d.step_run_id) FROM portfolio_snapshotsum d
    WHERE d.creditor_id = %(creditor_id)s AND d.as_of = split_part({value}, '.', 1)::date)"""
_THERE = """EXISTS (SELECT 1 FROM portfolio_casesnapshot o WHERE o.creditor_id = s.creditor_id AND o.case_id = s.case_id
    AND o.step_run_id = {run}{bucket})"""


def _elsewhere(name: str, absent: str) -> str:
    """Return the condition that a case stood in a bucket on another day, told as `2026-09-01.M2`, or was not there."""
    value = f"%({name})s"
    run = _AT.format(value=value)
    bucket = f" AND o.bucket = split_part({value}, '.', 2)"
    return (
        f"CASE WHEN split_part({value}, '.', 2) = '{absent}' THEN NOT {_THERE.format(run=run, bucket='')}"
        f" ELSE {_THERE.format(run=run, bucket=bucket)} END"
    )


CASES_PAGE = PageQuery(
    select="""s.case_id, n.number, n.account_count AS all_account_count, s.product_class, s.region, s.bucket, s.days_past_due, s.balance_minor,
    s.currency, s.account_count, s.as_of, c.hand_count, c.opened_on, c.closed_on, c.close_reason, g.id AS agency_id, g.code AS agency_code,
    g.name AS agency_name, (lower(p.during) AT TIME ZONE cr.zone)::date AS placed_on, p.term_until_on, p.segment_key,
    CASE WHEN c.closed_on IS NULL THEN 'open_case' ELSE c.close_reason END AS state""",
    source="""FROM portfolio_casesnapshot s
    JOIN portfolio_case c ON c.creditor_id = s.creditor_id AND c.id = s.case_id
    JOIN parties_creditor cr ON cr.id = s.creditor_id
    LEFT JOIN parties_agency g ON g.creditor_id = c.creditor_id AND g.id = c.open_agency_id
    LEFT JOIN placement_placement p ON p.creditor_id = c.creditor_id AND p.case_id = c.id AND upper_inf(p.during)
    LEFT JOIN LATERAL (
        SELECT min(a.number) AS number, count(*) AS account_count FROM portfolio_caseaccount ca
        JOIN portfolio_account a ON a.creditor_id = ca.creditor_id AND a.id = ca.account_id
        WHERE ca.creditor_id = s.creditor_id AND ca.case_id = s.case_id) n ON true""",
    always=f"s.creditor_id = %(creditor_id)s AND s.step_run_id = {_RUN_OF}",
    wheres={
        "bucket": "s.bucket = %(bucket)s",
        "product": "s.product_class = %(product)s",
        "region": "s.region = %(region)s",
        "agency": "CASE WHEN %(agency)s = 'none' THEN c.open_agency_id IS NULL ELSE c.open_agency_id = nullif(%(agency)s, 'none')::bigint END",
        "state": "(c.closed_on IS NULL) = (%(state)s = 'open')",
        "number": """s.case_id IN (SELECT ca.case_id FROM portfolio_account a JOIN portfolio_caseaccount ca
            ON ca.creditor_id = a.creditor_id AND ca.account_id = a.id WHERE a.creditor_id = %(creditor_id)s AND a.number = %(number)s)""",
        "dpd_min": "s.days_past_due >= %(dpd_min)s::int",
        "dpd_max": "s.days_past_due <= %(dpd_max)s::int",
        "balance_min": "s.balance_minor >= %(balance_min)s::bigint",
        "balance_max": "s.balance_minor <= %(balance_max)s::bigint",
        "placed_from": "(lower(p.during) AT TIME ZONE cr.zone)::date >= %(placed_from)s::date",
        "placed_until": "(lower(p.during) AT TIME ZONE cr.zone)::date <= %(placed_until)s::date",
        "hold": """c.person_id IN (SELECT h.person_id FROM portfolio_hold h WHERE h.creditor_id = %(creditor_id)s AND h.kind = %(hold)s
            AND h.from_on <= %(today)s::date AND (h.until_on IS NULL OR h.until_on > %(today)s::date))""",
        "hand": "c.hand_count = %(hand)s::int",
        "placed_in": """EXISTS (SELECT 1 FROM placement_placement i JOIN placement_batch b ON b.creditor_id = i.creditor_id AND b.id = i.batch_id
            WHERE i.creditor_id = s.creditor_id AND i.case_id = s.case_id AND to_char(b.placed_on, 'YYYY-MM') = %(placed_in)s)""",
        "opened_in": "to_char(c.opened_on, 'YYYY-MM') = %(opened_in)s",
        "as_of": "true",
        "was": _elsewhere("was", NEW),
        "became": _elsewhere("became", GONE),
    },
    orders={"balance": "s.balance_minor", "days": "s.days_past_due", "case": "s.case_id"},
    key="s.case_id",
    parameters={"as_of": "", "today": ""},
)
"""The cases of the newest execution of the ageing step, or of a day's (`as_of`), with where they are now; `today` is to be given."""
