"""Reading CSV, XLSX and Parquet: golden and broken files, every problem with its row and column."""

from __future__ import annotations

import dataclasses
import struct
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duecourse.kit.records import (
    BinaryFile,
    EmptyFile,
    Field,
    FileAbsent,
    FileRefused,
    Limits,
    MacroWorkbook,
    Mapping,
    MappingInvalid,
    MissingColumns,
    PasswordProtected,
    RecordSpec,
    RepeatedColumns,
    TooLarge,
    Transform,
    read,
)
from tests.kit.records.tapes import NATIVE, SENDER, TAPE, csv_file, found, whole

GOLDEN = (
    "account_number,name,balance,due_on,seen_at,overdue_days,status,is_company\n"
    'a1,张三,"1,234.50",2026-05-01,2026-05-01T09:30:00+08:00,3,late,否\n'
    "a2,,￥0,20260228,,,,\n"
)
ROWS = [
    {
        "_row": 1,
        "account_number": "a1",
        "name": "张三",
        "balance_minor": 123450,
        "due_on": date(2026, 5, 1),
        "seen_at": datetime(2026, 5, 1, 1, 30, tzinfo=UTC),
        "overdue_days": 3,
        "status": "late",
        "is_company": False,
    },
    {
        "_row": 2,
        "account_number": "a2",
        "name": None,
        "balance_minor": 0,
        "due_on": date(2026, 2, 28),
        "seen_at": None,
        "overdue_days": None,
        "status": None,
        "is_company": None,
    },
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_golden_csv(tmp_path: Path, encoding: str, line_end: str) -> None:
    """One table in three encodings and two line ends gives the same typed rows and no problem."""
    chunk = whole(csv_file(tmp_path, GOLDEN.replace("\n", line_end), encoding=encoding))
    assert chunk.table.to_pylist() == ROWS
    assert chunk.table.schema == TAPE.schema
    assert chunk.problems == []
    assert chunk.rejected.num_rows == 0


def test_headers_may_be_the_labels_of_either_language(tmp_path: Path) -> None:
    """Our own files can be read back whichever language their headers are in, full-width and blanks evened out."""
    chinese = csv_file(tmp_path, "账号 ,余额\na1,5\n")
    assert whole(chinese).table.column("balance_minor").to_pylist() == [500]
    english = csv_file(tmp_path, "Account number,Ｂalance\na1,5\n")
    assert whole(english).table.column("balance_minor").to_pylist() == [500]


def test_a_column_named_in_minor_units_is_read_in_minor_units(tmp_path: Path) -> None:
    """`balance_minor` holds fen, `balance` holds yuan; a fraction of a fen is a problem."""
    chunk = whole(csv_file(tmp_path, "account_number,balance_minor\na1,5\na2,5.5\n"))
    assert chunk.table.column("balance_minor").to_pylist() == [5]
    assert found(chunk.problems) == [(2, "balance_minor", "IntegerUnreadable")]


def test_every_problem_of_every_row_is_collected(tmp_path: Path) -> None:
    """Bad cells of one row are all named, in the file's words; good rows are kept; blank lines keep their number."""
    text = (
        GOLDEN.splitlines(keepends=True)[0] + "a1,x,-5,2026-02-31,yesterday,1.5,gone,maybe\n"
        "\n"
        "a2,x,5,,,,,\n"
        ",x,abc,2026.1.1,,-1,,\n"
        f"{'9' * 21},\x07,1.005,,,,,\n"
        "a6,x,5\n"
        ",,,,,,,\n"
    )
    chunk = whole(csv_file(tmp_path, text))
    assert chunk.table.column("_row").to_pylist() == [3]
    assert sorted(found(chunk.problems)) == sorted(
        [
            (1, "balance", "BelowMinimum"),
            (1, "due_on", "DateImpossible"),
            (1, "seen_at", "InstantUnreadable"),
            (1, "overdue_days", "IntegerUnreadable"),
            (1, "status", "CodeUnknown"),
            (1, "is_company", "BooleanUnreadable"),
            (4, "account_number", "MissingValue"),
            (4, "balance", "AmountUnreadable"),
            (4, "due_on", "DateUnreadable"),
            (4, "overdue_days", "BelowMinimum"),
            (5, "account_number", "TextTooLong"),
            (5, "name", "TextUnprintable"),
            (5, "balance", "AmountUnreadable"),
            (6, "", "WrongCellCount"),
        ]
    )
    assert chunk.rejected.column("_row").to_pylist() == [1, 4, 5, 6]
    assert chunk.rejected.column("balance").to_pylist() == ["-5", "abc", "1.005", "5"]
    assert all(problem.message() for problem in chunk.problems)
    assert not any("yesterday" in problem.message() or "abc" in problem.message() for problem in chunk.problems)


def test_two_encodings_in_one_file_name_the_row(tmp_path: Path) -> None:
    """A GB18030 row in a UTF-8 file and a UTF-8 row in a GB18030 file are rejected, readable in the rejects; the rest is kept."""
    lines = ["account_number,name,balance\n", "a1,张三丰,5\n", "a2,欧阳锋,6\n", "a3,李莫愁,7\n", "a4,杨过,8\n"]
    for main, odd in (("utf-8", "gb18030"), ("gb18030", "utf-8")):
        path = tmp_path / "mixed.csv"
        path.write_bytes(b"".join(line.encode(odd if line.startswith("a2") else main) for line in lines))
        chunk = whole(path)
        assert found(chunk.problems) == [(2, "", "MixedEncoding")]
        assert chunk.table.column("name").to_pylist() == ["张三丰", "李莫愁", "杨过"]
        assert chunk.rejected.column("name").to_pylist() == ["欧阳锋"]


def test_small_blocks_give_the_same_as_one(tmp_path: Path) -> None:
    """Row numbers, problems and counts do not depend on where blocks end, also with quoted line ends and broken rows."""
    body = "".join(f'a{i},"x\ny",{i}.00\n' if i % 7 else (f"a{i},x\n" if i % 2 else "\n") for i in range(3_000))
    path = csv_file(tmp_path, "account_number,name,balance\n" + body)
    large, small = whole(path), whole(path, limits=Limits(block_bytes=1_500))
    assert small.table.equals(large.table)
    assert found(small.problems) == found(large.problems)
    assert small.rejected.equals(large.rejected)
    numbers = large.table.column("account_number").to_pylist()
    assert [f"a{row - 1}" for row in large.table.column("_row").to_pylist()] == numbers
    blank = sum(1 for i in range(3_000) if i % 7 == 0 and i % 2 == 0)
    assert large.table.num_rows + large.rejected.num_rows == 3_000 - blank


def test_missing_columns_refuse_the_file_and_are_all_named(tmp_path: Path) -> None:
    """One error names every required column that is not there, and says what was found."""
    with pytest.raises(MissingColumns, match=r"account_number, balance.*姓") as caught:
        read(csv_file(tmp_path, "姓名,foo\n张三,1\n"), spec=TAPE, mapping=NATIVE)
    assert "foo" in caught.value.message()


def test_repeated_columns_refuse_the_file(tmp_path: Path) -> None:
    """Two columns for one field cannot both be meant; a repeated column nobody needs does not matter."""
    for header in ("account_number,balance,balance", "account_number,balance,余额"):
        with pytest.raises(RepeatedColumns):
            read(csv_file(tmp_path, header + "\na1,5,6\n"), spec=TAPE, mapping=NATIVE)
    chunk = whole(csv_file(tmp_path, "account_number,balance,foo,foo\na1,5,6,7\n"))
    assert found(chunk.problems) == [(0, "foo", "UnknownColumn"), (0, "foo#2", "UnknownColumn")]
    assert chunk.table.num_rows == 1


def test_surplus_personal_columns_are_quarantined(tmp_path: Path) -> None:
    """Relatives' numbers and fields declared surplus are counted, never read, and not in the rejects; unknown ones are reported."""
    text = "account_number,balance,紧急联系人电话,血型,备注1,colour\na1,5,13800000000,A,x,red\na2,x,13900000000,,x,red\na3,7,,,,\n"
    mapping = dataclasses.replace(NATIVE, ignore=("备注*",))
    chunk = whole(csv_file(tmp_path, text), mapping=mapping)
    assert chunk.quarantined == {"紧急联系人电话": 2, "血型": 1}
    assert found(chunk.problems) == [(0, "colour", "UnknownColumn"), (2, "balance", "AmountUnreadable")]
    assert chunk.rejected.column_names == ["_row", "account_number", "balance"]
    assert "13900000000" not in str(chunk.rejected.to_pylist())


def test_a_foreign_mapping_translates_names_values_and_forms(tmp_path: Path) -> None:
    """Foreign columns, codes, dates and rounding; rows in the order of the file."""
    text = "借据号,客户姓名,本金余额,到期,状态,备注一\nx1,张三,10.005,2026/5/1,逾期,\nx2,李四,10.015,2026/12/31,结清,y\nx3,王五,1,2026-05-01,冻结,\n"
    chunk = whole(csv_file(tmp_path, text, encoding="gb18030"), mapping=SENDER)
    assert chunk.table.select(["balance_minor", "due_on", "status"]).to_pylist() == [
        {"balance_minor": 1000, "due_on": date(2026, 5, 1), "status": "late"},
        {"balance_minor": 1002, "due_on": date(2026, 12, 31), "status": "paid"},
    ]
    assert found(chunk.problems) == [(3, "到期", "DateUnreadable"), (3, "状态", "CodeUnknown")]


def test_constants_derived_fields_and_rows_left_out(tmp_path: Path) -> None:
    """A mapping fills fields without a column and leaves out rows by a column's text; the counts still add up."""
    spec = RecordSpec(
        "loan",
        (
            Field(name="account_number", required=True),
            Field(name="principal_minor", type="amount", required=True),
            Field(name="interest_minor", type="amount"),
            Field(name="balance_minor", type="amount", required=True),
            Field(name="paid_on", type="date"),
            Field(name="days_past_due", type="integer"),
            Field(name="product", required=True),
            Field(name="stage", type="code", choices=("m1", "m2")),
            Field(name="currency", type="code", choices=("USD",), required=True),
        ),
    )
    mapping = Mapping(
        name="m",
        record="loan",
        currency="USD",
        dates=("YY-Mon", "Mon-YYYY"),
        columns={"prin": "principal_minor", "int": "interest_minor", "last": "paid_on"},
        constants={"product": "cash"},
        derived={
            "account_number": Transform(name="row_number", prefix="LC"),
            "stage": Transform(name="lookup", sources=("loan_status",), table={"Late (16-30)": "m1"}, default="m2"),
            "balance_minor": Transform(name="sum", sources=("principal_minor", "interest_minor")),
            "days_past_due": Transform(name="days_until", sources=("paid_on",)),
        },
        keep={"loan_status": ("Late (16-30)", "Charged Off")},
    )
    text = (
        "prin,int,last,loan_status\n10.5,1,19-Feb,Late (16-30)\n5,,3-Aug,Charged Off\n5,,3-Aug,Fully Paid\nx,,Mar-2019,Charged Off\n,,,\n"
    )
    path = csv_file(tmp_path, text)
    chunk = whole(path, spec=spec, mapping=mapping, parameters={"as_of": date(2019, 3, 31)})
    assert chunk.table.to_pylist() == [
        {
            "_row": 1,
            "account_number": "LC1",
            "principal_minor": 1050,
            "interest_minor": 100,
            "balance_minor": 1150,
            "paid_on": date(2019, 2, 1),
            "days_past_due": 58,
            "product": "cash",
            "stage": "m1",
            "currency": "USD",
        },
        {
            "_row": 2,
            "account_number": "LC2",
            "principal_minor": 500,
            "interest_minor": None,
            "balance_minor": 500,
            "paid_on": date(2003, 8, 1),
            "days_past_due": 5721,
            "product": "cash",
            "stage": "m2",
            "currency": "USD",
        },
    ]
    assert (chunk.table.num_rows, chunk.rejected.num_rows, chunk.left_out_count) == (2, 1, 1)
    assert found(chunk.problems) == [(4, "prin", "AmountUnreadable")]
    with pytest.raises(MappingInvalid, match="as_of"):
        read(path, spec=spec, mapping=mapping)
    derived = {name: transform for name, transform in mapping.derived.items() if name != "stage"}
    wrong = dataclasses.replace(mapping, constants={"product": "cash", "stage": "m9"}, derived=derived)
    with pytest.raises(MappingInvalid, match="constant stage"):
        read(path, spec=spec, mapping=wrong, parameters={"as_of": date(2019, 3, 31)})


def test_the_currency_of_each_row_decides_its_decimals(tmp_path: Path) -> None:
    """With a currency column yen have no decimals and yuan two; a row without a known currency has no amount."""
    fields = (Field(name="balance_minor", type="amount"), Field(name="currency", type="text", required=True))
    spec = RecordSpec("mixed", fields)
    text = "balance,currency\n1234,JPY\n1234,CNY\n1.5,JPY\n7,XXX\n8,\n"
    chunk = whole(csv_file(tmp_path, text), spec=spec, mapping=Mapping.native(spec))
    assert chunk.table.column("balance_minor").to_pylist() == [1234, 123400]
    assert found(chunk.problems) == [
        (3, "balance", "AmountUnreadable"),
        (4, "balance", "CurrencyUnknown"),
        (5, "currency", "MissingValue"),
        (5, "balance", "CurrencyUnknown"),
    ]


def test_header_rows_delimiter_and_naive_instants(tmp_path: Path) -> None:
    """Two title lines above the names, semicolons, decimal commas, local times of a zone."""
    mapping = dataclasses.replace(NATIVE, header_rows=3, delimiter=";", decimal=",", thousands=".", zone="Asia/Shanghai")
    text = 'Overdue tape;;\n"made by;\nthe bank";;\naccount_number;balance;seen_at\na1;1.234,5;2026-05-01 09:30:00\n'
    row = whole(csv_file(tmp_path, text), mapping=mapping).table.to_pylist()[0]
    assert (row["balance_minor"], row["seen_at"]) == (123450, datetime(2026, 5, 1, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_empty_files(tmp_path: Path, content: bytes) -> None:
    """No bytes, blank lines or a lonely byte order mark are an empty file."""
    path = tmp_path / "empty.csv"
    path.write_bytes(content)
    with pytest.raises(EmptyFile):
        read(path, spec=TAPE, mapping=NATIVE)


def test_a_header_without_rows_is_one_empty_chunk(tmp_path: Path) -> None:
    """A file of a header only is read: no rows, one chunk, the schema kept."""
    chunks = list(read(csv_file(tmp_path, "account_number,balance,foo"), spec=TAPE, mapping=NATIVE))
    assert [chunk.table.num_rows for chunk in chunks] == [0]
    assert chunks[0].table.schema == TAPE.schema
    assert found(chunks[0].problems) == [(0, "foo", "UnknownColumn")]


def test_binary_absent_and_oversized_files(tmp_path: Path) -> None:
    """NUL bytes (UTF-16 too), also late ones; a missing path; limits on bytes, rows, columns and cells."""
    path = csv_file(tmp_path, GOLDEN, encoding="utf-16")
    with pytest.raises(BinaryFile, match="UTF-16"):
        read(path, spec=TAPE, mapping=NATIVE)
    path = csv_file(tmp_path, "account_number,balance\n" + "a1,5\n" * 300_000 + "\0,5\n")
    with pytest.raises(BinaryFile, match=str(23 + 5 * 300_000)):
        whole(path)
    with pytest.raises(FileAbsent):
        read(tmp_path / "nothing.csv", spec=TAPE, mapping=NATIVE)
    path = csv_file(tmp_path, "account_number,balance\n" + "a1,5\n" * 10)
    for limits in (Limits(file_bytes_max=10), Limits(rows_max=9), Limits(columns_max=1)):
        with pytest.raises(TooLarge):
            whole(path, limits=limits)
    assert found(whole(path, limits=Limits(cell_characters_max=1)).problems) == [(i, "account_number", "CellTooLong") for i in range(1, 11)]


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Write a workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def test_golden_workbook(tmp_path: Path) -> None:
    """Numbers, dates and truth values of cells; a formula without a stored value is no value and is not evaluated."""
    rows = [
        ["account_number", "name", "balance", "due_on", "seen_at", "overdue_days", "status", "is_company", None],
        ["a1", "张三", 1234.5, date(2026, 5, 1), datetime(2026, 5, 1, 1, 30), 3, "late", False],  # noqa: DTZ001
        [2, None, "￥0", "20260228"],
        [],
        ["a4", None, "=1+1"],
    ]
    chunk = whole(workbook(tmp_path / "tape.xlsx", rows))
    expected = [ROWS[0], {**ROWS[1], "account_number": "2"}]
    assert chunk.table.to_pylist() == expected
    assert found(chunk.problems) == [(4, "balance", "MissingValue")]
    commas = whole(workbook(tmp_path / "tape.xlsx", rows[:2]), mapping=dataclasses.replace(NATIVE, decimal=",", thousands="."))
    assert commas.table.column("balance_minor").to_pylist() == [123450]


def test_dangerous_workbooks_are_refused(tmp_path: Path) -> None:
    """Password or old form, macros, a bomb, a missing sheet, a broken archive: each with its own sentence."""
    path = tmp_path / "tape.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(PasswordProtected):
        read(path, spec=TAPE, mapping=NATIVE)
    workbook(path, [["account_number", "balance"], ["a1", 5]])
    with pytest.raises(TooLarge, match="unpacks"):
        read(path, spec=TAPE, mapping=NATIVE, limits=Limits(unpacked_bytes_max=1_000))
    with pytest.raises(FileRefused, match="sheet"):
        read(path, spec=TAPE, mapping=dataclasses.replace(NATIVE, sheet="other"))
    whole_bytes = path.read_bytes()
    path.write_bytes(whole_bytes[: len(whole_bytes) // 2])
    with pytest.raises(FileRefused, match="broken"):
        read(path, spec=TAPE, mapping=NATIVE)
    path.write_bytes(whole_bytes)
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"x")
    with pytest.raises(MacroWorkbook):
        read(path, spec=TAPE, mapping=NATIVE)


def test_a_bomb_that_lies_about_its_size_stays_small(tmp_path: Path) -> None:
    """A directory that understates a member's size gives a refusal, not memory: unpacking stops at the stated size."""
    path = workbook(tmp_path / "bomb.xlsx", [["account_number", "balance"], *([f"a{i}", i] for i in range(5_000))])
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    content[place + 24 : place + 28] = struct.pack("<I", 100)
    path.write_bytes(content)
    with pytest.raises(FileRefused):
        whole(path)


def test_golden_parquet(tmp_path: Path) -> None:
    """Typed columns of a Parquet file read like texts: decimals and doubles in yuan, `balance_minor` in fen."""
    columns = {
        "account_number": pa.array(["a1", "a2"]).dictionary_encode(),
        "due_on": pa.array([date(2026, 5, 1), None]),
        "seen_at": pa.array([datetime(2026, 5, 1, 1, 30, tzinfo=UTC), None]),
        "overdue_days": pa.array([3, None], pa.int16()),
        "is_company": pa.array([False, None]),
    }
    path = tmp_path / "tape.parquet"
    for name, balances in (
        ("balance", pa.array([1234.5, 0.0])),
        ("balance", pa.array([1234.5, 0]).cast(pa.decimal128(9, 1))),
        ("balance_minor", pa.array([123450, 0])),
    ):
        pq.write_table(pa.table({**columns, name: balances}), path)
        chunk = whole(path)
        assert chunk.problems == []
        assert chunk.table.column("balance_minor").to_pylist() == [123450, 0]
        assert chunk.table.column("seen_at").to_pylist() == [datetime(2026, 5, 1, 1, 30, tzinfo=UTC), None]


def test_parquet_timestamps_may_stand_for_days(tmp_path: Path) -> None:
    """Nanosecond timestamps that are all midnight are dates; others are local times of the mapping's zone."""
    columns = {
        "account_number": ["a1", "a2"],
        "balance": [1, 2],
        "due_on": pa.array([datetime(2026, 5, 1), None], pa.timestamp("ns")),  # noqa: DTZ001
        "seen_at": pa.array([datetime(2026, 5, 1, 9, 30), datetime(2026, 5, 1)], pa.timestamp("ns")),  # noqa: DTZ001
    }
    pq.write_table(pa.table(columns), tmp_path / "tape.parquet")
    chunk = whole(tmp_path / "tape.parquet", mapping=dataclasses.replace(NATIVE, zone="Asia/Shanghai"))
    assert chunk.problems == []
    assert chunk.table.column("due_on").to_pylist() == [date(2026, 5, 1), None]
    assert chunk.table.column("seen_at").to_pylist() == [datetime(2026, 5, 1, 1, 30, tzinfo=UTC), datetime(2026, 4, 30, 16, tzinfo=UTC)]


def test_broken_and_nested_parquet_is_refused(tmp_path: Path) -> None:
    """A cut file, a column of lists, a column of bytes."""
    path = tmp_path / "tape.parquet"
    for column in (pa.array([[1]]), pa.array([b"\xff"])):
        pq.write_table(pa.table({"account_number": ["a"], "balance": column}), path)
        with pytest.raises(FileRefused):
            whole(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(FileRefused, match="broken"):
        whole(path)
