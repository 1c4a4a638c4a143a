"""Booking, repeating and reversing; what the books add up to."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.engine.frames import FrameMismatch
from duecourse.ledger import selectors
from duecourse.ledger.errors import EntryConflict, EntryReversed, PostingsRefused
from duecourse.ledger.services import PostingLine, entry_post, entry_reverse, receivables_post
from duecourse.ledger.services.books import array_text
from duecourse.parties.access import acting

DAY = date(2026, 3, 2)
CASH = [
    PostingLine("cash", 500, "CNY"),
    PostingLine("receivable", -300, "CNY", account_id=1, component="principal", instalment_number=2),
    PostingLine("suspense", -200, "CNY"),
]


def post(bank, postings=CASH, **changes) -> int:
    """Book one payment; `changes` replace single arguments."""
    cause = {"kind": "payment", "source_kind": "payment", "source_id": 7, "value_on": DAY, "booked_on": DAY}
    return entry_post(creditor_id=bank.id, postings=postings, **(cause | changes))


def open_receivables(bank, rows, **changes) -> int:
    """Book opening balances given as (account, component, amount)."""
    columns = list(zip(*rows, strict=True)) or [[], [], []]
    frame = pa.table(
        {"account_id": pa.array(columns[0], pa.int64()), "component": pa.array(columns[1], pa.string()),
         "amount_minor": pa.array(columns[2], pa.int64())}
    )  # fmt: skip
    cause = {"kind": "opening", "source_kind": "tape", "source_id": "1/1", "value_on": DAY, "booked_on": DAY, "currency": "CNY"}
    return receivables_post(creditor_id=bank.id, rows=frame, against="opening", **(cause | changes))


def test_same_cause_is_booked_once(bank):
    """The same cause with the same postings in another order returns the entry it made."""
    with acting(bank.fan):
        assert post(bank) == post(bank, list(reversed(CASH)))
        assert selectors.book_totals(creditor_id=bank.id) == [("cash", "CNY", 500), ("receivable", "CNY", -300), ("suspense", "CNY", -200)]


@pytest.mark.parametrize(
    "changes",
    [
        {"postings": [PostingLine("cash", 500, "CNY"), PostingLine("suspense", -500, "CNY")]},
        {"postings": [*CASH[:2], PostingLine("suspense", -200, "CNY", account_id=1)]},
        {"postings": [*CASH, PostingLine("cash", 1, "CNY"), PostingLine("cash", -1, "CNY")]},
        {"value_on": date(2026, 3, 1)},
        {"booked_on": date(2026, 3, 3)},
    ],
    ids=["amounts", "dimension", "more", "value date", "booking date"],
)
def test_same_cause_with_another_content_is_a_conflict(bank, changes):
    """A repeat that differs in a posting or a date is refused and names the entry there is."""
    with acting(bank.fan):
        entry_id = post(bank)
        with pytest.raises(EntryConflict) as refused:
            post(bank, **changes)
        assert refused.value.parameters["entry_id"] == entry_id


@pytest.mark.parametrize(
    ("postings", "reason"),
    [
        ([], "no postings"),
        ([PostingLine("cash", 5, "CNY"), PostingLine("suspense", -4, "CNY")], "1 minor units of CNY"),
        ([PostingLine("cash", 5, "CNY"), PostingLine("suspense", -5, "USD")], "5 minor units of CNY are left over; -5 minor units of USD"),
        ([PostingLine("cash", 0, "CNY")], "zero"),
        ([PostingLine("till", 5, "CNY"), PostingLine("cash", -5, "CNY")], "no book 'till'"),
        ([PostingLine("cash", 5, "CNY", component="tip"), PostingLine("cash", -5, "CNY")], "no component 'tip'"),
    ],
)
def test_what_is_no_entry_is_refused_with_its_reason(bank, postings, reason):
    """Nothing, leftovers in any currency, zeros and unknown books or components are refused before anything is written."""
    with acting(bank.fan), pytest.raises(PostingsRefused, match=reason):
        post(bank, postings)


def test_reversal_takes_back_every_posting_once(bank):
    """A reversal leaves every book and balance at zero, repeats itself, and admits no second one by another cause."""
    with acting(bank.fan):
        entry_id = post(bank)
        first = {"creditor_id": bank.id, "entry_id": entry_id, "source_kind": "chargeback", "value_on": DAY, "booked_on": DAY}
        reversal_id = entry_reverse(source_id=1, **first)
        assert entry_reverse(source_id=1, **first) == reversal_id
        with pytest.raises(EntryReversed) as refused:
            entry_reverse(source_id=2, **first)
        assert refused.value.parameters == {"entry_id": entry_id, "reversal_id": reversal_id}
        assert {amount for _, _, amount in selectors.book_totals(creditor_id=bank.id)} == {0}
        assert selectors.receivable_balances(creditor_id=bank.id)["balance_minor"].to_pylist() == [0]


def test_entry_of_another_creditor_cannot_be_reversed(bank):
    """To another tenant the entry has no postings, so there is nothing to reverse."""
    from tests import factories, people

    other = factories.bank(people.OTHER_BANK)
    with acting(bank.fan):
        entry_id = post(bank)
    with acting(other.fan), pytest.raises(PostingsRefused):
        entry_reverse(creditor_id=other.id, entry_id=entry_id, source_kind="x", source_id=1, value_on=DAY, booked_on=DAY)


def test_receivables_of_a_chunk_are_one_entry(bank):
    """Many receivables stand against one posting of the other book; zeros are left out; the repeat is the same entry."""
    rows = [(1, "principal", 100_000), (1, "interest", 2_000), (2, "principal", 50_000), (2, "fee", 0)]
    with acting(bank.fan):
        assert open_receivables(bank, rows) == open_receivables(bank, rows[::-1])
        balances = selectors.receivable_balances(creditor_id=bank.id).to_pylist()
        assert [(r["account_id"], r["component"], r["balance_minor"]) for r in balances] == [
            (1, "interest", 2_000), (1, "principal", 100_000), (2, "principal", 50_000),
        ]  # fmt: skip
        assert selectors.book_totals(creditor_id=bank.id) == [("opening", "CNY", -152_000), ("receivable", "CNY", 152_000)]


def test_receivables_that_move_nothing_book_nothing(bank):
    """Zeros alone, or no rows, return 0; a shift between components needs no other side."""
    with acting(bank.fan):
        assert open_receivables(bank, [(1, "principal", 0)]) == 0
        assert open_receivables(bank, []) == 0
        assert open_receivables(bank, [(1, "principal", -5), (1, "interest", 5)]) > 0
        assert selectors.book_totals(creditor_id=bank.id) == [("receivable", "CNY", 0)]


def test_receivables_need_their_columns(bank):
    """A frame without the declared columns is refused as a whole."""
    with acting(bank.fan), pytest.raises(FrameMismatch):
        receivables_post(
            creditor_id=bank.id, kind="opening", source_kind="tape", source_id=1, value_on=DAY, booked_on=DAY, currency="CNY",
            rows=pa.table({"account_id": [1]}), against="opening",
        )  # fmt: skip


def test_balances_and_totals_can_be_narrowed(bank):
    """Balances narrow to loans; totals to a half-open span of booking days and to kinds of entry."""
    with acting(bank.fan):
        open_receivables(bank, [(1, "principal", 10), (2, "principal", 20)])
        post(bank, booked_on=date(2026, 3, 5))
        assert selectors.receivable_balances(creditor_id=bank.id, account_ids=[2])["balance_minor"].to_pylist() == [20]
        assert selectors.receivable_balances(creditor_id=bank.id, account_ids=[]).num_rows == 0
        days = {"from_on": DAY, "until_on": date(2026, 3, 5)}
        assert {b: a for b, _, a in selectors.book_totals(creditor_id=bank.id, **days)} == {"opening": -30, "receivable": 30}
        assert [b for b, _, _ in selectors.book_totals(creditor_id=bank.id, kinds=["payment"])] == ["cash", "receivable", "suspense"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(entries=st.lists(st.lists(st.tuples(st.integers(1, 4), st.integers(-999, 999)), min_size=1, max_size=6), min_size=1, max_size=4))
def test_books_always_sum_to_zero(bank, entries):
    """Whatever is booked, all books of a currency sum to zero and the receivable book is the sum of the balances."""
    from django.db import transaction

    with acting(bank.fan):
        for number, rows in enumerate(entries):
            open_receivables(bank, [(account, "principal", amount) for account, amount in rows], source_id=number)
        totals = {book: amount for book, _, amount in selectors.book_totals(creditor_id=bank.id)}
        balances = selectors.receivable_balances(creditor_id=bank.id)["balance_minor"].to_pylist()
        assert sum(totals.values()) == 0
        assert totals.get("receivable", 0) == sum(balances) == sum(amount for rows in entries for _, amount in rows)
        transaction.set_rollback(True)


@given(values=st.lists(st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), max_size=20))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_array_text_is_read_back_as_the_values(db, values):
    """Quotes, backslashes, commas, braces, blanks and the word NULL survive the text of an array."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [array_text(values)])
        assert cursor.fetchone()[0] == values
