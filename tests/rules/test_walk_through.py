"""The page on packs is true: its walk-through is followed word by word, and what it claims of the loader is what the loader says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from duecourse.doors.commands import run
from duecourse.rules import load, pages
from duecourse.rules.cases import case_errors
from duecourse.rules.errors import PackInvalid

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/packs.md").read_text(encoding="utf-8")
STEP = re.compile(r"(?:^`(?P<path>xa/\S+)`\n\n)?^```(?P<kind>sh|yaml|python|text)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
TABLE = [line for line in PAGE.split("## What the loader refuses")[1].split("## Layers")[0].splitlines() if line.startswith("| ")][1:]
RULE, BODY = "midday_rest/parameters.yaml", "midday_rest/rule.py"
REFUSALS = [
    ("a value without a reference", (RULE, 'reference: {text: rest_act, article: "4"}, ', "")),
    ("a reference without article and without a note why", (RULE, 'article: "4"', 'article: ""')),
    ("a value that begins before its text", (RULE, "2025-07-01", "2025-06-30")),
    (
        "two values of one text on one day",
        (
            RULE,
            "    values:\n",
            '    values:\n      - {value: "12:00", effective_on: 2025-08-01, reference: {text: rest_act, article: "5"}, confidence: memory}\n',
        ),
    ),
    ("`on`, `yes`, `no` as a key", ("pack.yaml", "country:", "on:")),
    ("a time without quotes, which YAML reads as a number", (RULE, '"13:00"', "13:00")),
    ("a misspelt key, or one that stands twice", (RULE, "code: ", "mood: good\ncode: "), (RULE, "code: ", "code: rest\ncode: ")),
    (
        "a fact that nobody declared, or declared and not read",
        ("facts.yaml", "has_asked_for_rest", "wants_rest"),
        (RULE, "has_asked_for_rest]", "has_asked_for_rest, local_weekday]"),
    ),
    (
        "a fact that all packs share already",
        ("facts.yaml", "facts:\n", "facts:\n  is_disputed: {unit: yes_no, source: record, title: {zh: 异议, en: a}}\n"),
    ),
    ("a body that branches", (BODY, "return is_rest & (", "return is_rest and (")),
    ("a zone that does not exist", ("pack.yaml", "Europe/Lisbon", "Europe/Atlantis")),
    ("a folder without a rule", ("", "", "")),
]
FACTS = "src/duecourse/rules/packs/facts.yaml"


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A tree with what the walk-through copies from and to, as the working folder; packs are looked for in it."""
    shutil.copytree(ROOT / "tests/rules/packs/sample", tmp_path / "tests/rules/packs/sample")
    (tmp_path / FACTS).parent.mkdir(parents=True)
    shutil.copy(ROOT / FACTS, tmp_path / FACTS)
    monkeypatch.chdir(tmp_path)
    for module in (load, pytest.importorskip("duecourse.doors.commands.rules")):
        monkeypatch.setattr(module, "SHIPPED", (tmp_path / FACTS).parent)
    return tmp_path


def follow(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, int, str]]:
    """Do what each block of the walk-through says; return the duecourse commands with exit code and output."""
    said: list[tuple[str, int, str]] = []
    for step in STEP.finditer(PAGE.split("## What each file means")[0]):
        if step["path"]:
            Path(step["path"]).write_text(step["text"], encoding="utf-8")
        elif step["kind"] == "text":
            assert said[-1][2] == step["text"]
        for line in step["text"].splitlines() if step["kind"] == "sh" else ():
            if line.startswith("duecourse "):
                code = run(shlex.split(line)[1:])
                said.append((line, code, capsys.readouterr().out))
            else:
                subprocess.run(["bash", "-ec", line], check=True)
    return said


def test_walk_through_comes_out_as_written(tree, capsys):
    """Copying, renaming, the first fact, rule and cases, a refusal, its mending and the shipped pack all come out as the page says."""
    said = follow(capsys)
    assert [(line.split()[2], code) for line, code, _ in said] == [("check", 0), ("check", 1), ("check", 0), ("show", 0), ("check", 0), ("pages", 0)]  # fmt: skip
    assert "No calls between 13:00 and 15:00 to a debtor who asked for rest." in said[3][2]
    assert said[4][2] == "✓ xa: 1 rules (0 disabled), 6 cases\n"
    assert (tree / "docs/rules/xa/midday_rest.md").exists()


def test_pack_that_lies_beside_the_shipped_ones_can_be_named(tree, capsys):
    """After the walk-through the pack is found by its id, as a creditor names it, and its cases come out."""
    follow(capsys)
    assert load.shipped_names() == ("xa",)
    assert case_errors(load.load_pack(load.SHIPPED / "xa")) == []


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row[0])
def test_page_quotes_what_the_loader_says(row, tree, capsys):
    """Each row of the table of refusals, planted in the walk-through's pack, is refused in the words of that row."""
    follow(capsys)
    label, breaks = row[0], row[1:]
    quoted = next(re.findall(r"`([^`]+)`", line.split("|")[2]) for line in TABLE if line.startswith(f"| {label} |"))
    told = [reason for each in breaks for reason in refusal(tree / "xa", *each)]
    for words in quoted:
        pattern = ".+".join(map(re.escape, words.split("…")))
        assert any(re.search(pattern, reason) for reason in told), (words, told)


def test_each_refusal_on_the_page_is_planted():
    """No row of the table goes untried."""
    assert [line.split("|")[1].strip() for line in TABLE] == [row[0] for row in REFUSALS]


def refusal(folder: Path, name: str, old: str, new: str) -> list[str]:
    """Return what is told of a copy of the pack in which `old` stands as `new`; an empty name takes the rule's folder away."""
    copied = Path(shutil.copytree(folder, folder.parent / "broken"))
    if name:
        text = (copied / name).read_text(encoding="utf-8")
        assert old in text
        (copied / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    else:
        shutil.rmtree(copied / "midday_rest")
    with pytest.raises(PackInvalid) as caught:
        load.load_pack(copied)
    shutil.rmtree(copied)
    reasons: list[str] = caught.value.parameters["reasons"]
    return reasons


def test_every_shipped_pack_is_named_on_the_page():
    """The table of packs names each pack that comes along, and no other."""
    named = re.findall(r"^\| `(\w+)` \|", PAGE.split("## A pack in ten minutes")[0], re.MULTILINE)
    assert sorted(named) == sorted(load.shipped_names())


def test_pages_are_written_for_a_pack_of_ones_own(tree, capsys):
    """The pages of a folder are the same whether its name or its path is given."""
    follow(capsys)
    assert run(["rules", "pages", "elsewhere", "--pack", "xa"]) == 0
    assert (tree / "elsewhere/xa/midday_rest.md").read_text("utf-8") == pages.render_pages([load.load_pack(tree / "xa")])[
        "xa/midday_rest.md"
    ]
