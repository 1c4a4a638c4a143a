"""`duecourse rules`: the packs are listed, one rule is shown, folders are checked, pages are written; no database is needed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from duecourse.doors.commands import COMMANDS, run
from duecourse.kit.clock import frozen
from duecourse.rules.load import shipped_names, shipped_packs

SAMPLE = Path(__file__).parents[1] / "rules/packs/sample"
TRIAL = Path(__file__).parents[1] / "rules/packs/trial"


@pytest.fixture
def pack(tmp_path):
    """A copy of a small pack, to be broken."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample"))


def mend(path: Path, old: str, new: str) -> None:
    """Write `new` in the place of `old`."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_list_tells_modality_layer_state_and_confidence(capsys):
    """A disabled rule is listed as such beside the enabled ones, and the counts add up."""
    assert run(["rules", "list", "--pack", "kr"]) == 0
    lines = capsys.readouterr().out.splitlines()
    weekly, night = (next(line for line in lines if line.strip().startswith(name)) for name in ("kr.contacts_weekly ", "kr.night "))
    assert all(word in weekly for word in ("must_not", "law", "yes", "secondary"))
    assert all(word in night for word in ("must_not", "law", "no, disabled", "memory"))
    assert lines[-1] == "10 rules; 9 enabled, 1 disabled."


def test_list_without_a_name_holds_every_pack(capsys):
    """As JSON, every rule of every pack stands there once."""
    assert run(["rules", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["rules"]
    assert [rule["rule"] for rule in told] == [rule.id for pack in shipped_packs() for rule in pack.rules]
    assert {rule["pack"] for rule in told} == set(shipped_names())
    assert all(rule["title"]["zh"] and rule["confidence"] and rule["layers"] for rule in told)


def test_a_folder_of_ones_own_can_be_listed(pack, capsys):
    """A pack that lies anywhere is named by its folder; a folder without one is refused with the reason."""
    assert run(["rules", "list", "--pack", str(pack)]) == 0
    assert "sample.weekly_contacts" in capsys.readouterr().out
    assert run(["rules", "list", "--pack", str(pack / "nowhere")]) == 2
    assert "no folder of a rule is there" in capsys.readouterr().err


def test_show_tells_sense_values_cases_and_code(capsys):
    """One rule is shown whole: what the text says, its dated value with its reference, a case and the code."""
    assert run(["rules", "show", "uk.breathing_space"]) == 0
    told = capsys.readouterr().out
    for part in (
        "No demand for payment for 60 days",
        "moratorium_days   60",
        "2021-05-04",
        "debt_respite_2020",
        "Day 61 is free",
        "return is_running",
    ):
        assert part in told


def test_show_speaks_the_language_of_the_sense(capsys):
    """In Chinese the sense, the notes and the cases of pack cn come in Chinese; what nobody wrote in Chinese is marked."""
    assert run(["rules", "show", "cn.contact_hours", "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert all(part in told for part in ("每日22:00至次日08:00不得催收。", "我们的理解：", "八时前一秒，仍属夜间", "未查得条号"))
    assert "No collection between" not in told
    assert run(["rules", "show", "uk.visits", "--lang", "zh"]) == 0
    assert "[仅英文]" in capsys.readouterr().out
    assert run(["rules", "show", "cn.contact_hours"]) == 0
    assert "每日22:00" not in capsys.readouterr().out


def test_show_in_chinese(capsys):
    """Title, state, headings and explanation come in Chinese."""
    assert run(["rules", "show", "uk.visits", "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    for part in ("上门", "停用：没有依据足够可靠的取值", "参数", "依据可信度", "上门须提前通知"):
        assert part in told


def test_show_as_json_holds_every_value(capsys):
    """Values come with unit, days, text, article, confidence and whether decisions use them."""
    assert run(["rules", "show", "in.contact_hours", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(value["parameter"], value["value"], value["shown"], value["is_enabled"]) for value in told["values"]] == [
        ("allowed_from_minute", 480, "08:00", True),
        ("allowed_until_minute", 1140, "19:00", True),
    ]
    assert told["cases"][0]["finding"] == "refused"


def test_unknown_rule_is_refused(capsys):
    """A name that no pack has is told together with the packs looked in."""
    assert run(["rules", "show", "uk.heron", "--pack", "uk"]) == 2
    assert "uk.heron is no rule of uk." in capsys.readouterr().err


def test_check_of_what_comes_along(capsys, monkeypatch):
    """Without a folder the shipped packs are checked; two of them stand for all here, whose cases have a test of their own."""
    monkeypatch.setattr("duecourse.doors.commands.rules.shipped_names", lambda: ("au", "jp"))
    assert run(["rules", "check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["packs"]
    assert [one["pack"] for one in told] == ["au", "jp"]
    assert not any(one["faults"] for one in told)
    assert next(one for one in told if one["pack"] == "jp")["disabled"] == [
        "jp.borrowing_elsewhere",
        "jp.counsel",
        "jp.third_party_payment",
    ]


def test_check_warns_of_an_old_review_and_goes_on(pack, capsys):
    """A year and a day after the last review the text is named; the exit code stays 0, in Chinese too."""
    with frozen(datetime(2027, 1, 1, tzinfo=UTC)):
        assert run(["rules", "check", str(pack)]) == 0
        assert "last reviewed" not in capsys.readouterr().out
    with frozen(datetime(2027, 1, 2, tzinfo=UTC)):
        assert run(["rules", "check", str(pack)]) == 0
        assert "! statute was last reviewed on 2026-01-01" in capsys.readouterr().out
        assert run(["rules", "check", str(pack), "--lang", "zh"]) == 0
        assert "! statute 上次核对于 2026-01-01" in capsys.readouterr().out


def test_check_names_a_case_that_comes_out_otherwise(pack, capsys):
    """The exit code is 1, and rule, case and difference are told."""
    mend(pack / "record_kept/cases.yaml", "facts: {kept_months: 23}, finding: refused", "facts: {kept_months: 23}, finding: clear")
    assert run(["rules", "check", str(pack)]) == 1
    assert "sample.record_kept: A month short: was refused, not clear" in capsys.readouterr().out


def test_check_runs_the_cases_of_disabled_rules(tmp_path, capsys):
    """A rule that sleeps is woken for the check, so that its cases are right on the day it is enabled."""
    copied = Path(shutil.copytree(TRIAL, tmp_path / "trial"))
    mend(copied / "visits_daily/cases.yaml", "finding: refused", "finding: clear")
    assert run(["rules", "check", str(copied)]) == 1
    assert "trial.visits_daily" in capsys.readouterr().out


def test_check_goes_on_after_a_pack_that_does_not_load(pack, capsys):
    """What is wrong with the first is told, and the second is checked all the same."""
    mend(pack / "pack.yaml", "country: CN", "land: CN")
    assert run(["rules", "check", str(pack), str(TRIAL)]) == 1
    told = capsys.readouterr().out
    assert "has the unknown key 'land'" in told
    assert "✓ trial: 2 rules (1 disabled)" in told


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("record_kept/cases.yaml", "facts: {kept_months: 23}, ", "", "A month short: cannot be read: KeyError('facts')"),
        ("weekly_contacts/cases.yaml", 'at: "2026-03-05 10:00:00"', 'at: "five o\'clock"', "cannot be read: ValueError"),
        ("record_kept/cases.yaml", "facts: {kept_months: 23}", "facts: {kept_month: 23}", "A month short: unknown fact 'kept_month'"),
        ("record_kept/rule.py", "def is_breached", "KEPT = 24 // 0\n\n\ndef is_breached", "a rule.py ended in ZeroDivisionError"),
    ],
)
def test_check_tells_what_cannot_be_read(path, old, new, told, pack, capsys):
    """A case without facts, an unreadable time and a module that fails are faults of the pack, not crashes of the command."""
    text = (pack / path).read_text(encoding="utf-8")
    (pack / path).write_text(text.replace(old, new, 1), encoding="utf-8")
    assert run(["rules", "check", str(pack)]) == 1
    assert told in capsys.readouterr().out


def test_check_misses_a_finding(pack, capsys):
    """A rule none of whose cases finds fault is named: it might find none ever."""
    (pack / "record_kept/cases.yaml").write_text(
        "cases:\n  - {case: Enough, as_of: 2026-01-01, facts: {kept_months: 24}, finding: clear}\n", encoding="utf-8"
    )
    assert run(["rules", "check", str(pack)]) == 1
    assert "sample.record_kept: no case in which it finds fault" in capsys.readouterr().out


def test_names_in_a_pack_are_printed_as_they_are(pack, capsys):
    """Square brackets, formulas and other writing in titles are neither markup nor places for values."""
    mend(pack / "record_kept/parameters.yaml", "en: Retention", "en: '[bold]=cmd() {0} 🦆[/bold]'")
    assert run(["rules", "list", "--pack", str(pack)]) == 0
    assert "[bold]=cmd() {0} 🦆[/bold]" in capsys.readouterr().out


def test_pages_are_written(tmp_path, capsys):
    """The index, the facts and a page for each rule of the pack named are written where asked."""
    assert run(["rules", "pages", str(tmp_path / "out"), "--pack", "au"]) == 0
    assert capsys.readouterr().out.startswith("9 pages written")
    assert "visits_monthly" in (tmp_path / "out/README.md").read_text("utf-8")
    assert (tmp_path / "out/au/telephone_hours.md").exists()


def test_command_needs_no_database():
    """The command is in the table and is loaded without Django's models."""
    assert not COMMANDS["rules"].needs_models


@pytest.mark.parametrize("line", [["rules"], ["rules", "audit"], ["conformance"]])
def test_examples_in_help_are_lines(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each example in a command's help begins a line of its own."""
    assert run([*line, "--help"]) == 0
    told = capsys.readouterr().out.splitlines()
    examples = [text.strip() for text in told if "duecourse " in text and "Usage" not in text]
    assert len(examples) > 1
    assert all(text.startswith("duecourse ") and text.count("duecourse ") == 1 for text in examples)
