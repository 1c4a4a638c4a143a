"""What the steps of a month read, set-wise, as frames. Call inside `acting(...)`."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from duecourse.engine.ageing import ACCOUNTS, PAUSES
from duecourse.engine.frames import conform
from duecourse.portfolio.selectors.copying import copy_out
from duecourse.portfolio.selectors.newest import newest_first

_LONG, _TEXT = pa.int64(), pa.string()


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in columns.items()])


TAPE = _schema(account_id=_LONG, case_id=_LONG, person_id=_LONG, balance_minor=_LONG, currency=_TEXT).set(1, pa.field("case_id", _LONG))
SNAPSHOTS = _schema(
    account_id=_LONG, case_id=_LONG, person_id=_LONG, product_class=_TEXT, currency=_TEXT, as_of=pa.date32(), days_past_due=pa.int32(),
    paused_days_count=pa.int32(), bucket=_TEXT, bucket_number=pa.int16(), principal_minor=_LONG, interest_minor=_LONG, fee_minor=_LONG,
    penalty_minor=_LONG, balance_minor=_LONG,
)  # fmt: skip
CASES = _schema(
    case_id=_LONG, person_id=_LONG, product_class=_TEXT, lender_class=_TEXT, region=_TEXT, currency=_TEXT, bucket=_TEXT,
    bucket_number=pa.int16(), days_past_due=pa.int32(), balance_minor=_LONG, account_count=_LONG, hand=pa.int16(),
    hold_kinds=pa.list_(_TEXT),
)  # fmt: skip
HOLDS = _schema(person_id=_LONG, kind=_TEXT, stops_contact=pa.bool_(), stops_placement=pa.bool_(), from_on=pa.date32()).append(
    pa.field("until_on", pa.date32())
)
SCORES = _schema(case_id=_LONG, model_version=_TEXT, segment_key=_TEXT, expected_recovered_minor=_LONG)

_TAPE = """
SELECT r.account_id, ca.case_id, o.person_id, r.balance_minor, a.currency FROM portfolio_taperow r
JOIN portfolio_account a ON a.creditor_id = r.creditor_id AND a.id = r.account_id
JOIN portfolio_obligation o ON o.creditor_id = r.creditor_id AND o.account_id = r.account_id AND o.role = 'borrower' AND o.until_on IS NULL
LEFT JOIN portfolio_caseaccount ca ON ca.creditor_id = r.creditor_id AND ca.account_id = r.account_id AND ca.until_on IS NULL
WHERE r.creditor_id = %s AND r.tape_id = %s ORDER BY r.account_id
"""
_OVERTAKEN = """
SELECT r.account_id FROM portfolio_taperow r WHERE r.creditor_id = %s AND r.tape_id = %s
    AND (r.is_superseded OR EXISTS (SELECT FROM portfolio_taperow t
        WHERE t.creditor_id = r.creditor_id AND t.account_id = r.account_id AND t.feed_at > r.feed_at))
ORDER BY r.account_id
"""
_ACCOUNTS = f"""
WITH newest AS (
    SELECT DISTINCT ON (r.account_id) r.* FROM portfolio_taperow r
    JOIN parties_creditor cr ON cr.id = r.creditor_id
    WHERE r.creditor_id = %(creditor)s AND r.feed_at < ((%(as_of)s::date + 1)::timestamp AT TIME ZONE cr.zone)
    ORDER BY r.account_id, {newest_first("r")}
), booked AS (
    SELECT p.account_id, p.component, sum(p.amount_minor)::bigint AS amount_minor FROM ledger_posting p
    JOIN portfolio_account a ON a.creditor_id = p.creditor_id AND a.id = p.account_id AND a.balance_authority = 'self'
    WHERE p.creditor_id = %(creditor)s AND p.book = 'receivable' AND p.booked_on <= %(as_of)s GROUP BY p.account_id, p.component
), own AS (
    SELECT account_id, coalesce(sum(amount_minor) FILTER (WHERE component = 'principal'), 0)::bigint AS principal_minor,
        coalesce(sum(amount_minor) FILTER (WHERE component = 'interest'), 0)::bigint AS interest_minor,
        coalesce(sum(amount_minor) FILTER (WHERE component = 'fee'), 0)::bigint AS fee_minor,
        coalesce(sum(amount_minor) FILTER (WHERE component = 'penalty'), 0)::bigint AS penalty_minor
    FROM booked GROUP BY account_id
), owed AS (
    SELECT n.account_id, n.oldest_due_on, n.days_past_due, coalesce(s.principal_minor, n.principal_minor) AS principal_minor,
        coalesce(s.interest_minor, n.interest_minor) AS interest_minor, coalesce(s.fee_minor, n.fee_minor) AS fee_minor,
        coalesce(s.penalty_minor, n.penalty_minor) AS penalty_minor
    FROM newest n LEFT JOIN own s ON s.account_id = n.account_id
)
SELECT w.account_id, ca.case_id, c.person_id, a.product_class, a.currency, w.oldest_due_on, w.days_past_due AS reported_days_past_due,
    w.principal_minor + w.interest_minor + w.fee_minor + w.penalty_minor AS balance_minor,
    w.principal_minor, w.interest_minor, w.fee_minor, w.penalty_minor
FROM owed w
JOIN portfolio_account a ON a.creditor_id = %(creditor)s AND a.id = w.account_id
JOIN portfolio_caseaccount ca ON ca.creditor_id = %(creditor)s AND ca.account_id = w.account_id AND ca.from_on <= %(as_of)s
    AND ca.until_on IS NULL
JOIN portfolio_case c ON c.creditor_id = %(creditor)s AND c.id = ca.case_id AND c.closed_on IS NULL
ORDER BY w.account_id
"""  # noqa: S608 - fragments of SQL
_PAUSES = """
SELECT account_id, from_on, until_on, kind FROM portfolio_pause
WHERE creditor_id = %(creditor)s AND from_on <= %(as_of)s ORDER BY account_id, from_on, id
"""
_SNAPSHOTS = """
SELECT s.account_id, s.case_id, c.person_id, a.product_class, s.currency, s.as_of, s.days_past_due, s.paused_days_count, s.bucket,
    s.bucket_number, s.principal_minor, s.interest_minor, s.fee_minor, s.penalty_minor, s.balance_minor
FROM portfolio_snapshot s
JOIN portfolio_account a ON a.creditor_id = s.creditor_id AND a.id = s.account_id
JOIN portfolio_case c ON c.creditor_id = s.creditor_id AND c.id = s.case_id
WHERE s.creditor_id = %s AND s.step_run_id = %s ORDER BY s.account_id
"""
_CASES = """
WITH held AS (
    SELECT h.person_id, string_agg(DISTINCT h.kind, ',' ORDER BY h.kind) AS hold_kinds FROM portfolio_hold h,
        (SELECT max(as_of) AS as_of FROM portfolio_snapshotsum WHERE creditor_id = %(creditor)s AND step_run_id = %(step_run)s) d
    WHERE h.creditor_id = %(creditor)s AND h.from_on <= d.as_of AND (h.until_on IS NULL OR h.until_on > d.as_of) GROUP BY h.person_id
)
SELECT s.case_id, c.person_id, s.product_class, s.lender_class, c.region, s.currency, s.bucket, s.bucket_number, s.days_past_due,
    s.balance_minor, s.account_count, (c.hand_count + 1)::smallint AS hand, coalesce(h.hold_kinds, '') AS hold_kinds
FROM portfolio_casesnapshot s
JOIN portfolio_case c ON c.creditor_id = s.creditor_id AND c.id = s.case_id AND c.closed_on IS NULL
LEFT JOIN held h ON h.person_id = c.person_id
WHERE s.creditor_id = %(creditor)s AND s.step_run_id = %(step_run)s ORDER BY s.case_id
"""
_HOLDS = """
SELECT person_id, kind, stops_contact, stops_placement, from_on, until_on FROM portfolio_hold
WHERE creditor_id = %(creditor)s AND from_on <= %(as_of)s AND (until_on IS NULL OR until_on > %(as_of)s) ORDER BY person_id, kind, id
"""
_SCORES = """
SELECT case_id, model_version, segment_key, expected_recovered_minor FROM portfolio_score
WHERE creditor_id = %s AND step_run_id = %s ORDER BY case_id, model_version
"""


def tape_frame(*, creditor_id: int, tape_id: int) -> pa.Table:
    """Return the rows of a tape as TAPE: account_id, case_id (null without an open case), person_id, balance_minor, currency."""
    return conform(copy_out(_TAPE, [creditor_id, tape_id], schema=TAPE), TAPE, name="tape")


def tape_overtaken(*, creditor_id: int, tape_id: int) -> pa.Array:
    """Return the accounts (int64) of a tape whose newest row is another one, because a feed or a tape of a later instant is known."""
    schema = _schema(account_id=_LONG)
    return copy_out(_OVERTAKEN, [creditor_id, tape_id], schema=schema)["account_id"].combine_chunks()


def ageing_inputs(*, creditor_id: int, as_of: date) -> tuple[pa.Table, pa.Table]:
    """Return (ACCOUNTS, PAUSES) of `engine.ageing`: every account of an open case, as its newest tape up to the day shows it.

    Of two tapes of one day the later one counts. Balances of accounts whose authority is our own ledger come from there, booked up to
    the day.

    Guarantees: ordered by account; an account stands once.
    """
    parameters = {"creditor": creditor_id, "as_of": as_of}
    accounts = copy_out(_ACCOUNTS, parameters, schema=ACCOUNTS)
    pauses = copy_out(_PAUSES, parameters, schema=PAUSES)
    return conform(accounts, ACCOUNTS, name="ACCOUNTS"), conform(pauses, PAUSES, name="PAUSES")


def snapshot_frame(*, creditor_id: int, step_run_id: int) -> pa.Table:
    """Return the ages an execution of the ageing step wrote, as SNAPSHOTS, ordered by account."""
    return conform(copy_out(_SNAPSHOTS, [creditor_id, step_run_id], schema=SNAPSHOTS), SNAPSHOTS, name="snapshots")


def case_frame(*, creditor_id: int, step_run_id: int) -> pa.Table:
    """Return one row per case that is open, of an execution of the ageing step, as CASES.

    The currency is the one in which most is owed, and the balance and the count of accounts are of that currency. Product and lender class
    are those of the product with the largest balance, ties by name. Days past due and bucket are the oldest account's. `hand` is the
    number the next placement would have; `hold_kinds` are the holds of the snapshot's day.
    """
    wanted = CASES.set(CASES.get_field_index("hold_kinds"), pa.field("hold_kinds", _TEXT))
    found = copy_out(_CASES, {"creditor": creditor_id, "step_run": step_run_id}, schema=wanted)
    kinds = [text.split(",") if text else [] for text in found["hold_kinds"].to_pylist()]
    place = found.column_names.index("hold_kinds")
    return conform(found.set_column(place, "hold_kinds", pa.array(kinds, pa.list_(_TEXT))), CASES, name="cases")


def holds_frame(*, creditor_id: int, as_of: date) -> pa.Table:
    """Return the holds in force on a day, as HOLDS, ordered by person."""
    return conform(copy_out(_HOLDS, {"creditor": creditor_id, "as_of": as_of}, schema=HOLDS), HOLDS, name="holds")


def score_frame(*, creditor_id: int, step_run_id: int) -> pa.Table:
    """Return what an execution of the scoring step wrote, as SCORES, ordered by case."""
    return conform(copy_out(_SCORES, [creditor_id, step_run_id], schema=SCORES), SCORES, name="scores")
