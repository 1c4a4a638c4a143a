"""`duecourse placement` and `duecourse holds`: the desk of moves and the stop lists from the terminal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from duecourse.doors.commands import run
from duecourse.kit import clock
from duecourse.parties.access import acting
from duecourse.placement.models import Batch, Placement
from duecourse.portfolio.models import Account, Obligation
from tests import factories
from tests.placement import world

pytestmark = pytest.mark.django_db

MEI, LIN, ANN = "mei@lanxi.example", "lin@lanxi.example", "ann@aoki.example"
NOW = datetime(2026, 9, 10, 2, tzinfo=UTC)


@pytest.fixture
def bank():
    """Lanxi Bank with twelve cases placed on 2 September; it is 10 September."""
    with clock.frozen(NOW):
        bank = factories.bank()
        world.cases(bank, 12)
        world.published(bank)
        yield bank


def told(capsys, *words):
    """Run a line with --json and return what it answered."""
    assert run(["--json", *words]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_batch_is_recalled_shown_and_the_recall_undone(bank, capsys):
    """A preview says how to go on; applied, the recall is pending until the policy's day; undone, the cases are in work again."""
    with acting(bank.system):
        code = Batch.objects.get(agency=bank.aoki).code
    assert run(["placement", "recall", "--batch", code, "--reason", "rotation", "--as", MEI]) == 0
    assert "Nothing has moved" in capsys.readouterr().out
    number = str(told(capsys, "placement", "moves", "list", "--state", "previewed")["move_sets"][0]["move_set_id"])
    applied = told(capsys, "placement", "moves", "apply", number, "--as", MEI)
    assert (applied["state"], applied["parameters"]["final_on"]) == ("applied", "2026-09-13")
    assert {row["outcome"] for row in applied["rows"]} == {"applied"}
    assert told(capsys, "placement", "moves", "undo", number, "--as", MEI)["state"] == "undone"
    assert run(["placement", "moves", "show", number, "--lang", "zh"]) == 0
    assert "已撤销" in capsys.readouterr().out
    with acting(bank.system):
        assert not Placement.objects.filter(during__upper_inf=False).exists()


def test_an_extension_goes_from_the_agencys_lead_to_a_second_person(bank, capsys):
    """Ann's request for a case without a ground is told so; Mei's free one waits for Lin and moves the term."""
    case_id = str(next(case for _, case, *_ in world.placements(bank.ann)))
    line = ["placement", "extend", "--case", case_id, "--until", "2026-12-10"]
    refused = told(capsys, *line, "--reason", "promise_open", "--as", ANN, "--go")
    assert [row["verdict"] for row in refused["rows"]] == ["no_ground"]
    asked = told(capsys, *line, "--reason", "creditor_decides", "--words", "a hearing is near", "--as", MEI, "--go")
    assert asked["state"] == "requested"
    assert run(["placement", "moves", "approve", str(asked["move_set_id"]), "--as", MEI]) == 2
    assert "second person" in capsys.readouterr().err
    assert told(capsys, "placement", "moves", "approve", str(asked["move_set_id"]), "--as", LIN)["state"] == "applied"
    with acting(bank.system):
        assert Placement.objects.get(case_id=case_id).term_until_on == date(2026, 12, 10)


def test_cases_are_returned_swapped_and_closed(bank, capsys):
    """Each kind of move has its line; a code of another kind is refused with those that exist."""
    cases = [str(case) for _, case, *_ in world.placements(bank.ann)]
    assert told(capsys, "placement", "return", "--case", cases[0], "--reason", "refuses", "--as", ANN, "--go")["state"] == "applied"
    swap = told(
        capsys, "placement", "swap", "--case", cases[1], "--to", "birch", "--reason", "agency_ends", "--as", MEI, "--go"
    )  # fmt: skip
    assert told(capsys, "placement", "moves", "reject", str(swap["move_set_id"]), "--as", LIN)["state"] == "rejected"
    assert told(capsys, "placement", "close", "--case", cases[2], "--reason", "paid", "--as", MEI, "--go")["state"] == "applied"
    assert run(["placement", "close", "--case", cases[3], "--reason", "bored", "--as", MEI]) == 2
    assert "exhausted" in capsys.readouterr().err
    assert run(["placement", "reasons", "--lang", "zh"]) == 0
    assert "催收手段用尽" in capsys.readouterr().out


def test_what_is_owed_idle_and_over_is_listed(bank, capsys):
    """Nobody has called since 2 September: all twelve are owed; by a stricter policy they are idle and over too."""
    assert len(told(capsys, "placement", "owed")["cases"]) == 12
    assert told(capsys, "placement", "idle")["cases"] == told(capsys, "placement", "over")["cases"] == []
    told(capsys, "placement", "policy", "idle_days=3", "rotation_days=5,9", "goal_rate_bp=500", "--from", "2026-09-01", "--as", MEI)
    assert len(told(capsys, "placement", "idle")["cases"]) == len(told(capsys, "placement", "over")["cases"]) == 12
    with acting(bank.system):
        code = Batch.objects.get(agency=bank.birch).code
    assert told(capsys, "placement", "rate", code)["goal_rate_bp"] == 500
    for line in (["owed"], ["rate", code], ["policy"]):
        assert run(["placement", *line]) == 0
    assert "goal 5.00%" in capsys.readouterr().out
    assert run(["placement", "policy", "idle_days=soon", "--as", MEI]) == 2


def test_a_stop_list_is_loaded_listed_and_lifted(bank, capsys, tmp_path, home):
    """One row is taken and one named with what to do; the case is left out until the stop is lifted."""
    with acting(bank.system):
        account = Account.objects.order_by("pk").first()
        case = Placement.objects.order_by("case_id").first()
        number = account.number
        Obligation.objects.create(creditor_id=bank.id, account=account, person_id=case.case.person_id, from_on=world.AS_OF)
    path = tmp_path / "stop.csv"
    path.write_text(f"账户编号,停催原因\n{number},诉讼或仲裁中\nZ-1,deceased\n", encoding="gb18030")
    assert run(["holds", "load", str(path), "--as", MEI, "--lang", "zh"]) == 0
    assert "没有此编号的账户" in capsys.readouterr().out
    assert told(capsys, "holds", "load", str(path), "--as", MEI)["is_repeat"]
    assert [row["kind"] for row in told(capsys, "holds", "left-out")["cases"]] == ["litigation"]
    assert run(["holds", "left-out"]) == 0
    assert "before a court" in capsys.readouterr().out
    assert told(capsys, "holds", "lift", "--account", number, "--as", MEI)["lifted_count"] == 1
    assert told(capsys, "holds", "left-out")["cases"] == []
    assert told(capsys, "holds", "reasons")["reasons"][0]["code"] == "deceased"
