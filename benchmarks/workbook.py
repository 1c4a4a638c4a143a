"""Claim: a workbook of 200,000 rows is read into typed rows no slower than a bare openpyxl pass, and a row costs a third of its memory at most.

The peer is `for row in sheet.iter_rows(values_only=True)` of openpyxl in read-only mode: no types, no checks, no header, no mapping.
`ours` is `read` with the shipped mapping weian: two header rows, 20 columns, sums of columns, words to codes, quarantine, a row of totals
compared with the rows. The workbook is written the way spreadsheet programs write: texts in one shared table. Each runs in a process of
its own, over a tenth of the rows and over all of them; memory is the highest resident set of that process above what it is after imports.
Between the two sizes it grows by the shared table only: the bytes of its texts, and eight more for each.

    python benchmarks/workbook.py --rows 200000
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from duecourse.kit.clock import stopwatch

RATIO_MIN = 1.0
GROWTH_RATIO_MAX = 0.33
SMALL_SHARE = 10
ROOT = Path(__file__).resolve().parent.parent
UPPER = [
    "个案序列号",
    "客户信息",
    "",
    "",
    "",
    "欠款信息(元)",
    "",
    "",
    "",
    "",
    "",
    "逾期天数",
    "逾期日期",
    "联系人1",
    "",
    "产品名称",
    "币种",
    "开户日期",
    "最后还款日",
    "地址",
]
LOWER = [
    "",
    "姓名",
    "证件号码",
    "手机号码",
    "邮箱",
    "委案金额",
    "剩余本金",
    "利息",
    "罚息",
    "违约金",
    "手续费",
    "",
    "",
    "姓名",
    "电话",
    "",
    "",
    "",
    "",
    "",
]


def write_workbook(path: Path, *, rows: int) -> None:
    """Write the workbook by hand, texts shared, as a spreadsheet program would."""
    sys.path.insert(0, str(ROOT))
    from tests.kit.records.workbooks import by_hand

    texts: dict[str, int] = {}

    def shared(text: str) -> str:
        return f'<c t="s"><v>{texts.setdefault(text, len(texts))}</v></c>' if text else "<c/>"

    def cells() -> Iterator[str]:
        for row in (UPPER, LOWER):
            yield "<row>" + "".join(map(shared, row)) + "</row>"
        for n in range(rows):
            parts = [100_000 + n * 7919 % 4_900_000, n * 31 % 90_000, n * 17 % 20_000, n * 13 % 9_000, 500]
            money = "".join(
                f"<c><v>{part / 100:.2f}</v></c>" for part in (sum(parts), *parts)
            )  # house: allow hundred because it writes test amounts
            born = f"{1960 + n % 40}{1 + n % 12:02d}{1 + n % 28:02d}"
            before = (
                f"CL{n:010d}",
                f"陈{n % 9973}号",
                f"33078{n // 1000 % 10}{born}{n % 1000:03d}{n % 10}",
                f"13{n % 1_000_000_000:09d}",
                f"d{n}@post.example",
            )
            after = (
                f"2026/{1 + n % 9}/{1 + n % 28}",
                f"李{n % 997}",
                f"13{n * 7 % 1_000_000_000:09d}",
                "个人消费贷",
                "人民币",
                "2023年5月17日",
                "20260301",
                f"浙江省金华市和平路{n}号",
            )
            yield f"<row>{''.join(map(shared, before))}{money}<c><v>{n % 400}</v></c>{''.join(map(shared, after))}</row>"
        yield f"<row>{shared('合计')}</row>"

    sheet = "".join(cells())
    by_hand(path, sheet, shared=list(texts))


def ours(path: Path) -> int:
    """Read with weian and return how many rows were accepted."""
    from duecourse.kit.records import Mapping, read
    from duecourse.portfolio.services.specs import MAPPINGS, OVERDUE_TAPE

    mapping = Mapping.from_yaml(MAPPINGS / "weian.yaml", spec=OVERDUE_TAPE)
    return sum(chunk.table.num_rows for chunk in read(path, spec=OVERDUE_TAPE, mapping=mapping))


def bare(path: Path) -> int:
    """Pass over the rows with openpyxl and return how many hold data."""
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    sheet.reset_dimensions()
    return sum(1 for _ in sheet.iter_rows(values_only=True)) - 3


def measured(work: Callable[[Path], int], path: Path) -> tuple[float, int, int]:
    """Run in a process of its own; return seconds, KiB of memory above the start, and rows."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work.__name__, str(path)))


def _measured(name: str, path: str) -> tuple[float, int, int]:
    sys.path.insert(0, str(ROOT))
    from tests import database

    database.use_test_environment()
    from duecourse.config import boot

    boot.set_up_django()
    import openpyxl  # noqa: F401 - so that neither side pays for imports

    import duecourse.portfolio.services.specs

    assert duecourse.portfolio.services.specs.OVERDUE_TAPE
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = stopwatch()
    rows = {"ours": ours, "bare": bare}[name](Path(path))
    return stopwatch() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, rows


def main() -> int:
    """Measure both at two sizes, print, and say whether the claim holds."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=200_000)
    rows = arguments.parse_args().rows
    found: dict[tuple[str, int], Any] = {}
    with tempfile.TemporaryDirectory(prefix="duecourse-bench-") as folder:
        for count in (rows // SMALL_SHARE, rows):
            path = Path(folder) / f"{count}.xlsx"
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pool.apply(write_workbook, (path,), {"rows": count})
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(member.file_size for member in packed.infolist())
            print(f"{count:,} rows × {len(UPPER)} columns, {path.stat().st_size >> 20} MiB packed, {unpacked >> 20} MiB unpacked")
            for work in (ours, bare):
                seconds, memory, read_count = found[work.__name__, count] = measured(work, path)
                assert read_count == count, (work.__name__, read_count)
                print(f"  {work.__name__}: {count / seconds:>9,.0f} rows/s, {seconds:6.1f} s, {memory >> 10:>4} MiB above the start")
    speed = found["bare", rows][0] / found["ours", rows][0]
    growth = {
        name: (found[name, rows][1] - found[name, rows // SMALL_SHARE][1]) * 1024 / (rows - rows // SMALL_SHARE)
        for name in ("ours", "bare")
    }
    share = growth["ours"] / max(growth["bare"], 1)
    print(f"speed: {speed:.2f} of a bare openpyxl pass (at least {RATIO_MIN})")
    print(
        f"memory for each further row: {growth['ours']:,.0f} bytes, {share:.2f} of the pass's {growth['bare']:,.0f} (at most {GROWTH_RATIO_MAX})"
    )
    return int(speed < RATIO_MIN or share > GROWTH_RATIO_MAX)


if __name__ == "__main__":
    sys.exit(main())
