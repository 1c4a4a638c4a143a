"""Looking things up in the rules: what a rule says on any day, which of them speak of something, and whether their cases come out.

Readers only: nothing here decides. `rule_on` tells what `resolve.bind` would bind, and where it would bind nothing, why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from duecourse.kit.errors import DuecourseError
from duecourse.rules.cases import check_case
from duecourse.rules.errors import NoValueInForce, RuleConflict
from duecourse.rules.form import DatedValue, Overlay, Pack, Parameter, Rule, Text
from duecourse.rules.resolve import Effective, Scope, bind


class RuleState(StrEnum):
    """How a rule stands on a day."""

    binds = "binds"
    not_yet = "not_yet"
    """There is no such rule on this day: its text has not begun, or has ended."""
    not_binding = "not_binding"
    """None of its texts binds this class of lender or product."""
    unknown = "unknown"
    """It has no value on this day, so nothing is decided by it or around it."""
    conflict = "conflict"
    """Two exceptions disagree."""
    disabled = "disabled"
    """A parameter has no value that is known well enough."""


@dataclass(frozen=True, slots=True)
class RuleOn:
    """A rule on a day.

    Attributes:
        pack: where it stands.
        rule: the rule.
        state: how it stands.
        effective: the values that bind with their sources, in the order of its parameters; empty unless it binds.
        error: why nothing binds, where that is an error.
    """

    pack: Pack
    rule: Rule
    state: RuleState
    effective: tuple[Effective, ...] = ()
    error: DuecourseError | None = None


@dataclass(frozen=True, slots=True)
class CaseRun:
    """One case of a rule as it came out.

    Attributes:
        case: as it is written.
        faults: how it comes out otherwise than written, in words; empty when it comes out.
    """

    case: Mapping[str, Any]
    faults: tuple[str, ...]


def rule_on(
    rule: Rule, *, pack: Pack, as_of: date, overlays: Sequence[Overlay] = (), lender_class: str = "", product_class: str = ""
) -> RuleOn:
    """Return what a rule says on a day, for a lender with its papers of lower layers.

    Args:
        rule: a rule of `pack`.
        pack: its pack.
        as_of: the day, which may lie in the past or ahead.
        overlays: papers; what they say of other rules is passed over.
        lender_class: '' when unknown (then every text binds).
        product_class: '' when unknown (then every text binds).
    """
    if not rule.is_enabled:
        return RuleOn(pack, rule, RuleState.disabled)
    speaking = tuple(found for overlay in overlays if (found := _speaking(overlay, rule)) is not None)
    scope = Scope((_alone(rule, pack),), speaking, lender_class, product_class)
    try:
        bound = bind.__wrapped__(scope, as_of, rule.subject)
    except NoValueInForce as error:
        return RuleOn(pack, rule, RuleState.unknown, error=error)
    except RuleConflict as error:
        return RuleOn(pack, rule, RuleState.conflict, error=error)
    if bound:
        return RuleOn(pack, rule, RuleState.binds, effective=bound[0].effective)
    is_bound = all(any(_binds(value.reference.text, scope) for value in p.values if value.is_enabled) for p in rule.parameters)
    return RuleOn(pack, rule, RuleState.not_yet if is_bound else RuleState.not_binding)


def texts_of(rule: Rule) -> tuple[Text, ...]:
    """Return the texts that a rule's values rest on, in the order of their layers and days."""
    found = dict.fromkeys(value.reference.text for parameter in rule.parameters for value in parameter.values)
    return tuple(sorted(found, key=lambda text: (text.layer.rank, text.effective_on, text.id)))


def dated_values(rule: Rule) -> Iterator[tuple[Parameter, DatedValue]]:
    """Yield the values of a rule in the order of its parameters and of time."""
    for parameter in rule.parameters:
        for value in sorted(parameter.values, key=lambda one: (one.effective_on, one.reference.text.layer.rank, one.reference.text.id)):
            yield parameter, value


def speaks_of(rule: Rule, words: str) -> bool:
    """Whether a rule speaks of all of these words: in its titles, its sense, its texts, their articles, or the names of its parameters."""
    spoken = _spoken(rule)
    return all(word in spoken for word in words.casefold().split())


def run_cases(rule: Rule, *, pack: Pack) -> tuple[CaseRun, ...]:
    """Run the cases of an enabled rule and say how each comes out; of a disabled rule none is run."""
    return tuple(CaseRun(case, tuple(check_case(case, rule=rule, pack=pack))) for case in rule.cases) if rule.is_enabled else ()


def body_of(rule: Rule) -> str:
    """Return the code of a rule without the text's sense above it."""
    return rule.source[rule.source.index("def is_breached") :].strip()


@lru_cache(maxsize=2048)
def _alone(rule: Rule, pack: Pack) -> Pack:
    return replace(pack, rules=(rule,))


@lru_cache(maxsize=4096)
def _speaking(overlay: Overlay, rule: Rule) -> Overlay | None:
    own = {parameter.id for parameter in rule.parameters} & overlay.values.keys()
    return Overlay(overlay.text, {name: overlay.values[name] for name in sorted(own)}) if own else None


@lru_cache(maxsize=2048)
def _spoken(rule: Rule) -> str:
    parts = [rule.id, rule.code, rule.sense, rule.sense_zh, *rule.title, *rule.explanation]
    for parameter, value in dated_values(rule):
        parts += [parameter.id, *parameter.title, value.reference.article, value.reference.note, value.reference.note_zh]
        parts += [value.reference.text.id, *value.reference.text.title]
    return "\n".join(dict.fromkeys(parts)).casefold()


def _binds(text: Text, scope: Scope) -> bool:
    return text.binds(lender_class=scope.lender_class, product_class=scope.product_class)
