"""Guesses: what is proposed for a column, why, and the mapping that comes of it."""

from __future__ import annotations

import pytest

from duecourse.kit.masking import STARS, Masked
from duecourse.kit.records import FileRefused, Mapping, MappingInvalid, guess_mapping, read
from duecourse.kit.records.contents import counts_of, date_forms, display, is_order_unclear
from duecourse.kit.records.guess import SheetUnguessable
from duecourse.kit.records.proposal import CorrectionUnclear
from tests import people
from tests.kit.records.tapes import TAPE, csv_file, whole
from tests.kit.records.workbooks import workbook

KNOWN = Mapping(
    name="known",
    record="tape",
    synonyms={
        "account_number": ("借据号", "合同号"),
        "due_on": ("逾期日期",),
        "balance_minor": ("委案金额",),
        "overdue_days": ("逾期天数",),
    },
    values={"status": {"*逾期*": "late", "结清": "paid"}},
    ignore=("批次*",),
)
HEADER = ["批次号", "合同号", "借据号", "客户姓名全称", "委案金额(元)", "逾期日期", "状态", "客户手机", "微信", "备用", "是否企业", "空"]


def rows_of(count=20):
    """Return rows that look like a lender's."""
    return [
        ["9", f"c{i}", f"a{i}", "张" + chr(0x5B50 + i), f"{i + 1},000.5", f"2026年9月{i + 1}日", "M2逾期", f"1381234{i:04d}", f"wx{i}",
         people.CHEN.identity_number, "否", None]
        for i in range(count)
    ]  # fmt: skip


@pytest.fixture
def guess(tmp_path):
    """The guess for a sheet of every kind of column."""
    return guess_mapping(workbook(tmp_path / "t.xlsx", [HEADER, *rows_of()]), spec=TAPE, known=[KNOWN])


def test_names_and_values_speak_for_fields(guess):
    """Known names first, the preferred one of two; a similar name with fitting values; personal values nobody asked for; nothing known."""
    proposals = {column.column: column.proposal for column in guess.columns}
    assert proposals == {
        "批次号": None,
        "合同号": None,
        "借据号": "account_number",
        "客户姓名全称": "name",
        "委案金额(元)": "balance_minor",
        "逾期日期": "due_on",
        "状态": "status",
        "客户手机": "quarantine",
        "微信": "quarantine",
        "备用": "quarantine",
        "是否企业": "is_company",
        "空": None,
    }
    assert (guess.missing, guess.currency, guess.dates, guess.row_count) == ((), "CNY", ("YYYY-MM-DD", "YYYY年M月D日"), 20)


def test_every_proposal_has_its_reasons(guess):
    """Scores lie between 0 and 1 and come with sentences whose places are all filled."""
    codes = {column.column: [reason.code for reason in column.reasons] for column in guess.columns}
    assert codes["合同号"] == ["FieldTaken"]
    assert codes["客户姓名全称"] == ["HeaderSimilar", "LooksName"]
    assert codes["委案金额(元)"] == ["HeaderKnown", "ReadsAmount"]
    assert codes["备用"] == ["PersonalLookingColumn", "LooksId_number"]
    assert codes["空"] == ["NoValues"]
    for column in guess.columns:
        assert 0 <= column.score <= 1
        assert all(reason.template.format(**reason.parameters) for reason in column.reasons)


def test_samples_are_masked(guess):
    """No name, number or telephone can be read off a guess, its repr or its displays; money and days can."""
    shown = {column.column: column.displays for column in guess.columns}
    assert shown["客户手机"][0] == "138****0000"
    assert shown["微信"][0] == STARS
    assert shown["客户姓名全称"][0] == "张*"
    assert shown["委案金额(元)"][0] == "1,000.5"
    assert shown["备用"] == (people.CHEN.identity_number[0] + "*" * 16 + people.CHEN.identity_number[-1],)
    assert people.CHEN.identity_number not in repr(guess)
    assert "13812340000" not in repr(guess)


def test_the_same_file_gives_the_same_guess(tmp_path, guess):
    """Nothing is drawn, and no order depends on hashes."""
    again = guess_mapping(tmp_path / "t.xlsx", spec=TAPE, known=[KNOWN])
    assert [(c.column, c.proposal, c.score, c.reasons, c.alternatives) for c in again.columns] == [
        (c.column, c.proposal, c.score, c.reasons, c.alternatives) for c in guess.columns
    ]


def test_the_mapping_reads_the_file_and_survives_yaml(tmp_path, guess):
    """What is saved is what was made, and the file it was made from is read without a problem."""
    mapping = guess.to_mapping("first-bank", version=2026112101)
    (tmp_path / "m.yaml").write_text(mapping.to_yaml(), encoding="utf-8")
    assert Mapping.from_yaml(tmp_path / "m.yaml", spec=TAPE) == mapping
    chunk = whole(tmp_path / "t.xlsx", mapping=mapping)
    assert chunk.problems == []
    assert chunk.table["balance_minor"].to_pylist()[:2] == [100050, 200050]
    assert set(chunk.quarantined) == {"客户手机", "微信", "备用"}


def test_a_persons_corrections_win(tmp_path, guess):
    """A field given by hand leaves its guessed column; a column can be dropped, quarantined or, for amounts, added."""
    by_hand = {"合同号": "account_number", "客户姓名全称": None, "逾期日期": "quarantine", "备用": "name"}
    mapping = guess.to_mapping("x", version=1, corrections=by_hand, constants={"status": "late"})
    assert mapping.columns == {"合同号": "account_number", "委案金额(元)": "balance_minor", "备用": "name", "是否企业": "is_company"}
    chunk = whole(tmp_path / "t.xlsx", mapping=mapping)
    assert chunk.table["account_number"].to_pylist()[0] == "c0"
    assert chunk.table["status"].to_pylist()[0] == "late"
    assert "逾期日期" in chunk.quarantined
    added = guess.to_mapping("x", version=1, corrections={"批次号": "balance_minor", "委案金额(元)": "balance_minor"})
    assert whole(tmp_path / "t.xlsx", mapping=added).table["balance_minor"].to_pylist()[0] == 100950


def test_corrections_that_cannot_be_meant_are_refused(guess):
    """Columns that are not there, two columns for one name, unknown fields and what stays missing are all said."""
    with pytest.raises(CorrectionUnclear, match=r"no column 合同; 合同号, 借据号 are one field"):
        guess.to_mapping("x", version=1, corrections={"合同": None, "合同号": "account_number", "借据号": "account_number"})
    with pytest.raises(MappingInvalid, match="nothing fills account_number"):
        guess.to_mapping("x", version=1, corrections={"借据号": None})
    with pytest.raises(MappingInvalid, match="price is not a field"):
        guess.to_mapping("x", version=1, corrections={"备用": "price"})


def test_names_with_signs_of_patterns_mean_themselves(tmp_path):
    """A column `备注[*]` that is passed over or quarantined does not take others along."""
    path = csv_file(tmp_path, "借据号,委案金额,备注[*],微信?,备注8\na1,5,x,y,z\n")
    mapping = guess_mapping(path, spec=TAPE, known=[KNOWN]).to_mapping("x", version=1, corrections={"备注8": "name"})
    chunk = whole(path, mapping=mapping)
    assert chunk.table["name"].to_pylist() == ["z"]
    assert (chunk.problems, chunk.quarantined) == ([], {"微信?": 1})


def test_files_without_rows_or_sense(tmp_path):
    """A header alone gives nothing to guess from; what cannot be read is refused as it always is."""
    with pytest.raises(SheetUnguessable):
        guess_mapping(csv_file(tmp_path, "a,b\n"), spec=TAPE)
    with pytest.raises(FileRefused):
        guess_mapping(tmp_path / "none.csv", spec=TAPE)
    odd = guess_mapping(csv_file(tmp_path, "a,b\nx,y\n"), spec=TAPE)
    assert [(c.proposal, c.score, c.reasons[0].code) for c in odd.columns] == [(None, 0.0, "NothingKnown")] * 2
    assert odd.missing == ("account_number", "balance_minor")


def test_values_are_recognised_by_what_can_be_checked():
    """Check digits tell identity numbers and cards from other digits; names count only where they differ."""
    texts = [
        people.CHEN.identity_number,
        "4111111111111111",
        "138 1234 5678",
        "0571-87654321",
        "a@b.example",
        "浙江省杭州市西湖区1号",
        "王五",
        "CNY",
    ]
    counts = counts_of(texts)
    assert counts == {"id_number": 1, "phone": 2, "email": 1, "card": 1, "address": 1, "name": 1, "currency": 1}
    assert counts_of(["4111111111111112", people.CHEN.identity_number[:-1] + "0"])["card"] == 0
    assert counts_of(["王五"] * 9)["name"] == 0


def test_day_and_month_are_not_guessed():
    """13/4/2026 gives the order away; 3/4/2026 does not, and then none is tried."""
    assert "D/M/YYYY" in date_forms(["13/4/2026", "3/4/2026"])
    assert "M/D/YYYY" in date_forms(["4/13/2026"])
    assert not {"D/M/YYYY", "M/D/YYYY"} & set(date_forms(["3/4/2026", "4/3/2026"]))
    assert is_order_unclear(["3/4/2026"])
    assert not is_order_unclear(["13/4/2026"])


@pytest.mark.parametrize(
    ("text", "is_open", "shown"),
    [
        ("1,234.50", False, "1,234.50"),
        ("2026-09-01", False, "2026-09-01"),
        ("信用卡", True, "信用卡"),
        ("信用卡", False, STARS),
        ("妻子电话13812345678", True, "妻*************8"),
        ("A1234567", False, "A******7"),
    ],
)
def test_what_may_be_shown_of_other_values(text, is_open, shown):
    """Money and days always; words only of fields that are not personal; long digits never."""
    assert display(Masked(text), kind=None, is_open=is_open) == shown


def test_a_guess_opens_no_more_than_read_does(tmp_path):
    """A mapping made of a guess is an ordinary one: `read` takes it."""
    path = workbook(tmp_path / "t.xlsx", [["借据号", "委案金额"], ["a", 1]])
    made = guess_mapping(path, spec=TAPE, known=[KNOWN]).to_mapping("m", version=1)
    assert next(iter(read(path, spec=TAPE, mapping=made))).table.num_rows == 1
