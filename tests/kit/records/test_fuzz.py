"""Whatever bytes arrive, a reader answers with rows or with an InvalidInput, and every row is accounted for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duecourse.kit.errors import InvalidInput
from duecourse.kit.records import Limits, write_csv, write_parquet, write_xlsx
from tests.kit.records.tapes import TAPE, whole

HEADER = b"account_number,name,balance,due_on,seen_at,overdue_days,status,is_company\n"
FRAGMENTS = st.sampled_from(
    [b",", b'"', b"\n", b"\r", b"\r\n", b"'", b"=", "张".encode(), "张".encode("gb18030"), b"\xff", b"2026-02-31", b"1.5", b"\xef\xbf\xbd"]
)
SOUP = st.lists(FRAGMENTS | st.binary(max_size=6), max_size=60).map(b"".join)
ROWS = [{"account_number": f"a{i}", "name": "张三", "balance_minor": i} for i in range(50)]
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


def accounts_for_every_row(path: Path, content: bytes) -> bool:
    """Read some bytes and say whether each problem has its rejected row and no row is both; an InvalidInput is an answer too."""
    path.write_bytes(content)
    try:
        chunk = whole(path, limits=Limits(block_bytes=4_096))
    except InvalidInput:
        return True
    bad = {problem.row for problem in chunk.problems if problem.row}
    return bad == set(chunk.rejected.column("_row").to_pylist()) and not bad & set(chunk.table.column("_row").to_pylist())


@QUICK
@given(SOUP)
def test_soup_under_a_header(tmp_path: Path, soup: bytes) -> None:
    """Quotes, separators, half characters and noise under a good header."""
    assert accounts_for_every_row(tmp_path / "soup.csv", HEADER + soup)


@QUICK
@given(
    SOUP | st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xef\xbb\xbf", b"\xff\xfe"]),
)
def test_bytes_with_any_beginning(tmp_path: Path, soup: bytes, start: bytes) -> None:
    """Noise behind the first bytes of every known form."""
    assert accounts_for_every_row(tmp_path / "soup.bin", start + soup)


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_good_files_with_changed_bytes(tmp_path: Path, form: str) -> None:
    """A good file with one to four bytes changed, cut or doubled, 150 times."""
    good = tmp_path / f"good.{form}"
    if form == "csv":
        write_csv(good, ROWS, spec=TAPE, currency="CNY")
    elif form == "xlsx":
        write_xlsx(good, ROWS, spec=TAPE, currency="CNY")
    else:
        write_parquet(good, ROWS, spec=TAPE)
    content, dice = good.read_bytes(), random.Random(7)
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            place = dice.randrange(len(changed))
            if dice.random() < 0.8:
                changed[place] = dice.randrange(256)
            else:
                del changed[place : place + dice.randint(1, 50)]
        assert accounts_for_every_row(tmp_path / f"bad.{form}", bytes(changed))
