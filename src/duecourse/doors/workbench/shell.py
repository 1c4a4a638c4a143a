"""What the pages of the workbench share: who may see them, and words for their codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duecourse.kit.errors import Absent
from duecourse.parties.models import Role

View = Callable[..., HttpResponse]

OUTCOMES: dict[str, Promise] = {
    "no_answer": _("No answer"),
    "promise": _("Promised to pay"),
    "connected": _("Talked, nothing agreed"),
    "refused_to_pay": _("Refuses to pay"),
    "disputed": _("Disputes the debt"),
    "wrong_party": _("Somebody else answered"),
    "busy": _("Busy"),
    "unreachable": _("Unreachable, switched off"),
    "not_made": _("No call was made"),
}
"""In the order in which thumbs look for them."""
NOTES: dict[str, Promise] = {
    "number_wrong": _("Wrong number: nobody shall call it again"),
    "no_calls_at_work": _("Wants no calls at work"),
    "call_back_asked": _("Asked to be called back"),
    "wants_plan": _("Wants to pay in instalments"),
    "wants_bill": _("Wants to see the bill"),
    "says_paid": _("Says it is paid"),
    "in_hardship": _("In hardship"),
    "other_answered": _("Somebody else answered"),
    "hung_up": _("Hung up"),
}
COMPLAINTS: dict[str, Promise] = {
    "frequency": _("Too many calls"),
    "hours": _("Calls at the wrong hours"),
    "attitude": _("Tone of a call"),
    "privacy": _("Others learned of the debt"),
    "amount": _("The amount"),
    "other": _("Something else"),
}
DISPUTES: dict[str, Promise] = {
    "already_paid": _("Paid already"),
    "amount": _("The amount is wrong"),
    "not_mine": _("Not their debt"),
    "identity": _("Somebody used their name"),
}
DISCREPANCIES: dict[str, Promise] = {
    "count_differs": _("The number of cases differs"),
    "hash_differs": _("The hash of the package differs"),
    "fields_missing": _("Contracted fields are missing"),
    "out_of_scope": _("Cases outside of the contract's regions or products"),
    "conflict_of_interest": _("Conflict of interest"),
    "paid_already": _("Cases are paid already"),
    "other": _("Something else"),
}
OBJECTIONS: dict[str, Promise] = {
    "payment_missing": _("A payment is missing"),
    "payment_not_ours": _("A payment is not ours"),
    "rate_wrong": _("A rate is wrong"),
    "clawback_wrong": _("A claw-back is wrong"),
    "period_wrong": _("It belongs to another month"),
    "other": _("Something else"),
}
WHYS: dict[str, Promise] = {
    "promise_due": _("Promise due"),
    "first_contact": _("First contact owed"),
    "expected": _("Likely to pay"),
    "stopped": _("Stopped: no contact"),
}
HISTORY: dict[str, Promise] = {"call": _("Call"), "refusal": _("Call refused"), "promise": _("Promise")}


def lead_only(view: View) -> View:
    """Let only an agency's lead see a page; for everybody else it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.actor.is_agency or Role.LEAD not in request.actor.roles:
            raise Absent(entity="page")
        return view(request, *args, **kwargs)

    return guarded


def numbers_of(given: Iterable[str]) -> list[int]:
    """Return the numbers in what an address or a form gave, each once, in order; what is none is left out."""
    return sorted({int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 19})
