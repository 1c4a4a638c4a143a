"""A verdict: the answer, all its reasons, and the evidence that a permit stores.

The evidence is in two parts. What many contacts share, the rules and the values that bound, is a `RuleSet`, kept once under the hash of
its text; what is one contact's own, the facts and the findings, names it. `whole` joins them to the record that people are shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple

from duecourse.rules.facts import ContactFacts
from duecourse.rules.form import OVERLAY_LAYERS, Bilingual, Modality, Pack, Reference, Unit
from duecourse.rules.resolve import BoundRule, Effective, Standing, vocabulary_of
from duecourse.rules.vocabulary import CORE

RECORD_FORM = "duecourse verdict 2"
EVIDENCE_FORM = "duecourse verdict 3"
SET_FORM = "duecourse rule set 1"
ZONE_UNKNOWN = "zone_unknown"
_ZONE_UNKNOWN_TEXT = Bilingual(
    zh="债务人所在时区不明，无法确定当地时间；系统不作推测，不予联系。",
    en="The debtor's time zone is not known, so the local time cannot be told; nothing is guessed, and the contact is refused.",
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule's finding about one contact.

    Attributes:
        rule_id: `pack.rule`.
        code: stable name for machines; `zone_unknown` where the rule could not be judged.
        modality: what the breach means.
        citations: every paper that by itself forbids the contact, with the exceptions it stands on; highest layer first.
        facts: the facts used, as shown to a person.
        effective: the binding values with layer and source.
        explanation: in both languages, filled.
    """

    rule_id: str
    code: str
    modality: Modality
    citations: tuple[Reference, ...]
    facts: Mapping[str, str]
    effective: tuple[Effective, ...]
    explanation: Bilingual

    def to_record(self) -> dict[str, Any]:
        """Return the reason as JSON-able values."""
        return {
            "rule": self.rule_id,
            "code": self.code,
            "modality": self.modality.value,
            "citations": [_citation(reference) for reference in self.citations],
            "facts": dict(self.facts),
            "parameters": [_parameter(effective) for effective in self.effective],
            "zh": self.explanation.zh,
            "en": self.explanation.en,
        }


class Verdict(NamedTuple):
    """The answer to one request.

    Attributes:
        allowed: whether no `must_not` rule finds fault.
        reasons: every refusing finding, in order of pack and rule; empty when allowed.
        warnings: every finding of another modality.
        as_of: the day whose values were used.
        facts: the contact.
        next_allowed_at: aware UTC, whole minute: for a refusal the first later minute at which every rule would allow, as far as
            is known now; None when allowed, or when there is none within `decide.HORIZON_DAYS`.
        packs: the packs used.
        checked: all rules that bound and look at the channel, with their values.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    as_of: date
    facts: ContactFacts
    next_allowed_at: datetime | None
    packs: tuple[Pack, ...]
    checked: tuple[BoundRule, ...]

    @property
    def rule_set(self) -> RuleSet:
        """The part of the evidence that other contacts share."""
        return _rule_set(self.packs, self.checked)

    def to_evidence(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values, for keeping; `rule_set` is kept beside it, once.

        Where a rule found fault the values stand with their texts. `assumed` names the facts that nobody gave.

        Guarantees:
            No personal data: the person's key is left out, and of an agreement only its id, title, article and values are told, which
            hold none if whoever wrote the overlay put none there. Equal verdicts give equal records, byte for byte after `json.dumps(..., sort_keys=True)`.
        """
        facts, shared = self.facts, self.rule_set
        seen = facts.seen(vocabulary_of(self.packs))
        return {
            "form": EVIDENCE_FORM,
            "allowed": self.allowed,
            "as_of": self.as_of.isoformat(),
            "at": _instant(facts.at),
            "zone": facts.zone if facts.is_zone_known else None,
            "channel": facts.channel,
            "performer_kind": facts.performer_kind,
            "lender_class": facts.lender_class,
            "product_class": facts.product_class,
            "next_allowed_at": _instant(self.next_allowed_at) if self.next_allowed_at else None,
            "reasons": [reason.to_record() for reason in self.reasons],
            "warnings": [reason.to_record() for reason in self.warnings],
            "facts": {name: unit.show(getattr(seen, name)) for name, unit in shared.units.items()},
            "assumed": [name for name in shared.assumable if name not in facts.known],
            "rule_set": shared.hash,
        }

    def to_record(self) -> dict[str, Any]:
        """Return the verdict as JSON-able values, for showing: the evidence joined with its rule set."""
        return whole(self.to_evidence(), self.rule_set.record)


class RuleSet(NamedTuple):
    """The rules that a contact was held against.

    Attributes:
        hash: SHA-256 of `text`, in hexadecimal digits.
        text: `record` as canonical JSON.
        record: the packs with their fingerprints, and per rule its modality, the facts it reads, whether it needs the local time, and the
            values that bound, with their texts where a paper of a lower layer speaks; those of the law follow from the day and the packs.
        units: of every fact that is read.
        assumable: the sorted names of those facts that somebody gives.
    """

    hash: str
    text: str
    record: dict[str, Any]
    units: Mapping[str, Unit]
    assumable: tuple[str, ...]


@lru_cache(maxsize=4096)
def _rule_set(packs: tuple[Pack, ...], checked: tuple[BoundRule, ...]) -> RuleSet:
    units = {name: unit for bound in checked for name, unit in bound.rule.facts_used.items()}
    record = {
        "form": SET_FORM,
        "packs": [{"id": pack.id, "fingerprint": pack.fingerprint} for pack in packs],
        "rules": [{**_bound(bound), "facts": list(bound.rule.facts_used), "is_local": bound.rule.is_local} for bound in checked],
    }
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return RuleSet(hashlib.sha256(text.encode()).hexdigest(), text, record, units, tuple(sorted(units.keys() - set(CORE))))


def whole(evidence: Mapping[str, Any], rule_set: Mapping[str, Any]) -> dict[str, Any]:
    """Return evidence joined with its rule set: `packs`, and `checked` with the facts and values of each rule.

    Args:
        evidence: of `Verdict.to_evidence`, with whatever was added to it.
        rule_set: `RuleSet.record` of the hash that it names.
    """
    told, is_lost = evidence["facts"], evidence["zone"] is None
    checked = []
    for rule in rule_set["rules"]:
        facts = {} if is_lost and rule["is_local"] else {name: told[name] for name in rule["facts"]}
        one = {"rule": rule["rule"], "modality": rule["modality"], "facts": facts, "values": rule["values"]}
        checked.append(one | {"parameters": rule["parameters"]} if "parameters" in rule else one)
    own = {name: value for name, value in evidence.items() if name not in ("facts", "rule_set")}
    return own | {"form": RECORD_FORM, "packs": rule_set["packs"], "checked": checked}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules about a subject other than a contact say.

    Attributes:
        allowed: whether no `must_not` rule finds fault.
        reasons: every refusing finding, in order of pack and rule.
        warnings: every finding of another modality, what falls outside a definition included.
        as_of: the day whose values were used.
        subject: what was judged.
        known: the facts given.
        packs: the packs used.
        checked: all rules that bound, with their values.
    """

    allowed: bool
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    as_of: date
    subject: str
    known: Mapping[str, int]
    packs: tuple[Pack, ...]
    checked: tuple[BoundRule, ...]

    def finds(self, rule_id: str) -> bool:
        """Whether this rule finds fault."""
        return any(reason.rule_id == rule_id for reason in (*self.reasons, *self.warnings))

    def to_record(self) -> dict[str, Any]:
        """Return the judgement as JSON-able values."""
        seen = vocabulary_of(self.packs).see(self.known)
        return {
            "form": RECORD_FORM,
            "subject": self.subject,
            "allowed": self.allowed,
            "as_of": self.as_of.isoformat(),
            "packs": [{"id": pack.id, "fingerprint": pack.fingerprint} for pack in self.packs],
            "reasons": [reason.to_record() for reason in self.reasons],
            "warnings": [reason.to_record() for reason in self.warnings],
            "checked": [_checked(bound, seen) for bound in self.checked],
        }


def reason_of(bound: BoundRule, seen: Any, *, is_lost: bool) -> Reason:
    """Return what a rule that finds fault has to say.

    Args:
        bound: the rule with its values.
        seen: what bodies read.
        is_lost: whether it could not be judged because the zone is not known.
    """
    rule = bound.rule
    shown = {} if is_lost else _facts_used(bound, seen)
    places = {**shown, **{one.parameter.name: one.parameter.unit.show(one.value) for one in bound.effective}}
    if rule.is_local and not is_lost:
        edges = dict.fromkeys(Unit.minute_of_day.show(minute) for minute in (seen.local_minute_least, seen.local_minute_most))
        places["local_time"] = " / ".join(edges)
    filled = _ZONE_UNKNOWN_TEXT if is_lost else Bilingual(*(template.format_map(places) for template in rule.explanation))
    return Reason(
        rule_id=rule.id,
        code=ZONE_UNKNOWN if is_lost else rule.code,
        modality=rule.modality,
        citations=_citations(bound, seen, is_lost=is_lost),
        facts=shown,
        effective=bound.effective,
        explanation=filled,
    )


def _facts_used(bound: BoundRule, seen: Any) -> dict[str, str]:
    return {name: unit.show(getattr(seen, name)) for name, unit in bound.rule.facts_used.items()}


def _citations(bound: BoundRule, seen: Any, *, is_lost: bool) -> tuple[Reference, ...]:
    """Return every paper that by itself forbids this contact, and the exceptions it stands on.

    A parameter is decisive if its loosest value would clear the contact. Of a decisive parameter each standing value is tried alone:
    at 21:00 a policy that ends the day at 21:00 is cited and the law, which ends it at 22:00, is not; at 22:30 both are.
    """
    decisive = [one for one in bound.effective if not is_lost and not _is_breached(bound, seen, effective=one, value=one.parameter.loosest)]
    found: dict[Reference, None] = {}
    for one in decisive or bound.effective:
        for standing in one.standing:
            if is_lost or _is_breached(bound, seen, effective=one, value=standing.dated.value):
                found |= dict.fromkeys((standing.reference, *(exception.reference for exception in standing.exceptions)))
    return tuple(sorted(found, key=lambda reference: reference.text.layer.rank))


def _is_breached(bound: BoundRule, seen: Any, *, effective: Effective, value: int) -> bool:
    tried = SimpleNamespace(**{**vars(bound.values), effective.parameter.name: value})
    return bool(bound.rule.is_breached(seen, tried))


def _citation(reference: Reference) -> dict[str, Any]:
    return {
        "text": reference.text.id,
        "layer": reference.text.layer.value,
        "article": reference.article,
        "note": reference.note,
        "zh": reference.text.title.zh,
        "en": reference.text.title.en,
    }


def _parameter(effective: Effective) -> dict[str, Any]:
    return {
        "name": effective.parameter.name,
        "value": effective.value,
        "unit": effective.parameter.unit.value,
        "shown": effective.parameter.unit.show(effective.value),
        "layer": effective.sources[0].reference.text.layer.value,
        "sources": [_standing(source) for source in effective.sources],
        "overruled": [_standing(source) for source in effective.overruled],
    }


def _standing(source: Standing) -> dict[str, Any]:
    return {
        "value": source.dated.value,
        "text": source.reference.text.id,
        "layer": source.reference.text.layer.value,
        "article": source.reference.article,
        "effective_on": source.dated.effective_on.isoformat(),
        "confidence": source.dated.confidence.value,
        "exceptions": [exception.id for exception in source.exceptions],
    }


def _checked(bound: BoundRule, seen: Any) -> dict[str, Any]:
    return {**_bound(bound), "facts": _facts_used(bound, seen)}


def _bound(bound: BoundRule) -> dict[str, Any]:
    layered = [one for one in bound.effective if any(source.reference.text.layer in OVERLAY_LAYERS for source in one.standing)]
    return {
        "rule": bound.rule.id,
        "modality": bound.rule.modality.value,
        "values": {one.parameter.name: one.parameter.unit.show(one.value) for one in bound.effective},
        **({"parameters": [_parameter(one) for one in layered]} if layered else {}),
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
