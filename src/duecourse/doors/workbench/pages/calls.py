"""Calling: ask for a permit, dial with it, report what came of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.contact.errors import NumberHidden, OutcomeOwed
from duecourse.contact.models import CONNECTED_OUTCOMES, Attempt, Permit
from duecourse.contact.selectors import access_permit, permit_revocations
from duecourse.contact.services import PromiseGiven, call_request, ground_text, number_open, outcome_record
from duecourse.doors.console.forms import DayField, Form, MoneyField
from duecourse.doors.console.shell import agency_only, today
from duecourse.doors.console.stories import in_two
from duecourse.doors.workbench.shell import COMPLAINTS, DISPUTES, NOTES, OUTCOMES, numbers_of
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, DuecourseError
from duecourse.parties.access import Actor
from duecourse.placement.models import Placement
from duecourse.portfolio.models import CaseAccount

TALK_SECONDS_MAX = 4 * 3600
REQUEST_ID_MAX = 80


class OutcomeForm(Form):
    """What came of a call.

    Args:
        currency: of the case.
        on: today.
        accounts: (number, text) of the case's accounts; empty when the case is with somebody else by now.
    """

    outcome = forms.ChoiceField(label=_("What came of it"), choices=list(OUTCOMES.items()), widget=forms.RadioSelect)
    talk_seconds = forms.IntegerField(
        label=_("Seconds of talk"),
        required=False,
        min_value=0,
        max_value=TALK_SECONDS_MAX,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    note_codes = forms.MultipleChoiceField(
        label=_("What was said"), required=False, choices=list(NOTES.items()), widget=forms.CheckboxSelectMultiple
    )
    complaint_kind = forms.ChoiceField(label=_("A complaint about"), required=False, choices=[("", _("no complaint")), *COMPLAINTS.items()])
    dispute_kind = forms.ChoiceField(label=_("What is disputed"), required=False, choices=[("", _("choose")), *DISPUTES.items()])

    def __init__(self, *args: Any, currency: str, on: date, accounts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account_id"] = forms.ChoiceField(label=_("Account"), required=False, choices=accounts)
        self.fields["account_id"].widget.attrs["class"] = "form-select"
        self.fields["amount"] = MoneyField(currency=currency, label=_("Amount promised"), required=False, minimum_minor=1)
        self.fields["due_on"] = DayField(label=_("By which day"), required=False, first=on)
        for name in ("amount", "due_on"):
            self.fields[name].widget.attrs["class"] = "form-control"
        if not accounts:
            for name in ("account_id", "amount", "due_on", "complaint_kind", "dispute_kind"):
                del self.fields[name]
            self.fields["outcome"].choices = [row for row in OUTCOMES.items() if row[0] not in {"promise", "disputed"}]

    def clean(self) -> dict[str, Any]:
        """Ask for what belongs to the outcome, and take away what does not."""
        given = super().clean() or {}
        outcome = given.get("outcome")
        if outcome == "promise":
            for name in ("account_id", "amount", "due_on"):
                if name in self.fields and given.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, gettext("A promise has an amount and a day."))
        if outcome == "disputed" and not given.get("dispute_kind"):
            self.add_error("dispute_kind", gettext("Say what is disputed."))
        if outcome in CONNECTED_OUTCOMES and given.get("talk_seconds") is None and "talk_seconds" not in self.errors:
            self.add_error("talk_seconds", gettext("Say how long you talked; 0 if it was less than a second."))
        return given

    def report(self) -> dict[str, Any]:
        """Return what the form says, as the arguments of the report."""
        given = self.cleaned_data
        outcome = given["outcome"]
        promise = None
        if outcome == "promise":
            promise = PromiseGiven(int(given["account_id"]), given["amount"], given["due_on"])
        return {
            "outcome": outcome,
            "talk_seconds": (given.get("talk_seconds") or 0) if outcome in CONNECTED_OUTCOMES else 0,
            "note_codes": given["note_codes"],
            "promise": promise,
            "complaint_kind": given.get("complaint_kind", ""),
            "dispute_kind": given.get("dispute_kind", "") if outcome == "disputed" else "",
        }


@agency_only
@require_POST
def call(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask for a permit; a permit leads to its own page, a refusal back to the case with the reasons."""
    points = numbers_of([request.POST.get("point", "")])
    request_id = request.POST.get("request_id", "")[:REQUEST_ID_MAX]
    if not request_id.startswith("work-") or "\x00" in request_id:
        raise Absent(entity="page")
    try:
        answer = call_request(
            actor=request.actor, case_id=case_id, contact_point_id=points[0] if points else None, client_request_id=request_id
        )
    except OutcomeOwed as error:
        messages.warning(request, gettext("First report what came of this call."))
        return redirect("work-permit", permit_id=error.parameters["permit_id"])
    if answer.is_permit:
        return redirect("work-permit", permit_id=answer.id)
    return redirect(f"{reverse('work-case', args=[case_id])}?refusal={answer.id}#refusal")


@agency_only
@require_http_methods(["GET", "HEAD", "POST"])
def permit(request: HttpRequest, permit_id: int) -> HttpResponse:
    """Show a permit with its number while it holds, and take the outcome."""
    actor = request.actor
    found = access_permit(actor, permit_id=permit_id)
    if actor.is_collector and found.user_id != actor.user_id:
        raise Absent(entity="permit")
    accounts = _accounts(actor, found)
    given = {"currency": request.creditor.currency, "on": today(request), "accounts": accounts}
    reported = Attempt.objects.filter(creditor_id=actor.creditor_id, permit_id=permit_id, local_on=found.local_on).first()
    if request.method != "POST":
        return _page(request, found, reported, OutcomeForm(**given))
    form = OutcomeForm(request.POST, **given)
    if form.is_valid():
        try:
            outcome_record(actor=actor, permit_id=permit_id, **form.report())
        except DuecourseError as error:
            if isinstance(error, Absent):
                raise
            form.add_refusal(error)
        else:
            messages.success(request, gettext("Reported."))
            return redirect("work-case", case_id=found.case_id) if accounts else redirect("workbench")
    return _page(request, found, reported, form, status=422)


def _page(request: HttpRequest, found: Permit, reported: Attempt | None, form: OutcomeForm, *, status: int = 200) -> HttpResponse:
    number = ""
    is_own = found.user_id == request.actor.user_id
    if is_own and reported is None and request.method != "HEAD" and now() <= found.valid_until_at:
        with suppress(NumberHidden):
            number = number_open(actor=request.actor, permit_id=found.pk)
    ended = permit_revocations(creditor_id=request.actor.creditor_id, permit_id=found.pk) if reported is None else []
    context = {
        "permit": found,
        "reported": reported,
        "told": OUTCOMES.get(reported.outcome, "") if reported else "",
        "notes": [NOTES[code] for code in reported.note_codes] if reported else [],
        "number": number,
        "ended": [in_two(ground_text(one.code)) for one in ended],
        "is_own": is_own,
        "is_over": now() > found.valid_until_at,
        "is_case_here": bool(form.fields.get("account_id")),
        "form": form,
    }
    return TemplateResponse(request, "workbench/permit.html", context, status=status)


def _accounts(actor: Actor, found: Permit) -> list[tuple[str, str]]:
    """Return the case's accounts, by their numbers where the contract hands those over; none when the case is with somebody else by now."""
    rows = CaseAccount.objects.filter(creditor_id=actor.creditor_id, case_id=found.case_id, until_on__isnull=True).order_by("account_id")
    placed = Placement.objects.filter(
        creditor_id=actor.creditor_id, case_id=found.case_id, agency_id=actor.agency_id, during__upper_inf=True
    )
    terms = placed.select_related("contract_version").first()
    has_numbers = terms is not None and "account_number" in terms.contract_version.contracted_fields
    numbered = enumerate(rows.values_list("account_id", "account__number"), start=1)
    return [(str(account_id), number if has_numbers else f"{gettext('Account')} {place}") for place, (account_id, number) in numbered]


urlpatterns = [
    path("cases/<int:case_id>/call/", call, name="work-call"),
    path("permits/<int:permit_id>/", permit, name="work-permit"),
]
