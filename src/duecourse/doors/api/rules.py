"""The rules as they bind on a day, to read: for diallers and audits that want to know beforehand what the gate will hold against them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from duecourse.contact.selectors.paper_layers import layers_on
from duecourse.doors.api.bearer import Token
from duecourse.doors.api.paging import PRINTED
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.parties.models import Creditor
from duecourse.rules.form import Bilingual, DatedValue, Overlay, Pack, Reference, Rule
from duecourse.rules.library import RuleOn, dated_values, rule_on
from duecourse.rules.load import shipped_packs
from duecourse.rules.resolve import Effective

router = Router(tags=["rules"])

RULE_ID = Path(..., max_length=200, pattern=PRINTED, description="pack.rule, such as cn.contact_hours")
AS_OF = Query(None, description="the day whose values are shown; today without it")


class InTwo(Schema):
    """One text in both languages."""

    zh: str
    en: str


class ReferenceOut(Schema):
    """Where a value stands: `article` is empty where it is not known, and `note` says so."""

    text: str
    layer: str
    article: str
    note: str
    zh: str
    en: str


class BindingOut(Schema):
    """The value of a parameter that binds on the day, and on what it rests; `value` is a whole number in `unit`."""

    parameter: str
    title: InTwo
    unit: str
    value: int
    shown: str
    rests_on: list[ReferenceOut]


class ValueOut(Schema):
    """One value in time, up to, not including, `until_on`; decisions use it while it `is_enabled`."""

    parameter: str
    value: int
    shown: str
    effective_on: date
    until_on: date | None
    confidence: str
    is_enabled: bool
    reference: ReferenceOut


class RuleOut(Schema):
    """A rule as it stands on the day; `state` says whether it binds, and else why not."""

    id: str
    pack: str
    code: str
    title: InTwo
    subject: str
    modality: str
    channels: list[str]
    state: str
    binding: list[BindingOut]


class RulePageOut(RuleOut):
    """One rule with the text's sense, what its refusals say, and all its values in time; `sense_zh` is empty where nobody wrote it."""

    sense: str
    sense_zh: str
    explanation: InTwo
    values: list[ValueOut]
    fingerprint: str


class RulesOut(Schema):
    """The rules in force for the creditor, as of a day."""

    as_of: date
    items: list[RuleOut]


@router.get("/rules", response=RulesOut, auth=Token("permits:read"), operation_id="rules_list")
def list_rules(
    request: HttpRequest, as_of: date | None = AS_OF, channel: Annotated[str | None, Field(max_length=20)] = None
) -> dict[str, Any]:
    """Return the rules of the creditor's packs with the values that bind on a day, perhaps only those that look at a channel."""
    creditor, on, papers = _ground(request.auth.actor, as_of)
    found = [_on(rule, pack, creditor, on, papers) for pack in _packs(creditor) for rule in pack.rules]
    return {"as_of": on, "items": [_rule(one) for one in found if not channel or channel in one.rule.channels]}


@router.get("/rules/{rule_id}", response=RulePageOut, auth=Token("permits:read"), operation_id="rule_get")
def get_rule(request: HttpRequest, rule_id: str = RULE_ID, as_of: date | None = AS_OF) -> dict[str, Any]:
    """Return one rule of the creditor's packs as of a day, with all its values in time."""
    creditor, on, papers = _ground(request.auth.actor, as_of)
    for pack in _packs(creditor):
        for rule in pack.rules:
            if rule.id == rule_id:
                return _rule(_on(rule, pack, creditor, on, papers)) | {
                    "sense": rule.sense.strip(),
                    "sense_zh": rule.sense_zh,
                    "explanation": _two(rule.explanation),
                    "values": [_value(parameter.name, value) for parameter, value in dated_values(rule)],
                    "fingerprint": pack.fingerprint,
                }
    raise Absent(entity="rule")


def _ground(actor: Actor, as_of: date | None) -> tuple[Creditor, date, tuple[Overlay, ...]]:
    """Return the creditor, the day, and the creditor's policies; an agency learns of papers by the answers it gets, and is shown the texts."""
    with acting(actor):
        creditor = creditor_of(actor)
        on = as_of or local_day(now(), creditor.zone)
        return creditor, on, () if actor.is_agency else layers_on(actor=actor, on=on)


def _packs(creditor: Creditor) -> list[Pack]:
    return [pack for pack in shipped_packs() if pack.id in creditor.packs]


def _on(rule: Rule, pack: Pack, creditor: Creditor, on: date, papers: tuple[Overlay, ...]) -> RuleOn:
    return rule_on(rule, pack=pack, as_of=on, overlays=papers, lender_class=creditor.lender_class)


def _rule(one: RuleOn) -> dict[str, Any]:
    rule = one.rule
    return {
        "id": rule.id,
        "pack": one.pack.id,
        "code": rule.code,
        "title": _two(rule.title),
        "subject": rule.subject,
        "modality": rule.modality.value,
        "channels": sorted(rule.channels),
        "state": one.state.value,
        "binding": [_binding(effective) for effective in one.effective],
    }


def _binding(effective: Effective) -> dict[str, Any]:
    parameter = effective.parameter
    return {
        "parameter": parameter.name,
        "title": _two(parameter.title),
        "unit": parameter.unit.value,
        "value": effective.value,
        "shown": parameter.unit.show(effective.value),
        "rests_on": [_reference(source.reference) for source in effective.sources],
    }


def _value(parameter: str, value: DatedValue) -> dict[str, Any]:
    return {
        "parameter": parameter,
        "value": value.value,
        "shown": value.unit.show(value.value),
        "effective_on": value.effective_on,
        "until_on": value.until_on,
        "confidence": value.confidence.value,
        "is_enabled": value.is_enabled,
        "reference": _reference(value.reference),
    }


def _reference(reference: Reference) -> dict[str, Any]:
    text = reference.text
    own = {"text": text.id, "layer": text.layer.value, "article": reference.article, "note": reference.note}
    return own | _two(text.title)


def _two(texts: Bilingual) -> dict[str, str]:
    return {"zh": texts.zh, "en": texts.en}
