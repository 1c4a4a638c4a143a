"""`duecourse mapping guess`: a guess is shown with masked samples, corrected, saved, and used."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from duecourse.doors.commands import run
from tests.portfolio.conftest import bank, tape  # noqa: F401 - fixtures
from tests.portfolio.tapes import CHEN, DAI, row

pytestmark = pytest.mark.django_db
RENAMED = {
    "account_number": "合同",
    "person_name": "客户姓名",
    "employer": "单位名称",
    "balance": "委案金额",
    "id_number": "证件号码",
    "phone": "手机",
}


@pytest.fixture
def sheet(tape):  # noqa: F811
    """A lender's file: some names known, one not."""
    rows = [row("A-1", **CHEN) | {"employer": "兰溪纺织厂"}, row("B-1", **DAI) | {"employer": ""}]
    return tape([{RENAMED.get(name, name): value for name, value in each.items()} for each in rows], name="lender.csv")


def test_a_guess_is_shown_with_masked_samples_and_reasons(home, sheet, capsys):
    """Columns, samples, fields, scores and reasons stand in a table; no identity number does; what is missing is said."""
    assert run(["mapping", "guess", str(sheet)]) == 0
    told = capsys.readouterr().out
    assert CHEN["id_number"] not in told
    assert CHEN["id_number"][0] + "*" * 16 in told
    assert "quarantine" in told
    assert "Nothing fills yet: account_number." in told


def test_a_corrected_guess_is_saved_and_used_by_name(bank, sheet, capsys, home):  # noqa: F811
    """What --set says wins; the saved mapping is dated and found by --mapping."""
    assert run(["mapping", "guess", str(sheet), "--set", "合同=account_number", "--save", "first-bank", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["mapping"]["合同"] == "account_number"
    saved = home / "mappings" / str(bank.id) / f"first-bank.{facts['version']}.yaml"
    assert facts["saved"] == str(saved)
    assert saved.exists()
    assert run(["intake", str(sheet), "--mapping", "first-bank", "--as-of", "2026-03-01", "--json"]) == 0
    taken = json.loads(capsys.readouterr().out)
    assert taken["counts"]["accepted_count"] == 2
    assert [column["column"] for column in taken["quarantined"]] == ["单位名称"]


def test_chinese_is_whole(home, sheet, capsys):
    """Headings, reasons and what is missing come in Chinese."""
    with translation.override("zh-hans"):
        assert run(["mapping", "guess", str(sheet), "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert "建议字段" in told
    assert "个值中有" in told
    assert "尚无来源的字段" in told
    assert "values" not in told


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "合同"], "is not a correction"),
        (["--set", "合=account_number"], "there is no column 合"),
        (["--save", "x"], "nothing fills account_number"),
        (["--set", "合同=account_number", "--save", "../x"], "small letters"),
        (["--set", "合同=account_number", "--save", "native"], "mapping native already"),
    ],
)
def test_refusals_say_what_to_do(bank, home, sheet, capsys, options, words):  # noqa: F811
    """Corrections and names that cannot be followed end with exit code 2 and an arrow; nothing is saved."""
    assert run(["mapping", "guess", str(sheet), *options]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "→" in told
    assert not (home / "mappings").exists()
