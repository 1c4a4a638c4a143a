"""Pack cn speaks Chinese: every rule has its sense and every case its name, they cite what the English ones cite, and are written in full width."""

import re

import pytest

from duecourse.rules.form import READING_ZH
from duecourse.rules.load import shipped_packs
from tests.rules.contacts import CN

HAN = "一-鿿"
HALF_WIDTH = re.compile(rf"[{HAN}”』）][,;:?!()]|[,;:?!()][{HAN}“『（]|[{HAN}]\.|[{HAN}] +[{HAN}]|[，。；：？！（）] | [，。；：？！（）]")
SENSES = pytest.mark.parametrize("rule", CN.rules, ids=lambda rule: rule.name)


def numbers(text: str) -> set[str]:
    """Return the numbers that a text writes in digits, years and articles among them; 1 and 2 may be words in the other language."""
    return set(re.findall(r"\d+", text.replace(",", ""))) - {"1", "2"}


def read_out(rule) -> list[str]:
    """Return every Chinese text of a rule that a person reads."""
    values = [value for parameter in rule.parameters for value in parameter.values]
    notes = [value.reference.note_zh for value in values]
    titles = [rule.title.zh, *(one.title.zh for one in (*rule.parameters, *rule.exceptions))]
    return [rule.sense_zh, rule.explanation.zh, *titles, *notes, *(case["case_zh"] for case in rule.cases)]


@SENSES
def test_every_rule_has_its_sense_in_both_languages(rule):
    """Both have the text's sense and a list of how we read it, with as many readings, and the Chinese one wraps no line."""
    lists = (rule.sense.split("How we read it:")[1], rule.sense_zh.split(f"\n{READING_ZH}\n")[1])
    assert len({len(re.findall(r"^- ", text, re.MULTILINE)) for text in lists}) == 1
    blocks = rule.sense_zh.split("\n\n")
    assert blocks[2 if len(blocks) == 4 else 1] == READING_ZH
    assert all(line.startswith("- ") for line in blocks[-1].splitlines())
    assert all("\n" not in block for block in blocks[:-1])


@SENSES
def test_every_case_has_a_chinese_name_of_its_own(rule):
    """Each case is named in Chinese, and no two of one rule are named alike."""
    names = [case["case_zh"] for case in rule.cases]
    assert all(re.search(f"[{HAN}]", name) for name in names)
    assert len(set(names)) == len(names)


@SENSES
def test_both_languages_cite_the_same(rule):
    """What the English sense and case names write in digits, such as articles, years, days and amounts, the Chinese ones write too."""
    assert numbers(rule.sense) <= numbers(rule.sense_zh)
    for case in rule.cases:
        assert numbers(case["case"]) <= numbers(case["case_zh"]), case["case"]


@SENSES
def test_no_article_is_cited_that_the_english_does_not_cite(rule):
    """An article that stands in the Chinese sense stands in the English one or in a value's reference."""
    values = [value for parameter in rule.parameters for value in parameter.values]
    known = numbers(rule.sense) | numbers(" ".join(value.reference.article for value in values))
    cited = set(re.findall(r"第(\d+)条", rule.sense_zh.replace("5.3", "").replace("5.4", "")))
    between = {str(n) for a, b in re.findall(r"(\d+) to (\d+)", rule.sense) for n in range(int(a), int(b))}
    assert cited <= known | between


@SENSES
def test_chinese_is_written_in_full_width(rule):
    """No half-width mark stands beside a Chinese character, and no space between two."""
    assert [text for text in read_out(rule) if HALF_WIDTH.search(text)] == []


@SENSES
def test_every_note_of_a_reference_is_told_in_chinese(rule):
    """A value whose article is not known, or is our reading, says so in Chinese too."""
    references = [value.reference for parameter in rule.parameters for value in parameter.values]
    references += [exception.reference for exception in rule.exceptions]
    assert [reference.note for reference in references if reference.note and not reference.note_zh] == []


def test_a_pack_without_chinese_still_loads():
    """The other packs have English senses only, which is no error."""
    others = [rule for pack in shipped_packs() if pack is not CN for rule in pack.rules]
    assert others
    assert {rule.sense_zh for rule in others} == {""}


def test_rules_are_named_by_their_titles():
    """Where a Chinese sense points to another rule, a rule of that title is in the pack."""
    named = [title for rule in CN.rules for title in re.findall(r"规则“([^”]+)”", rule.sense_zh)]
    assert len(named) > 10
    assert set(named) <= {rule.title.zh for rule in CN.rules}
