"""What rules, facts and parameters are called: their titles as the packs give them, in the language of the reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from duecourse.doors.words import in_language, is_chinese, word
from duecourse.rules.form import Bilingual, Pack, Parameter, Reference, Rule, Text, Tighter, Unit
from duecourse.rules.load import shipped_packs


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph, heading or list of a text's sense."""

    text: str
    items: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What stands above the list that follows, '' for other blocks."""
        return self.text[:-1] if self.text.endswith((":", "：")) and not self.items else ""


@dataclass(frozen=True, slots=True)
class Sense:
    """The text's sense and how we read it, in one language.

    Attributes:
        lang: `zh` or `en`.
        lead: the first sentence, which says the rule.
        blocks: what follows it.
    """

    lang: str
    lead: str
    blocks: tuple[Block, ...]


def senses(rule: Rule) -> tuple[Sense, ...]:
    """Return a rule's sense in the languages it is written in, the reader's first."""
    written = {"zh": rule.sense_zh, "en": rule.sense}
    order = ("zh", "en") if is_chinese() else ("en", "zh")
    return tuple(_sense(lang, written[lang]) for lang in order if written[lang])


def _sense(lang: str, text: str) -> Sense:
    first, *rest = paragraphs(text)
    return Sense(lang, first.text, tuple(rest))


def case_name(case: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a case is called, in the reader's language where it was named in it, and the language."""
    if is_chinese() and case.get("case_zh"):
        return str(case["case_zh"]), "zh"
    return str(case.get("case", "")), "en"


@lru_cache(maxsize=1)
def shipped_rules() -> Mapping[str, tuple[Pack, Rule]]:
    """Return every rule that comes with duecourse with its pack, by id."""
    return {rule.id: (pack, rule) for pack in shipped_packs() for rule in pack.rules}


def said(texts: Bilingual) -> str:
    """Return a text in the reader's language."""
    return texts.zh if is_chinese() else texts.en


def rule_title(rule_id: str) -> str:
    """Return what a rule is called; one that this version does not know is called by its id."""
    found = shipped_rules().get(rule_id)
    return said(found[1].title) if found else rule_id


def rule_address(rule_id: str, *, as_of: str = "") -> str:
    """Return the page of a rule as of a day, '' where this version has none."""
    if rule_id not in shipped_rules():
        return ""
    address = reverse("rule", args=rule_id.split(".", 1))
    return f"{address}?as_of={as_of}" if as_of else address


def fact_title(name: str) -> str:
    """Return what a fact is called, as the packs declare it."""
    for pack in shipped_packs():
        if name in pack.vocabulary.facts:
            return said(pack.vocabulary.facts[name].title)
    return word(name)


def parameter_title(rule_id: str, name: str) -> str:
    """Return what a parameter of a rule is called."""
    found = shipped_rules().get(rule_id)
    titles = {parameter.name: parameter.title for parameter in found[1].parameters} if found else {}
    return said(titles[name]) if name in titles else word(name)


def noted(reference: Reference) -> str:
    """Return what is known of an article, in Chinese where that was written."""
    return (reference.note_zh if is_chinese() else "") or reference.note


_ARTICLE = re.compile(r"(?P<article>\d[\d.]*)(?:-(?P<inserted>\d))?(?: \((?P<item>\d)\))?")
_DIGITS = "零一二三四五六七八九"


def article_said(article: str, *, pack: Pack) -> str:
    """Return an article of a Chinese text as it is cited, 第68条 or article 68; of other texts as the pack writes it."""
    parts = [_ARTICLE.fullmatch(part.strip()) for part in article.split(",")]
    if pack.country != "CN" or not all(parts):
        return article
    if not is_chinese():
        clause = "." in article
        return article if clause else (_("articles %(numbers)s") if len(parts) > 1 else _("article %(numbers)s")) % {"numbers": article}
    return "、".join(
        f"第{part['article']}条"
        + (f"之{_DIGITS[int(part['inserted'])]}" if part["inserted"] else "")
        + (f"第（{_DIGITS[int(part['item'])]}）项" if part["item"] else "")
        for part in parts
        if part
    )


@lru_cache(maxsize=1)
def _shipped_texts() -> Mapping[str, tuple[Pack, Text]]:
    """Return every text that a shipped pack cites with its pack, by id."""
    return {text.id: (pack, text) for pack in shipped_packs() for text in pack.texts.values()}


@lru_cache(maxsize=1)
def _shipped_notes() -> Mapping[str, str]:
    """Return what is said in Chinese of an article, by what is said of it in English."""
    values = (value for pack in shipped_packs() for rule in pack.rules for one in rule.parameters for value in one.values)
    return {value.reference.note: value.reference.note_zh for value in values if value.reference.note_zh}


def cited_article(citation: Mapping[str, Any]) -> str:
    """Return the article of a citation in an answer as it is cited, the clause of a paper as it was written."""
    found = _shipped_texts().get(citation.get("text", ""))
    article = citation.get("article", "")
    return article_said(article, pack=found[0]) if found and article else article


def cited(citation: Mapping[str, Any]) -> str:
    """Return the text and the article of a citation in an answer, in the reader's language."""
    return " ".join(filter(None, (in_language(dict(citation)), cited_article(citation))))


def cited_note(citation: Mapping[str, Any]) -> str:
    """Return what is known of a citation's article, in Chinese where a shipped pack says it in Chinese."""
    note = str(citation.get("note", ""))
    return (_shipped_notes().get(note) if is_chinese() else "") or note


def text_title(text_id: str) -> str:
    """Return what a text is called; a paper, or a text that this version does not know, is called by its id."""
    found = _shipped_texts().get(text_id)
    return said(found[1].title) if found else text_id


def answered_fact(name: str, value: str) -> str:
    """Return a fact as it stands in an answer, in the form people read: yes, 7 days."""
    unit = next((pack.vocabulary.facts[name].unit for pack in shipped_packs() if name in pack.vocabulary.facts), None)
    return _answered(value, unit)


def answered_value(rule_id: str, name: str, value: str) -> str:
    """Return a parameter's value as it stands in an answer, in the form people read."""
    found = shipped_rules().get(rule_id)
    return _answered(value, next((one.unit for one in found[1].parameters if one.name == name), None) if found else None)


def _answered(value: str, unit: Unit | None) -> str:
    return shown_value(int(value), unit) if unit and str(value).isdecimal() else str(value)


def answers_said(rule: Rule, *, pack: Pack) -> list[tuple[str, str]]:
    """Return what an answer says in both languages, the reader's first, with the titles of facts and values in their places."""
    titles = {name: pack.vocabulary.facts[name].title for name in rule.facts_used} | {one.name: one.title for one in rule.parameters}
    titles["local_time"] = Bilingual(zh="当地时间", en="local time")

    def filled(lang: str) -> str:
        opening, closing = ("〔", "〕") if lang == "zh" else ("[", "]")
        return re.sub(r"{(\w+)}", lambda place: opening + getattr(titles[place[1]], lang) + closing, getattr(rule.explanation, lang))

    return [(lang, filled(lang)) for lang in (("zh", "en") if is_chinese() else ("en", "zh"))]


def shown_value(value: int, unit: Unit) -> str:
    """Return a value as a person reads it, with its unit where that is not clear: 08:00, 7 days, yes."""
    if unit is Unit.yes_no:
        return _("yes") if value else _("no")
    shown = unit.show(value)
    if unit is Unit.days:
        return _("%(number)s days") % {"number": shown} if value != 1 else _("1 day")
    if unit is Unit.months:
        return _("%(number)s months") % {"number": shown} if value != 1 else _("1 month")
    if unit is Unit.minutes:
        return _("%(number)s minutes") % {"number": shown} if value != 1 else _("1 minute")
    return _("%(number)s a day") % {"number": shown} if unit is Unit.count_per_local_day else shown


def stricter_said(parameter: Parameter) -> str:
    """Return which way a parameter's values are stricter."""
    if parameter.unit is not Unit.yes_no:
        return word(parameter.tighter)
    return _("yes is the stricter") if parameter.tighter is Tighter.if_higher else _("no is the stricter")


def paragraphs(sense: str) -> list[Block]:
    """Return the text's sense as paragraphs and lists."""
    found = []
    for part in re.split(r"\n\s*\n", sense.strip()):
        head, *items = re.split(r"^\s*- ", part, flags=re.MULTILINE)
        found.append(Block(_line(head), tuple(_line(item) for item in items)))
    return found


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("`", "").strip()


def facts_read(rule: Rule, *, pack: Pack) -> list[tuple[str, str]]:
    """Return the facts that a rule reads: what each is called, and where it comes from."""
    facts = [pack.vocabulary.facts[name] for name in rule.facts_used]
    return [(said(fact.title), word(f"source_{fact.source}")) for fact in facts]
