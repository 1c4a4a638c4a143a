"""What rules, facts and parameters are called: their titles as the packs give them, in the language of the reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.urls import reverse
from django.utils.translation import gettext as _

from duecourse.doors.words import is_chinese, word
from duecourse.rules.form import Bilingual, Pack, Rule, Unit
from duecourse.rules.load import shipped_packs


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or list of a text's sense."""

    text: str
    items: tuple[str, ...] = ()


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


def paragraphs(sense: str) -> list[Block]:
    """Return the text's sense as paragraphs and lists."""
    found = []
    for part in re.split(r"\n\s*\n", sense.strip()):
        head, *items = re.split(r"^\s*- ", part, flags=re.MULTILINE)
        found.append(Block(_line(head), tuple(_line(item) for item in items)))
    return found


def _line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def facts_read(rule: Rule, *, pack: Pack) -> list[tuple[str, str]]:
    """Return the facts that a rule reads: what each is called, and where it comes from."""
    facts = [pack.vocabulary.facts[name] for name in rule.facts_used]
    return [(said(fact.title), word(f"source_{fact.source}")) for fact in facts]
