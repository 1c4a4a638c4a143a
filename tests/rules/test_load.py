"""A pack that is not written in the form does not load, and everything that is wrong with it is told at once."""

import re
import shutil
from datetime import date

import pytest

from duecourse.rules.body import faults_of
from duecourse.rules.errors import PackInvalid
from duecourse.rules.load import load_overlay, load_pack, parse_overlay, shipped_pack
from tests.rules.contacts import CN, TRIAL, TRIAL_FOLDER, overlay

NOON = "quiet_noon/parameters.yaml"
BROKEN = [
    (NOON, "code: noon", "on: noon", "the key True is not text (YAML read 'on' as True; write as_of, or quote it)"),
    (NOON, "code: noon", "no: noon", "the key False is not text"),
    (NOON, "code: noon", "1: noon", "the key 1 is not text"),
    (NOON, "code: noon", "code: noon\ncode: noon", "line 2: the key 'code' stands twice"),
    (NOON, "code: noon", "code: noon\nmood: good", "has the unknown key 'mood'"),
    (NOON, "code: noon", "", "has no code"),
    (NOON, "code: noon", "code: 7", "needs code as a text"),
    (NOON, "should_not", "may", "needs modality as one of must_not, should_not, presumption, safe_harbour_lost, definition, not 'may'"),
    (NOON, "[call]", "[fax]", "has 'fax' in channels, which is not one of call"),
    (NOON, "[call]", "call", "needs channels as a list of texts"),
    (NOON, "is_local: true", "is_local: 1", "needs is_local as true or false"),
    (NOON, 'value: "12:00"', "value: 12:00", 'needs value as a quoted time from "00:00" to "24:00", not 720'),
    (NOON, 'value: "12:00"', 'value: "24:01"', "not '24:01'"),
    (NOON, 'value: "12:00", ', "", "has no value"),
    (NOON, "effective_on: 2020-01-01, until_on: 2025-01-01", "effective_on: 2020-02-31", "quiet_noon/parameters.yaml: day"),
    (NOON, "effective_on: 2020-01-01, until_on: 2025-01-01", "effective_on: 2020-01-01", "overlap from 2025-02-01 on"),
    (NOON, "until_on: 2025-01-01", "until_on: 2025-02-02", "overlap from 2025-02-01 on"),
    (NOON, "until_on: 2025-01-01", "until_on: 2020-01-01", "has a value that ends on 2020-01-01, not after it begins"),
    (NOON, "effective_on: 2025-07-01", "effective_on: 2025-06-30", "begins on 2025-06-30, before its text does on 2025-07-01"),
    (NOON, 'reference: {text: new_law, article: "9"}, ', "", "has no reference"),
    (NOON, "text: new_law", "text: gone", "names the text 'gone', which pack.yaml does not have"),
    (NOON, 'article: "9"', 'article: ""', "has neither an article nor a note that says why"),
    (NOON, 'article: "9"', "article: 9", "needs article as a text"),
    (NOON, 'text: new_law, article: "9"}, confidence: verbatim', 'text: new_law, article: "9"}, confidence: sure', "confidence as one of"),
    (NOON, "noon is quiet from {quiet_from_minute}", "noon is {quiet}", "explains with {quiet}, which is neither a fact used nor"),
    ("visits_daily/parameters.yaml", "value: 1", "value: 2", "needs value as a whole number from 0 to 1, not 2"),
    ("visits_daily/parameters.yaml", "value: 1", "value: true", "not True"),
    ("visits_daily/parameters.yaml", "value: 1", "value: 0.5", "not 0.5"),
    ("pack.yaml", "Asia/Shanghai", "Asia/Atlantis", "has the zone 'Asia/Atlantis', which does not exist"),
    ("pack.yaml", "layer: guideline", "layer: agreement", "is of the layer agreement, which cannot stand here"),
    ("pack.yaml", "    last_reviewed_on: 2025-01-01\n", "", "has no last_reviewed_on"),
    ("pack.yaml", "title: {zh: 试用, en: Trial}", "title: {zh: 试用}", "has no en"),
    (NOON, "facts_used: [local_minute]", "facts_used: [lokal_minute]", "uses the fact 'lokal_minute', which no facts.yaml declares"),
    (NOON, "facts_used: [local_minute]", "facts_used: []", "has a body that reads facts.local_minute, which it does not declare"),
    (NOON, "facts_used: [local_minute]", "facts_used: [local_minute, is_robot]", "declares is_robot, which its body does not read"),
    (NOON, "facts_used: [local_minute]", "facts_used: local_minute", "needs facts_used as a list of names"),
    (NOON, "code: noon", "code: noon\nsubject: weather", "has the subject 'weather', which is not one of contact"),
    (NOON, "code: noon", "code: noon\nbefore_first_value: guess", "needs before_first_value as unknown or no_rule, not 'guess'"),
    ("quiet_noon/rule.py", "facts.local_minute <", "values.noon <", "has a body that reads values.noon, which it does not declare"),
    ("quiet_noon/cases.yaml", "cases:", "casus:", "has no cases"),
    ("quiet_noon/cases.yaml", "    facts:", '    case_zh: " "\n    facts:', "needs case_zh of "),
    (NOON, "code: noon", 'code: noon\nsense_zh: ""', "needs sense_zh as the text's sense, the line 我们的理解： and a list"),
    (NOON, "code: noon", "code: noon\nsense_zh: 12", "needs sense_zh as a text"),
    (NOON, "code: noon", "code: noon\nsense_zh: |\n  午间安静。", "needs sense_zh as the text's sense"),
    (NOON, "code: noon", "code: noon\nsense_zh: |\n  午间安静。\n\n  我们的理解：\n\n  含端点。", "needs sense_zh as the text's sense"),
    (NOON, "code: noon", "code: noon\nsense_zh: |\n  我们的理解：\n\n  - 含端点。", "needs sense_zh as the text's sense"),
    ("quiet_noon/rule.py", " & ", " and ", "BoolOp does not mean the same for an int and for an array"),
    ("quiet_noon/rule.py", "def is_breached", "def is_broken", "needs one function is_breached(facts, values)"),
]
BODIES = [
    ("return not facts.a", "UnaryOp"),
    ("return ~(facts.a < 1)", "UnaryOp"),
    ("return 1 < facts.a < 2", "chained"),
    ("return facts.a if values.b else 1", "IfExp"),
    ("return facts.a in values.b", "only <, <="),
    ("return facts.a is 1", "only <, <="),
    ("return max(facts.a, 1) > 2", "Call"),
    ("return facts.a > 0.5", "the constant 0.5 is not a whole number"),
    ("return facts.a / 2 > 1", "Div"),
    ("if facts.a:\n        return 1", "If"),
    ("return facts.a >", "invalid syntax"),
]
GOOD_BODY = "late = facts.a - values.b\n    return (late > 0) | (facts.c == 1) & (facts.d * 2 % 7 != 3)"


@pytest.mark.parametrize(("name", "old", "new", "told"), BROKEN, ids=lambda value: value[:40])
def test_broken_pack_does_not_load(tmp_path, name, old, new, told):
    """One change to a good pack is refused, and the refusal says where and what."""
    folder = shutil.copytree(TRIAL_FOLDER, tmp_path / "trial")
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackInvalid, match=re.escape(told)) as caught:
        load_pack(folder)
    assert any(name.split("/")[0] in reason for reason in caught.value.parameters["reasons"])


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    """Two mistakes in two files are both in the one refusal."""
    folder = shutil.copytree(TRIAL_FOLDER, tmp_path / "trial")
    for name, old in ((NOON, "code: noon"), ("pack.yaml", "country: CN")):
        text = (folder / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace(old, ""), encoding="utf-8")
    with pytest.raises(PackInvalid) as caught:
        load_pack(folder)
    assert caught.value.parameters["reasons"] == ["pack.yaml has no country", "pack.yaml needs country as a text",
                                                  "quiet_noon/parameters.yaml has no code", "quiet_noon/parameters.yaml needs code as a text"]  # fmt: skip


def test_folder_without_a_pack_is_refused(tmp_path):
    """A missing pack and a folder without rules are refused with what is missing."""
    with pytest.raises(PackInvalid, match="no folder of a rule is there"):
        load_pack(tmp_path)


@pytest.mark.parametrize(("body", "told"), BODIES)
def test_body_that_means_something_else_for_an_array_is_refused(body, told):
    """What branches, calls or divides is named with its line."""
    assert told in " ".join(faults_of(f'"""Sense."""\n\n\ndef is_breached(facts, values):\n    {body}\n'))


def test_body_of_plain_operators_is_taken():
    """Assignments and plain operators have no faults; a missing docstring is one."""
    source = f'def is_breached(facts, values):\n    """Say."""\n    {GOOD_BODY}\n'
    assert faults_of(f'"""Sense."""\n\n\n{source}') == []
    assert faults_of(source) == ["has no module docstring with the text's sense"]


def test_fingerprint_follows_the_content(tmp_path):
    """A copy has the same fingerprint, a changed copy another, and the shipped pack is one object."""
    folder = shutil.copytree(TRIAL_FOLDER, tmp_path / "trial")
    assert load_pack(folder).fingerprint == TRIAL.fingerprint
    path = folder / "quiet_noon/cases.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_pack(folder).fingerprint != TRIAL.fingerprint
    assert shipped_pack("cn") is CN


def test_text_that_nobody_reviewed_for_a_year_is_listed():
    """A review is overdue on the day after a year."""
    assert [text.id for text in TRIAL.unreviewed(date(2026, 1, 1))] == []
    assert [text.id for text in TRIAL.unreviewed(date(2026, 1, 2))] == ["old_custom"]


def test_overlay_reads_the_same_from_a_file(tmp_path):
    """A policy written as YAML is the policy."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "text: {id: p, layer: creditor_policy, title: {zh: 政策, en: Policy}, issued_on: 2026-01-01, effective_on: 2026-01-01,\n"
        "       last_reviewed_on: 2026-01-01}\n"
        "parameters:\n  cn.contact_hours.allowed_until_minute:\n    unit: minute_of_day\n"
        '    values: [{value: "21:00", effective_on: 2026-01-01, article: "2", confidence: verbatim}]\n',
        encoding="utf-8",
    )
    (value,) = load_overlay(path).values["cn.contact_hours.allowed_until_minute"]
    assert (value.value, value.reference.article) == (21 * 60, "2")
    path.write_text("text: {on: 1}", encoding="utf-8")
    with pytest.raises(PackInvalid, match="the key True is not text"):
        load_overlay(path)


def test_overlay_cannot_pose_as_law_or_rest_on_memory():
    """A paper of a lower layer keeps its place, and is at hand."""
    with pytest.raises(PackInvalid, match="is of the layer law, which cannot stand here"):
        overlay("law", {"cn.contact_hours.allowed_until_minute": "21:00"})
    entry = {"value": "21:00", "effective_on": date(2026, 1, 1), "article": "", "confidence": "memory"}
    text = {"id": "p", "layer": "agreement", "title": {"zh": "p", "en": "p"}}
    days = dict.fromkeys(("issued_on", "effective_on", "last_reviewed_on"), date(2026, 1, 1))
    with pytest.raises(PackInvalid, match="rests on memory; what binds only by a paper needs the paper"):
        parse_overlay({"text": text | days, "parameters": {"a": {"unit": "minute_of_day", "values": [entry]}}}, place="p")


@pytest.mark.parametrize("name", ["..", "../packs/cn", "", ".", "cn/", "/etc", "mars"])
def test_a_name_reaches_no_other_folder(name):
    """A pack holds code, so a name that a creditor's settings give leads to the shipped packs or nowhere."""
    with pytest.raises(PackInvalid, match="no pack of that name"):
        shipped_pack(name)


@pytest.mark.parametrize("opening", ["[", "- ", "{a: "])
def test_a_paper_nested_without_end_is_refused(tmp_path, opening):
    """A text nested a hundred thousand deep is told as such; composing it would end the process."""
    path = tmp_path / "deep.yaml"
    path.write_text(opening * 100_000, encoding="utf-8")
    with pytest.raises(PackInvalid, match="nested too deeply"):
        load_overlay(path)
