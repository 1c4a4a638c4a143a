"""Publishing a staged tape, set by set, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from duecourse.ledger.selectors import receivable_balances
from duecourse.ledger.services import receivables_post
from duecourse.portfolio.errors import IntakeOvertaken
from duecourse.portfolio.selectors.copying import copy_out
from duecourse.portfolio.selectors.newest import CASE_TO_JOIN, ranked
from duecourse.portfolio.services.rows import COMPONENT_COLUMNS

BOOKED_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Publication:
    """What is being published.

    Attributes:
        creditor_id, tape_id: whose, and which.
        as_of: the tape's business date.
        known_at: the instant at which the house learned of it.
        actor_id: who takes it in.
        index_key_id: the key that blind indexes were made with.
        first_at: the instant of rows without one of their own.
        zone: the creditor's, in which instants become days.
        authority: `core` or `self`, for accounts that are new.
    """

    creditor_id: int
    tape_id: int
    as_of: date
    known_at: datetime
    actor_id: int
    index_key_id: str
    first_at: datetime
    zone: str
    authority: str = "core"


_ERASED = """
SELECT count(DISTINCT c.person_id) FROM pg_temp.staged_contact c WHERE c.is_known_person
    AND c.person_id NOT IN (SELECT person_id FROM pg_temp.staged_person)
    AND NOT EXISTS (SELECT FROM portfolio_personsecret s WHERE s.creditor_id = %(creditor)s AND s.person_id = c.person_id)
"""
_SECRETS_LOCKED = """
SELECT count(*) FROM (
    SELECT s.id FROM portfolio_personsecret s
    WHERE s.creditor_id = %(creditor)s AND s.person_id IN (SELECT c.person_id FROM pg_temp.staged_contact c WHERE c.is_known_person)
    FOR KEY SHARE OF s
) locked
"""
_AT = "coalesce(r.feed_at, %(first_at)s)"
_DAY = "CASE WHEN r.feed_at IS NULL THEN %(as_of)s::date ELSE (r.feed_at AT TIME ZONE %(zone)s)::date END"
_NEWER = f"""(NOT r.is_new AND EXISTS (SELECT FROM portfolio_taperow t
            WHERE t.creditor_id = %(creditor)s AND t.account_id = r.account_id AND t.feed_at >= {_AT}
                AND (t.feed_at > {_AT} OR {ranked("t")} < {ranked("r")})))"""
# A known account comes (back) in, unless it went out at that instant or later: by a fact of a feed, or on a later day for another reason.
_COMES_IN = f"""NOT EXISTS (SELECT FROM portfolio_feedfact f WHERE f.creditor_id = %(creditor)s AND f.account_id = r.account_id
                AND f.kind IN ('paid', 'cured', 'recalled') AND f.feed_at >= {_AT})
            AND NOT EXISTS (SELECT FROM portfolio_caseaccount ca WHERE ca.creditor_id = %(creditor)s AND ca.account_id = r.account_id
                AND (ca.until_on IS NULL OR ca.until_on > {_DAY}))"""  # noqa: S608 - fragments of SQL
_SETS: dict[str, str] = {
    "persons": """
        INSERT INTO portfolio_person (id, creditor_id, kind, zone, zone_source, known_at)
        SELECT person_id, %(creditor)s, kind, zone, zone_source, %(known_at)s FROM pg_temp.staged_person
    """,
    "secrets": """
        INSERT INTO portfolio_personsecret (creditor_id, person_id, wrapped_key, salt, name_sealed, identity_kind, identity_sealed,
            identity_index, index_key_id)
        SELECT %(creditor)s, person_id, wrapped_key, salt, name_sealed, identity_kind, identity_sealed, identity_index,
            CASE WHEN identity_index IS NULL THEN '' ELSE %(key)s END
        FROM pg_temp.staged_person
    """,
    "accounts": """
        INSERT INTO portfolio_account (id, creditor_id, number, product_class, lender_class, currency, balance_authority, region, opened_on,
            charged_off_on, credit_limit_minor, collateral_reference)
        SELECT account_id, %(creditor)s, number, product_class, lender_class, currency, %(authority)s, coalesce(region, ''), opened_on,
            charged_off_on, credit_limit_minor, coalesce(collateral_reference, '')
        FROM pg_temp.staged_row WHERE is_new
    """,
    "obligations": """
        INSERT INTO portfolio_obligation (creditor_id, account_id, person_id, role, from_on)
        SELECT %(creditor)s, account_id, person_id, 'borrower', coalesce(opened_on, %(as_of)s) FROM pg_temp.staged_row WHERE is_new
    """,
    "contact points": """
        INSERT INTO portfolio_contactpoint (creditor_id, person_id, kind, whose, value_sealed, value_index, index_key_id, zone, zone_source,
            valid_from_on)
        SELECT %(creditor)s, person_id, kind, 'self', value_sealed, value_index, %(key)s, zone, zone_source, %(as_of)s
        FROM pg_temp.staged_contact
        ON CONFLICT (creditor_id, person_id, kind, value_index, index_key_id) DO NOTHING
    """,
    "accounts without a case": f"""
        CREATE TEMPORARY TABLE staged_work ON COMMIT DROP AS
        SELECT r.account_id, r.person_id, coalesce(r.region, '') AS region, r.balance_minor, r.row_number, {_DAY} AS from_on
        FROM pg_temp.staged_row r WHERE r.is_new AND r.balance_minor > 0
        UNION ALL
        SELECT r.account_id, r.person_id, coalesce(r.region, ''), r.balance_minor, r.row_number, {_DAY} FROM pg_temp.staged_row r
        WHERE NOT r.is_new AND r.balance_minor > 0 AND {_COMES_IN}
    """,  # noqa: S608 - fragments of SQL
    "cases to join or open": """
        CREATE TEMPORARY TABLE staged_case ON COMMIT DROP AS
        SELECT coalesce(c.id, nextval('portfolio_case_id_seq')) AS case_id, w.person_id, w.region, w.from_on, c.id IS NULL AS is_new,
            c.closed_on IS NOT NULL AS is_closed, c.open_agency_id IS NOT NULL AS is_placed
        FROM (SELECT DISTINCT ON (person_id) person_id, region, min(from_on) OVER (PARTITION BY person_id) AS from_on
            FROM pg_temp.staged_work ORDER BY person_id, balance_minor DESC, row_number) w
    """  # noqa: S608 - fragments of SQL
    + CASE_TO_JOIN.format(person="w.person_id"),
    "cases": """
        INSERT INTO portfolio_case (id, creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count)
        SELECT case_id, %(creditor)s, person_id, 'collection', region, from_on, '', 0 FROM pg_temp.staged_case WHERE is_new
    """,
    "cases reopened": """
        UPDATE portfolio_case c SET closed_on = NULL, close_reason = '', opened_on = least(c.opened_on, s.from_on)
        FROM pg_temp.staged_case s WHERE c.creditor_id = %(creditor)s AND c.id = s.case_id AND NOT s.is_new AND NOT s.is_placed
            AND (s.is_closed OR s.from_on < c.opened_on)
    """,
    "transitions": """
        INSERT INTO portfolio_casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)
        SELECT %(creditor)s, case_id, CASE WHEN is_new THEN 'opened' ELSE 'reopened' END, 'tape', from_on, %(known_at)s, %(actor)s
        FROM pg_temp.staged_case WHERE is_new OR is_closed
    """,
    "accounts of cases": """
        INSERT INTO portfolio_caseaccount (creditor_id, case_id, account_id, from_on)
        SELECT %(creditor)s, c.case_id, w.account_id, w.from_on FROM pg_temp.staged_work w
        JOIN pg_temp.staged_case c ON c.person_id = w.person_id AND NOT c.is_placed
    """,
    "accounts that wait": """
        UPDATE portfolio_account a SET waits_from_on = w.from_on FROM pg_temp.staged_work w
        JOIN pg_temp.staged_case c ON c.person_id = w.person_id AND c.is_placed
        WHERE a.creditor_id = %(creditor)s AND a.id = w.account_id
    """,
    "rows": f"""
        INSERT INTO portfolio_taperow (creditor_id, tape_id, account_id, row_number, feed_at, is_superseded, oldest_due_on, days_past_due,
            principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor, instalment_minor, last_paid_on, last_paid_minor)
        SELECT %(creditor)s, %(tape)s, r.account_id, r.row_number, {_AT}, {_NEWER}, r.oldest_due_on, r.days_past_due,
            r.principal_minor, r.interest_minor, r.fee_minor, r.penalty_minor, r.balance_minor, r.instalment_minor, r.last_paid_on,
            r.last_paid_minor
        FROM pg_temp.staged_row r
    """,  # noqa: S608 - fragments of SQL
}
_MADE = {"accounts without a case": "staged_work", "cases to join or open": "staged_case"}
"""Sets that make a temporary table; the planner is told how large it has become."""
_BOOKED = """
SELECT r.account_id, r.row_number, r.currency, r.principal_minor, r.interest_minor, r.fee_minor, r.penalty_minor
FROM pg_temp.staged_row r
WHERE r.row_number > {after} AND {chosen}
ORDER BY r.row_number LIMIT {limit}
"""
_OPENING = "r.is_new"
_DIFFERENCE = """NOT r.is_new
    AND EXISTS (SELECT FROM portfolio_account a WHERE a.creditor_id = {creditor} AND a.id = r.account_id AND a.balance_authority = 'core')
    AND NOT EXISTS (SELECT FROM portfolio_taperow t
        WHERE t.creditor_id = {creditor} AND t.tape_id = {tape} AND t.row_number = r.row_number AND t.is_superseded)"""
BOOKED = pa.schema(
    [
        pa.field("account_id", pa.int64()),
        pa.field("row_number", pa.int64()),
        pa.field("currency", pa.string()),
        *(pa.field(name, pa.int64()) for name in COMPONENT_COLUMNS),
    ]
)


def publish(publication: Publication, *, tell: Callable[[int, int, str], None]) -> dict[str, int]:
    """Move the staged rows to their places and return how many rows each set has.

    Raises:
        IntakeOvertaken: a debtor was erased after something was sealed for them.
    """
    parameters = {
        "creditor": publication.creditor_id,
        "tape": publication.tape_id,
        "as_of": publication.as_of,
        "known_at": publication.known_at,
        "actor": publication.actor_id,
        "key": publication.index_key_id,
        "authority": publication.authority,
        "first_at": publication.first_at,
        "zone": publication.zone,
    }
    counts = {}
    with connection.cursor() as cursor:
        cursor.execute(_SECRETS_LOCKED, parameters)
        cursor.execute(_ERASED, parameters)
        erased_count = cursor.fetchone()[0]
        if erased_count:
            raise IntakeOvertaken(count=erased_count)
        for number, (name, statement) in enumerate(_SETS.items()):
            tell(number, len(_SETS) + 1, name)
            cursor.execute(statement, parameters)
            counts[name] = cursor.rowcount
            if made := _MADE.get(name):
                cursor.execute(f"ANALYZE pg_temp.{made}")
    return counts


def balances_book(publication: Publication) -> int:
    """Book the opening balances of new accounts, and for known ones what differs from the ledger; return how many entries were made.

    Guarantees: afterwards the receivables of every account on the tape are the tape's components, unless a later tape has it already or
    its balance is our own ledger's.
    """
    difference = _DIFFERENCE.format(creditor=publication.creditor_id, tape=publication.tape_id)
    return _book(publication, _OPENING, kind="opening", against="opening") + _book(
        publication, difference, kind="tape_difference", against="accrual"
    )


def _book(publication: Publication, chosen: str, *, kind: str, against: str) -> int:
    after, chunk, entry_count = 0, 0, 0
    while True:
        rows = copy_out(_BOOKED.format(after=after, chosen=chosen, limit=BOOKED_ROWS), schema=BOOKED)
        if not rows.num_rows:
            return entry_count
        after, chunk = rows["row_number"][-1].as_py(), chunk + 1
        wanted = _by_component(rows)
        if kind == "tape_difference":
            present = receivable_balances(creditor_id=publication.creditor_id, account_ids=rows["account_id"].to_pylist())
            wanted = _differences(wanted, present)
        for currency in pc.unique(wanted["currency"]).to_pylist():
            lines = wanted.filter(pc.equal(wanted["currency"], currency)).select(["account_id", "component", "amount_minor"])
            entry_count += bool(
                receivables_post(
                    creditor_id=publication.creditor_id,
                    source_kind="tape",
                    source_id=f"{publication.tape_id}/{currency}/{chunk}",
                    kind=kind,
                    value_on=publication.as_of,
                    booked_on=publication.as_of,
                    currency=currency,
                    rows=lines,
                    against=against,
                )
            )


def _by_component(rows: pa.Table) -> pa.Table:
    """Return account_id, currency, component, amount_minor: one row per account and component."""
    parts = [
        pa.table(
            {
                "account_id": rows["account_id"],
                "currency": rows["currency"],
                "component": pa.array([name.removesuffix("_minor")] * rows.num_rows, pa.string()),
                "amount_minor": rows[name],
            }
        )
        for name in COMPONENT_COLUMNS
    ]
    return pa.concat_tables(parts)


def _differences(wanted: pa.Table, present: pa.Table) -> pa.Table:
    """Return what must be booked so that the ledger says what the tape says."""
    keys = ["account_id", "currency", "component"]
    there = pa.table([present[name] for name in (*keys, "balance_minor")], names=[*keys, "balance_minor"])
    joined = wanted.join(there, keys, join_type="full outer")
    amount = pc.subtract(pc.fill_null(joined["amount_minor"], 0), pc.fill_null(joined["balance_minor"], 0))
    return pa.table([joined[name] for name in keys] + [amount], names=[*keys, "amount_minor"]).filter(pc.not_equal(amount, 0))
