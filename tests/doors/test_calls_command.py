"""`duecourse calls` at the terminal: load, check, define."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import translation

from duecourse.contact.models import CallDefinition, CallRecord
from duecourse.contact.services import call_definition_approve, definition_on
from duecourse.doors import commands
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests.contact.call_scene import EVENING, OTHERS, OWN, STRANGERS, call_scene, row
from tests.contact.scene import NOON

MORNING = EVENING + timedelta(hours=12)


@pytest.fixture
def the(db, home, tmp_path):
    """The scene; it is the next morning."""
    with frozen(MORNING):
        yield call_scene(tmp_path)


@pytest.fixture
def run(capsys):
    """Return a function that runs a command line: exit code, what it printed, what it said on standard error."""

    def ran(*words: object) -> tuple[int, str, str]:
        code = commands.run([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return ran


def test_an_agency_that_dials_around_is_seen_the_next_morning(the, run):
    """Two files are loaded; the check names the calls without a permit, whose they are, and who sent no file, and ends with 1."""
    the.attempt(the.permit(OWN), "no_answer")
    the.permit(OTHERS, by=the.bank.birch)
    stated = the.permit(OTHERS, by=the.bank.birch)
    path = the.file(row("c1"), row("around", OTHERS, permit=stated.pk), row("evil\x1b[31m[bold]", OTHERS), row("bad", "123"))
    code, out, _ = run("calls", "load", path, "--performer", "aoki", "--on", "2026-09-01")
    assert (code, "4 rows: 2 calls taken" in out, "telephone number" in out) == (0, True, True)
    code, out, _ = run("calls", "check", "--on", "2026-09-01")
    assert code == 1
    assert "Had permits, and no file has come: birch." in out
    assert "Call without a permit" in out
    assert "the permit is another performer's" in out
    assert "12:00:00" in out
    assert "\x1b" not in out
    code, out, _ = run("calls", "check", "--json")
    told = json.loads(out)
    assert (code, told["on"]) == (1, "2026-09-01")
    assert {(count["performer"], count["kind"], count["finding_count"]) for count in told["counts"]} == {
        ("aoki", "call_without_permit", 1),
        ("aoki", "outcome_disagrees", 1),
    }
    assert OTHERS not in out


def test_a_day_that_goes_together_ends_with_0(the, run):
    """A call with its permit and a stranger's number: the exit code is 0, and one kind can be asked for alone."""
    the.permit(OWN)
    run("calls", "load", the.file(row("c1"), row("c2", STRANGERS)), "--performer", "aoki")
    code, out, _ = run("calls", "check", "--kind", "number_unknown", "--performer", "aoki")
    assert (code, "Number unknown" in out, "c2" in out) == (0, True, True)
    assert run("calls", "check", "--on", "2026-08-31")[:2][0] == 0
    assert "goes together" in run("calls", "check", "--performer", "birch")[1]
    with translation.override("zh-hans"):
        assert "号码不明" in run("calls", "check")[1]


def test_dry_repeated_and_refused(the, run):
    """A dry run keeps nothing, the same file does nothing, and an unknown performer, kind or file is refused in words."""
    path = the.file(row("c1"))
    assert "nothing was done" in run("calls", "load", path, "--performer", "aoki", "--dry")[1]
    with acting(the.bank.system):
        assert not CallRecord.objects.exists()
    assert "are loaded" in run("calls", "load", path, "--performer", "aoki")[1]
    assert "loaded before" in run("calls", "load", path, "--performer", "aoki")[1]
    for words in (
        ("load", path, "--performer", "nobody"), ("load", the.folder / "none.csv", "--performer", "aoki"), ("check", "--kind", "x"),
        ("load", path, "--performer", "aoki", "--as", "bo@birch.example"), ("define", "--from", "2026-09-02"),
    ):  # fmt: skip
        assert run("calls", *words)[0] == 2, words


def test_a_definition_from_a_day_on(the, run):
    """The command keeps what counts from a day to come, and says of a definition that counts less that it waits for a second person."""
    code, out, _ = run("calls", "define", "--from", "2026-10-01", "--connected-seconds", "5", "--no-voicemail")
    assert (code, "2026-10-01" in out, "second person" in out) == (0, True, True)
    with acting(the.bank.system):
        definition = CallDefinition.objects.get()
        assert definition_on(creditor_id=the.bank.id, on=definition.from_on).connected_seconds_min == 0
    call_definition_approve(actor=the.bank.mei, definition_id=definition.pk)
    with acting(the.bank.system):
        assert definition_on(creditor_id=the.bank.id, on=definition.from_on).connected_seconds_min == 5
    assert (definition.connected_seconds_min, definition.is_voicemail_connected, definition.duration_tolerance_seconds) == (5, False, 15)


def test_a_performers_drop_folder(the, run):
    """Files are loaded as this performer's, for the day in their names, and moved; another day's rows go back, other names stay."""
    drop = the.folder / "drop"
    drop.mkdir()
    the.folder = drop
    the.file(row("c1"), row("old", at=NOON - timedelta(days=1)), name="calls_20260901_am.csv")
    the.file(name="calls_20260831.csv")
    the.file(row("c9"), name="update_20260901T060000.csv")
    the.file(row("c2"), row("c3", at=NOON - timedelta(days=1)), name="calls.csv")
    code, out, _ = run("calls", "sweep", drop, "--performer", "aoki", "--settle", "0", "--json")
    outcomes = {entry["name"]: (entry["outcome"], entry["counts"].get("accepted_count")) for entry in json.loads(out)["entries"]}
    assert outcomes == {
        "calls_20260901_am.csv": ("taken", 1), "calls_20260831.csv": ("taken", 0), "update_20260901T060000.csv": ("left", None),
        "calls.csv": ("refused", None),
    }  # fmt: skip
    assert sorted(path.name for path in (drop / "done").iterdir()) == ["calls_20260831.csv", "calls_20260901_am.csv"]
    assert sorted(path.name for path in (drop / "rejects").iterdir()) == [
        "calls.csv", "calls.csv.why.txt", "calls_20260901_am.csv.rejects.csv",
    ]  # fmt: skip
    assert code == 0
    assert run("calls", "check", "--on", "2026-08-31")[0] == 0


def test_calls_are_kept_until_somebody_says_otherwise(the, capsys):
    """Nothing is said and nothing goes; too short a time is refused with the rule; a time that is long enough is told, and for ever again."""
    code = the.bank.creditor.code
    assert commands.run(["calls", "forget", "--creditor", code, "--lang", "en"]) == 0
    assert "kept for ever; nothing was removed" in capsys.readouterr().out
    with frozen(EVENING):
        assert commands.run(["calls", "keep", "--months", "24", "--from", "2026-11-01", "--creditor", code, "--lang", "en"]) != 0
        assert "cn.records_kept (kept_min_months 60)" in capsys.readouterr().err
        assert commands.run(["calls", "keep", "--from", "2026-11-01", "--creditor", code]) != 0
        capsys.readouterr()
        with translation.override("zh-hans"):
            assert commands.run(["calls", "keep", "--months", "60", "--from", "2026-11-01", "--creditor", code, "--lang", "zh"]) == 0
        assert "保存 60 个月" in capsys.readouterr().out
    with frozen(EVENING + timedelta(days=90)):
        assert commands.run(["calls", "forget", "--dry", "--creditor", code, "--lang", "en", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["until_on"] == "2021-11-30"
        assert commands.run(["calls", "keep", "--for-ever", "--from", "2026-12-01", "--creditor", code, "--lang", "en"]) == 0
        assert "for ever" in capsys.readouterr().out
