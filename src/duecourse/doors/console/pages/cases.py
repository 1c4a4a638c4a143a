"""One case: the debt explained, the debtor behind masks, whose hands it went through, and everything that happened, in one order."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.care.selectors import case_disputes
from duecourse.care.services import dispute_close, dispute_open
from duecourse.contact.selectors import case_timeline
from duecourse.doors.console.case_forms import DisputeForm, HoldForm, PromiseForm, next_day
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.stories import GROUPS, in_two, move_reason, stop_word, told
from duecourse.kit.errors import Absent, Conflict, InvalidInput
from duecourse.parties.access import Actor, require
from duecourse.parties.models import Role
from duecourse.placement.selectors.hands import hands
from duecourse.portfolio.selectors import access_case, ages_explained, household
from duecourse.portfolio.selectors.households import Household
from duecourse.portfolio.selectors.pages import holds_of, person_shown
from duecourse.portfolio.services import PURPOSES, hold_by_hand, hold_lift_by_hand, person_look
from duecourse.portfolio.services.by_hand import BY_HAND
from duecourse.repayment.selectors import debts_explained
from duecourse.repayment.selectors.pages import recovered_by_placement
from duecourse.repayment.services.by_hand import promise_by_hand
from duecourse.settlement.selectors.cases import case_documents, case_lines

SHOWN_SECONDS = 60
_LIFTED_HERE = {BY_HAND, "stop_list"}
_KEEPERS = (Role.MANAGER, Role.COMPLIANCE)


@require_safe
@creditor_only
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a case."""
    actor, on = request.actor, today(request)
    row = access_case(actor, case_id)
    home = household(actor=actor, case_id=case_id)
    holds = [
        hold | {"is_open": _holds(hold, on), "text": stop_word(hold["kind"])} for hold in holds_of(actor=actor, person_id=row.person_id)
    ]
    placements = _hands(actor, case_id)
    debts = _debts(actor, home, case_id)
    context = {
        "case": row,
        "today": on,
        "household": home,
        "others": [account for account in home.accounts if account["case_id"] != case_id],
        "debts": debts,
        "owed_now": _owed_now(debts),
        "person": person_shown(actor=actor, person_id=row.person_id),
        "hands": placements,
        "now_with": next((hand for hand in placements if hand["is_open"]), None),
        "holds": [hold | {"can_lift": hold["is_open"] and hold["source_kind"] in _LIFTED_HERE} for hold in holds],
        "disputes": case_disputes(creditor_id=actor.creditor_id, case_id=case_id),
        "documents": case_documents(creditor_id=actor.creditor_id, case_id=case_id),
        "lines": case_lines(creditor_id=actor.creditor_id, case_id=case_id),
        "purposes": [(code, in_two((purpose.en, purpose.zh)), purpose.needs_words) for code, purpose in PURPOSES.items()],
        "may_look": not actor.roles.isdisjoint({Role.MANAGER, Role.COMPLIANCE, Role.ACCOUNTANT}),
        **_owed(home, case_id),
        **_story(request, case_id),
    }
    return TemplateResponse(request, "console/cases/case.html", context)


@require_safe
@creditor_only
def timeline(request: HttpRequest, case_id: int) -> HttpResponse:
    """Give a part of a case's story: a whole one with its chips, or the events behind a place."""
    name = "events" if request.GET.get("after") else "timeline"
    context = {"case": access_case(request.actor, case_id), **_story(request, case_id)}
    return TemplateResponse(request, f"console/cases/{name}.html", context)


@creditor_only
@require_POST
def reveal(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show a debtor's name and contact points for a minute, for a purpose; the look is written down first."""
    row = access_case(request.actor, case_id)
    purpose, words = request.POST.get("purpose", ""), request.POST.get("words", "")
    shown = person_look(actor=request.actor, person_id=row.person_id, purpose=purpose, words=words)
    context = {"case": row, "shown": shown, "seconds": SHOWN_SECONDS}
    template = "console/cases/revealed.html" if request.htmx else "console/cases/revealed_page.html"
    response = TemplateResponse(request, template, context)
    if not request.htmx:
        response["Refresh"] = f"{SHOWN_SECONDS}; url={reverse('case', args=[case_id])}"
    return response


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest, case_id: int) -> HttpResponse:
    """Ask for a stop and place it."""
    require(request.actor, *_KEEPERS, action="place a hold")
    row, on = access_case(request.actor, case_id), today(request)
    form = HoldForm(request.POST or None, today=on)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            hold_by_hand(
                actor=request.actor, case_id=case_id, kind=values["kind"], from_on=values["from_on"], until_on=next_day(values["last_on"])
            )
        except (Conflict, InvalidInput) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The stop is in force."))
            return redirect("case", case_id)
    return _form_page(
        request, row, form, title=_("Place a stop"), icon="hand-stop", hint=_("A stop counts for the debtor with all accounts.")
    )


@creditor_only
@require_POST
def hold_lift(request: HttpRequest, case_id: int) -> HttpResponse:
    """Lift a stop from today on."""
    hold_lift_by_hand(actor=request.actor, case_id=case_id, hold_id=_number(request, "hold"), on=today(request))
    messages.success(request, _("The stop is lifted from today on."))
    return redirect("case", case_id)


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, case_id: int) -> HttpResponse:
    """Take an objection in; contact stops while it is open."""
    require(request.actor, *_KEEPERS, action="open a dispute")
    row, on = access_case(request.actor, case_id), today(request)
    form = DisputeForm(request.POST or None, today=on, accounts=_accounts(request.actor, case_id))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            dispute_open(
                actor=request.actor,
                case_id=case_id,
                account_id=int(values["account"]),
                kind=values["kind"],
                external_ref=values["external_ref"],
                received_on=values["received_on"],
            )
        except (Conflict, InvalidInput) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The dispute is open, and contact with the debtor stops."))
            return redirect("case", case_id)
    hint = _("While a dispute is open nobody may contact the debtor and no case of theirs is placed.")
    return _form_page(request, row, form, title=_("Open a dispute"), icon="message-report", hint=hint)


@creditor_only
@require_POST
def dispute_end(request: HttpRequest, case_id: int) -> HttpResponse:
    """Close a dispute of this case from today on."""
    require(request.actor, *_KEEPERS, action="close a dispute")
    number = _number(request, "dispute")
    if number not in {row["id"] for row in case_disputes(creditor_id=request.actor.creditor_id, case_id=case_id)}:
        raise Absent(entity="dispute")
    dispute_close(actor=request.actor, dispute_id=number, on=today(request))
    messages.success(request, _("The dispute is closed, and its stop is lifted."))
    return redirect("case", case_id)


@creditor_only
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: HttpRequest, case_id: int) -> HttpResponse:
    """Write down a promise that was given to the creditor itself."""
    require(request.actor, *_KEEPERS, action="write down a promise")
    row, on = access_case(request.actor, case_id), today(request)
    form = PromiseForm(request.POST or None, today=on, currency=request.creditor.currency, accounts=_accounts(request.actor, case_id))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            promise_by_hand(
                actor=request.actor,
                case_id=case_id,
                account_id=int(values["account"]),
                amount_minor=values["amount"],
                due_on=values["due_on"],
                made_on=values["made_on"],
            )
        except (Conflict, InvalidInput) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The promise is on record."))
            return redirect("case", case_id)
    hint = _("It is judged after its day: kept when payments to the account reach the amount.")
    return _form_page(request, row, form, title=_("Record a promise"), icon="calendar-check", hint=hint)


def _form_page(request: HttpRequest, row: Any, form: Any, *, title: str, icon: str, hint: str) -> HttpResponse:
    context = {"case": row, "form": form, "title": title, "icon": icon, "hint": hint, "draft": request.resolver_match.url_name}
    return TemplateResponse(request, "console/cases/form.html", context, status=422 if form.errors else 200)


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Absent(entity=name)
    return int(text)


def _accounts(actor: Actor, case_id: int) -> list[tuple[str, str]]:
    """Return the accounts worked in a case as choices."""
    rows = household(actor=actor, case_id=case_id).of_case(case_id)
    return [(str(row["account_id"]), f"{row['number']} · {row['currency']}") for row in rows]


def _holds(row: dict[str, Any], on: date) -> bool:
    return row["until_on"] is None or row["until_on"] > on


def _hands(actor: Actor, case_id: int) -> list[dict[str, Any]]:
    rows = hands(creditor_id=actor.creditor_id, case_id=case_id)
    recovered = recovered_by_placement(creditor_id=actor.creditor_id, placement_ids=[row["placement_id"] for row in rows])
    return [
        row | {"recovered_minor": recovered.get(row["placement_id"], 0), "why": move_reason(row["status"] or "", row["reason_code"] or "")}
        for row in rows
    ]


def _debts(actor: Actor, home: Household, case_id: int) -> list[dict[str, Any]]:
    """Return the accounts of the case, each with its debt and its age."""
    rows = home.of_case(case_id)
    account_ids = [row["account_id"] for row in rows]
    debts = debts_explained(creditor_id=actor.creditor_id, account_ids=account_ids)
    ages = ages_explained(creditor_id=actor.creditor_id, account_ids=account_ids)
    return [
        {"account": row, "age": ages.get(row["account_id"]), "debts": [debt for debt in debts if debt.account_id == row["account_id"]]}
        for row in rows
    ]


def _owed_now(debts: list[dict[str, Any]], /) -> list[tuple[str, int]]:
    """Return what the ledger says is owed in the case, by currency."""
    sums: dict[str, int] = {}
    for debt in (debt for row in debts for debt in row["debts"]):
        sums[debt.currency] = sums.get(debt.currency, 0) + debt.balance.total
    return sorted(sums.items())


def _owed(home: Household, case_id: int, /) -> dict[str, Any]:
    """Return what the newest snapshots say of the case and of the whole household."""
    aged = [row for row in home.of_case(case_id) if row["days_past_due"] is not None]
    oldest = max(aged, key=lambda row: row["days_past_due"], default=None)
    return {"oldest": oldest, "owed_by_household": sorted(home.owed_by_currency().items())}


def _story(request: HttpRequest, case_id: int) -> dict[str, Any]:
    chosen = [group for group in request.GET.getlist("group") if group in GROUPS]
    part = case_timeline(actor=request.actor, case_id=case_id, groups=chosen, after=request.GET.get("after", "")[:100])
    chips = [(name, label, icon, name in chosen) for name, (label, icon) in GROUPS.items()]
    return {"events": [told(event) for event in part.events], "after": part.after, "chosen": chosen, "chips": chips}


urlpatterns = [
    path("cases/<int:case_id>/", case, name="case"),
    path("cases/<int:case_id>/timeline/", timeline, name="case-timeline"),
    path("cases/<int:case_id>/reveal/", reveal, name="case-reveal"),
    path("cases/<int:case_id>/hold/", hold, name="case-hold"),
    path("cases/<int:case_id>/hold/lift/", hold_lift, name="case-hold-lift"),
    path("cases/<int:case_id>/dispute/", dispute, name="case-dispute"),
    path("cases/<int:case_id>/dispute/close/", dispute_end, name="case-dispute-close"),
    path("cases/<int:case_id>/promise/", promise, name="case-promise"),
]
