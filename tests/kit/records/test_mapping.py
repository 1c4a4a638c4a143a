"""Specs and mappings as files."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from duecourse.kit.records import Field, Mapping, MappingInvalid, RecordSpec, SpecInvalid, UnknownMapping, find_mapping
from tests.kit.records.tapes import SENDER, TAPE, csv_file, whole

SENDER_YAML = """
name: sender
record: tape
currency: CNY
rounding: half_even
dates: [YYYY/M/D]
columns: {借据号: account_number, 客户姓名: name, 本金余额: balance_minor, 到期: due_on, 状态: status}
values: {status: {逾期: late, 结清: paid}}
ignore: [备注*]
"""


def test_a_mapping_file_reads_as_written(tmp_path: Path) -> None:
    """The YAML form gives the mapping one would build in code, found by name."""
    (tmp_path / "sender.yaml").write_text(SENDER_YAML, encoding="utf-8")
    assert find_mapping("sender", folder=tmp_path, spec=TAPE) == SENDER
    assert find_mapping(str(tmp_path / "sender.yaml"), folder=tmp_path, spec=TAPE) == SENDER
    for name in ("other", "../sender", ""):
        with pytest.raises(UnknownMapping, match="sender"):
            find_mapping(name, folder=tmp_path, spec=TAPE)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("columns: {a: nothing}", "nothing is not a field"),
        ("columns: {a: account_number}", "nothing fills balance_minor"),
        ("colums: {}", "unknown keys colums"),
        ("encodings: [klingon]", "unknown encoding"),
        ("currency: XXX", "XXX"),
        ("currency: ''", "need a currency"),
        ("dates: [DD]", "not a date form"),
        ("rounding: up", "unknown rounding"),
        ("thousands: '.'", "must differ"),
        ("delimiter: '||'", "one character"),
        ("record: other", "the record is other"),
        ("derived: {due_on: {transform: guess}}", "unknown transform"),
        ("derived: {due_on: {transform: copy, from: x, colour: red}}", "another form"),
        ("constants: {balance_minor: 5}", "filled twice"),
        ("values: {status: {逾期: overdue}}", "given overdue"),
        ("derived: {is_company: {transform: lookup, from: x}, name: {transform: lookup, from: x, table: {a: b}}}", "filled twice"),
        ("columns: [a]", "another form"),
        ("values: {status: late}", "another form"),
    ],
)
def test_mappings_that_do_not_fit_are_refused(tmp_path: Path, change: str, reason: str) -> None:
    """Each mistake an operator can make is named."""
    key = change.partition(":")[0]
    lines = [line for line in SENDER_YAML.splitlines() if not line.startswith(key + ":")]
    path = tmp_path / "sender.yaml"
    path.write_text("\n".join([*lines, change]), encoding="utf-8")
    with pytest.raises(MappingInvalid, match=reason):
        Mapping.from_yaml(path, spec=TAPE)


@pytest.mark.parametrize("text", ["", "[", "- a", "name: x", "a: &a [*a]\nrecord: tape", "\x00"])
def test_files_that_are_no_mappings(tmp_path: Path, text: str) -> None:
    """Anything else is refused with the same error."""
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MappingInvalid):
        Mapping.from_yaml(path, spec=TAPE)


def test_specs_as_files(tmp_path: Path) -> None:
    """A spec reads from YAML with types, units, privacy and both names; contradictions are refused."""
    path = tmp_path / "spec.yaml"
    path.write_text(
        "name: payment\nfields:\n  - {name: paid_minor, type: amount, required: true, en: Paid, zh: 还款}\n  - {name: kind, type: code, choices: [cash, 1]}\n",
        encoding="utf-8",
    )
    spec = RecordSpec.from_yaml(path)
    assert spec.field("kind").choices == ("cash", "1")
    assert spec.field("paid_minor").label("zh-hans") == "还款"
    assert [str(kind) for kind in spec.schema.types] == ["int64", "int64", "string"]
    for text in (
        "name: x",
        "name: x\nfields: []",
        "name: x\nfields: [{name: a, colour: red}]",
        "[",
        "name: x\nfields: [{name: a}, {name: a}]",
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SpecInvalid):
            RecordSpec.from_yaml(path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "_row"},
        {"name": "a b"},
        {"name": "paid", "type": "amount"},
        {"name": "k", "type": "code"},
        {"name": "k", "type": "money"},
        {"name": "k", "privacy": "secret"},
    ],
)
def test_fields_that_contradict_themselves(wrong: dict[str, str]) -> None:
    """Reserved names, amounts without `_minor`, codes without choices, unknown types and classes."""
    with pytest.raises(SpecInvalid):
        RecordSpec("s", (Field(**wrong),))  # type: ignore[arg-type]


def test_tables_never_have_surplus_fields() -> None:
    """A field of the class surplus is known but has no column."""
    assert "blood_group" not in TAPE.names
    assert TAPE.field("blood_group").privacy == "surplus"


def test_the_examples_of_the_manual_work(tmp_path: Path) -> None:
    """The spec and the two mappings printed in docs/file-specs.md fit each other and read a file each."""
    page = (Path(__file__).parents[3] / "docs" / "file-specs.md").read_text(encoding="utf-8")
    for name, block in zip(("spec", "mapping", "many"), re.findall(r"```yaml\n(.*?)```", page, re.DOTALL), strict=True):
        (tmp_path / f"{name}.yaml").write_text(block, encoding="utf-8")
    spec = RecordSpec.from_yaml(tmp_path / "spec.yaml")
    mapping = find_mapping("mapping", folder=tmp_path, spec=spec)
    text = (
        '逾期贷款,,,,,\n借据号,客户姓名,本金余额,到期,状态,五级分类\nA1,张三,"1,234.5",2026/5/1,逾期,可疑\nA2,李四,1,2026/5/1,结清,次级\n'
    )
    chunk = whole(csv_file(tmp_path, text, encoding="gb18030"), spec=spec, mapping=mapping, parameters={"as_of": date(2026, 5, 31)})
    (row,) = chunk.table.to_pylist()
    assert chunk.problems == []
    assert chunk.left_out_count == 1
    assert (row["balance_minor"], row["status"], row["stage"], row["overdue_days"], row["product"]) == (123450, "late", "m3", 30, "cash")
    many = find_mapping("many", folder=tmp_path, spec=spec)
    text = "清单,,,\n合同号,剩余本金（元）,利息,状态\nA1,1000,1.5,M1逾期\nA2,1,,\n合计,1001,1.5,\n"
    chunk = whole(csv_file(tmp_path, text, encoding="gb18030"), spec=spec, mapping=many)
    assert chunk.table.select(["balance_minor", "status"]).to_pylist() == [
        {"balance_minor": 100150, "status": "late"},
        {"balance_minor": 100, "status": "late"},
    ]
    assert [problem.code for problem in chunk.problems] == ["TotalsRow"]
