"""`duecourse rules audit` and `what-if`: a file or a creditor, in both languages, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from duecourse.doors import commands
from duecourse.kit.clock import frozen
from tests.contact.scene import NOON, scene
from tests.contact.test_permits import called
from tests.rules.histories import event, log_of

CALLS_MAX = "cn.connected_calls_daily.connected_calls_max_count"


def run(capsys, *words: str, code: int = 0):
    """Run a command line with --json and return its answer, or the error it was refused with."""
    assert commands.run(["rules", *words, "--json"]) == code
    printed = capsys.readouterr()
    return json.loads(printed.out if code == 0 else printed.err)


@pytest.fixture
def log(tmp_path):
    """A file of five connected calls on one day, the last at night, with an outcome nobody knows."""
    rows = [event(n, f"2026-03-02T0{n}:00", performer="[red]=aoki") for n in range(4)]
    path = tmp_path / "events.parquet"
    pq.write_table(log_of([*rows, event(9, "2026-03-02T15:00", outcome="odd")]), path)
    return str(path)


def test_audit_of_a_file_in_both_languages(log, tmp_path, capsys):
    """Violations come by rule, performer and week; what was not judged is told loudly; files are written."""
    out = tmp_path / "out"
    answer = run(capsys, "audit", log, "--out", str(out))
    assert (answer["event_count"], answer["judged_count"], answer["breach_count"]) == (5, 5, 2)
    found = {(row["rule_id"], row["period"]): row["event_count"] for row in answer["violations"]}
    assert found["cn.connected_calls_daily", "2026-W10"] == 1
    assert found["cn.contact_hours", "2026-W10"] == 1
    assert (out / "breaches.csv").exists()
    assert commands.run(["rules", "audit", log]) == 0
    told = capsys.readouterr().out
    assert "[red]=aoki" in told
    assert "NOT JUDGED: cn.unanswered_attempts_daily" in told
    assert "'odd'" in told
    assert commands.run(["rules", "audit", log, "--lang", "zh", "--by", "month"]) == 0
    told = capsys.readouterr().out
    assert "未判定" in told
    assert "2026-03" in told


def test_words_of_outcomes_and_days_are_given(log, capsys):
    """An outcome named as reaching nobody is understood; events after --as-of are rejected."""
    answer = run(capsys, "audit", log, "--not-connected", "Odd, connected")
    assert answer["outcomes_not_understood"] == {}
    assert "cn.connected_calls_daily" not in {row["rule_id"] for row in answer["violations"]}
    assert run(capsys, "audit", log, "--as-of", "2026-03-01")["rejected"] == {"in_the_future": 5}


def test_what_if_says_draft_or_policy(log, capsys):
    """A draft of two calls refuses one more; a policy of nine changes nothing; the text says which of them was tried."""
    answer = run(capsys, "what-if", log, "--set", f"{CALLS_MAX}=2")
    assert (answer["newly_refused"], answer["changes"][0]["way"]) == (1, "draft")
    answer = run(capsys, "what-if", log, "--policy", f"{CALLS_MAX}=9")
    assert (answer["newly_allowed"], answer["by_performer_and_hour"]) == (0, [])
    assert commands.run(["rules", "what-if", log, "--set", f"{CALLS_MAX}=2"]) == 0
    told = capsys.readouterr().out
    assert "as a draft text, in the place of: gbt_45251_2025 3" in told
    assert "would have been refused" in told


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["audit"], "LogUnclear"),
        (["audit", "{log}", "--as-of", "yesterday"], "DayUnreadable"),
        (["audit", "{log}", "--pack", "nowhere"], "PackInvalid"),
        (["audit", "nothing.parquet"], "EventsMismatch"),
        (["what-if", "{log}", "--set", "cn.nothing.at_all=1"], "ChangeUnusable"),
    ],
)
def test_lines_that_cannot_be_run_are_refused(log, capsys, words, code):
    """Each mistake has its own error and exit code 2."""
    answer = run(capsys, *(word.format(log=log) for word in words), code=commands.EXIT_REFUSED)
    assert answer["error"]["code"] == code


def test_a_folder_is_one_log_and_letters_steer_no_terminal(tmp_path, capsys):
    """Counts go over two files in a folder, named as a folder or file by file; what would steer a terminal is printed as a dot."""
    for name, numbers in (("a", range(2)), ("b", range(2, 5))):
        rows = [event(n, f"2026-03-02T0{n}:00", performer="\x1b[2Jaoki") for n in numbers]
        pq.write_table(log_of(rows), tmp_path / f"{name}.parquet")
    for given in ([str(tmp_path)], [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]):
        answer = run(capsys, "audit", *given)
        assert (answer["event_count"], answer["refused_count"]) == (5, 2)
    assert commands.run(["rules", "audit", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "·[2Jaoki" in told
    assert "\x1b[2J" not in told


@pytest.mark.django_db
def test_what_the_gate_refused_is_judged_on_demand(capsys):
    """With --refusals the refused fourth call stands beside the three permits, counts for nothing, and is refused again."""
    the = scene()
    asked = [called(the, ("aoki", "birch")[number % 2], number, at=NOON + timedelta(minutes=number * 15)) for number in range(5)]
    assert [answer.is_permit for answer in asked] == [True, True, True, False, False]
    with frozen(NOON + timedelta(days=1)):
        for words, counts in ((("--refusals",), (5, 2)), ((), (3, 0))):
            answer = run(capsys, "audit", "--creditor", the.bank.creditor.code, *words)
            assert (answer["judged_count"], answer["refused_count"]) == counts


@pytest.mark.django_db
def test_a_creditors_own_contacts_are_judged(capsys):
    """What the gate permitted is found clear by the audit; a draft of one call a day refuses two of the three."""
    the = scene()
    for number in range(3):
        assert called(the, "aoki", number, at=NOON + timedelta(minutes=number * 15)).is_permit
    with frozen(NOON + timedelta(days=1)):
        answer = run(capsys, "audit", "--creditor", the.bank.creditor.code.upper())
        assert (answer["judged_count"], answer["refused_count"]) == (3, 0)
        tried = run(capsys, "what-if", "--creditor", the.bank.creditor.code, "--set", f"{CALLS_MAX}=1")
    assert [(row["performer"], row["local_hour"], row["event_count"]) for row in tried["by_performer_and_hour"]] == [("aoki", 12, 2)]
