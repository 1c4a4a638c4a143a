"""`duecourse allocation`: a proposed allocation is looked at, decided on and handed over from the terminal."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile

import pytest

from duecourse.doors.commands import Command, register, run
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.placement.models import AllocationRun
from tests import factories
from tests.placement import world

pytestmark = pytest.mark.django_db

QIU, MEI = "qiu@lanxi.example", "mei@lanxi.example"


@pytest.fixture
def bank():
    """Lanxi Bank with twelve cases, and the command."""
    register("allocation", Command("duecourse.doors.commands.allocation", "Which agency gets which case: look, decide, hand over."))
    bank = factories.bank()
    world.cases(bank, 12)
    return bank


def test_a_preview_reads_in_both_languages_and_as_json(bank, capsys):
    """Agencies, amounts, reasons and the hash are there; the Chinese text has the Chinese reasons."""
    run_id = world.proposed(bank)
    assert run(["allocation", "preview", str(run_id)]) == 0
    english = capsys.readouterr().out
    assert "12 of 12 cases placed" in english
    assert "Aoki Collections" in english
    assert "CNY" in english
    assert run(["allocation", "preview", str(run_id), "--lang", "zh"]) == 0
    assert "按预期净回收最优分配" in capsys.readouterr().out
    assert run(["--json", "allocation", "preview", str(run_id)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["placed_count"] == 12 == sum(row["case_count"] for row in facts["agencies"])


def test_a_person_decides_by_name(bank, capsys):
    """Mei proposed and is refused with exit code 2; Qiu approves; an accountant is told which role it takes."""
    run_id = world.proposed(bank, actor=bank.mei)
    assert run(["allocation", "approve", str(run_id), "--as", MEI]) == 2
    assert "second person" in capsys.readouterr().err
    assert run(["allocation", "approve", str(run_id), "--as", "fan@lanxi.example"]) == 2
    assert "manager / compliance" in capsys.readouterr().err
    assert run(["allocation", "approve", str(run_id), "--as", QIU, "--reason", "caps checked"]) == 0
    assert "approved" in capsys.readouterr().out
    assert run(["allocation", "reject", str(run_id), "--as", QIU]) == 2
    with acting(bank.system):
        assert AllocationRun.objects.get(pk=run_id).state == "approved"


def test_a_package_is_written_for_its_owner_alone(bank, home, tmp_path, capsys):
    """The file has the recorded hash and mode 600, and its leaving the house is in the trail; an unknown batch is refused."""
    world.published(bank)
    path = tmp_path / "aoki.zip"
    assert run(["--json", "allocation", "handover", "2026-09-AOKI-1", "--to", str(path), "--as", MEI]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert zipfile.ZipFile(path).namelist() == ["cases.csv", "manifest.json"]
    with acting(bank.system):
        assert AuditEvent.objects.get(action="handover_taken_out").actor_id == bank.mei.user_id
    assert run(["allocation", "handover", "2026-09-NOBODY-1", "--to", str(tmp_path / "x.zip"), "--as", MEI]) == 2
    assert not (tmp_path / "x.zip").exists()
