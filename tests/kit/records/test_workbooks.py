"""Workbooks as people send them: two header rows, merged cells, hidden parts, totals, numbers as texts and texts as numbers."""

from __future__ import annotations

import dataclasses
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet

from duecourse.kit.errors import InvalidInput
from duecourse.kit.records import (
    EmptyFile,
    FileRefused,
    Limits,
    MacroWorkbook,
    Mapping,
    MissingColumns,
    PasswordProtected,
    RepeatedColumns,
    TooLarge,
    TotalsRowDisagrees,
    read,
)
from duecourse.kit.records.sheet_xml import number_text
from duecourse.kit.records.workbook_cells import _ROWS_PER_BATCH, _cells, _Sheet
from tests.kit.records.tapes import TAPE, csv_file, found, whole
from tests.kit.records.workbooks import by_hand, workbook

SENDER = Mapping(
    name="sender",
    record="tape",
    header_rows=0,
    currency="CNY",
    dates=("YYYY-MM-DD", "YYYY/M/D", "YYYY年M月D日", "YYYYMMDD", "excel"),
    synonyms={
        "account_number": ("借据号", "合同号"),
        "name": ("姓名",),
        "due_on": ("逾期日期",),
        "overdue_days": ("逾期天数",),
        "status": ("状态",),
    },
    sums={"balance_minor": ("本金", "利息", "罚息")},
    values={"status": {"*逾期*": "late", "结清": "paid"}},
    totals=("合计", "总计"),
)
TITLE = ["某银行委案清单"]
UPPER = ["借据号", "客户信息", None, "欠款(元)", None, "逾期日期", "联系人1", None]
LOWER = [None, "姓名", "证件号", "本金", "利\n息", None, "姓名", "证件号"]
ROW = ["a1", "张三", "x", "1,000.50", 2, "2026年9月1日", "李四", "y"]
GOOD = [TITLE, UPPER, LOWER, ROW]


def balances(chunk):
    """Return the balances that were read."""
    return chunk.table["balance_minor"].to_pylist()


def test_two_header_rows_with_merged_cells(tmp_path):
    """A title, a row of groups and a row of names are one header; the contact's name is quarantined, not the debtor's."""
    path = workbook(tmp_path / "t.xlsx", GOOD, merged=["A1:H1", "A2:A3", "B2:C2", "D2:E2", "G2:H2"])
    chunk = whole(path, mapping=SENDER)
    assert chunk.table.select(["_row", "account_number", "name", "balance_minor", "due_on"]).to_pylist() == [
        {"_row": 1, "account_number": "a1", "name": "张三", "balance_minor": 100250, "due_on": date(2026, 9, 1)}
    ]
    assert chunk.quarantined == {"联系人1 / 姓名": 1, "联系人1 / 证件号": 1}
    assert found(chunk.problems) == [(0, "客户信息 / 证件号", "UnknownColumn")]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_the_same_as_csv(tmp_path, encoding):
    """The same sheet saved as CSV, as Chinese spreadsheet programs do in GB18030, gives the same rows."""
    lines = '某银行委案清单,,,,,,,\n借据号,客户信息,,欠款(元),,逾期日期,联系人1,\n,姓名,证件号,本金,"利\n息",,姓名,证件号\n'
    path = csv_file(tmp_path, lines + 'a1,张三,x,"1,000.50",2,2026/9/1,李四,y\n合计,,,"1,000.50",2,,,\n', encoding=encoding)
    chunk = whole(path, mapping=SENDER)
    assert (balances(chunk), chunk.quarantined) == ([100250], {"联系人1 / 姓名": 1, "联系人1 / 证件号": 1})
    assert (0, "", "TotalsRow") in found(chunk.problems)


def test_hidden_sheets_and_columns_are_passed_over_and_told(tmp_path):
    """The first visible sheet is read; the hidden one, the other one and the hidden column are named."""
    path = workbook(tmp_path / "t.xlsx", [["借据号", "本金", "姓名"], ["a1", 5, "张三"]], hidden_columns=[3])
    book = openpyxl.load_workbook(path)
    book.create_sheet("内部", 0).append(["借据号", "本金"])
    book.create_sheet("说明").append(["x"])
    book["内部"].sheet_state = "hidden"
    book.active = 1
    book.save(path)
    chunk = whole(path, mapping=SENDER)
    assert chunk.table.select(["account_number", "name", "balance_minor"]).to_pylist() == [
        {"account_number": "a1", "name": None, "balance_minor": 500}
    ]
    assert found(chunk.problems) == [(0, "内部", "HiddenSheet"), (0, "说明", "OtherSheet"), (0, "姓名", "HiddenColumn")]
    hidden = dataclasses.replace(SENDER, sheet="内部")
    assert whole(path, mapping=hidden).table.num_rows == 0
    with pytest.raises(MissingColumns, match="hidden: 本金"):
        read(workbook(path, [["借据号", "本金"], ["a1", 5]], hidden_columns=[2]), spec=TAPE, mapping=SENDER)


def test_a_book_without_a_visible_sheet_is_refused(tmp_path):
    """Nothing is read from what nobody was meant to see."""
    path = workbook(tmp_path / "t.xlsx", [["借据号"]])
    with zipfile.ZipFile(path) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    members["xl/workbook.xml"] = members["xl/workbook.xml"].replace(b'state="visible"', b'state="hidden"')
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    with pytest.raises(FileRefused, match="no visible sheet"):
        read(path, spec=TAPE, mapping=SENDER)


def test_columns_of_nothing_are_dropped_and_nameless_values_told(tmp_path):
    """Forty empty columns leave no trace; a column without a name but with values is named by its place, once, with a count."""
    nothing = [None] * 40
    path = workbook(tmp_path / "t.xlsx", [["借据号", *nothing, "本金"], ["a1", *nothing, 5], [*nothing], ["a2", "x", *nothing[1:], 6]])
    chunk = whole(path, mapping=SENDER)
    assert balances(chunk) == [500, 600]
    assert found(chunk.problems) == [(0, "column_2", "NamelessColumn")]
    assert chunk.problems[0].parameters == {"count": 1}


def test_numbers_as_texts_and_dates_as_numbers(tmp_path):
    """Full-width digits, thousands, days with a unit, serial numbers and dates in words are all read."""
    header = ["借据号", "本金", "逾期天数", "逾期日期", "状态"]
    rows = [
        ["１", "１，０００．５０", "９５天", 46266, "M3逾期"],
        [2, 1000.5, 95.0, datetime(2026, 9, 1), "结清"],  # noqa: DTZ001
        ["3", "￥1000.5", "95", "20260901", "late"],
        ["4", 0.1 + 0.2, "９５", "2026/9/1", "轻度逾期"],
    ]
    chunk = whole(workbook(tmp_path / "t.xlsx", [header, *rows]), mapping=SENDER)
    assert chunk.problems == []
    assert balances(chunk) == [100050, 100050, 100050, 30]
    assert chunk.table["overdue_days"].to_pylist() == [95] * 4
    assert chunk.table["due_on"].to_pylist() == [date(2026, 9, 1)] * 4
    assert chunk.table["status"].to_pylist() == ["late", "paid", "late", "late"]


def test_numbers_that_a_spreadsheet_cut_are_refused(tmp_path):
    """A card number of 19 digits kept as a number has lost its last four; as text, or exact, it is taken."""
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    for row, number in enumerate(["6222020000012340000", "6.2220200000123402E+18", "6222020000012345678", "123456789012345"], start=2):
        cells += f'<row r="{row}"><c r="A{row}"><v>{number}</v></c><c r="B{row}"><v>5</v></c></row>'
    chunk = whole(by_hand(tmp_path / "t.xlsx", cells, shared=["借据号", "本金"]), mapping=SENDER)
    assert found(chunk.problems) == [(1, "借据号", "DigitsLost"), (2, "借据号", "DigitsLost")]
    assert chunk.table["account_number"].to_pylist() == ["6222020000012345678", "123456789012345"]
    again = csv_file(tmp_path, "借据号,本金\n6.22202E+18,5\n5E12,5\n")
    assert found(whole(again, mapping=SENDER).problems) == [(1, "借据号", "DigitsLost")]


def test_formulas_give_their_stored_value(tmp_path):
    """A formula is passed over, whatever it says; its stored value is read, and one without is no value."""
    sheet = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        '<row r="2"><c r="A2" t="str"><f>"a"&amp;1</f><v>a1</v></c><c r="B2"><f>2+3</f><v>7.25</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><r><t>a</t></r><rPh><t>no</t></rPh><r><t>2_x000D_</t></r></is></c><c r="B3"><f>1+1</f></c></row>'
        '<row r="5"><c r="A5" t="str"><v>a3</v></c><c r="B5" t="e"><v>#REF!</v></c></row>'
    )
    chunk = whole(by_hand(tmp_path / "t.xlsx", sheet, shared=["借据号", "本金"]), mapping=SENDER)
    assert chunk.table.select(["account_number", "balance_minor"]).to_pylist() == [{"account_number": "a1", "balance_minor": 725}]
    assert found(chunk.problems) == [(2, "balance", "MissingValue"), (4, "本金", "AmountUnreadable")]


@pytest.mark.parametrize("mark", ["合计", "总 计：", "合計"])
def test_a_row_of_totals_is_a_control_total(tmp_path, mark):
    """合计 at the end is no account; its sums are compared; 合計, which the mapping does not know, is a row like any other."""
    rows = [["借据号", "本金", "利息"], ["a1", 10, 1], ["a2", "20.5", None], [], [mark, 30.5, 1], []]
    chunk = whole(workbook(tmp_path / "t.xlsx", rows), mapping=SENDER)
    if mark == "合計":
        assert chunk.table.num_rows == 3
        return
    assert balances(chunk) == [1100, 2050]
    assert found(chunk.problems) == [(0, "", "TotalsRow")]
    assert chunk.problems[0].parameters == {"columns": "本金, 利息"}


def test_totals_that_disagree_refuse_the_file(tmp_path):
    """A missing row shows in the sender's own totals, and both sides are named; unreadable amounts are counted."""
    path = workbook(tmp_path / "t.xlsx", [["借据号", "本金"], ["a1", 10], ["a2", "x"], ["合计", 30.5]])
    with pytest.raises(TotalsRowDisagrees, match=r"本金 is 30\.50 and the rows have 10\.00.*cannot be read: 1"):
        whole(path, mapping=SENDER)


def test_only_the_last_row_can_be_totals(tmp_path):
    """A subtotal with rows below it is a row like any other, across batches too."""
    first, second = _ROWS_PER_BATCH - 1, 2 * _ROWS_PER_BATCH
    above, below = ([f"a{i}", 1] for i in range(first)), ([f"b{i}", 1] for i in range(second - first - 1))
    rows = [["借据号", "本金"], *above, ["合计", first], *below, ["合计"]]
    chunk = whole(workbook(tmp_path / "t.xlsx", rows), mapping=SENDER)
    assert chunk.table.num_rows == second
    assert chunk.table["account_number"][first].as_py() == "合计"
    assert chunk.table["_row"].to_pylist() == list(range(1, second + 1))
    assert found(chunk.problems) == [(0, "", "TotalsRowUnchecked")]


def test_the_preferred_name_wins_and_the_spare_one_is_told(tmp_path):
    """Of two names for one field the first in the mapping's order is read; the same name twice is refused."""
    path = workbook(tmp_path / "t.xlsx", [["合同号", "本金", "借据号"], ["c1", 5, "a1"]])
    chunk = whole(path, mapping=SENDER)
    assert chunk.table["account_number"].to_pylist() == ["a1"]
    assert found(chunk.problems) == [(0, "合同号", "SpareColumn")]
    with pytest.raises(RepeatedColumns, match="本金"):
        read(workbook(path, [["借据号", "本金", "本金"], ["a", 1, 2]]), spec=TAPE, mapping=SENDER)


def test_defaults_fill_what_is_not_there(tmp_path):
    """A default stands where the column is missing, and where its cell is empty."""
    mapping = dataclasses.replace(SENDER, defaults={"status": "late"})
    for rows in ([["借据号", "本金"], ["a1", 5]], [["借据号", "本金", "状态"], ["a1", 5, None]]):
        assert whole(workbook(tmp_path / "t.xlsx", rows), mapping=mapping).table["status"].to_pylist() == ["late"]


def test_programs_passwords_and_bombs_are_refused(tmp_path):
    """Macros under any name, an encrypted book, a book that unpacks to too much, a declared document type, rows far apart."""
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(PasswordProtected):
        read(path, spec=TAPE, mapping=SENDER)
    workbook(path, GOOD)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/VBAProject.bin", b"x")
    with pytest.raises(MacroWorkbook):
        read(path, spec=TAPE, mapping=SENDER)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(30 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(TooLarge, match="unpacks"):
        read(path, spec=TAPE, mapping=SENDER, limits=Limits(unpacked_bytes_max=20 << 20))
    laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(FileRefused, match="broken"):
        read(by_hand(path, "<row/>", before=laughs), spec=TAPE, mapping=SENDER)
    far = '<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row r="900000000"><c><v>1</v></c></row>'
    with pytest.raises(FileRefused, match="broken"):
        whole(by_hand(path, far, shared=["借据号", "本金"]), mapping=SENDER)
    with pytest.raises(EmptyFile):
        read(by_hand(path, '<row r="1"><c r="A1"/></row>'), spec=TAPE, mapping=SENDER)


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e12, 1e12).map(lambda x: round(x, 4)),
    st.dates(date(1901, 1, 1), date(2099, 12, 31)),
    st.datetimes(datetime(1901, 1, 1), datetime(2099, 12, 31)).map(lambda d: d.replace(microsecond=0)),  # noqa: DTZ001
    st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_categories=("Cs", "Cn", "Cc")), max_size=8),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=5))
def test_cells_are_what_openpyxl_says_they_are(tmp_path, rows):
    """Our own reading of the XML agrees with openpyxl's, cell by cell."""
    rows = [[None if isinstance(c, str) and c.startswith("=") else c for c in row] for row in rows]
    path = workbook(tmp_path / "t.xlsx", rows)
    book = ExcelReader(path, read_only=True, data_only=True, keep_links=False)
    book.read_manifest()
    book.read_workbook()
    apply_stylesheet(book.archive, book.wb)
    ours = list(_cells(path, book, _Sheet("Sheet", "xl/worksheets/sheet1.xml", is_visible=True), SENDER))
    theirs = [[_as_text(c) for c in row] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)]
    for place, row in enumerate(theirs):
        own = ours[place] if place < len(ours) else []
        assert own + [""] * (len(row) - len(own)) == row


def _as_text(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if not (value.hour or value.minute or value.second) else value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else number_text(repr(value), decimal=".")


FRAGMENTS = st.sampled_from(
    [
        "<row>",
        "</row>",
        '<row r="2">',
        "<c>",
        '<c r="A1" t="s">',
        '<c r="ZZZZ1">',
        "</c>",
        "<v>",
        "</v>",
        "0",
        "1e999",
        "<is><t>",
        "</t></is>",
        "x",
        "&amp;",
        "<f>",
    ]
)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FRAGMENTS, max_size=30).map("".join))
def test_any_sheet_gets_an_answer(tmp_path, sheet):
    """Whatever stands in a sheet, there are rows or a refusal, never a crash."""
    start = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    try:
        chunk = whole(by_hand(tmp_path / "t.xlsx", start + sheet, shared=["借据号", "本金"]), mapping=SENDER)
    except InvalidInput:
        return
    bad = {problem.row for problem in chunk.problems if problem.row}
    assert bad == set(chunk.rejected["_row"].to_pylist())
    assert not bad & set(chunk.table["_row"].to_pylist())


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("0.1", "0,1"),
        ("1e-7", "0,0000001"),
        ("1021.7500000000001", "1021,75"),
        ("-5", "-5"),
        ("1E3", "1000"),
        ("1.5E+20", "1.50000000000000E+20"),
    ],
)
def test_numbers_are_shown_as_spreadsheets_do(stored, text):
    """Fifteen significant digits, the sender's decimal sign, no exponent unless digits were lost."""
    assert number_text(stored, decimal=",") == text
