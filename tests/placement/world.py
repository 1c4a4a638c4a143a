"""Cases to place, and the way from an allocation to open placements, for the tests of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
from django.db import connection

from duecourse.engine.allocation import AllocationPolicy, allocate, commit
from duecourse.kit.ids import content_hash
from duecourse.parties.access import Actor, acting
from duecourse.placement import selectors, services
from tests import factories
from tests.factories import Bank

SHANGHAI = ZoneInfo("Asia/Shanghai")
AS_OF = date(2026, 9, 1)
PLACED_AT = datetime(2026, 9, 2, 9, 30, tzinfo=SHANGHAI)
SECRET = b"seventeen herons over Lanxi"

_CASES = """
WITH person AS (
    INSERT INTO portfolio_person (creditor_id, kind, zone_source, known_at)
    SELECT %(creditor)s, 'individual', '', %(at)s FROM generate_series(1, %(count)s) RETURNING id
), made AS (
    INSERT INTO portfolio_case (creditor_id, person_id, work_stream, region, opened_on, close_reason, hand_count)
    SELECT %(creditor)s, id, 'collection', 'ZJ', %(on)s, '', 0 FROM person RETURNING id
), account AS (
    INSERT INTO portfolio_account
        (creditor_id, number, product_class, lender_class, currency, balance_authority, region, collateral_reference)
    SELECT %(creditor)s, %(prefix)s || made.id || '-' || n, 'consumer_loan', 'bank', 'CNY', 'core', 'ZJ', ''
    FROM made, generate_series(1, %(accounts)s) n RETURNING id, number
), linked AS (
    INSERT INTO portfolio_caseaccount (creditor_id, case_id, account_id, from_on)
    SELECT %(creditor)s, split_part(substr(number, length(%(prefix)s) + 1), '-', 1)::bigint, id, %(on)s FROM account
    RETURNING case_id, account_id
), shot AS (
    INSERT INTO portfolio_snapshot (creditor_id, step_run_id, account_id, case_id, as_of, days_past_due, paused_days_count, bucket,
        bucket_number, principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor, currency, known_at)
    SELECT %(creditor)s, %(step)s, account_id, case_id, %(on)s, 45, 0, 'M2', 2, 90000 + case_id %% 7 * 1000, 3000, 200, 100,
           93300 + case_id %% 7 * 1000, 'CNY', %(at)s FROM linked)
SELECT id FROM made ORDER BY id
"""

_FRAME = """
SELECT c.id, c.person_id, 'M2' AS segment, min(a.product_class), c.region, 'CNY', sum(s.balance_minor)::bigint,
       (sum(s.balance_minor) * 8 / 97)::bigint, c.hand_count + 1, max(s.days_past_due)
FROM portfolio_case c
JOIN portfolio_caseaccount ca ON ca.creditor_id = c.creditor_id AND ca.case_id = c.id AND ca.until_on IS NULL
JOIN portfolio_account a ON a.creditor_id = c.creditor_id AND a.id = ca.account_id
JOIN portfolio_snapshot s ON s.creditor_id = c.creditor_id AND s.account_id = a.id
WHERE c.closed_on IS NULL AND s.as_of = %(on)s AND (%(cases)s::bigint[] IS NULL OR c.id = ANY(%(cases)s)) GROUP BY c.id ORDER BY c.id
"""

CASES_KNOWN = pa.schema(
    [
        ("case_id", pa.int64()),
        ("person_id", pa.int64()),
        ("segment_key", pa.string()),
        ("product_class", pa.string()),
        ("region", pa.string()),
        ("currency", pa.string()),
        ("balance_minor", pa.int64()),
        ("expected_recovered_minor", pa.int64()),
        ("hand", pa.int16()),
        ("days_past_due", pa.int32()),
    ]
)


def cases(bank: Bank, count: int, *, accounts: int = 1, as_of: date = AS_OF) -> list[int]:
    """Make open cases with `accounts` accounts each and a snapshot of `as_of`; return their numbers."""
    wanted = {"creditor": bank.id, "count": count, "accounts": accounts, "on": as_of, "prefix": "A", "step": 1, "at": PLACED_AT}
    with acting(bank.system), connection.cursor() as cursor:
        cursor.execute(_CASES, wanted)
        return [row[0] for row in cursor.fetchall()]


def known(*, case_ids: list[int] | None = None, as_of: date = AS_OF) -> pa.Table:
    """Return what is known of the cases; inside `acting`."""
    with connection.cursor() as cursor:
        cursor.execute(_FRAME, {"on": as_of, "cases": case_ids})
        columns = list(zip(*cursor.fetchall(), strict=True)) or [[] for _ in CASES_KNOWN]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, CASES_KNOWN, strict=True)], schema=CASES_KNOWN)


@dataclass(frozen=True)
class Inputs:
    """What `allocation_propose` is called with, besides the actor."""

    arguments: dict


def inputs(bank: Bank, *, case_ids: list[int] | None = None, as_of: date = AS_OF, nonce: str = "", **policy) -> Inputs:
    """Allocate the open cases with the room's own frames and return the arguments of a proposal."""
    chosen = AllocationPolicy(currency="CNY", **policy)
    with acting(bank.system):
        frame = known(case_ids=case_ids, as_of=as_of)
        agencies = selectors.agencies_frame(creditor_id=bank.id, on=as_of)
        exclusions = selectors.exclusions_frame(creditor_id=bank.id, on=as_of)
    allocation = allocate(frame, agencies, exclusions, policy=chosen, secret=SECRET)
    return Inputs(
        {
            "run_id": 1,
            "as_of": as_of,
            "inputs_hash": content_hash([nonce, frame.column("case_id").to_pylist(), as_of]),
            "policy": {"currency": "CNY", "explore_share_bp": chosen.explore_share_bp},
            "commitment": commit(SECRET),
            "allocation": allocation,
            "cases": frame,
        }
    )


def proposed(bank: Bank, *, actor: Actor | None = None, **options) -> int:
    """Propose an allocation, by the system unless an actor is named."""
    return services.allocation_propose(actor=actor or bank.system, **inputs(bank, **options).arguments)


def approved(bank: Bank, **options) -> int:
    """Propose an allocation and have Qiu approve it."""
    run_id = proposed(bank, **options)
    services.allocation_approve(actor=bank.qiu, allocation_run_id=run_id)
    return run_id


def published(bank: Bank, *, at: datetime = PLACED_AT, **options) -> list[int]:
    """Propose, approve and publish; return the batches."""
    return services.allocation_publish(actor=bank.mei, allocation_run_id=approved(bank, **options), at=at)


def days_later(count: int) -> datetime:
    """Return the instant so many days after `PLACED_AT`."""
    return PLACED_AT + timedelta(days=count)


def placements(actor: Actor) -> list:
    """Return all placements the actor sees, by id, as tuples: id, case, agency, is open."""
    from duecourse.placement.models import Placement

    with acting(actor):
        return [(p.pk, p.case_id, p.agency_id, p.during.upper is None) for p in Placement.objects.order_by("pk")]


def bank() -> Bank:
    """Return Lanxi Bank with its people and agreements."""
    return factories.bank()


def snapshots_from_tape(bank: Bank, *, as_of: date = AS_OF) -> None:
    """Write a snapshot of every open case's accounts as the tape of the day has them."""
    query = """
        INSERT INTO portfolio_snapshot (creditor_id, step_run_id, account_id, case_id, as_of, days_past_due, paused_days_count, bucket,
            bucket_number, principal_minor, interest_minor, fee_minor, penalty_minor, balance_minor, currency, known_at)
        SELECT r.creditor_id, 1, r.account_id, ca.case_id, %(on)s, r.days_past_due, 0, 'M2', 2, r.principal_minor, r.interest_minor,
               r.fee_minor, r.penalty_minor, r.balance_minor, a.currency, %(at)s
        FROM portfolio_taperow r
        JOIN portfolio_caseaccount ca ON ca.creditor_id = r.creditor_id AND ca.account_id = r.account_id AND ca.until_on IS NULL
        JOIN portfolio_account a ON a.creditor_id = r.creditor_id AND a.id = r.account_id"""
    with acting(bank.system), connection.cursor() as cursor:
        cursor.execute(query, {"on": as_of, "at": PLACED_AT})
