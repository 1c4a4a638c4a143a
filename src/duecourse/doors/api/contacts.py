"""Permits and what came of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from duecourse.contact.models import Attempt
from duecourse.contact.selectors.owed import permit_found
from duecourse.contact.selectors.revocations import Revocation, permit_revocations
from duecourse.contact.selectors.rule_sets import whole_evidence
from duecourse.contact.services import attempt_report, ground_text, permit_request, permit_try
from duecourse.doors.api.bearer import Token, performed
from duecourse.doors.api.exact import text_of
from duecourse.doors.api.paging import PRINTED, Number
from duecourse.doors.api.problems import KeyMissing, KeysDiffer
from duecourse.doors.api.schemas import AttemptOut, DecisionOut, OutcomeIn, PermitIn, PermitOut
from duecourse.kit.errors import Absent
from duecourse.parties.access import acting

router = Router(tags=["contacts"])

KEY = Header(
    None, alias="Idempotency-Key", min_length=1, max_length=200, pattern=PRINTED, description="the caller's own number of the request"
)
_PERMIT = (
    *("id", "case_id", "performer_id", "placement_id", "client_request_id", "made_by", "channel"),
    *("contact_at", "decided_at", "valid_until_at"),
)
_ATTEMPT = ("outcome", "is_connected", "started_at", "talk_seconds", "reported_at")


@router.post("/permits", response=DecisionOut, auth=Token("permits:write"), operation_id="permit_request")
def request_permit(request: HttpRequest, body: PermitIn, idempotency_key: str | None = KEY) -> HttpResponse:
    """Ask whether a debtor may be contacted now; a permit holds one of the day's slots. A refusal is an answer, not an error.

    The same key with the same body gives the same answer again, with another body 409; a permit that has been ended since is told as `revoked`. A test token gets the decision of this moment and
    nothing is recorded.
    """
    if idempotency_key and body.client_request_id and idempotency_key != body.client_request_id:
        raise KeysDiffer
    key = idempotency_key or body.client_request_id
    if not key:
        raise KeyMissing
    ask = permit_try if request.auth.is_test else permit_request
    answer = ask(actor=request.auth.actor, **body.dict() | {"client_request_id": key})
    told = {
        "decision": "revoked" if answer.revocations else answer.kind,
        "id": answer.id or None,
        "valid_until_at": answer.valid_until_at,
        "next_allowed_at": answer.next_allowed_at,
        "reasons": [
            *map(_reason, answer.explanation.get("reasons", [])),
            *map(_ground, answer.explanation.get("grounds", [])),
            *(_ground(_revocation(one)) for one in answer.revocations),
        ],
        "warnings": [_reason(warning) for warning in answer.explanation.get("warnings", [])],
        "explanation": answer.explanation,
        "is_test": request.auth.is_test,
    }
    return HttpResponse(text_of(told), content_type="application/json")


@router.get("/permits/{permit_id}", response=PermitOut, auth=Token("permits:read"), operation_id="permit_get")
def get_permit(request: HttpRequest, permit_id: Number) -> dict[str, Any]:
    """Return one permit, looked at again; an agency sees its own.

    A stop, a hold, a recall and what else would refuse the contact now have ended it, whenever it was asked for: look before the contact is
    made. Of a permit whose outcome is reported it says how it stood when the contact was begun.
    """
    with acting(request.auth.actor) as actor:
        permit = permit_found(creditor_id=actor.creditor_id, pk=permit_id)
        if permit is None:
            raise Absent(entity="permit")
        attempt = (
            Attempt.objects.filter(creditor_id=actor.creditor_id, permit_id=permit_id, local_on=permit.local_on).values(*_ATTEMPT).first()
        )
        ended = permit_revocations(creditor_id=actor.creditor_id, permit_id=permit_id)
        (explanation,) = whole_evidence(actor=actor, evidences=[permit.explanation])
    told = {"explanation": explanation, "is_revoked": bool(ended), "revocations": [_revocation(one) for one in ended], "attempt": attempt}
    return {name: getattr(permit, name) for name in _PERMIT} | told


@router.post("/permits/{permit_id}/outcome", response=AttemptOut, auth=Token("permits:write"), operation_id="attempt_report")
def report_attempt(request: HttpRequest, permit_id: Number, body: OutcomeIn) -> dict[str, Any]:
    """Report what came of a permit, once; the same report again changes nothing, another one is a conflict."""
    attempt = performed(request, lambda bearer: attempt_report(actor=bearer.actor, permit_id=permit_id, **body.dict()))
    return {name: getattr(attempt, name) for name in _ATTEMPT}


def _reason(reason: dict[str, Any]) -> dict[str, Any]:
    citations = [{name: citation.get(name, "") for name in ("text", "layer", "article", "zh", "en")} for citation in reason["citations"]]
    return {name: reason[name] for name in ("code", "rule", "modality", "zh", "en")} | {"citations": citations}


def _revocation(ended: Revocation) -> dict[str, Any]:
    en, zh = ground_text(ended.code)
    return {"code": ended.code, "en": en, "zh": zh, "revoked_at": ended.revoked_at}


def _ground(ground: dict[str, Any]) -> dict[str, Any]:
    """Return a ground of the platform as a reason; it rests on a record, which is told as its text."""
    source = str(ground.get("source", ""))
    citation = {"text": source, "layer": "platform", "article": "", "zh": source, "en": source}
    named = {"code": ground["code"], "rule": None, "modality": "must_not", "zh": ground["zh"], "en": ground["en"]}
    return named | {"citations": [citation] if source else []}
