"""A first month by command: a bank's house, 200 overdue accounts, three people who decide, closed books. Real processes, as a person runs them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from duecourse.config.postgres import Cluster
from duecourse.engine.simulate import World, WorldSettings
from duecourse.kit.calendar import local_day
from duecourse.kit.money import plain_amount
from tests.config.conftest import open_folder  # noqa: F401 - a fixture
from tests.database import ROOT

pytestmark = pytest.mark.slow

ACCOUNTS = 200
HOUSE = ROOT / "examples" / "bank" / "house.yaml"
MEI, LIN, FAN = (f"{name}@lanxi.example" for name in ("mei", "lin", "fan"))
LEADS = {"AOKI": "ann@aoki.example", "BIRCH": "bo@birch.example", "INHOUSE": "team@lanxi.example"}


@pytest.fixture
def duecourse(open_folder):  # noqa: F811
    """Runs the command in a home of its own; answers with what it printed, or with its JSON."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}

    def run(*arguments, code=0, is_json=True):
        ended = subprocess.run(
            [sys.executable, "-m", "duecourse", *map(str, arguments), *(["--json"] if is_json else [])],
            cwd=open_folder,
            env=kept | {"DUECOURSE_HOME": str(open_folder / "home")},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        said = ended.stderr if code else ended.stdout
        return json.loads(said) if is_json else ended.stdout + ended.stderr

    yield run
    run("db", "remove", "--yes")
    Cluster(open_folder / "home").remove()


@pytest.fixture
def papers(open_folder):  # noqa: F811
    """What the bank hands in: this month's tape with 200 good rows and a bad one, and a bank file of today."""
    today = local_day(datetime.now(UTC), "Asia/Shanghai")
    settings = WorldSettings(7, account_count=ACCOUNTS, months=1, agency_count=2, start_on=today.replace(day=1))
    rows = World(settings).tape(today.replace(day=1)).to_pylist()
    tape, bank = open_folder / "tape.csv", open_folder / "bank.csv"
    write(tape, [*rows, rows[0] | {"account_number": "WRONG-1", "principal_minor": -5}])
    paid = [row for row in rows if row["balance_minor"] > 20_000][:40]
    write(
        bank,
        [payment(f"P-{number}", row["account_number"], day=today) for number, row in enumerate(paid)]
        + [payment("P-X", "nobody", day=today)],
    )
    return SimpleNamespace(
        tape=tape,
        rejects=open_folder / "rejects.csv",
        bank=bank,
        month=f"{today:%Y-%m}",
        paid_count=len(paid),
        account=rows[0]["account_number"],
    )


def payment(reference, number, *, day):
    """Return a row of a bank file: 200 yuan."""
    return {
        "bank_account": "COLLECTION-1",
        "external_ref": reference,
        "amount": plain_amount(20_000, "CNY"),
        "currency": "CNY",
        "paid_on": day.isoformat(),
        "booked_on": day.isoformat(),
        "account_number": number,
    }


def write(path, rows):
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_first_month_by_command(duecourse, papers):
    """House, tape, proposal, approval by a second person, handover, money, statements, closed books, the same again; each stop says what to do."""
    month = papers.month
    assert duecourse("house", "load", HOUSE)["added"] == {"creditor": 1, "person": 7, "membership": 7, "agency": 3, "contract": 3}
    assert duecourse("house", "load", HOUSE)["added"] == {}
    assert "cycle open" in duecourse("cycle", "run", month, "--tape", papers.tape, code=2)["error"]["todo"]
    assert len(duecourse("cycle", "open", month, "--as", MEI)["commitment"]) == 64

    take_in(duecourse, papers)
    decide(duecourse, month)
    pay(duecourse, papers)
    settle(duecourse, month)
    close(duecourse, month)


def take_in(duecourse, papers):
    """The tape comes in, and the month stops where a person must decide."""
    said = duecourse("cycle", "run", papers.month, "--tape", papers.tape, "--rejects", papers.rejects, "--as", MEI, code=2, is_json=False)
    assert "✓ intake" in said
    assert "✓ allocate" in said
    assert "duecourse allocation approve 1 --as" in said
    status = duecourse("cycle", "status", papers.month)["steps"]
    assert [step["step"] for step in status] == ["intake", "snapshot", "score", "allocate"]
    counts = status[0]["counts"]
    assert (counts["accepted_count"], counts["rejected_count"]) == (ACCOUNTS, 1)
    assert "WRONG-1" in papers.rejects.read_text(encoding="utf-8-sig")


def decide(duecourse, month):
    """Whoever proposed does not approve; a second person does, and the month goes on without the tape."""
    preview = duecourse("allocation", "preview", 1)
    assert preview["placed_count"] + preview["left_out_count"] == preview["case_count"]
    assert duecourse("allocation", "approve", 1, "--as", MEI, code=2)["error"]["code"] == "SamePersonTwice"
    assert duecourse("allocation", "approve", 1, "--as", LIN)["state"] == "approved"
    done = duecourse("cycle", "run", month, "--as", MEI)["steps"]
    assert [step["step"] for step in done][-1] == "hand_over"
    assert done[-1]["counts"]["case_count"] == preview["placed_count"]
    again = duecourse("cycle", "run", month, "--as", MEI)["steps"]
    assert [step["outputs_hash"] for step in again] == [step["outputs_hash"] for step in done]


def pay(duecourse, papers):
    """The bank's file is booked once; what belongs to nobody waits until somebody says whose it is."""
    loaded = duecourse("payments", "load", papers.bank, "--as", FAN)
    assert (loaded["payment_count"], loaded["suspense_count"], loaded["rejected_count"]) == (papers.paid_count + 1, 1, 0)
    assert duecourse("payments", "load", papers.bank, "--as", FAN)["is_repeat"]
    (waiting,) = duecourse("payments", "suspense", "list")["payments"]
    duecourse("payments", "suspense", "match", waiting["payment_id"], papers.account, "--as", FAN)
    assert duecourse("payments", "suspense", "list")["payments"] == []


def settle(duecourse, month):
    """The month does not close over drafts; the agency agrees, the accountant approves, a manager freezes."""
    said = duecourse("cycle", "run", month, "--until", "settle", "--as", MEI, is_json=False)
    assert "✓ settle" in said
    refused = duecourse("cycle", "run", month, "--until", "close", "--early", "--as", MEI, code=2)["error"]
    assert "not frozen" in refused["what"]
    assert "statement list" in refused["todo"]
    statements = duecourse("statement", "list", month)["statements"]
    assert sum(statement["total_minor"] for statement in statements) > 0
    for statement in statements:
        duecourse("statement", "agree", statement["id"], "--as", LEADS[statement["agency_code"]])
        duecourse("statement", "approve", statement["id"], "--as", FAN)
        duecourse("statement", "freeze", statement["id"], "--as", LIN)


def close(duecourse, month):
    """A month that lasts is closed on purpose only; closed, it is the same again, and takes nothing more."""
    if datetime.now(UTC).day < 27:
        refused = duecourse("cycle", "run", month, "--until", "close", "--as", MEI, code=2)["error"]
        assert "lasts until" in refused["what"]
        assert "--early" in refused["todo"]
    closed = duecourse("cycle", "run", month, "--until", "close", "--early", "--as", MEI)["steps"]
    assert [step["step"] for step in closed][-1] == "close"
    report = duecourse("report", month)
    assert report["is_closed"]
    assert [step["state"] for step in report["steps"]] == ["checked"] * 10
    assert {statement["status"] for statement in report["statements"]} == {"frozen"}
    replayed = duecourse("cycle", "replay", month)["steps"]
    assert len(replayed) == 10
    assert all(step["is_same"] for step in replayed)
    assert "closed" in duecourse("cycle", "run", month, "--as", MEI, code=2)["error"]["what"]
    assert duecourse("audit", "verify", is_json=False)
