"""The gate's answers: refusals by rule and agency, permits with what came of them, and one answer with everything it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from duecourse.contact.models import Outcome
from duecourse.contact.selectors import ANSWERS_PAGE, Revocation, answer_page, permit_revocations, refusals_by_rule
from duecourse.contact.services import grounds
from duecourse.contact.services.grounds import ground_text
from duecourse.doors.console.rule_words import (
    answered_fact,
    answered_value,
    cited_article,
    cited_note,
    fact_title,
    parameter_title,
    rule_address,
    rule_title,
    said,
    text_title,
)
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.stories import citation_text, in_two, source_said
from duecourse.doors.console.tables import Column, Filter, Listing, Text, asked_of, listing_page
from duecourse.doors.words import in_language, word
from duecourse.parties.access import Actor, creditor_of
from duecourse.parties.models import Agency
from duecourse.portfolio.selectors import stop_reasons
from duecourse.rules.load import shipped_packs
from duecourse.rules.verdict import ZONE_UNKNOWN
from duecourse.rules.vocabulary import CONTACT

CHANNELS = ("call", "sms", "email", "letter", "visit")


def performers(actor: Actor) -> list[tuple[str, Text]]:
    """Return the performers of a creditor as choices."""
    rows = Agency.objects.filter(creditor_id=actor.creditor_id).order_by("code").values_list("id", "name")
    return [(str(number), name) for number, name in rows]


def rules(actor: Actor) -> list[tuple[str, Text]]:
    """Return every code that may stand in an answer to this creditor: rules of its packs about contacts, the platform's grounds, holds."""
    packs = creditor_of(actor).packs
    of_rules = [
        rule.code for pack in shipped_packs() if pack.id in packs for rule in pack.rules if rule.subject == CONTACT and rule.is_enabled
    ]
    of_platform = [ground.code for ground in vars(grounds).values() if isinstance(ground, grounds.Ground)]
    codes = dict.fromkeys([*of_rules, ZONE_UNKNOWN, *of_platform, *(f"hold_{kind}" for kind in stop_reasons())])
    return [(code, in_two(ground_text(code))) for code in codes]


def _channels(_actor: Actor) -> list[tuple[str, Text]]:
    return [(channel, word(channel)) for channel in CHANNELS]


def _outcomes(_actor: Actor) -> list[tuple[str, Text]]:
    return [(outcome, word(outcome)) for outcome in (*Outcome.values, "unreported")]


def _case(row: Mapping[str, Any]) -> str:
    return reverse("case", args=[row["case_id"]])


_FIRST = (
    Filter("performer", _("Performer"), choices=performers),
    Filter("channel", _("Channel"), choices=_channels),
    Filter("from_on", _("From"), kind="date"),
    Filter("until_on", _("Until"), kind="date"),
    Filter("asked_by", _("Asked by"), hint=_("Part of a name")),
    Filter("made_by", _("Made by"), hint=_("Part of a name")),
    Filter("case", _("Case"), kind="number"),
    Filter("debtor", _("Debtor of the case"), kind="number"),
    Filter("warned", _("With a warning"), choices=lambda _actor: [("yes", _("yes")), ("no", _("no"))]),
)
_WHO = (
    Column("performer", _("Performer")),
    Column("user_name", _("Asked by")),
    Column("made_by_name", _("Made by"), is_shown=False),
    Column("channel", _("Channel"), kind="word"),
    Column("contact_at", _("Contact at"), kind="instant", is_shown=False),
)
REFUSALS = Listing(
    name="refusals",
    title=_("Refusals"),
    query=ANSWERS_PAGE["refusal"],
    order="-decided",
    columns=(
        Column("decided_at", _("Decided"), kind="instant", order="decided", link=lambda row: reverse("refusal", args=[row["id"]])),
        Column("rule_text", _("Rule"), can_export=False),
        Column("rests_on", _("Rests on"), can_export=False),
        *_WHO,
        Column("next_allowed_at", _("Next allowed"), kind="instant"),
        Column("case_id", _("Case"), kind="code", link=_case),
        Column("code", _("Code"), kind="code", is_shown=False),
        Column("article", _("Article"), is_shown=False),
    ),
    filters=(
        _FIRST[0],
        Filter("rule", _("Rule"), choices=rules),
        *_FIRST[1:],
        Filter("again", _("Asked again while refused"), choices=lambda _actor: [("yes", _("yes")), ("no", _("no"))]),
    ),
)
PERMITS = Listing(
    name="permits",
    title=_("Permits"),
    query=ANSWERS_PAGE["permit"],
    order="-decided",
    columns=(
        Column("decided_at", _("Decided"), kind="instant", order="decided", link=lambda row: reverse("permit", args=[row["id"]])),
        *_WHO,
        Column("valid_until_at", _("Valid until"), kind="instant"),
        Column("outcome", _("Outcome"), kind="badge"),
        Column("talk_seconds", _("Seconds"), kind="count"),
        Column("warning_text", _("Warning"), can_export=False),
        Column("warning", _("Warning (code)"), kind="code", is_shown=False),
        Column("case_id", _("Case"), kind="code", link=_case),
    ),
    filters=(
        _FIRST[0],
        Filter("outcome", _("Outcome"), choices=_outcomes),
        *_FIRST[1:],
        Filter("rule", _("Warned by"), choices=rules),
        Filter("revoked_from", _("Contact on an ended permit, since"), kind="date"),
    ),
)


@require_safe
@creditor_only
def refusals(request: HttpRequest) -> HttpResponse:
    """List refusals, with their counts by rule and agency on top."""
    asked = asked_of(REFUSALS, request.GET.dict(), currency=request.creditor.currency)
    summary = None
    if not request.htmx or request.htmx.boosted:
        summary = _summary(refusals_by_rule(creditor_id=request.actor.creditor_id, filters=asked.filters, on=today(request)))
    response = listing_page(request, REFUSALS, template="console/refusals/list.html", extra={"summary": summary, "tab": "refusals"})
    for row in response.context_data["rows"]:
        row["rule_text"] = " ".join(in_two(ground_text(code)) for code in row["codes"])
        citation = row["citation"]
        row["rests_on"] = citation_text([citation] if citation else [], [] if citation else [row["article"]])
    return response


@require_safe
@creditor_only
def permits(request: HttpRequest) -> HttpResponse:
    """List permits with what came of them."""
    response = listing_page(request, PERMITS, template="console/refusals/list.html", extra={"tab": "permits"})
    for row in response.context_data["rows"]:
        row["warning_text"] = in_two(ground_text(row["warning"])) if row["warning"] else ""
    return response


@require_safe
@creditor_only
def refusal(request: HttpRequest, answer_id: int) -> HttpResponse:
    """Show one refusal with everything it rests on."""
    return _answer(request, "refusal", answer_id)


@require_safe
@creditor_only
def permit(request: HttpRequest, answer_id: int) -> HttpResponse:
    """Show one permit with everything it rests on."""
    return _answer(request, "permit", answer_id)


def _answer(request: HttpRequest, kind: str, answer_id: int) -> HttpResponse:
    row = answer_page(actor=request.actor, kind=kind, answer_id=answer_id)
    explanation = row["explanation"]
    as_of = explanation.get("as_of", "")
    reasons = [_reason(reason, as_of) for reason in explanation.get("reasons", [])]
    warnings = [_reason(reason, as_of) for reason in explanation.get("warnings", [])]
    found = {reason["rule"]: "refused" for reason in reasons} | {warning["rule"]: "warned" for warning in warnings}
    context = {
        "row": row,
        "reasons": reasons,
        "warnings": warnings,
        "grounds": [
            ground | {"text": in_language(ground), "source": source_said(ground["source"])} for ground in explanation.get("grounds", [])
        ],
        "checked": [_checked(rule, as_of, found=found.get(rule["rule"], "")) for rule in explanation.get("checked", [])],
        "assumed": [fact_title(name) for name in explanation.get("assumed", [])],
        "packs": [_pack(pack) for pack in explanation.get("packs", [])],
        "explanation": explanation,
        "ended": [(in_two(ground_text(one.code)), one.revoked_at) for one in _revocations(request, kind, answer_id)],
    }
    return TemplateResponse(request, "console/refusals/answer.html", context)


def _revocations(request: HttpRequest, kind: str, answer_id: int) -> list[Revocation]:
    return permit_revocations(creditor_id=request.actor.creditor_id, permit_id=answer_id) if kind == "permit" else []


def _reason(reason: dict[str, Any], as_of: str) -> dict[str, Any]:
    citations = [
        {"text": in_language(one), "article": cited_article(one), "layer": one["layer"], "note": cited_note(one)}
        for one in reason["citations"]
    ]
    return _rule(reason, as_of) | {"title": in_two(ground_text(reason["code"])), "text": in_language(reason), "citations": citations}


def _checked(rule: dict[str, Any], as_of: str, *, found: str) -> dict[str, Any]:
    """Return a rule that was checked with its values: of the new form the plain values, of the first form those with their texts."""
    return _rule(rule, as_of) | {"title": rule_title(rule["rule"]), "found": found}


def _rule(rule: dict[str, Any], as_of: str) -> dict[str, Any]:
    """Return what stands in an answer of one rule, facts and values called by their titles."""
    layered = [_layered(rule["rule"], one) for one in rule.get("parameters", [])]
    told = {one["name"] for one in layered}
    values = [(name, value) for name, value in rule.get("values", {}).items() if name not in told]
    plain = [(parameter_title(rule["rule"], name), answered_value(rule["rule"], name, value)) for name, value in values]
    facts = [(fact_title(name), answered_fact(name, value)) for name, value in rule.get("facts", {}).items()]
    return rule | {"address": rule_address(rule["rule"], as_of=as_of), "facts_told": facts, "plain": plain, "layered": layered}


def _layered(rule_id: str, one: dict[str, Any]) -> dict[str, Any]:
    """Return a value that papers have a say in, with the texts it stands on and those it overrules."""
    told = {
        name: [source | {"text": text_title(source["text"]), "article": cited_article(source)} for source in one[name]]
        for name in ("sources", "overruled")
    }
    return one | told | {"title": parameter_title(rule_id, one["name"]), "shown": answered_value(rule_id, one["name"], one["shown"])}


def _pack(pack: dict[str, Any]) -> dict[str, Any]:
    """Return a pack that was used, and whether it is the one that this version ships."""
    shipped = {one.id: one for one in shipped_packs()}
    own = shipped.get(pack["id"])
    return pack | {"title": said(own.title) if own else pack["id"], "is_same": own is not None and own.fingerprint == pack["fingerprint"]}


def _summary(found: dict[str, Any]) -> dict[str, Any]:
    """Return the counts gathered by rule, each with its performers, most frequent first."""
    gathered: dict[str, dict[str, Any]] = {}
    for row in found["rows"]:
        rule = gathered.setdefault(
            row["code"], {"code": row["code"], "text": in_two(ground_text(row["code"])), "count": 0, "performers": []}
        )
        rule["count"] += row["request_count"]
        rule["performers"].append(row)
    return found | {"rules": sorted(gathered.values(), key=lambda rule: (-rule["count"], rule["code"]))}


urlpatterns = [
    path("refusals/", refusals, name="refusals"),
    path("refusals/<int:answer_id>/", refusal, name="refusal"),
    path("permits/", permits, name="permits"),
    path("permits/<int:answer_id>/", permit, name="permit"),
]
