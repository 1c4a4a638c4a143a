"""`duecourse audit`: sealing, the answer of a whole trail, and the exit code and row of a broken one."""

from __future__ import annotations

import json

import pytest

from duecourse.doors import commands
from duecourse.doors.commands import Command
from duecourse.ledger.selectors import audit_verify
from duecourse.parties.access import acting
from tests import factories, people


@pytest.fixture
def duecourse(monkeypatch, capsys):
    """Run a command line and return its exit code, output and errors."""
    monkeypatch.setitem(commands.COMMANDS, "audit", Command("duecourse.doors.commands.audit", "The trail."))
    monkeypatch.setattr(commands, "_ready", [])

    def run(line: str) -> tuple[int, str, str]:
        code = commands.run(line.split())
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture
def bank(committed_db):
    """Lanxi Bank, committed."""
    return factories.bank()


def test_seal_then_verify(duecourse, bank):
    """After sealing, every trail is whole, nothing is left unsealed, and the head is printed for keeping."""
    code, out, _ = duecourse("--json audit seal")
    counts = json.loads(out)["sealed_counts"]
    assert code == 0
    assert counts.keys() == {"platform", people.BANK.code}
    assert min(counts.values()) > 0
    code, out, _ = duecourse("audit verify --json")
    trails = {trail["creditor"]: trail for trail in json.loads(out)["trails"]}
    assert code == 0
    assert {name: trail["sealed_count"] for name, trail in trails.items()} == counts
    assert {trail["unsealed_count"] for trail in trails.values()} == {0}
    lanxi = trails[people.BANK.code]
    head = f"{lanxi['head_position']}:{lanxi['head_hash']}"
    code, out, _ = duecourse(f"audit verify --creditor {people.BANK.code} --expect-head {head}")
    assert code == 0
    assert f"Head: {head}" in out


def test_unsealed_events_are_told(duecourse, bank):
    """Before sealing nothing is proved, and the answer says so; the exit code is that of a trail without a wrong row."""
    code, out, _ = duecourse(f"audit verify --creditor {people.BANK.code}")
    assert code == 0
    assert "not sealed yet: nothing is proved" in out


def test_edited_event_gives_exit_code_one_and_the_row(duecourse, bank, committed_db):
    """After an edit by somebody with all powers the exit code is 1 and the row is named, in text and in JSON."""
    duecourse("audit seal")
    with committed_db.connect("superuser") as raw:
        raw.execute("SET session_replication_role = 'replica'")
        query = "UPDATE ledger_auditevent SET action = 'x' WHERE id = (SELECT event_id FROM ledger_seal WHERE creditor_id = %s AND position = 3)"
        raw.execute(query, [bank.id])
    code, out, _ = duecourse("audit verify")
    assert code == 1
    assert f"✗ {people.BANK.code}: the first wrong row is position 3 (event " in out
    code, out, _ = duecourse("audit verify --json")
    bad = json.loads(out)["trails"][1]["first_bad"]
    assert code == 1
    assert (bad["position"], bad["reason"]) == (3, "the event or the seal was changed")


def test_cut_trail_shows_against_the_head(duecourse, bank, committed_db):
    """A cut tail passes without a head and fails with the one that was kept."""
    duecourse("audit seal")
    with acting(bank.system):
        head = audit_verify(creditor_id=bank.id)
    with committed_db.connect("superuser") as raw:
        raw.execute("SET session_replication_role = 'replica'")
        raw.execute("DELETE FROM ledger_seal WHERE creditor_id = %s AND position = %s", [bank.id, head.head_position])
    line = f"audit verify --creditor {people.BANK.code}"
    assert duecourse(line)[0] == 0
    code, out, _ = duecourse(f"{line} --expect-head {head.head_position}:{head.head_hash}")
    assert code == 1
    assert f"position {head.head_position}: the trail ends" in out


def test_head_that_a_closed_month_keeps_is_compared(duecourse, bank, committed_db):
    """A closed month that keeps another head than the trail has makes the verification fail."""
    from duecourse.cycle.models import Run
    from duecourse.kit.clock import now

    duecourse("audit seal")
    with acting(bank.system):
        Run.objects.create(
            creditor_id=bank.id, month="2026-03", commitment="c", secret_sealed=b"s", opened_at=now(), closed_at=now(),
            audit_position=2, audit_hash="0" * 64,
        )  # fmt: skip
    code, out, _ = duecourse("audit verify")
    assert code == 1
    assert "position 2 (event" in out


@pytest.mark.parametrize("line", ["--expect-head 1:00", "--creditor lanxi --expect-head x:" + "0" * 64, "--creditor nobody"])
def test_mistyped_lines_are_refused(duecourse, bank, line):
    """A head without a creditor or of another form, and an unknown creditor, are refused with what to do."""
    code, _, err = duecourse(f"audit verify {line}")
    assert code == commands.EXIT_REFUSED
    assert "→" in err
