"""What the database itself refuses, whoever asks: changed books, wrong entries, strangers."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest
from django.db import DatabaseError, connection

from duecourse.ledger.services import PostingLine, audit_append, entry_post, seal_pending
from duecourse.parties.access import acting
from tests import factories, people

DAY = date(2026, 3, 2)
BOOKS = ("ledger_auditevent", "ledger_seal", "ledger_entry", "ledger_posting")
TABLES = (*BOOKS, "ledger_storedfile", "ledger_idempotencykey")
CHANGES = {
    "ledger_auditevent": "action = 'nothing'",
    "ledger_seal": "version = 2",
    "ledger_entry": "value_on = value_on + 1",
    "ledger_posting": "amount_minor = amount_minor + 1",
}


@pytest.fixture
def booked(committed_db):
    """A bank with one entry and a sealed trail, committed."""
    bank = factories.bank()
    with acting(bank.fan):
        postings = [PostingLine("cash", 5, "CNY"), PostingLine("suspense", -5, "CNY")]
        entry_id = entry_post(
            creditor_id=bank.id, kind="payment", source_kind="payment", source_id=1, value_on=DAY, booked_on=DAY, postings=postings
        )
        seal_pending(creditor_id=bank.id)
    return bank, entry_id


def as_staff(committed_db, bank) -> psycopg.Connection:
    """Return a raw connection as the application, with the bank open in the session."""
    raw = committed_db.connect()
    raw.execute("SELECT set_config('app.creditor', %s, false)", [str(bank.id)])
    return raw


def test_books_are_not_changed_by_anybody(committed_db, booked):
    """UPDATE, DELETE and TRUNCATE on each book are refused to the application and to the owner of the tables."""
    bank, _ = booked
    refused = []
    for raw in (as_staff(committed_db, bank), committed_db.connect("owner")):
        for table in BOOKS:
            for statement in (f"UPDATE {table} SET {CHANGES[table]}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
                    raw.execute(statement)
                refused.append(statement)
        raw.close()
    assert len(refused) == 2 * 4 * 3


@pytest.mark.parametrize("table", ["ledger_auditevent", "ledger_seal"])
def test_trail_is_written_through_the_gate_only(committed_db, booked, table):
    """The application cannot insert events or seals of its own making."""
    bank, _ = booked
    with as_staff(committed_db, bank) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(f"INSERT INTO {table} (creditor_id) VALUES ({bank.id})")


INSERT_ENTRY = """
INSERT INTO ledger_entry (creditor_id, kind, source_kind, source_id, value_on, booked_on, known_at)
VALUES ({0}, 'raw', 'raw', '1', '2026-03-02', '2026-03-02', now()) RETURNING id
"""
INSERT_POSTING = """
INSERT INTO ledger_posting (creditor_id, entry_id, book, component, amount_minor, currency, value_on, booked_on)
VALUES ({0}, {1}, 'cash', '', {2}, '{3}', '2026-03-02', '2026-03-02')
"""
TWO_POSTINGS = INSERT_POSTING + ", ({0}, {1}, 'suspense', '', {4}, '{5}', '2026-03-02', '2026-03-02')"


def book_raw(raw: psycopg.Connection, bank, *statements: str) -> None:
    """Insert an entry, and run statements that name it as ENTRY, in one transaction."""
    with raw.transaction():
        entry_id = raw.execute(INSERT_ENTRY.format(bank.id)).fetchone()[0]
        for statement in statements:
            raw.execute(statement.replace("ENTRY", str(entry_id)))


@pytest.mark.parametrize("second", [(-4, "CNY"), (-5, "USD")], ids=["amount", "currency"])
def test_entry_that_does_not_balance_is_refused_at_commit(committed_db, booked, second):
    """A leftover in any currency makes the commit fail, and nothing of the entry stays."""
    bank, _ = booked
    with as_staff(committed_db, bank) as raw:
        with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
            book_raw(raw, bank, TWO_POSTINGS.format(bank.id, "ENTRY", 5, "CNY", *second))
        assert raw.execute("SELECT count(*) FROM ledger_entry WHERE kind = 'raw'").fetchone() == (0,)


def test_entry_without_postings_is_refused_at_commit(committed_db, booked):
    """An entry that moves nothing does not commit."""
    bank, _ = booked
    with as_staff(committed_db, bank) as raw:
        with pytest.raises(psycopg.errors.CheckViolation, match="no postings"):
            book_raw(raw, bank)
        assert raw.execute("SELECT count(*) FROM ledger_entry").fetchone() == (1,)


def test_posting_added_later_is_refused(committed_db, booked):
    """Balanced postings added to an entry of an earlier transaction are refused."""
    bank, entry_id = booked
    with as_staff(committed_db, bank) as raw, pytest.raises(psycopg.errors.RestrictViolation, match="never later"):
        raw.execute(TWO_POSTINGS.format(bank.id, entry_id, 5, "CNY", -5, "CNY"))


def test_check_asked_for_early_is_not_evaded(committed_db, booked):
    """After asking for the check inside the transaction, a posting slipped in afterwards is refused."""
    bank, _ = booked
    balanced, late = TWO_POSTINGS.format(bank.id, "ENTRY", 5, "CNY", -5, "CNY"), INSERT_POSTING.format(bank.id, "ENTRY", 9, "CNY")
    with as_staff(committed_db, bank) as raw, pytest.raises(psycopg.errors.RestrictViolation, match="one statement"):
        book_raw(raw, bank, balanced, "SET CONSTRAINTS ALL IMMEDIATE", late)


def test_posting_on_an_entry_of_another_creditor_is_refused(committed_db, booked):
    """Entry and postings belong to one creditor."""
    bank, _ = booked
    other = factories.bank(people.OTHER_BANK)
    with committed_db.connect("owner") as raw, pytest.raises(psycopg.errors.RestrictViolation):
        book_raw(raw, bank, TWO_POSTINGS.format(other.id, "ENTRY", 5, "CNY", -5, "CNY"))


def test_service_cannot_commit_what_the_database_refuses(committed_db, booked, monkeypatch):
    """If the service's own check were lost, the commit would still fail."""
    from duecourse.ledger.services import books

    bank, _ = booked
    monkeypatch.setattr(books, "_faults", lambda lines: [])
    with pytest.raises(DatabaseError, match="does not balance"), acting(bank.fan):
        entry_post(
            creditor_id=bank.id, kind="payment", source_kind="payment", source_id=2, value_on=DAY, booked_on=DAY,
            postings=[PostingLine("cash", 5, "CNY")],
        )  # fmt: skip


def test_agencies_see_nothing_of_the_ledger(booked):
    """The agencies' role has no privilege on any table of the ledger."""
    bank, _ = booked
    for table in TABLES:
        with pytest.raises(DatabaseError, match="permission denied"), acting(bank.bo), connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table}")
    assert bank.bo.is_agency


def test_agencies_may_leave_a_trace(booked):
    """An agency's person appends events under the creditor that is open, and the database fills in who it was."""
    bank, _ = booked
    with acting(bank.bo):
        event_id = audit_append(creditor_id=bank.id, action="case_opened", subject_kind="case", subject_id=1)
    with acting(bank.qiu), connection.cursor() as cursor:
        cursor.execute("SELECT actor_id, agency_id FROM ledger_auditevent WHERE id = %s", [event_id])
        assert cursor.fetchone() == (bank.bo.user_id, bank.birch.pk)


def test_nobody_and_other_creditors_see_no_row(committed_db, booked):
    """Without an open creditor, with an empty setting and with another creditor open, every table of the ledger looks empty."""
    bank, _ = booked
    with committed_db.connect() as raw:
        for value in (None, "", str(bank.id + 1)):
            if value is not None:
                raw.execute("SELECT set_config('app.creditor', %s, false)", [value])
            for table in TABLES:
                assert raw.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), (value, table)
        raw.execute("SELECT set_config('app.creditor', %s, false)", [str(bank.id)])
        assert raw.execute("SELECT count(*) FROM ledger_posting").fetchone() == (2,)


def test_trail_of_another_creditor_is_closed(booked):
    """Appending to, reading the queue of, and sealing another creditor's trail are refused by the gate."""
    bank, _ = booked
    other = factories.bank(people.OTHER_BANK)
    calls = [
        lambda: audit_append(creditor_id=other.id, action="x", subject_kind="x", subject_id=1),
        lambda: seal_pending(creditor_id=other.id),
    ]
    for call in calls:
        with pytest.raises(DatabaseError, match="is not open here"), acting(bank.mei):
            call()
    assert other.id != bank.id


def test_waiting_list_of_the_sealer_is_out_of_reach(committed_db, booked):
    """The application cannot take an event off the list of those that wait for a seal."""
    bank, _ = booked
    with as_staff(committed_db, bank) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute("DELETE FROM gate.unsealed")
