"""A bank with debts and placements for the tests of daily feeds, files of feeds, and the state they end in."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from duecourse.cycle.services.feeds import FeedResult, feed_receive
from duecourse.kit.clock import frozen
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import acting
from duecourse.portfolio import services as portfolio
from tests import factories
from tests.factories import Bank
from tests.placement import world
from tests.portfolio.tapes import CHEN, DAI, row, text_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
TAPE_ON = date(2026, 9, 1)
PLACED_AT = datetime(2026, 9, 2, 9, 30, tzinfo=SHANGHAI)
TODAY_AT = datetime(2026, 9, 20, 18, 0, tzinfo=SHANGHAI)
TODAY_ON = TODAY_AT.date()
EVA = {"person_name": "Eva", "id_type": "resident_id", "id_number": "330702199001011237"}


def at(day: int, hour: int = 8) -> datetime:
    """Return an hour of a day of September 2026 in the creditor's zone."""
    return datetime(2026, 9, day, hour, tzinfo=SHANGHAI)


def tape_file(folder: Path, rows: list[dict[str, Any]], *, name: str = "tape.csv") -> Path:
    """Write a tape and return it."""
    path = folder / name
    path.write_text(text_of(rows), encoding="utf-8")
    return path


def feed_file(folder: Path, rows: list[dict[str, Any]], *, name: str) -> Path:
    """Write rows of any columns as CSV and return the file."""
    block = io.StringIO()
    writer = csv.DictWriter(block, fieldnames=list(dict.fromkeys(key for r in rows for key in r)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / name
    path.write_text(block.getvalue(), encoding="utf-8")
    return path


def update(number: str, balance: str, *, days: int = 40, **more: Any) -> dict[str, Any]:
    """Return a row of a feed of balances; the balance is principal but for one yuan of interest, where there is as much."""
    interest = "1.00" if Decimal(balance) >= 1 else "0"
    principal = str(Decimal(balance) - Decimal(interest))
    return {"account_number": number, "principal": principal, "interest": interest, "balance": balance, "days_past_due": days} | more


def begin(folder: Path, *, is_placed: bool = True, bank: Bank | None = None) -> Bank:
    """Take a tape in: Chen owes on A-1 and A-2, Dai on B-1, Eva on C-1; Chen's and Dai's cases are placed on the next day."""
    bank = bank or factories.bank()
    rows = [row("A-1", **CHEN), row("A-2", balance="50.00", **CHEN), row("B-1", **DAI), row("C-1", balance="70.00", **EVA)]
    rows = [{**r, "days_past_due": 40, "oldest_due_on": ""} for r in rows]
    with frozen(PLACED_AT - timedelta(hours=5)):
        portfolio.tape_intake(actor=bank.system, path=tape_file(folder, rows), mapping="native", as_of=TAPE_ON)
    if is_placed:
        place(bank, ["A-1", "B-1"])
    return bank


def place(bank: Bank, numbers: list[str]) -> None:
    """Place the cases of accounts."""
    with frozen(PLACED_AT):
        world.snapshots_from_tape(bank, as_of=TAPE_ON)
        world.published(bank, at=PLACED_AT, as_of=TAPE_ON, case_ids=[case_of(bank, number) for number in numbers])


def case_of(bank: Bank, number: str) -> int:
    """Return the case an account is in or was in last."""
    query = """SELECT ca.case_id FROM portfolio_caseaccount ca JOIN portfolio_account a ON a.id = ca.account_id
        WHERE a.creditor_id = %s AND a.number = %s ORDER BY ca.id DESC LIMIT 1"""
    with acting(bank.system), connection.cursor() as cursor:
        cursor.execute(query, [bank.id, number])
        return cursor.fetchone()[0]


def receive(bank: Bank, kind: str, path: Path, *, now_at: datetime = TODAY_AT, **options: Any) -> FeedResult:
    """Take a feed in at an instant."""
    with frozen(now_at):
        return feed_receive(actor=bank.mei, kind=kind, path=path, **options)


def state(bank: Bank, *, on: date = TODAY_ON) -> dict[str, list[dict[str, Any]]]:
    """Return accounts, balances by component, cases, holds in force and placements, without the numbers of rows."""
    queries = {
        "accounts": """SELECT a.number, a.waits_from_on IS NOT NULL AS waits, c.work_stream, s.id AS person, n.balance_minor, n.days_past_due
            FROM portfolio_account a
            LEFT JOIN portfolio_caseaccount ca ON ca.account_id = a.id AND ca.until_on IS NULL
            LEFT JOIN portfolio_case c ON c.id = ca.case_id
            JOIN portfolio_obligation o ON o.account_id = a.id
            JOIN LATERAL (SELECT min(x.number) AS id FROM portfolio_obligation y JOIN portfolio_account x ON x.id = y.account_id
                WHERE y.person_id = o.person_id) s ON true
            LEFT JOIN LATERAL (SELECT r.balance_minor, r.days_past_due FROM portfolio_taperow r WHERE r.account_id = a.id
                ORDER BY r.feed_at DESC, r.balance_minor, r.days_past_due LIMIT 1) n ON true
            WHERE a.creditor_id = %(creditor)s ORDER BY a.number""",
        "balances": """SELECT a.number, p.component, sum(p.amount_minor)::bigint AS owed_minor FROM ledger_posting p
            JOIN portfolio_account a ON a.id = p.account_id WHERE p.creditor_id = %(creditor)s AND p.book = 'receivable'
            GROUP BY 1, 2 HAVING sum(p.amount_minor) <> 0 ORDER BY 1, 2""",
        "cases": """SELECT (SELECT min(x.number) FROM portfolio_obligation y JOIN portfolio_account x ON x.id = y.account_id
                WHERE y.person_id = c.person_id) AS person, c.work_stream, c.opened_on, c.closed_on, c.close_reason, c.hand_count,
                c.open_agency_id IS NOT NULL AS is_placed
            FROM portfolio_case c WHERE c.creditor_id = %(creditor)s ORDER BY 1, 2, 3, 4""",
        "holds": """SELECT (SELECT min(x.number) FROM portfolio_obligation y JOIN portfolio_account x ON x.id = y.account_id
                WHERE y.person_id = h.person_id) AS person, h.kind, h.stops_contact, h.stops_placement, h.from_on, h.until_on
            FROM portfolio_hold h WHERE h.creditor_id = %(creditor)s AND (h.until_on IS NULL OR h.until_on > %(on)s) ORDER BY 1, 2, 5""",
        "placements": """SELECT (SELECT min(x.number) FROM portfolio_obligation y JOIN portfolio_account x ON x.id = y.account_id
                WHERE y.person_id = c.person_id) AS person, upper(p.during) AS ended_at, p.end_reason, t.status, t.last_on, t.reason_code
            FROM placement_placement p JOIN portfolio_case c ON c.id = p.case_id
            JOIN LATERAL (SELECT CASE WHEN t.status = 'recall_cancelled' THEN 'placed' ELSE t.status END AS status, t.last_on,
                CASE WHEN t.status = 'recall_cancelled' THEN '' ELSE t.reason_code END AS reason_code
                FROM placement_placementtransition t WHERE t.placement_id = p.id ORDER BY t.id DESC LIMIT 1) t ON true
            WHERE p.creditor_id = %(creditor)s ORDER BY 1""",
    }
    with acting(bank.system):
        return {name: dicts(query, creditor=bank.id, on=on) for name, query in queries.items()}
