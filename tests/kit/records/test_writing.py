"""Writing records and rejects: round trips, neutralised cells, all or nothing."""

from __future__ import annotations

import csv
import dataclasses
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.kit.records import (
    CurrencyNeeded,
    RejectsWriter,
    WriteFailed,
    neutralise,
    restore,
    write_csv,
    write_parquet,
    write_xlsx,
    written_whole,
)
from tests.kit.records.tapes import NATIVE, SENDER, TAPE, csv_file, found, whole

ROW = {
    "account_number": "a1",
    "name": '=cmd|"/c calc"!A1',
    "balance_minor": 123450,
    "due_on": date(2026, 5, 1),
    "seen_at": datetime(2026, 5, 1, 1, 30, tzinfo=UTC),
    "overdue_days": 3,
    "status": "late",
    "is_company": True,
}
EMPTY = {**dict.fromkeys(ROW), "account_number": "+8613812345678", "balance_minor": 7}
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


@pytest.mark.parametrize("form", ["csv", "gb18030", "zh", "xlsx", "parquet"])
def test_what_is_written_reads_back(tmp_path: Path, form: str) -> None:
    """Every form gives back the same rows, dangerous cells included."""
    path = tmp_path / f"out.{form}"
    if form == "xlsx":
        count = write_xlsx(path, [ROW, EMPTY], spec=TAPE, lang="zh-hans", currency="CNY")
    elif form == "parquet":
        count = write_parquet(path, [ROW, EMPTY], spec=TAPE)
    else:
        encoding = "gb18030" if form == "gb18030" else "utf-8-sig"
        count = write_csv(path, [ROW, EMPTY], spec=TAPE, currency="CNY", encoding=encoding, lang="zh-hans" if form == "zh" else "")
    chunk = whole(path)
    assert count == 2
    assert chunk.problems == []
    assert chunk.table.drop(["_row"]).to_pylist() == [ROW, EMPTY]


def test_no_written_cell_is_a_formula(tmp_path: Path) -> None:
    """In CSV and XLSX dangerous texts carry an apostrophe; numbers stay numbers, dates stay dates."""
    write_csv(tmp_path / "out.csv", [ROW, EMPTY], spec=TAPE, currency="CNY")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as source:
        cells = list(csv.reader(source))
    assert cells[0][:3] == ["account_number", "name", "balance"]
    assert cells[1][1].startswith("'=")
    assert cells[1][2] == "1234.50"
    assert cells[2][0] == "'+8613812345678"
    write_xlsx(tmp_path / "out.xlsx", [ROW], spec=TAPE, currency="CNY")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "d", "s", "n", "s", "b"]
    assert sheet["C2"].value == 1234.5


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.from_regex(r"'{0,3}[=+\-@\t\r\n＝].*", fullmatch=True), max_size=5))
def test_neutralising_is_reversible(texts: list[str]) -> None:
    """Any text comes back, and no neutralised one begins with a dangerous character unless it is a negative number."""
    marked = neutralise(pa.array(texts, pa.string()))
    assert restore(marked).to_pylist() == texts
    for text in marked.to_pylist():
        assert text[:1] not in tuple("=+@\t\r\n＝＋－＠")
        assert text[:1] != "-" or text[1:].replace(".", "").replace(",", "").isdigit()


def test_what_nobody_sees_does_not_hide_a_formula() -> None:
    """Blanks, characters without width and marks of direction before the sign do not keep a text from being neutralised."""
    unseen = [*(" ", "  ", "\x0b", "\x85", "\xa0", "\u200b", "\u200f", "\u2028", "\u202e", "\u2060", "\u3000", "\ufeff"), "'\u00a0"]
    texts = [f"{before}{sign}1+1" for before in unseen for sign in "=+-@＝"]
    marked = neutralise(pa.array(texts, pa.string())).to_pylist()
    assert marked == [f"'{text}" for text in texts]
    assert restore(pa.array(marked, pa.string())).to_pylist() == texts


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(names=st.lists(TEXTS, min_size=1, max_size=6), balances=st.lists(st.integers(0, 10**16), min_size=6, max_size=6))
def test_any_rows_round_trip_through_csv(tmp_path: Path, names: list[str], balances: list[int]) -> None:
    """Quotes, separators, apostrophes and formulas in names, and any amount, survive a CSV file."""
    rows = [{**EMPTY, "name": name, "balance_minor": balance} for name, balance in zip(names, balances, strict=False)]
    write_csv(tmp_path / "out.csv", rows, spec=TAPE, currency="CNY")
    mapping = dataclasses.replace(NATIVE, nulls=())
    assert whole(tmp_path / "out.csv", mapping=mapping).table.drop(["_row"]).to_pylist() == rows


def test_rejects_can_be_mended_and_sent_again(tmp_path: Path) -> None:
    """The rejects of a GB18030 semicolon file hold the original cells and say what is wrong; mended, they read under the same mapping."""
    mapping = dataclasses.replace(SENDER, delimiter=";", header_rows=2, encodings=("gb18030",))
    text = "标题;;;\n借据号;客户姓名;本金余额;到期\n=1;张三;x;2026/2/31\nx2;李四;5;2026/2/28\n"
    chunk = whole(csv_file(tmp_path, text, encoding="gb18030"), mapping=mapping)
    with RejectsWriter(tmp_path / "rejects.csv", say=lambda problem: f"错误 {problem.code}") as rejects:
        rejects.write(chunk)
    assert rejects.count == 1
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as source:
        header, row = list(csv.reader(source))
    assert header == ["借据号", "客户姓名", "本金余额", "到期", "_row", "_column", "_problem"]
    assert row == ["'=1", "张三", "x", "2026/2/31", "1", "本金余额; 到期", "错误 AmountUnreadable; 错误 DateImpossible"]
    mended = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").replace('"x"', '"5"').replace("2026/2/31", "2026/2/27")
    again = whole(csv_file(tmp_path, mended, encoding="utf-8-sig"), mapping=mapping)
    assert found(again.problems) == []
    assert again.table.column("account_number").to_pylist() == ["=1"]


def test_no_rejects_no_file(tmp_path: Path) -> None:
    """A clean reading makes no rejects file."""
    with RejectsWriter(tmp_path / "rejects.csv") as rejects:
        rejects.write(whole(csv_file(tmp_path, "account_number,balance\na1,5\n")))
    assert not (tmp_path / "rejects.csv").exists()


def test_amounts_without_a_currency_are_not_written(tmp_path: Path) -> None:
    """Decimals are unknown without a currency; nothing is left behind."""
    with pytest.raises(CurrencyNeeded):
        write_csv(tmp_path / "out.csv", [ROW], spec=TAPE)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Let this process write files of `size` bytes at most."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "rejects"])
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, form: str) -> None:
    """When the system refuses to write more, the older file is untouched, no part file stays, and the error says what to do."""
    path = tmp_path / "out"
    path.write_text("older")
    rows = [{**ROW, "account_number": f"a{i * 7919 % 10**6}", "balance_minor": i * 7919} for i in range(5_000)]
    (tmp_path / "in").mkdir()
    source = csv_file(tmp_path / "in", "account_number,balance\n" + "".join(f"a{i},x\n" for i in range(5_000)))
    chunk = whole(source)
    with pytest.raises(WriteFailed, match="Free space"), small_disk(8_192):  # noqa: PT012
        if form == "csv":
            write_csv(path, rows, spec=TAPE, currency="CNY")
        elif form == "xlsx":
            with written_whole(path) as sink:
                sink.write(bytes(10_000))
        elif form == "parquet":
            write_parquet(path, rows, spec=TAPE)
        else:
            with RejectsWriter(path) as rejects:
                rejects.write(chunk)
    assert path.read_text() == "older"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "out"]


def test_an_error_inside_leaves_nothing(tmp_path: Path) -> None:
    """Any error in the block removes the part file and is passed on; a missing folder is named."""

    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError), written_whole(tmp_path / "out"):
        fail()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(WriteFailed, match="folder"), written_whole(tmp_path / "no" / "out"):
        pass
