"""What the demo leaves for a person to try: the next month's tape as the 委案 workbook that a Chinese lender would send."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.simulate import World
from duecourse.kit.money import plain_amount
from duecourse.kit.records.safety import written_whole

HEADERS = {
    "account_number": "案件编号",
    "person_name": "客户姓名",
    "id_type": "证件类型",
    "id_number": "身份证号",
    "phone": "手机号码",
    "address": "家庭地址",
    "product_class": "产品名称",
    "lender_class": "委托方",
    "currency": "币种",
    "balance_minor": "委案金额",
    "principal_minor": "剩余本金",
    "interest_minor": "利息",
    "penalty_minor": "罚息",
    "fee_minor": "费用",
    "oldest_due_on": "首次逾期日期",
    "days_past_due": "逾期天数",
    "opened_on": "放款日期",
    "last_paid_on": "最近还款日期",
    "contact": "联系人身份证号",
}
"""The workbook's columns in their order; the last one is asked for by nobody, and is there to be set aside."""

_WORDS = {
    "id_type": {"resident_id": "居民身份证"},
    "product_class": {"credit_card": "信用卡", "consumer_loan": "个人消费贷", "auto_loan": "汽车贷款", "micro_loan": "小额贷款"},
    "lender_class": {"bank": "澜溪银行", "consumer_finance": "澜溪消费金融", "micro_loan": "澜溪小额贷款"},
    "currency": {"CNY": "人民币"},
}
_FAULTS = ({"balance_minor": "待核实"}, {"days_past_due": "不详"}, {"account_number": ""})
_NEWCOMER_SEED = 1
_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="委案" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
}


def tape_workbook(world: World, *, folder: Path) -> Path:
    """Write the tape of the world's present day as a workbook and return its path; one that is there already stays as it is.

    Who still owes is on it, then some debtors the bank has not seen before, and at the end three rows with a fault each: an amount and a
    count of days in words, and a missing number. Everybody in it is made up.

    Args:
        world: a world on the first day of the month that nobody has opened yet.
        folder: where the workbook goes; it is made with its parents, readable for its owner only.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / f"委案-{world.present:%Y-%m}.xlsx"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with written_whole(path) as sink, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _PARTS.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
        book.writestr("xl/worksheets/sheet1.xml", "".join(_sheet(_rows(world))))
    return path


def _rows(world: World) -> Iterator[dict[str, Any]]:
    """Yield the rows of the sheet by field: codes in the lender's words, amounts and days as they would be typed."""
    newcomers = _newcomers(world)
    tape = pa.concat_tables([world.tape(world.present), newcomers])
    contacts = tape["id_number"].to_pylist()
    rows = tape.to_pylist()
    for row, contact in zip(rows, contacts[1:] + contacts[:1], strict=True):
        yield _typed(row) | {"contact": contact}
    for number, fault in enumerate(_FAULTS, start=1):
        whole = _typed(rows[-number]) | {"account_number": f"ERR{number:04d}", "contact": ""}
        yield whole | fault


def _newcomers(world: World) -> pa.Table:
    """Return debtors of a neighbouring world whose identity numbers this one does not know, under account numbers of their own."""
    settings = world.settings
    count = min(200, max(12, settings.account_count // 10))
    seed = settings.seed + _NEWCOMER_SEED
    drawn = World(replace(settings, seed=seed, account_count=count, months=1, start_on=world.present)).tape(world.present)
    known = world.tape(world.present)
    met = pc.or_(
        pc.is_in(drawn["id_number"], value_set=known["id_number"].combine_chunks()),
        pc.is_in(drawn["phone"], value_set=known["phone"].combine_chunks()),
    )
    fresh = drawn.filter(pc.invert(met))
    month = pa.scalar(f"N{world.present:%y%m}")
    numbers = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(fresh["account_number"], 0, 2), month, pc.utf8_slice_codeunits(fresh["account_number"], 6, 12), ""
    )
    return fresh.set_column(0, fresh.schema.field("account_number"), numbers)


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    typed = {name: row.get(name) for name in HEADERS}
    for name, words in _WORDS.items():
        typed[name] = words.get(row[name], row[name])
    for name in HEADERS:
        if name.endswith("_minor"):
            typed[name] = _Number(plain_amount(row[name], row["currency"]))
        elif name.endswith("_on"):
            typed[name] = row[name].isoformat() if row[name] else ""
    return typed | {"days_past_due": _Number(str(row["days_past_due"]))}


class _Number(str):
    """The text of a number, which the sheet holds as a number."""

    __slots__ = ()


def _sheet(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    yield _line(list(HEADERS.values()))
    for row in rows:
        yield _line([row[name] for name in HEADERS])
    yield "</sheetData></worksheet>"


def _line(values: list[str]) -> str:
    cells = [
        f"<c><v>{value}</v></c>" if isinstance(value, _Number) else f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        for value in values
    ]
    return f"<row>{''.join(cells)}</row>"
