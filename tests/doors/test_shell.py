"""The shell: listings read their address and nothing else, locks show what changed, the menu shows what is the actor's."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from duecourse.doors.console import locks, tables
from duecourse.doors.console.forms import DayField
from duecourse.ledger.selectors import PageQuery
from tests import people

NUMBERS = PageQuery(
    select="n AS number, n %% 3 AS rest, DATE '2026-09-01' + n::int AS day, 'CNY' AS currency",
    source="FROM generate_series(1, 120) AS n",
    always="%(creditor_id)s IS NOT NULL",
    wheres={"rest": "n %% 3 = %(rest)s::int", "from": "DATE '2026-09-01' + n::int >= %(from)s::date", "least": "n >= %(least)s::bigint"},
    orders={"number": "n", "rest": "n %% 3", "day": "DATE '2026-09-01' + n::int"},
    key="n",
)
LISTING = tables.Listing(
    name="test-numbers",
    title="Numbers",
    query=NUMBERS,
    order="-number",
    columns=(
        tables.Column("number", "Number", kind="money", order="number"),
        tables.Column("rest", "Rest", order="rest"),
        tables.Column("day", "Day", kind="day", order="day", is_shown=False),
    ),
    filters=(
        tables.Filter("rest", "Rest", kind="number"),
        tables.Filter("from", "From", kind="date"),
        tables.Filter("least", "At least", kind="money"),
    ),
)


def all_rows(order: str, **filters: str) -> list[int]:
    """Return the numbers of all pages, each page asked for by the address that the one before gave."""
    found, after = [], ""
    while True:
        asked = tables.asked_of(LISTING, {"order": order, "after": after, "rows": "7", **filters}, currency="CNY")
        page, _ = tables._found(SimpleNamespace(creditor_id=1), LISTING, asked)
        found += [row["number"] for row in page.rows]
        if page.after is None:
            return found
        after = tables.cursor_text(page.after)


@pytest.mark.parametrize("order", ["number", "-number", "rest", "-rest", "day", "-day"])
def test_pages_hold_every_row_once_in_order(db, order):
    """Whatever the order, following the pages gives each row once, ties included."""
    found = all_rows(order)
    assert sorted(found) == list(range(1, 121))
    key = {"number": lambda n: (n,), "day": lambda n: (n,), "rest": lambda n: (n % 3, n)}[order.removeprefix("-")]
    assert found == sorted(found, key=key, reverse=order.startswith("-"))


def test_filters_are_read_by_their_kind(db):
    """A number, a day and an amount are read as such, together they narrow."""
    assert all_rows("number", rest="0", least="1.00") == [102, 105, 108, 111, 114, 117, 120]
    assert all_rows("number", **{"from": date(2026, 12, 29).isoformat()}) == [119, 120]


def test_what_cannot_be_read_is_told_and_does_not_filter():
    """A value that is no day, number or amount is told at its filter and counts as not given."""
    asked = tables.asked_of(LISTING, {"rest": "x", "from": "30.9.2026", "least": "1,2,3", "order": "n; DROP"}, currency="CNY")
    assert set(asked.problems) == {"rest", "from", "least"}
    assert asked.filters == {}
    assert asked.order == "-number"


@given(st.text(max_size=80))
def test_cursor_of_anybody_is_no_cursor_or_a_place(text):
    """Whatever stands behind `after`, reading it fails quietly."""
    found = tables.asked_of(LISTING, {"after": text, "rows": text}, currency="CNY").after
    assert found is None or isinstance(found[1], int)


def test_tampered_cursor_begins_again(db):
    """A cursor whose value is of another type than the order shows the first page instead of failing."""
    for value in ("no number", True, date(2026, 9, 1), "\x00", "\ud800"):
        forged = tables.cursor_text((value, 3))
        page, asked = tables._found(SimpleNamespace(creditor_id=1), LISTING, tables.asked_of(LISTING, {"after": forged}, currency="CNY"))
        assert asked.after is None
        assert page.rows[0]["number"] == 120


def test_last_of_all_days_is_no_day():
    """The day after 9999-12-31 cannot be written, so a form refuses it, and the year 1 too."""
    field = DayField()
    for typed in ("9999-12-31", "0001-01-01"):
        with pytest.raises(ValidationError):
            field.clean(typed)
    assert field.clean("2026-09-30") == date(2026, 9, 30)


def test_listing_refuses_what_its_query_does_not_know():
    """A filter or order without its condition is a mistake of the programmer and fails when the module is loaded."""
    with pytest.raises(ValueError, match="does not know"):
        tables.Listing(name="test-wrong", title="", query=NUMBERS, columns=(), order="nothing")
    del tables.LISTINGS["test-wrong"]


def test_lock_shows_what_somebody_else_changed():
    """Only fields that another person changed, and to something else than what was typed, are shown."""
    seen = locks.seal_of({"name": "Aoki", "opened_on": date(2026, 1, 1), "caps": [1, 2], "note": "a"})
    now = {"name": "Aoki GmbH", "opened_on": date(2026, 1, 1), "caps": [1, 3], "note": "b"}
    typed = {"name": "Aoki AG", "opened_on": date(2026, 2, 1), "caps": [1, 3], "note": "a"}
    found = locks.changes(seen, now, typed)
    assert [(change.field, change.seen, change.now, change.typed) for change in found] == [
        ("name", "Aoki", "Aoki GmbH", "Aoki AG"),
        ("note", "a", "b", "a"),
    ]


def test_forged_lock_is_refused():
    """What was seen is signed: a changed text is refused in plain words."""
    with pytest.raises(locks.SeenUnreadable):
        locks.changes(locks.seal_of({"name": "Aoki"})[:-2] + "xx", {"name": "b"}, {"name": "c"})


def test_menu_shows_the_creditors_sections(house, logged_in):
    """The menu stands on every page with the section one is in marked, and an agency sees none of it."""
    text = logged_in(people.MEI.email).get("/months/2026-09/").content.decode()
    assert 'id="menu"' in text
    assert 'href="/months/2026-09/"' in text


def test_form_sent_after_the_session_leads_back_to_it(house):
    """A form sent without a session leads to the login and from there to the page it stood on, where its draft waits."""
    from django.test import Client

    answer = Client().post("/sides/", {"side": "1"}, headers={"referer": "http://testserver/sides/?a=1"})
    assert answer.headers["Location"] == "/login/?next=%2Fsides%2F%3Fa%3D1"
