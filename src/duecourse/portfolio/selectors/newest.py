"""Which of several rows about an account counts, as fragments of SQL that writing and reading share."""

from __future__ import annotations

_CONTENT = ("balance_minor", "principal_minor", "interest_minor", "fee_minor", "penalty_minor")


def ranked(row: str, /) -> str:
    """Return what decides between rows of one instant: the smaller balance, then the smaller parts, then fewer days.

    Nothing in it depends on the order in which rows came in.
    """
    parts = [f"{row}.{name}" for name in _CONTENT]
    return f"({', '.join(parts)}, coalesce({row}.days_past_due, -1), coalesce({row}.oldest_due_on, DATE 'infinity'))"


def newest_first(row: str, /) -> str:
    """Return the order in which the row that counts comes first: the latest instant, then `ranked`, then the file that came last."""
    parts = ", ".join([*(f"{row}.{name}" for name in _CONTENT), f"{row}.days_past_due NULLS FIRST", f"{row}.oldest_due_on NULLS LAST"])
    return f"{row}.feed_at DESC, {parts}, {row}.tape_id DESC"


CLOSED_BY_FEED = """(x.close_reason IN ('paid', 'cured', 'recalled') AND EXISTS (
        SELECT FROM portfolio_caseaccount xa
        JOIN portfolio_feedfact xf ON xf.creditor_id = xa.creditor_id AND xf.account_id = xa.account_id AND xf.kind = x.close_reason
        WHERE xa.creditor_id = x.creditor_id AND xa.case_id = x.id))"""
"""That a case `x` was closed because feeds said that its debts were paid, cured or recalled; nobody's own closing is opened again."""

CASE_TO_JOIN = f"""
        LEFT JOIN LATERAL (
            SELECT x.id, x.closed_on, x.open_agency_id FROM portfolio_case x
            WHERE x.creditor_id = %(creditor)s AND x.person_id = {{person}}
                AND (x.closed_on IS NULL OR (x.work_stream = 'collection' AND {CLOSED_BY_FEED}
                    AND NOT EXISTS (SELECT FROM portfolio_case y WHERE y.creditor_id = x.creditor_id AND y.person_id = x.person_id
                        AND y.work_stream = x.work_stream AND y.id > x.id)))
            ORDER BY x.closed_on IS NOT NULL, x.open_agency_id IS NOT NULL, x.id LIMIT 1) c ON true
"""  # noqa: S608 - fragments of SQL
"""A debtor's case for an account that comes in: an open one, one without an agency first; else the newest one, where a feed has closed it."""
