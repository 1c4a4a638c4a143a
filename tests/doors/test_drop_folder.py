"""The drop folder: complete files are taken in once and moved; links, strange names and what is too large are left or refused plainly."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from duecourse.doors import drop_folder
from duecourse.doors.commands import run
from duecourse.doors.drop_folder import FolderBusy, FolderUnusable, folder_sweep
from duecourse.kit.clock import frozen
from tests.cycle import feeding
from tests.cycle.feeding import feed_file, state, update
from tests.cycle.test_feeds import only


@pytest.fixture
def bank(db, home, tmp_path):
    """A bank with two placed debtors and one who is not."""
    return feeding.begin(tmp_path)


@pytest.fixture
def drop(tmp_path):
    """A folder the core may write to."""
    folder = tmp_path / "drop"
    folder.mkdir()
    return folder


def swept(bank, drop, **options):
    """Look through the folder a minute after the files were written; return outcome by name."""
    with frozen(feeding.TODAY_AT):
        for path in drop.iterdir():
            if path.is_file() and not path.is_symlink() and options.get("settle_seconds") != 99:
                os.utime(path, times=((feeding.TODAY_AT - timedelta(minutes=1)).timestamp(),) * 2)
        return {entry.name: entry for entry in folder_sweep(actor=bank.mei, folder=drop, settle_seconds=options.get("settle_seconds", 10))}


def names(folder: Path) -> list[str]:
    """Return what lies in a folder, but for our lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != drop_folder.LOCK)


def test_files_are_taken_in_the_order_of_their_times_and_moved(bank, drop):
    """Two updates of one account, the later one first by name: the later by time counts; both are in done, the bad row in rejects."""
    feed_file(drop, [update("A-1", "800.00")], name="update_20260906T060000_a.csv")
    feed_file(drop, [update("A-1", "900.00"), update("A-2", "5.00") | {"days_past_due": "x"}], name="update_20260905T060000_b.csv")
    found = swept(bank, drop)
    assert [entry.outcome for entry in found.values()] == ["taken", "taken"]
    assert [entry.result.counts["superseded_count"] for entry in found.values()] == [0, 0]
    assert only(state(bank)["accounts"], number="A-1")["balance_minor"] == 80_000
    assert names(drop / "done") == ["update_20260905T060000_b.csv", "update_20260906T060000_a.csv"]
    assert names(drop / "rejects") == ["update_20260905T060000_b.csv.rejects.csv"]
    assert names(drop) == ["done", "rejects"]


def test_incomplete_files_wait_and_a_manifest_completes_them(bank, drop):
    """A file that has just changed is left for later; with .ok beside it, it is taken, and the manifest goes along."""
    path = feed_file(drop, [{"account_number": "C-1"}], name="paid_20260905T060000.csv")
    moment = feeding.TODAY_AT.timestamp()
    os.utime(path, times=(moment, moment))
    assert swept(bank, drop, settle_seconds=99)[path.name].outcome == "later"
    assert path.exists()
    path.with_name(path.name + ".ok").touch()
    feed_file(drop, [{"account_number": "B-1"}], name="paid_20260906T060000.csv.part")
    assert swept(bank, drop, settle_seconds=99)[path.name].outcome == "taken"
    assert names(drop / "done") == ["paid_20260905T060000.csv", "paid_20260905T060000.csv.ok"]
    assert names(drop) == ["done", "paid_20260906T060000.csv.part", "rejects"]


def test_a_kill_after_taking_in_leaves_a_file_that_is_taken_once(bank, drop, monkeypatch):
    """When the process dies before the file is moved, the next look finds it done and moves it."""
    path = feed_file(drop, [{"account_number": "C-1"}], name="paid_20260905T060000.csv")
    with monkeypatch.context() as patched:
        patched.setattr(drop_folder, "_moved", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            swept(bank, drop)
    assert path.exists()
    assert swept(bank, drop)[path.name].outcome == "repeated"
    assert names(drop / "done") == [path.name]


def test_refused_files_go_to_rejects_with_the_reason(bank, drop):
    """A file that is no table, one of 10 GB and one whose totals are wrong each get a plain answer; the good one is taken all the same."""
    (drop / "paid_20260905T060000.csv").write_bytes(b"\x00\x01\x02")
    with (drop / "update_20260905T060000.csv").open("wb") as sink:
        sink.truncate(10 << 30)
    feed_file(drop, [{"account_number": "B-1"}], name="cured_20260905T060000.csv")
    (drop / "cured_20260905T060000.csv.control.json").write_text('{"rows": 7}')
    feed_file(drop, [{"account_number": "C-1"}], name="paid_20260907T060000.csv")
    found = swept(bank, drop)
    assert {name: entry.outcome for name, entry in found.items()} == {
        "paid_20260905T060000.csv": "refused",
        "update_20260905T060000.csv": "refused",
        "cured_20260905T060000.csv": "refused",
        "paid_20260907T060000.csv": "taken",
    }
    assert found["update_20260905T060000.csv"].error.code == "TooLarge"
    assert "10,737,418,240" in (drop / "rejects" / "update_20260905T060000.csv.why.txt").read_text()
    assert "7 rows declared, 1 found" in (drop / "rejects" / "cured_20260905T060000.csv.why.txt").read_text()


def test_links_and_strange_names_are_left_alone(bank, drop, tmp_path):
    """A symbolic link, a hard link, a pipe, a folder and names that say nothing are not opened, and nothing outside is touched."""
    outside = feed_file(tmp_path, [{"account_number": "C-1"}], name="secret.csv")
    (drop / "paid_20260905T060000.csv").symlink_to(outside)
    os.link(outside, drop / "paid_20260905T070000.csv")
    os.mkfifo(drop / "paid_20260905T080000.csv")
    (drop / "paid_20260905T090000.csv").mkdir()
    for name in ("sold_20260905T060000.csv", "paid_20261305T060000.csv", "paid_20260905T060000.csv;rm -rf.csv", "paid\n.csv"):
        (drop / name).write_text("account_number\nC-1\n")
    found = swept(bank, drop)
    assert {entry.outcome for entry in found.values()} == {"left"}
    assert len(found) == 8
    assert outside.exists()
    assert only(state(bank)["cases"], person="C-1")["closed_on"] is None


def test_a_folder_that_cannot_be_used_is_refused(bank, drop, tmp_path):
    """No folder, and one whose done is a link."""
    with pytest.raises(FolderUnusable):
        folder_sweep(actor=bank.mei, folder=tmp_path / "nowhere")
    (drop / "done").symlink_to(tmp_path)
    with pytest.raises(FolderUnusable):
        folder_sweep(actor=bank.mei, folder=drop)


def test_two_lookers_are_in_each_others_way(bank, drop):
    """While one looks through the folder the other is told so."""
    with drop_folder._alone(drop), pytest.raises(FolderBusy):
        folder_sweep(actor=bank.mei, folder=drop)


def test_commands_take_feeds_and_run_the_day(bank, drop, tmp_path, capsys):
    """One file, the folder and the day from the terminal, as text and as JSON."""
    path = feed_file(tmp_path, [{"account_number": "A-1"}, {"account_number": "A-2"}], name="paid.csv")
    with frozen(feeding.TODAY_AT):
        assert run(["feed", str(path), "--kind", "paid", "--at", "2026-09-05T08:00", "--dry"]) == 0
        assert "nothing was done" in capsys.readouterr().out
        assert run(["feed", "--kind", "paid", str(path), "--at", "2026-09-05T08:00"]) == 0
        assert "2  accepted" in capsys.readouterr().out
        assert run(["feed", str(path), "--kind", "paid", "--at", "5 September"]) == 2
        feed_file(drop, [update("B-1", "20.00")], name="update_20260906T060000.csv")
        assert run(["feed", "sweep", str(drop), "--settle", "0", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["entries"][0]["outcome"] == "taken"
        assert run(["day", "--on", "2026-09-20"]) == 0
    told = capsys.readouterr().out
    assert "open cases under a stop" in told
    assert state(bank)["placements"][0]["end_reason"] == "core_closed"
