"""From layers of dated values to the one value that binds a contact on a day.

Per parameter: each text in force gives its value, or, where that text names an exception for a lower layer and the lower layer has
a value, that value in its place. All other values of lower layers then count too, and the strictest of everything binds. So a
lower layer can only tighten, save where a text itself gives way, and then only that text gives way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from duecourse.rules.body import fused
from duecourse.rules.errors import NoValueInForce, RuleConflict, UnknownParameter
from duecourse.rules.form import DatedValue, Exception_, Overlay, Pack, Parameter, Reference, Rule
from duecourse.rules.vocabulary import CONTACT, Vocabulary, joined


class Scope(NamedTuple):
    """What decides which values bind, besides the day. Hashable: packs and overlays by identity.

    Attributes:
        packs: the packs that apply.
        overlays: policies, contracts and agreements, in any order.
        lender_class: '' when unknown.
        product_class: '' when unknown.
    """

    packs: tuple[Pack, ...]
    overlays: tuple[Overlay, ...]
    lender_class: str
    product_class: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A dated value that stands on the day, and the exceptions by which it replaces texts' values, if it does."""

    dated: DatedValue
    exceptions: tuple[Exception_, ...] = ()

    @property
    def reference(self) -> Reference:
        """Where the value is written."""
        return self.dated.reference


@dataclass(frozen=True, slots=True)
class Effective:
    """The value that binds.

    Attributes:
        parameter: whose value.
        value: whole number in the parameter's unit.
        sources: the standing values equal to it, highest layer first; at least one.
        overruled: the looser ones, highest layer first.
    """

    parameter: Parameter
    value: int
    sources: tuple[Standing, ...]
    overruled: tuple[Standing, ...]

    @property
    def standing(self) -> tuple[Standing, ...]:
        """All values that stand on the day."""
        return self.sources + self.overruled


@dataclass(frozen=True, eq=False, slots=True)
class BoundRule:
    """A rule with the values of one day and scope.

    Attributes:
        rule: the rule.
        values: the effective values as attributes, for the body.
        effective: the same with their sources.
    """

    rule: Rule
    values: SimpleNamespace
    effective: tuple[Effective, ...]

    def finds(self, seen: Any) -> bool:
        """Whether the body finds fault with what is seen."""
        return bool(self.rule.is_breached(seen, self.values))


@lru_cache(maxsize=256)
def vocabulary_of(packs: tuple[Pack, ...]) -> Vocabulary:
    """Return the facts that these packs declare together.

    Raises:
        VocabularyConflict: two of them declare one name differently.
    """
    return joined(pack.vocabulary for pack in packs)


@lru_cache(maxsize=4096)
def bind(scope: Scope, as_of: date, subject: str = CONTACT) -> tuple[BoundRule, ...]:
    """Return the enabled rules about a subject that bind in this scope, each with its effective values of the day.

    A rule none of whose texts binds this lender and product is left out, and so is one that began with its text on a day on which a
    parameter has no value yet, or no longer.

    Raises:
        NoValueInForce: a rule that binds has a parameter without a value on the day.
        RuleConflict: two exceptions apply and disagree.
        UnknownParameter: an overlay sets what no pack has.
    """
    _refuse_unknown(scope)
    bound = []
    for rule in (rule for pack in scope.packs for rule in pack.rules if rule.is_enabled and rule.subject == subject):
        if not all(any(True for _ in _binding(parameter, scope)) for parameter in rule.parameters):
            continue
        if rule.begins_with_text and not all(any(v.holds(as_of) for v in _binding(parameter, scope)) for parameter in rule.parameters):
            continue
        effective = tuple(_effective(rule, parameter, scope=scope, as_of=as_of) for parameter in rule.parameters)
        values = SimpleNamespace(**{found.parameter.name: found.value for found in effective})
        bound.append(BoundRule(rule, values, effective))
    return tuple(bound)


@dataclass(frozen=True, eq=False, slots=True)
class Gate:
    """All that decides contacts of one channel in one scope on one day.

    Attributes:
        checked: the rules that bind and look at the channel.
        finds_any: a function of what is seen, true where any of them finds fault; for a contact whose zone is known.
        vocabulary: the facts that the packs declare.
    """

    checked: tuple[BoundRule, ...]
    finds_any: Callable[[Any], Any]
    vocabulary: Vocabulary


@lru_cache(maxsize=4096)
def gate_of(scope: Scope, as_of: date, channel: str) -> Gate:
    """Return the gate of a scope, a day and a channel.

    Raises:
        NoValueInForce, RuleConflict, UnknownParameter: as `bind`.
        VocabularyConflict: as `vocabulary_of`.
    """
    checked = tuple(bound for bound in bind(scope, as_of) if channel in bound.rule.channels)
    return Gate(checked, fused([(bound.rule.source, vars(bound.values)) for bound in checked]), vocabulary_of(scope.packs))


def change_days(scope: Scope) -> list[int]:
    """Return the sorted ordinals of the days on which any value of the scope begins or ends: between two of them nothing changes."""
    dated = [v for pack in scope.packs for rule in pack.rules for p in rule.parameters for v in p.values]
    dated += [v for overlay in scope.overlays for values in overlay.values.values() for v in values]
    return sorted({day.toordinal() for v in dated for day in (v.effective_on, v.until_on) if day is not None})


def _binding(parameter: Parameter, scope: Scope) -> Iterator[DatedValue]:
    for value in parameter.values:
        if value.is_enabled and value.reference.text.binds(lender_class=scope.lender_class, product_class=scope.product_class):
            yield value


def _effective(rule: Rule, parameter: Parameter, *, scope: Scope, as_of: date) -> Effective:
    texts = [value for value in _binding(parameter, scope) if value.holds(as_of)]
    if not texts:
        first_on = min(value.effective_on for value in _binding(parameter, scope))
        raise NoValueInForce(rule=rule.id, parameter=parameter.name, as_of=as_of, first_on=first_on)
    lower = [value for overlay in scope.overlays for value in _standing_in(overlay, parameter, scope=scope, as_of=as_of)]
    given = [_replaced(value, rule=rule, parameter=parameter, lower=lower, as_of=as_of) for value in texts]
    standing = _merged([*given, *(Standing(value) for value in lower)])
    binding = parameter.tighter.strictest(one.dated.value for one in standing)
    return Effective(
        parameter,
        binding,
        sources=tuple(one for one in standing if one.dated.value == binding),
        overruled=tuple(one for one in standing if one.dated.value != binding),
    )


def _merged(given: list[Standing]) -> list[Standing]:
    merged: dict[int, Standing] = {}
    for one in given:
        before = merged.get(id(one.dated), one)
        merged[id(one.dated)] = Standing(one.dated, tuple(dict.fromkeys(before.exceptions + one.exceptions)))
    return sorted(merged.values(), key=lambda one: (one.reference.text.layer.rank, one.reference.text.effective_on, one.reference.text.id))


def _standing_in(overlay: Overlay, parameter: Parameter, *, scope: Scope, as_of: date) -> list[DatedValue]:
    if not overlay.text.binds(lender_class=scope.lender_class, product_class=scope.product_class):
        return []
    return [value for value in overlay.values.get(parameter.id, ()) if value.holds(as_of)]


def _replaced(value: DatedValue, *, rule: Rule, parameter: Parameter, lower: list[DatedValue], as_of: date) -> Standing:
    applying = [
        Standing(other, (exception,))
        for exception in rule.exceptions
        if exception.reference.text is value.reference.text and parameter.name in exception.parameters
        for other in lower
        if other.reference.text.layer is exception.layer
    ]
    for rival in applying[1:]:
        if rival.dated.value != applying[0].dated.value:
            citations = [_cited(one) for one in (applying[0], rival)]
            raise RuleConflict(
                rule=rule.id, parameter=parameter.name, as_of=as_of, first=citations[0], second=citations[1], citations=citations
            )
    return applying[0] if applying else Standing(value)


def _cited(one: Standing) -> str:
    shown = one.dated.unit.show(one.dated.value)
    granted = one.exceptions[0].reference
    papers = (f"{reference.text.id} {reference.article}".strip() for reference in (one.reference, granted))
    return f"{shown} by {' under '.join(papers)}"


def _refuse_unknown(scope: Scope) -> None:
    known = {parameter.id: parameter.unit for pack in scope.packs for rule in pack.rules for parameter in rule.parameters}
    for overlay in scope.overlays:
        for parameter_id, values in overlay.values.items():
            if parameter_id not in known:
                raise UnknownParameter(text=overlay.text.id, parameter=parameter_id)
            if any(value.unit is not known[parameter_id] for value in values):
                raise UnknownParameter(text=overlay.text.id, parameter=f"{parameter_id} in {values[0].unit}")
