"""Files of exports: neutralised, marked with who took them out, and in an order that tells which export they are."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from django.utils import translation

from duecourse.doors import exporting
from duecourse.doors.console.tables import LISTINGS
from duecourse.doors.exporting import marked, swaps
from duecourse.ledger.selectors import file_read
from duecourse.parties import selectors, services
from duecourse.parties.access import acting
from duecourse.parties.errors import ExportGrew, ExportLeaving
from duecourse.parties.models import Export, User
from tests import factories, people


@pytest.fixture(autouse=True, scope="module")
def _in_english():
    """Speak English in this module."""
    with translation.override("en"):
        yield


RISKY = '=HYPERLINK("http://x") 😀 \'";'


@pytest.fixture
def bank(db, home):
    """Lanxi Bank with forty people more, one of whom is called like a formula, in a transaction that is rolled back."""
    bank = factories.bank()
    for number in range(40):
        name = RISKY if number == 7 else f"Person {number:02}"
        member = people.Member(name, f"p{number:02}@lanxi.example", "analyst", people.BANK)
        factories.member(bank.system, member)
    return bank


def approved(bank, *, file_format: str = "csv", query: str = "order=name", columns=("display_name", "role", "from_on")) -> Export:
    """Return an export of the people, asked for by Mei and approved by Qiu."""
    terms = {"listing": "people", "query": query, "columns": list(columns), "is_personal": True, "purpose": "Yearly review of roles"}
    export = services.export_ask(actor=bank.mei, on=people.FIRST_DAY, row_count=46, file_format=file_format, **terms)
    services.export_approve(actor=bank.qiu, export_id=export.pk)
    return export


def made(bank, export: Export) -> bytes:
    """Have the file made and return its content."""
    assert exporting.make(actor=bank.mei, export_id=export.pk) > 0
    with acting(bank.mei):
        found = selectors.access_export(actor=bank.mei, export_id=export.pk)
        assert found.state == "ready"
        return file_read(creditor_id=bank.id, file_id=found.file_id)


def test_csv_says_who_took_it_and_runs_nowhere(bank, home):
    """The first line names export, person and time; a name that begins with = is text; the file lies sealed, nothing is left beside it."""
    export = approved(bank)
    content = made(bank, export)
    assert content.startswith("\ufeff".encode())
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert f"Export {export.pk} of {people.BANK.name}, taken out by Mei <mei@lanxi.example> on 20" in rows[0][0]
    assert rows[1] == ["Name", "Role", "From"]
    names = [row[0] for row in rows[2:]]
    assert len(names) == 46
    assert "'" + RISKY in names
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert rows[2][2] == "2025-01-01"
    assert not list((home / "work").iterdir())
    assert b"Person 01" not in b"".join(path.read_bytes() for path in (home / "files").rglob("*") if path.is_file())


def test_workbook_carries_the_mark_in_three_places(bank):
    """First row, properties and printed foot name who took it out; a formula is text, a day is a day."""
    export = approved(bank, file_format="xlsx")
    book = openpyxl.load_workbook(io.BytesIO(made(bank, export)))
    sheet = book.active
    line = sheet["A1"].value
    assert f"Export {export.pk} " in line
    assert book.properties.creator == line
    assert "Mei" in sheet.oddFooter.center.text
    cells = [cell for row in sheet.iter_rows(min_row=3) for cell in row]
    assert "'" + RISKY in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} <= {"s", "d", "inlineStr"}
    assert sheet.max_row == 48


def test_order_of_neighbours_tells_the_export(bank):
    """Two files of the same rows differ only in neighbours; each fits its own mark and no other's."""
    orders = {}
    for _ in range(2):
        export = approved(bank)
        rows = list(csv.reader(io.StringIO(made(bank, export).decode("utf-8-sig"))))[2:]
        orders[export.mark] = [row[0].removeprefix("'") for row in rows]
    plain = sorted(User.objects.values_list("display_name", flat=True))
    seen = {mark: [a > b for a, b in zip(order[::2], order[1::2], strict=True)] for mark, order in orders.items()}
    for mark, order in orders.items():
        assert sorted(order) == plain
        assert [other for other in orders if swaps(other, 23) == seen[mark]] == [mark]


def test_marking_keeps_every_row():
    """Whatever the lengths of the chunks, no row is lost or doubled, no row moves farther than one place, and the mark decides."""
    rows = [{"n": n} for n in range(1001)]
    for sizes in ([1001], [1, 2, 3, 995], [500, 501], [7] * 143):
        parts, at = [], 0
        for size in sizes:
            parts.append(rows[at : at + size])
            at += size
        found = [row["n"] for chunk in marked(parts, "mark") for row in chunk]
        assert sorted(found) == list(range(1001))
        assert max(abs(n - place) for place, n in enumerate(found)) == 1
        assert [found[2 * k] > found[2 * k + 1] for k in range(500)] == swaps("mark", 500)


def test_file_is_made_once(bank):
    """A job that is done twice leaves one file; an export that somebody else asked for is not there."""
    export = approved(bank)
    made(bank, export)
    with acting(bank.mei):
        first = selectors.access_export(actor=bank.mei, export_id=export.pk).file_id
    exporting.export_make(actor=bank.mei, parameters={"export_id": export.pk}, progress=lambda _done, _total: None)
    with acting(bank.mei):
        assert selectors.access_export(actor=bank.mei, export_id=export.pk).file_id == first


def test_filters_hold_in_the_file(bank):
    """The file holds what the filters left, no more; a filter that does not exist changes nothing."""
    export = approved(bank, query="role=compliance&q=&nonsense=1")
    rows = list(csv.reader(io.StringIO(made(bank, export).decode("utf-8-sig"))))[2:]
    assert [row[0] for row in rows] == ["Qiu"]


def test_a_filter_that_filters_nothing_is_not_told(bank):
    """A day that cannot be read does not narrow the file, so who decides is not told that it does."""
    query = "state=asked&from=2026-9-1&listing=people"
    what = exporting.wanted(actor=bank.mei, listing="exports", query=query, currency="CNY")
    assert [label for label, _ in exporting.filters_said(what, bank.mei)] == ["State", "Listing"]
    dated = next(item for item in LISTINGS.values() if any(each.kind == "date" for each in item.filters) and not item.for_agency)
    key = next(each.key for each in dated.filters if each.kind == "date")
    what = exporting.wanted(actor=bank.mei, listing=dated.name, query=f"{key}=2026-9-1", currency="CNY")
    assert exporting.filters_said(what, bank.mei) == []


def test_what_is_refused_leaves_no_file(bank, home):
    """More rows than approved, or an asker who leaves meanwhile: refused, and no byte is left."""
    export = approved(bank)
    for number in range(6):
        factories.member(bank.system, people.Member(f"New {number}", f"n{number}@lanxi.example", "analyst", people.BANK))
    with pytest.raises(ExportGrew):
        exporting.make(actor=bank.mei, export_id=export.pk)
    fresh = approved(bank)
    services.member_leave(actor=bank.lin, user_id=bank.mei.user_id, until_on=people.FIRST_DAY.replace(year=2026, month=3, day=9))
    with pytest.raises(ExportLeaving):
        exporting.make(actor=bank.mei, export_id=fresh.pk)
    assert not list((home / "work").iterdir())
