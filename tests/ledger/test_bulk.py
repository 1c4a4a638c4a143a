"""Booking many entries at once: the same checks as one by one, all or none."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from duecourse.ledger.errors import EntryConflict, PostingsRefused
from duecourse.ledger.selectors import book_totals
from duecourse.ledger.selectors.entries import entry_amounts
from duecourse.ledger.services.bulk import CAUSES, SIDES, entries_post_many
from duecourse.parties.access import acting
from tests import factories

DAY = date(2026, 9, 10)


@pytest.fixture
def bank(db):
    """Lanxi Bank."""
    return factories.bank()


def post(bank, *sides, sources=(1, 2)):
    """Book entries of the sources from (source, book, amount) sides."""
    causes = [{"source_id": number, "value_on": DAY, "booked_on": DAY} for number in sources]
    rows = [
        {"source_id": n, "book": book, "amount_minor": amount, "currency": "CNY", "account_id": 5, "component": ""}
        for n, book, amount in sides
    ]
    with acting(bank.system):
        return entries_post_many(
            creditor_id=bank.id,
            kind="payment",
            source_kind="payment",
            causes=pa.Table.from_pylist(causes, schema=CAUSES),
            sides=pa.Table.from_pylist(rows, schema=SIDES),
        )


GOOD = ((1, "cash", 100), (1, "suspense", -100), (2, "cash", 7), (2, "receivable", -5), (2, "suspense", -2))


def test_entries_are_booked_with_their_own_postings(bank):
    """Two causes make two entries, each with its sides."""
    entry_ids = post(bank, *GOOD)
    assert sorted(entry_ids) == [1, 2]
    with acting(bank.system):
        totals = {book: amount for book, _, amount in book_totals(creditor_id=bank.id)}
        assert totals == {"cash": 107, "suspense": -102, "receivable": -5}
        assert entry_amounts(creditor_id=bank.id, book="suspense") == {entry_ids[1]: -100, entry_ids[2]: -2}
    assert post(bank, sources=()) == {}


@pytest.mark.parametrize(
    ("sides", "reason"),
    [
        ((*GOOD, (2, "cash", 1)), "1 minor units of CNY of 2 are left over"),
        (GOOD[:2], "2 has no postings"),
        ((*GOOD, (3, "cash", 1), (3, "cash", -1)), "3 is no entry of this call"),
        ((*GOOD, (1, "biscuits", 1), (1, "cash", -1)), "there is no book 'biscuits'"),
        ((*GOOD, (1, "cash", 0)), "a posting of zero moves nothing"),
    ],
)
def test_one_bad_entry_refuses_all(bank, sides, reason):
    """The reason is named, and nothing is booked."""
    with pytest.raises(PostingsRefused, match=reason):
        post(bank, *sides)
    with acting(bank.system):
        assert book_totals(creditor_id=bank.id) == []


def test_cause_that_is_booked_already_is_a_conflict(bank):
    """A repeat is refused, and nothing of the second call stays."""
    post(bank, *GOOD)
    with pytest.raises(EntryConflict):
        post(bank, *GOOD, (3, "cash", 1), (3, "suspense", -1), sources=(1, 2, 3))
    with acting(bank.system):
        assert sum(amount for book, _, amount in book_totals(creditor_id=bank.id) if book == "cash") == 107
