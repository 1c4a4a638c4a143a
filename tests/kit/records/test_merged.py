"""Merged cells among the data, and headers of three rows.

1. The value of a merged cell stands in its first row; how many cells are empty for it is told, and nothing is filled unasked.
2. A mapping may name columns whose merged cells hold for all of their rows; amounts are refused there.
3. Three rows of header become one; no heading but a harmless one makes a column the debtor's.
"""

from __future__ import annotations

import dataclasses
import io

import pytest

from duecourse.kit.clock import stopwatch
from duecourse.kit.records import Field, Mapping, MappingInvalid, RecordSpec, guess_mapping, read
from duecourse.kit.records.headers import HeaderIndex, find_header, join_rows
from duecourse.kit.records.merged_cells import Span, filled, merged_spans
from tests.kit.records.workbooks import workbook

SPEC = RecordSpec(
    "loan",
    (
        Field(name="number", required=True, is_identifier=True, zh="借据号"),
        Field(name="name", required=True, privacy="personal", zh="姓名"),
        Field(name="balance_minor", type="amount", required=True, zh="本金"),
    ),
)
MAPPING = Mapping.native(SPEC, currency="CNY", header_rows=0)
ROWS = [["借据号", "姓名", "本金"], ["A-1", "张三", 10], ["A-2", None, 20], ["A-3", None, 30], ["A-4", "李四", 40]]


@pytest.fixture
def merged(tmp_path):
    """A workbook in which one name spans three loans."""
    return workbook(tmp_path / "m.xlsx", ROWS, merged=["B2:B4"])


def taken(path, mapping=MAPPING):
    """Return the rows taken, and (row, column, code) of the problems."""
    chunks = list(read(path, spec=SPEC, mapping=mapping))
    rows = [row for chunk in chunks for row in chunk.table.to_pylist()]
    return rows, [(p.row, p.column, p.code, dict(p.parameters)) for chunk in chunks for p in chunk.problems]


def test_merged_cells_are_told_and_not_filled(merged):
    """The rows below are refused for their empty cells, and the file's own notice says why they are empty."""
    rows, problems = taken(merged)
    assert [row["number"] for row in rows] == ["A-1", "A-4"]
    assert problems[0] == (0, "姓名", "MergedCells", {"count": 2})
    assert [(row, code) for row, _, code, _ in problems[1:]] == [(2, "MissingValue"), (3, "MissingValue")]


def test_merged_cells_are_filled_where_the_mapping_says_so(merged):
    """Named by the mapping, the column's merged value stands in all of its rows and in no other."""
    rows, problems = taken(merged, dataclasses.replace(MAPPING, fill_merged=("姓名",)))
    assert [row["name"] for row in rows] == ["张三", "张三", "张三", "李四"]
    assert problems == [(0, "姓名", "MergedFilled", {"count": 2})]


def test_merged_amounts_are_never_filled(tmp_path):
    """A mapping that would owe one amount three times is refused."""
    path = workbook(tmp_path / "m.xlsx", ROWS, merged=["C2:C4"])
    with pytest.raises(MappingInvalid, match="once per row"):
        taken(path, dataclasses.replace(MAPPING, fill_merged=("本*",)))


def test_merged_headings_and_totals_are_no_merged_rows(tmp_path):
    """Ranges of the header, and ranges of one row, are not reported."""
    rows = [["清单", None, None], ["借据号", "姓名", "本金"], [None, None, None], ["A-1", "张三", 1], ["合计", None, 1]]
    path = workbook(tmp_path / "m.xlsx", rows, merged=["A1:C1", "A2:A3", "B2:B3", "C2:C3", "A5:B5"])
    assert not [code for _, _, code, _ in taken(path, dataclasses.replace(MAPPING, totals=("合计",)))[1] if code.startswith("Merged")]


def test_the_guess_knows_what_is_merged(merged):
    """The assistant's guess names the merged column, and its mapping fills it when a person says so."""
    guess = guess_mapping(merged, spec=SPEC, known=[MAPPING])
    assert [(p.code, p.column) for p in guess.notices] == [("MergedCells", "姓名")]
    assert len(taken(merged, guess.to_mapping("m", version=1, fill_merged=["姓名"]))[0]) == 4


def test_spans_are_found_across_blocks_and_prefixes():
    """Whatever the prefix, and wherever a block ends, each range over several rows is found once."""
    ranges = "".join(f'<x:mergeCell ref="AB{n}:AC{n + 1}"/>' for n in range(10, 90_000, 2))
    sheet = f'<x:sheetData>{"<x:row/>" * 200_000}</x:sheetData><x:mergeCells><x:mergeCell ref="A1:C1"/>{ranges}</x:mergeCells>'
    spans = merged_spans(io.BytesIO(sheet.encode()))
    assert len(spans) == 44_995
    assert (spans[0], spans[-1]) == (Span(10, 11, 27), Span(89_998, 89_999, 27))


def test_a_text_that_speaks_of_merging_merges_nothing():
    """What a cell says is not read as a range."""
    assert merged_spans(io.BytesIO(b'<sheetData><c><v>&lt;mergeCell ref="A1:A9"/></v></c></sheetData>')) == []


def test_filling_ends_with_the_range_and_keeps_what_is_there():
    """A row behind the range stays empty; a value of its own wins."""
    rows = iter([["a"], [], ["own"], [""]])
    assert list(filled(rows, spans=[Span(5, 7, 0)], columns=frozenset({0}), first_row=5)) == [["a"], ["a"], ["own"], [""]]


def test_three_rows_become_one():
    """Headings reach to the next one, a new upper heading ends the lower one, and a name may stand in any row."""
    upper = ["序号", "客户信息", "", "", "欠款信息", "", "备注"]
    middle = ["", "基本", "", "联系", "", "费用", ""]
    lower = ["", "姓名", "证件号", "手机", "本金", "罚息", ""]
    expected = ["序号", "客户信息 / 基本 / 姓名", "客户信息 / 基本 / 证件号", "客户信息 / 联系 / 手机"]
    assert join_rows(upper, middle, lower) == [*expected, "欠款信息 / 本金", "欠款信息 / 费用 / 罚息", "备注"]


def test_a_header_of_three_rows_is_found_below_a_title():
    """The three rows that name most fields are the header."""
    rows = [
        ["清单"],
        ["借据", "客户信息", "", "欠款"],
        ["借据号", "基本信息", "", "金额"],
        ["", "姓名", "性别", "本金"],
        ["A-1", "张三", "男", "1"],
    ]
    names, depth = find_header(rows, mapping=MAPPING)
    assert depth == 4
    assert [HeaderIndex(MAPPING).field_of(name) for name in names] == ["number", "name", None, "balance_minor"]


def test_one_doubtful_heading_is_enough_to_leave_a_column_alone():
    """A guarantor's name is not the debtor's because a harmless heading stands between."""
    assert HeaderIndex(MAPPING).field_of("担保人 / 基本信息 / 姓名") is None
    assert HeaderIndex(MAPPING).field_of("借款人 / 基本信息 / 姓名") == "name"


def test_a_list_of_broken_ranges_is_read_in_time():
    """A megabyte of ranges without an end costs what a megabyte does, not its square; the whole one behind them is found."""
    broken = b"<mergeCell " * 90_000
    begun = stopwatch()
    spans = merged_spans(io.BytesIO(b"<sheetData/><mergeCells>" + broken + b'<mergeCell ref="B2:B4"/></mergeCells>'))
    assert spans == [Span(2, 4, 1)]
    assert stopwatch() - begun < 5
