"""The month of examples/lendingclub, from the tape to the replay, on a made-up file of the same shape and on a slice of the real one.

The real file is not part of the project; where it lies beside it, its first 300 loans are played.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from duecourse.kit.crypto import Keyring
from duecourse.parties.access import acting, system
from duecourse.portfolio.services.specs import tape_mapping

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared/data/lendingclub/accepted_2015_12.csv"
USUAL = {
    "": "0",
    "id": "1",
    "funded_amnt": "3600",
    "installment": "123.03",
    "issue_d": "15-Dec",
    "loan_status": "Charged Off",
    "addr_state": "PA",
    "total_rec_prncp": "1000.5",
    "recoveries": "0",
    "collection_recovery_fee": "0",
    "last_pymnt_d": "17-Jan",
    "last_pymnt_amnt": "123.03",
}
SPECIAL = (
    {"recoveries": "122.675", "collection_recovery_fee": "22.0815"},
    {"recoveries": "122.665", "collection_recovery_fee": "22.0797"},
    {"recoveries": "2700", "collection_recovery_fee": "486"},
    {"recoveries": "500", "collection_recovery_fee": "90", "addr_state": "TX", "last_pymnt_d": "16-Aug"},
    {"recoveries": "", "collection_recovery_fee": "", "loan_status": "Late (31-120 days)", "last_pymnt_d": "18-Dec"},
    {"loan_status": "Current"},
    {"loan_status": "Fully Paid"},
    {"loan_status": "Curren"},
)
"""Halves that round down and up, a loan that recovers 100.50 more than its principal, a state of two zones, and loans that are no case."""
RECEIVED_MINOR = 12_268 + 12_266 + 270_000 + 50_000
OVERPAID_MINOR = 10_050


@pytest.fixture
def example():
    """The example's script as a module."""
    name = "lendingclub_example"
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples/lendingclub/run.py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[name]


@pytest.fixture
def home(committed_db, settings, tmp_path):
    """A database of its own, and a folder for its files."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")


@pytest.fixture
def made_up(tmp_path):
    """A made-up file: eight loans that differ and thirty-two usual ones, of which 37 are overdue."""
    path = tmp_path / "loans.csv"
    loans = [*SPECIAL, *({"funded_amnt": str(1500 + 250 * number)} for number in range(32))]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(USUAL), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**USUAL, **loan, "id": str(number)} for number, loan in enumerate(loans, start=1))
    return path


def report_of(example):
    """Return the month's report."""
    from duecourse.cycle.selectors import month_report
    from duecourse.parties.selectors import creditor_by_code

    creditor_id = creditor_by_code(code=example.CREDITOR).pk
    with acting(system(creditor_id)):
        return month_report(creditor_id=creditor_id, month=example.MONTH)


def assert_month_is_whole(example, file):
    """Assert what must hold of the month on any file, and return its report and the comparison."""
    report, found = report_of(example), example.compare(file)
    assert report["is_closed"]
    assert all(law["holds"] for step in report["steps"] for law in step["laws"])
    contacts = report["contacts"]
    assert contacts["request_count"] == contacts["refusal_count"] >= 4
    without_rules = [row["request_count"] for row in contacts["refusals"] if row["code"] == "no_rules"]
    assert sum(without_rules) == contacts["request_count"]
    statements = sum(statement["total_minor"] for statement in report["statements"])
    assert found.total.commission == statements * example.CENT > 0
    (received,) = report["money"]["received"]
    assert found.total.attributed + found.unattributed == received["amount_minor"] * example.CENT
    return report, found


def test_month_on_a_made_up_file(example, home, made_up):
    """What the file recovered is what the month received, the overpaid loan's rest waits in suspense, and nothing is left beside the file."""
    example.play(made_up)
    assert [path.name for path in made_up.parent.glob("loans*")] == ["loans.csv"]
    report, found = assert_month_is_whole(example, made_up)
    assert {name: report["tape"][name] for name in ("rows", "accepted", "rejected")} == {"rows": 40, "accepted": 37, "rejected": 1}
    assert report["money"]["received"] == [{"currency": "USD", "amount_minor": RECEIVED_MINOR}]
    assert report["money"]["suspense"] == [{"currency": "USD", "amount_minor": OVERPAID_MINOR}]
    assert found.unattributed == OVERPAID_MINOR * example.CENT
    assert (found.total.recovered, found.total.fee) == (RECEIVED_MINOR * example.CENT, Decimal("620.16"))


def test_comparison_says_what_is_simulated(example, home, made_up):
    """The comparison has a line for every agency with a statement and one for all, under a title that says what is simulated and what is real."""
    example.play(made_up)
    text = example.told(example.compare(made_up))
    assert "Simulated contract on real recoveries" in text
    assert len([line for line in text.splitlines() if line.endswith(("%", "–"))]) == len(report_of(example)["statements"]) + 1
    assert text.endswith("Recoveries that count for no agency: 100.50")


def test_second_start_repeats_nothing(example, home, made_up, capsys):
    """Once the month is closed, the script only computes it again."""
    example.play(made_up)
    before = report_of(example)
    capsys.readouterr()
    example.play(made_up)
    done = [line.split("duecourse ")[1].split()[:2] for line in capsys.readouterr().err.splitlines() if "duecourse " in line]
    assert done == [["house", "load"], ["cycle", "replay"]]
    assert report_of(example) == before


@pytest.mark.skipif(not REAL.exists(), reason="the real file is not on this machine")
def test_month_on_a_slice_of_the_real_file(example, home, tmp_path):
    """The first 300 loans of the real file go through the month; all their recoveries are received, and nearly all are attributed."""
    slice_of = tmp_path / "slice.csv"
    with REAL.open(encoding="utf-8") as whole:
        slice_of.write_text("".join(islice(whole, 301)), encoding="utf-8")
    example.play(slice_of)
    report, found = assert_month_is_whole(example, slice_of)
    assert report["tape"]["rows"] == 300
    recovered = sum(loan.recovered for loan in example.real(slice_of).values())
    assert report["money"]["received"] == [{"currency": "USD", "amount_minor": int(recovered / example.CENT)}]
    assert Decimal("0.98") < found.total.attributed / recovered <= 1


def test_mappings_differ_in_the_deduction_alone():
    """`lendingclub_at_charge_off` reads all that `lendingclub` reads, but for the recoveries, which it does not take off the principal."""
    usual, at_charge_off = tape_mapping("lendingclub"), tape_mapping("lendingclub_at_charge_off")
    columns = {column: name for column, name in usual.columns.items() if column != "recoveries"}
    principal = replace(usual.derived["principal_minor"], sources=("lent_minor", "principal_repaid_minor"))
    expected = replace(usual, name=at_charge_off.name, columns=columns, derived={**usual.derived, "principal_minor": principal})
    assert at_charge_off == expected
