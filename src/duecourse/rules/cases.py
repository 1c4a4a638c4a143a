"""Running the cases of a rule: what a lawyer wrote down, judged by the code.

A case names the facts in local time (of another subject than a contact: the day, `as_of`), perhaps values of a lower layer, and what
this rule shall find: `clear`, or the word of its modality (`refused`, `warned`, `presumed`, `harbour_lost`, `outside`); or the error that
the decision ends in. `check_case` says in words what came out otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from duecourse.kit.errors import DuecourseError
from duecourse.rules.decide import decide, judge
from duecourse.rules.facts import ContactFacts, zones_of
from duecourse.rules.form import OVERLAY_LAYERS, Layer, Modality, Overlay, Pack, Rule
from duecourse.rules.load import parse_overlay
from duecourse.rules.verdict import Judgement, Reason, Verdict
from duecourse.rules.vocabulary import CONTACT

_KEYS = {"case", "case_zh", "facts", "as_of", "finding", "code", "cites", "next_allowed_at", "error", *OVERLAY_LAYERS}
_CONTACT_KEYS = {"channel", "at", "zone", "performer_kind", "lender_class", "product_class"}
_FINDINGS = {modality.finding for modality in Modality}


def case_errors(pack: Pack) -> list[str]:
    """Return what is wrong with the cases of a pack, in words; empty when every case of every enabled rule comes out as written."""
    found = []
    for rule in pack.rules:
        if rule.is_enabled:
            found += [f"{rule.id}: {case.get('case')}: {fault}" for case in rule.cases for fault in check_case(case, rule=rule, pack=pack)]
            if not any(case.get("finding") in _FINDINGS for case in rule.cases):
                found.append(f"{rule.id}: no case in which it finds fault")
    return found


def check_case(case: Mapping[str, Any], *, rule: Rule, pack: Pack) -> list[str]:
    """Return how a case comes out otherwise than written; empty when it comes out as written."""
    unknown = [f"unknown key {key!r}" for key in case if key not in _KEYS]
    unknown += [f"unknown fact {key!r}" for key in case.get("facts", {}) if key not in _CONTACT_KEYS and key not in pack.vocabulary.facts]
    if unknown or ("finding" in case) == ("error" in case):
        return unknown or ["needs either a finding or an error"]
    try:
        verdict = _verdict(case, rule=rule, pack=pack)
    except DuecourseError as error:
        return [] if case.get("error") == error.code else [f"ended in {error.message()}"]
    return list(_differences(case, verdict=verdict, rule=rule))


def facts_of(case: Mapping[str, Any], *, pack: Pack) -> ContactFacts:
    """Return the facts of a case. Its `at` is a local time of its first zone; where the zone is null, of the pack's default zone."""
    written = dict(case["facts"])
    zone = next(iter(zones_of(written.get("zone"))), ZoneInfo(pack.zone_default))
    written["at"] = datetime.fromisoformat(written["at"]).replace(tzinfo=zone).astimezone(UTC)
    return ContactFacts(person_key=1, known=_known(written), **{key: written[key] for key in _CONTACT_KEYS & written.keys()})


def _verdict(case: Mapping[str, Any], *, rule: Rule, pack: Pack) -> Verdict | Judgement:
    layers = layers_of(case, pack=pack)
    if rule.subject == CONTACT:
        facts = facts_of(case, pack=pack)
        return decide(facts, packs=(pack,), as_of=case.get("as_of", facts.local_on), layers=layers)
    written = case["facts"]
    kinds = {key: written[key] for key in ("lender_class", "product_class") if key in written}
    return judge(rule.subject, _known(written), packs=(pack,), as_of=case["as_of"], layers=layers, **kinds)


def _known(written: Mapping[str, Any]) -> dict[str, int]:
    return {key: value for key, value in written.items() if key not in _CONTACT_KEYS}


def layers_of(case: Mapping[str, Any], *, pack: Pack) -> list[Overlay]:
    """Return the overlays of a case: each lower layer is written as a mapping of parameter ids to values that always held."""
    return [_overlay(layer, values=case[layer], pack=pack) for layer in OVERLAY_LAYERS if layer in case]


def _overlay(layer: Layer, *, values: Mapping[str, Any], pack: Pack) -> Overlay:
    units = {parameter.id: parameter.unit.value for rule in pack.rules for parameter in rule.parameters}
    ever = date(1949, 10, 1)
    dated = {
        key: {"unit": units.get(key), "values": [{"value": value, "effective_on": ever, "article": "", "confidence": "verbatim"}]}
        for key, value in values.items()
    }
    text = {"id": layer.value, "layer": layer.value, "title": {"zh": layer.value, "en": layer.value}}
    days = {"issued_on": ever, "effective_on": ever, "last_reviewed_on": ever}
    return parse_overlay({"text": text | days, "parameters": dated}, place="case")


def _differences(case: Mapping[str, Any], *, verdict: Verdict | Judgement, rule: Rule) -> Iterator[str]:
    if "error" in case:
        yield f"ended in no {case['error']}"
        return
    told = (*verdict.reasons, *verdict.warnings)
    found = [(reason.modality.finding, reason) for reason in told if reason.rule_id == rule.id]
    finding, reason = found[0] if found else ("clear", None)
    if finding != case["finding"]:
        yield f"was {finding}, not {case['finding']}"
    if reason is not None:
        yield from _reason_differences(case, reason=reason, rule=rule)
    if "next_allowed_at" in case and isinstance(verdict, Verdict):
        zone = next(iter(zones_of(verdict.facts.zone)), None)
        shown = verdict.next_allowed_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if verdict.next_allowed_at else None
        if shown != case["next_allowed_at"]:
            yield f"would next be allowed at {shown}, not {case['next_allowed_at']}"


def _reason_differences(case: Mapping[str, Any], *, reason: Reason, rule: Rule) -> Iterator[str]:
    if reason.code != case.get("code", rule.code):
        yield f"had the code {reason.code}"
    cited = sorted({reference.text.id for reference in reason.citations})
    if "cites" in case and cited != sorted(case["cites"]):
        yield f"cited {', '.join(cited)}"
