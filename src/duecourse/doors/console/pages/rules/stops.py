"""The emergency stop: choose what, see what it reaches, say why, stop; and how a stop is lifted by two people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.contact.models import ContactStop, StopReasonCode, StopScope
from duecourse.contact.selectors.stop_reach import stop_reach
from duecourse.contact.selectors.stops import STOPS_PAGE, lifts_waiting, stop_page, stops_open
from duecourse.contact.services import contact_stop, contact_stop_lift
from duecourse.doors.console.forms import Form
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.stories import stop_target
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.templatetags.console import instant
from duecourse.doors.words import word
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties.access import require
from duecourse.parties.models import Agency, Membership, Role
from duecourse.parties.selectors import names_of
from duecourse.portfolio.selectors import access_case
from duecourse.rules.form import CHANNELS

ICONS = {"agency": "building", "collector": "user-off", "channel": "phone-off", "debtor": "user-shield", "everything": "hand-stop"}


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be stopped: the arguments of the service, and what it is called."""

    scope: str
    name: str
    query: dict[str, str]
    agency_id: int | None = None
    user_id: int | None = None
    channel: str = ""
    person_id: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The arguments of the service."""
        return {name: value for name, value in asdict(self).items() if name not in ("name", "query")}


class ReasonForm(Form):
    """Why contact is stopped."""

    reason_code = forms.ChoiceField(
        label=gettext_lazy("Reason"), help_text=gettext_lazy("Performers who are refused are told this reason.")
    )
    note = forms.CharField(
        label=gettext_lazy("In words"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For our own side only. No names and no numbers: it stays for good."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason_code"].choices = [("", _("choose a reason")), *((code, word(f"stop_{code}")) for code in StopReasonCode.values)]

    def clean(self) -> dict[str, Any]:
        """Ask for words where the reason is another."""
        found = super().clean()
        if found.get("reason_code") == StopReasonCode.OTHER and not found.get("note", "").strip():
            self.add_error("note", _("Say the other reason in words."))
        return found


STOPS = Listing(
    name="contact-stops",
    title=gettext_lazy("All emergency stops"),
    query=STOPS_PAGE,
    order="-from",
    columns=(
        Column(
            "from_at", gettext_lazy("Since"), kind="instant", order="from", link=lambda row: reverse("contact-stop", args=[row["stop_id"]])
        ),
        Column("scope_text", gettext_lazy("What"), can_export=False),
        Column("scope", gettext_lazy("What (code)"), kind="code", is_shown=False),
        Column("target", gettext_lazy("Who or what"), can_export=False),
        Column("agency", gettext_lazy("Agency"), is_shown=False),
        Column("channel", gettext_lazy("Channel"), kind="word", is_shown=False),
        Column("reason_text", gettext_lazy("Reason"), can_export=False),
        Column("reason_code", gettext_lazy("Reason (code)"), kind="code", is_shown=False),
        Column("stopped_by_name", gettext_lazy("Stopped by")),
        Column("lifted_at", gettext_lazy("Lifted"), kind="instant"),
        Column("lifted_by_name", gettext_lazy("Lifted by")),
    ),
    filters=(
        Filter("state", gettext_lazy("State"), choices=lambda _actor: [("open", _("stands")), ("lifted", _("lifted"))]),
        Filter("scope", gettext_lazy("What"), choices=lambda _actor: [(scope, word(f"scope_{scope}")) for scope in StopScope.values]),
        Filter("reason", gettext_lazy("Reason"), choices=lambda _actor: [(code, word(f"stop_{code}")) for code in StopReasonCode.values]),
    ),
)


@require_safe
@creditor_only
def stops(request: HttpRequest) -> HttpResponse:
    """Show what is stopped now, and offer to stop more."""
    waiting = {row["stop_id"]: row for row in lifts_waiting(actor=request.actor)}
    rows = [row | _shown(row) | {"lift": waiting.get(row["stop_id"])} for row in stops_open(actor=request.actor)]
    context = {"rows": rows}
    if Role.COMPLIANCE in request.actor.roles:
        context |= {"scopes": _scopes(request), "may_stop": True}
    return TemplateResponse(request, "console/rules/stops.html", context)


@require_safe
@creditor_only
def history(request: HttpRequest) -> HttpResponse:
    """List every stop there ever was."""
    response = listing_page(request, STOPS, template="console/rules/stops_all.html")
    for row in response.context_data["rows"]:
        row.update(_shown(row))
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def stop_new(request: HttpRequest) -> HttpResponse:
    """Show what a stop would reach and ask why; by POST, stop."""
    require(request.actor, Role.COMPLIANCE, action="stop contact")
    target = _target(request)
    if target is None:
        messages.warning(request, _("Choose what to stop; what you typed is not known here."))
        return redirect("contact-stops")
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = contact_stop(actor=request.actor, **target.given, **form.cleaned_data)
        if made.stood_already:
            _say_again(request, made)
        else:
            messages.success(request, _("Stopped: %(name)s. Every request from now on is refused.") % {"name": target.name})
        return redirect("contact-stop", made.pk)
    standing = [row for row in stops_open(actor=request.actor) if _is_same(row, target)]
    context = {
        "target": target,
        "icon": ICONS[target.scope],
        "scope_text": word(f"scope_{target.scope}"),
        "reach": stop_reach(actor=request.actor, now_at=now(), **target.given),
        "standing": standing[0] if standing else None,
        "form": form,
    }
    return TemplateResponse(request, "console/rules/stop_new.html", context, status=422 if form.errors else 200)


def _say_again(request: HttpRequest, made: ContactStop) -> None:
    """Tell that the stop stood already, since when and by whom, and what became of what was typed."""
    by = names_of(user_ids={made.stopped_by}).get(made.stopped_by, _("the system"))
    told = {"since": instant(made.from_at), "name": by, "reason": word(f"stop_{made.reason_code}")}
    text = _("It stood already, since %(since)s, by %(name)s (%(reason)s). That you asked too, and your reason, is in the trail.") % told
    if request.POST.get("note", "").strip():
        text += " " + _("Your words were not kept: the first ones stand.")
    messages.info(request, text)


@require_safe
@creditor_only
def stop(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Show one stop: who, when, why, what it reaches now, and what was asked and decided about lifting it."""
    row = stop_page(actor=request.actor, stop_id=stop_id)
    waiting = [lift for lift in row["lifts"] if lift["state"] == "waiting"] if row["state"] == "open" else []
    given = {name: row[name] for name in ("scope", "agency_id", "user_id", "channel", "person_id")}
    context = {
        "row": row | _shown(row),
        "reach": stop_reach(actor=request.actor, now_at=now(), **given) if row["state"] == "open" else None,
        "waiting": waiting,
        "may_decide": Role.COMPLIANCE in request.actor.roles,
        "own_id": request.actor.user_id,
        "refused_address": _refused_address(row),
    }
    return TemplateResponse(request, "console/rules/stop.html", context)


@creditor_only
@require_POST
def stop_lift(request: HttpRequest, stop_id: int) -> HttpResponse:
    """Ask to lift a stop."""
    contact_stop_lift(actor=request.actor, stop_id=stop_id, reason=request.POST.get("reason", ""))
    messages.success(request, _("Asked for. The stop stands until another compliance officer agrees."))
    return redirect("contact-stop", stop_id)


def _scopes(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what can be stopped, each with its choices."""
    day = today(request)
    of = {"creditor_id": request.actor.creditor_id}
    agencies = [
        (str(number), name) for number, name in Agency.objects.filter(**of, closed_on=None).order_by("code").values_list("pk", "name")
    ]
    working = Membership.objects.filter(**of, agency__isnull=False, from_on__lte=day).filter(Q(until_on__isnull=True) | Q(until_on__gt=day))
    people = working.order_by("agency__code", "user__display_name").values_list("user_id", "user__display_name", "agency__name").distinct()
    options = {
        "agency": agencies,
        "collector": [(str(number), f"{name} · {agency}") for number, name, agency in people],
        "channel": [(channel, word(channel)) for channel in CHANNELS],
    }
    return [
        {"scope": scope, "text": word(f"scope_{scope}"), "about": word(f"scope_about_{scope}"), "icon": ICONS[scope],
         "options": options.get(scope), "is_typed": scope == StopScope.DEBTOR}
        for scope in StopScope.values
    ]  # fmt: skip


def _target(request: HttpRequest) -> Target | None:
    """Return what the address names to be stopped, None when it names nothing that is there."""
    scope, typed = request.GET.get("scope", ""), request.GET.get("target", "").strip()
    query = {"scope": scope, "target": typed}
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0
    of = {"creditor_id": request.actor.creditor_id}
    if scope == StopScope.EVERYTHING:
        return Target(scope, _("everything"), query)
    if scope == StopScope.CHANNEL and typed in CHANNELS:
        return Target(scope, word(typed), query, channel=typed)
    if scope == StopScope.AGENCY:
        agency = Agency.objects.filter(**of, pk=number).first()
        return Target(scope, agency.name, query, agency_id=agency.pk) if agency else None
    if scope == StopScope.COLLECTOR:
        member = Membership.objects.filter(**of, user_id=number).select_related("user", "agency").first()
        if member is None:
            return None
        name = " · ".join(filter(None, (member.user.display_name, member.agency.name if member.agency else "")))
        return Target(scope, name, query, user_id=member.user_id)
    if scope == StopScope.DEBTOR:
        try:
            case = access_case(request.actor, case_id=number)
        except Absent:
            return None
        return Target(scope, _("the debtor of case %(number)s") % {"number": case.pk}, query, person_id=case.person_id)
    return None


def _is_same(row: dict[str, Any], target: Target) -> bool:
    return all((row[name] or None) == (value or None) for name, value in target.given.items())


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a stop is about, in words; a debtor is named by number only."""
    texts = {"target": stop_target(row), "scope_text": word(f"scope_{row['scope']}"), "reason_text": word(f"stop_{row['reason_code']}")}
    return texts | {"icon": ICONS[row["scope"]]}


def _refused_address(row: dict[str, Any]) -> str:
    """Return the requests that were refused since the stop, where a list of them can be made."""
    of = {"agency": f"&performer={row['agency_id']}", "channel": f"&channel={row['channel']}"}.get(row["scope"], "")
    return f"{reverse('refusals')}?from_on={row['from_at'].date().isoformat()}{of}"


urlpatterns = [
    path("stops/", stops, name="contact-stops"),
    path("stops/all/", history, name="contact-stops-all"),
    path("stops/new/", stop_new, name="contact-stop-new"),
    path("stops/<int:stop_id>/", stop, name="contact-stop"),
    path("stops/<int:stop_id>/lift/", stop_lift, name="contact-stop-lift"),
]
