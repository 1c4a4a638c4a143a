"""The commands about money: a bank file comes in, suspense is matched, a statement goes through its life and out as a file."""

from __future__ import annotations

import json
from datetime import date

import pytest

from duecourse.doors import commands
from duecourse.kit.crypto import Keyring
from tests import factories, people
from tests.repayment import world
from tests.settlement.world import SEPTEMBER, own, settled


@pytest.fixture
def bank(db, tmp_path, settings):
    """Lanxi Bank with six placed accounts that owe."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")
    made = factories.bank()
    world.placed(made)
    return made


@pytest.fixture
def loans(bank):
    """The bank's accounts."""
    from duecourse.parties.access import acting

    with acting(bank.system):
        return world.loans_of(bank)


def run(capsys, *words: str, code: int = 0):
    """Run a command line with --json and return its answer, or the error it was refused with."""
    assert commands.run([*words, "--json"]) == code
    printed = capsys.readouterr()
    return json.loads(printed.out if code == 0 else printed.err)


def test_bank_file_and_suspense(bank, loans, tmp_path, capsys):
    """A file is loaded with its rejects; what belongs to nobody is listed and matched by Fan, but not by Qiu."""
    rows = [world.pay(loans[0], 1_234), world.pay(None, 500, ref="R5", account_number="typo"), world.pay(loans[1], 0, ref="R0")]
    path = world.write(tmp_path / "day.csv", rows)
    loaded = run(capsys, "payments", "load", str(path), "--rejects", str(tmp_path / "rejects.csv"))
    assert (loaded["payment_count"], loaded["rejected_count"], loaded["received_minor"]) == (2, 1, {"CNY": 1_734})
    assert (loaded["problems"][0]["row"], loaded["problems"][0]["code"]) == (3, "AmountZero")
    assert (tmp_path / "rejects.csv").exists()
    (waiting,) = run(capsys, "payments", "suspense", "list")["payments"]
    assert (waiting["external_ref"], waiting["suspense_minor"]) == ("R5", 500)
    words = ("payments", "suspense", "match", str(waiting["payment_id"]), loans[1].number, "--as")
    assert run(capsys, *words, people.QIU.email, code=commands.EXIT_REFUSED)["error"]["code"] == "Forbidden"
    assert run(capsys, *words, people.FAN.email)["imputed_minor"] == 500
    assert run(capsys, "payments", "suspense", "list")["payments"] == []


def test_texts_for_people(bank, loans, tmp_path, capsys):
    """Without --json the answers are sentences and tables with amounts people read."""
    path = world.write(tmp_path / "day.csv", [world.pay(None, 123_456, ref="R5", account_number="typo")])
    assert commands.run(["payments", "load", str(path)]) == 0
    assert "Received: CNY 1,234.56" in capsys.readouterr().out
    assert commands.run(["payments", "load", str(path)]) == 0
    assert "loaded before" in capsys.readouterr().out
    assert commands.run(["payments", "suspense", "list"]) == 0
    assert "R5" in capsys.readouterr().out
    assert commands.run(["statement", "list"]) == 0
    assert "no statements" in capsys.readouterr().out


def test_statement_from_draft_to_frozen_and_out(bank, loans, tmp_path, capsys):
    """Ann agrees, Fan approves, Mei freezes; Bo is refused; the file holds the lines in yuan, formulas neutralised."""
    world.record(bank, world.pay(own(loans, bank.aoki)[0], 100_000, on=date(2026, 9, 10)))
    number = str(settled(bank))
    (listed,) = run(capsys, "statement", "list", SEPTEMBER, "--as", people.ANN.email)["statements"]
    assert (str(listed["id"]), listed["status"]) == (number, "draft")
    assert run(capsys, "statement", "list", "--as", people.BO.email)["statements"] == []
    refused = run(capsys, "statement", "agree", number, "--as", people.BO.email, code=commands.EXIT_REFUSED)
    assert refused["error"]["code"] == "Forbidden"
    words = ("--as", people.ANN.email, "--lines-hash", listed["lines_hash"])
    assert run(capsys, "statement", "agree", number, *words)["status"] == "agreed"
    assert run(capsys, "statement", "approve", number, "--as", people.FAN.email)["status"] == "approved"
    frozen = run(capsys, "statement", "freeze", number, "--as", people.MEI.email)
    assert (frozen["status"], frozen["total_minor"]) == ("frozen", 15_000)
    assert frozen["entry_id"]
    assert run(capsys, "statement", "export", number, "--to", str(tmp_path / "lines.csv"))["row_count"] == 1
    text = (tmp_path / "lines.csv").read_text(encoding="utf-8-sig")
    assert "1000.00" in text
    assert "150.00" in text
    assert commands.run(["statement", "show", number]) == 0
    assert "CNY 150.00" in capsys.readouterr().out


def test_statement_is_drawn_up_by_command(bank, loans, capsys):
    """An unmeasured month is refused with what to do."""
    world.record(bank, world.pay(own(loans, bank.aoki)[0], 100_000))
    contract = str(bank.aoki_terms.contract.pk)
    refused = run(capsys, "statement", "draft", SEPTEMBER, contract, "--as", people.FAN.email, code=commands.EXIT_REFUSED)
    assert refused["error"]["code"] == "CommissionIncomplete"
