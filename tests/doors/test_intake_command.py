"""`duecourse intake`: a tape is taken in from the terminal."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from duecourse.doors.commands import Command, register, run
from tests.portfolio.conftest import bank, tape  # noqa: F401 - fixtures
from tests.portfolio.tapes import CHEN, DAI, row

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _command():
    register("intake", Command("duecourse.doors.commands.intake", "Take in a tape of overdue loans."))


def test_counts_sums_problems_and_places_are_told(bank, tape, capsys):  # noqa: F811
    """Good rows are counted, the bad one is named with row and column, the unread column with its reason, the rejects with their place."""
    path = tape([row("A-1", **CHEN) | {"employer": "兰溪纺织厂"}, row("B-1", **DAI, balance="-1.00") | {"employer": ""}])
    assert run(["intake", str(path), "--as-of", "2026-03-01"]) == 0
    told = capsys.readouterr().out
    assert "row 2, column principal" in told
    assert "CNY 1,021.75" in told
    assert "Not read: column employer, 1 values" in told
    rejects = settings.DUECOURSE_HOME / "rejects" / "tape.csv.rejects.csv"
    assert str(rejects) in told
    assert rejects.exists()
    assert not list(path.parent.glob("*.rejects.csv"))
    assert run(["intake", str(path), "--as-of", "2026-03-01"]) == 0
    assert "taken in before" in capsys.readouterr().out


def test_json_holds_the_same(bank, tape, capsys):  # noqa: F811
    """Under --json there is one document and nothing else."""
    path = tape([row("A-1", **CHEN)])
    assert run(["intake", str(path), "--as-of", "2026-03-01", "--control-rows", "1", "--control-balance", "1021.75", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["is_new"], facts["counts"]["accepted_count"], facts["rejects_path"]) == (True, 1, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--control-rows", "2"], "2 rows declared, 1 found"),
        (["--control-balance", "USD:1.00"], "USD 1.00 declared, 0.00 found"),
        (["--control-balance", "many"], "cannot be read"),
        (["--control-balance", "CNY:"], "cannot be read"),
        (["--mapping", "natve"], "lendingclub, lendingclub_at_charge_off, native"),
    ],
)
def test_refusals_say_what_to_do(bank, tape, capsys, options, words):  # noqa: F811
    """Wrong totals and unknown mappings end with exit code 2 and an arrow that says what to do."""
    path = tape([row("A-1", **CHEN)])
    assert run(["intake", str(path), "--as-of", "2026-03-01", *options]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "→" in told
