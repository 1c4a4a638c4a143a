"""Agencies: the master record, evidence that they may work, people, tokens, contracts, capacity, and closing one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Sum
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.collector_evidence import EvidenceForm, collector_evidence
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.locks import changes, seal_of
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.words import word
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Conflict, InvalidInput
from duecourse.ledger.selectors import file_open, file_ref
from duecourse.ledger.services import file_put
from duecourse.parties import selectors, services
from duecourse.parties.access import AGENCY_SCOPES, Actor, require
from duecourse.parties.models import AgencyKind, ContractVersion, Qualification, Role
from duecourse.placement.models import Placement

EVIDENCE_BYTES_MAX = 10 * 1024 * 1024
EVIDENCE_KINDS = {b"%PDF": "application/pdf", b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
LAPSES_SOON_DAYS = 30


class AgencyForm(Form):
    """The master record of an agency."""

    code = forms.SlugField(label=gettext_lazy("Code"), max_length=40, help_text=gettext_lazy("Short, unique, in files and reports."))
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    opened_on = DayField(label=gettext_lazy("Works for us since"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind, word(kind)) for kind in AgencyKind.values]


class QualificationForm(Form):
    """Evidence that an agency may work."""

    kind = forms.CharField(
        label=gettext_lazy("Kind"), max_length=80, help_text=gettext_lazy("For example: business licence, security audit.")
    )
    valid_from_on = DayField(label=gettext_lazy("Valid from"))
    valid_until_on = DayField(label=gettext_lazy("First day without it"))
    evidence = forms.FileField(label=gettext_lazy("Evidence"), required=False, help_text=gettext_lazy("PDF, PNG or JPEG, at most 10 MB."))

    def clean_evidence(self) -> UploadedFile | None:
        """Check size and kind by what the file holds, not by what it is called."""
        found = self.cleaned_data["evidence"]
        if not found:
            return None
        if found.size > EVIDENCE_BYTES_MAX:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        start = found.read(8)
        found.seek(0)
        found.media_type = next((kind for magic, kind in EVIDENCE_KINDS.items() if start.startswith(magic)), "")
        if not found.media_type:
            raise forms.ValidationError(_("This is neither PDF nor PNG nor JPEG."))
        return found


class TokenForm(Form):
    """A key for one of the agency's programs."""

    name = forms.CharField(label=gettext_lazy("For which program"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), widget=forms.CheckboxSelectMultiple, choices=[(scope, scope) for scope in AGENCY_SCOPES]
    )
    life_days = forms.IntegerField(label=gettext_lazy("Days until it ends"), min_value=1, max_value=366, initial=90)
    is_test = forms.BooleanField(label=gettext_lazy("For tests: decides, records nothing"), required=False)


class CloseForm(Form):
    """The day from which an agency is closed."""

    closed_on = DayField(label=gettext_lazy("Closed from"))


@require_safe
@creditor_only
def agencies(request: HttpRequest) -> HttpResponse:
    """List the agencies with what is open, what they may hold, and what ends soon."""
    day = today(request)
    found = selectors.agencies(actor=request.actor)
    held = _held(request.actor)
    versions = {v.contract.agency_id: v for v in selectors.contract_versions_in_force(actor=request.actor, on=day)}
    evidence: dict[int, list[Qualification]] = {}
    for row in selectors.qualifications_shown(actor=request.actor, agency_ids=[agency.pk for agency in found]):
        evidence.setdefault(row.agency_id, []).append(row)
    rows = [
        {
            "agency": agency,
            "is_closed": agency.closed_on is not None and agency.closed_on <= day,
            "held": held.get(agency.pk, {"case_count": 0, "amounts": []}),
            "version": versions.get(agency.pk),
            "lapses": _lapses(evidence.get(agency.pk, []), day=day),
        }
        for agency in found
    ]
    return TemplateResponse(request, "console/agencies/list.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def new(request: HttpRequest) -> HttpResponse:
    """Add an agency."""
    require(request.actor, Role.MANAGER, action="add an agency")
    form = AgencyForm(request.POST or None, initial={"opened_on": today(request)})
    if request.method == "POST" and form.is_valid():
        try:
            agency = services.agency_add(actor=request.actor, **form.cleaned_data)
        except (InvalidInput, Conflict) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The agency was added. It gets cases once it has a signed contract."))
            return redirect("agency", agency_id=agency.pk)
    return TemplateResponse(request, "console/agencies/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@creditor_only
def agency(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Show an agency with all that hangs on it."""
    return _agency(request, agency_id)


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def edit(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Change the master record; what somebody else changed meanwhile is shown first."""
    require(request.actor, Role.MANAGER, action="change an agency")
    is_post = request.method == "POST"
    found = selectors.access_agency(actor=request.actor, agency_id=agency_id, is_locked=is_post)
    current = {name: getattr(found, name) for name in ("code", "name", "kind", "opened_on")}
    form = AgencyForm(request.POST if is_post else None, initial=current)
    if is_post and form.is_valid():
        if moved := changes(request.POST.get("seen", ""), current, form.cleaned_data):
            shown = [
                {"field": row.field, "label": form.fields[row.field].label, "seen": row.seen, "now": row.now, "typed": row.typed}
                for row in moved
            ]
            pairs = [(name, form[name].value()) for name in form.fields]
            context = {"changes": shown, "form": form, "seen": seal_of(current), "typed_pairs": pairs}
            context["keep_address"] = reverse("agency", args=[agency_id])
            return TemplateResponse(request, "console/changed.html", context, status=409)
        try:
            services.agency_change(actor=request.actor, agency_id=agency_id, **form.cleaned_data)
        except (InvalidInput, Conflict) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("agency", agency_id=agency_id)
    seen = request.POST.get("seen") if is_post else seal_of(current)
    context = {"form": form, "agency": found, "seen": seen}
    return TemplateResponse(request, "console/agencies/edit.html", context, status=422 if form.errors else 200)


@creditor_only
@require_POST
def qualify(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Record evidence, with its file sealed away."""
    require(request.actor, Role.MANAGER, Role.COMPLIANCE, action="record a qualification")
    found = selectors.access_agency(actor=request.actor, agency_id=agency_id)
    form = QualificationForm(request.POST, request.FILES)
    if form.is_valid():
        chosen = form.cleaned_data
        try:
            services.qualification_add(
                actor=request.actor,
                agency_id=found.pk,
                kind=" ".join(chosen["kind"].split()),
                valid_from_on=chosen["valid_from_on"],
                valid_until_on=chosen["valid_until_on"],
                evidence_file_id=_stored(request, chosen["evidence"]),
            )
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The evidence was recorded."))
            return redirect("agency", agency_id=agency_id)
    return _agency(request, agency_id, qualification_form=form)


@require_safe
@creditor_only
def evidence(request: HttpRequest, agency_id: int, qualification_id: int) -> HttpResponse:
    """Give the file of a piece of evidence, to be saved and never run in the page."""
    found = selectors.access_qualification(actor=request.actor, agency_id=agency_id, qualification_id=qualification_id)
    stored = file_ref(creditor_id=request.actor.creditor_id, file_id=found.evidence_file_id or 0)
    stream = file_open(creditor_id=request.actor.creditor_id, file_id=stored.pk)
    return FileResponse(stream, as_attachment=True, filename=stored.name, content_type=stored.media_type)


@creditor_only
@require_POST
def collector_qualify(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Record evidence of one of the agency's people; the creditor's word counts at once."""
    require(request.actor, Role.MANAGER, Role.COMPLIANCE, action="record a qualification")
    found = selectors.access_agency(actor=request.actor, agency_id=agency_id)
    people = selectors.members(actor=request.actor, on=today(request), agency_id=found.pk)
    form = EvidenceForm(request.POST, people=people)
    if form.is_valid():
        try:
            services.collector_qualification_add(actor=request.actor, agency_id=found.pk, **form.cleaned_data)
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The evidence was recorded."))
            return redirect("agency", agency_id=agency_id)
    return _agency(request, agency_id, evidence_form=form)


@creditor_only
@require_POST
def collector_withdraw(request: HttpRequest, agency_id: int, qualification_id: int) -> HttpResponse:
    """Withdraw evidence of one of the agency's people."""
    selectors.access_agency(actor=request.actor, agency_id=agency_id)
    if selectors.access_collector_qualification(request.actor, qualification_id=qualification_id).agency_id != agency_id:
        raise Absent(entity="qualification")
    services.collector_qualification_withdraw(actor=request.actor, qualification_id=qualification_id)
    messages.success(request, _("The evidence is withdrawn."))
    return redirect("agency", agency_id=agency_id)


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def close(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Say what closing an agency means for its people and open placements, and close it."""
    require(request.actor, Role.MANAGER, Role.COMPLIANCE, action="close an agency")
    found = selectors.access_agency(actor=request.actor, agency_id=agency_id, is_locked=request.method == "POST")
    day = today(request)
    form = CloseForm(request.POST or None, initial={"closed_on": day})
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["closed_on"] < found.opened_on:
            form.add_error("closed_on", _("Not before %(day)s.") % {"day": found.opened_on.isoformat()})
        else:
            services.agency_close(actor=request.actor, agency_id=agency_id, closed_on=form.cleaned_data["closed_on"])
            messages.success(request, _("The agency is closed from that day on."))
            return redirect("agency", agency_id=agency_id)
    context = {
        "agency": found,
        "form": form,
        "held": _held(request.actor).get(agency_id, {"case_count": 0, "amounts": []}),
        "member_count": len(selectors.members(actor=request.actor, on=day, agency_id=agency_id)),
        "recall_address": _desk(agency_id),
    }
    return TemplateResponse(request, "console/agencies/close.html", context, status=422 if form.errors else 200)


@creditor_only
@require_POST
def token(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Give out a token for one of the agency's programs, and show it this once."""
    require(request.actor, Role.MANAGER, action="issue a token")
    found = selectors.access_agency(actor=request.actor, agency_id=agency_id)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            issued = services.token_issue(actor=request.actor, agency_id=found.pk, **form.cleaned_data)
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            return TemplateResponse(request, "console/agencies/token.html", {"agency": found, "issued": issued})
    return _agency(request, agency_id, token_form=form)


@creditor_only
@require_POST
def revoke(request: HttpRequest, agency_id: int, token_id: int) -> HttpResponse:
    """End a token at once."""
    require(request.actor, Role.MANAGER, action="revoke a token")
    selectors.access_agency(actor=request.actor, agency_id=agency_id)
    services.token_revoke(actor=request.actor, token_id=token_id)
    messages.success(request, _("The token has ended."))
    return redirect("agency", agency_id=agency_id)


def _agency(request: HttpRequest, agency_id: int, **bound: Form) -> HttpResponse:
    found, day = selectors.access_agency(actor=request.actor, agency_id=agency_id), today(request)
    rows = selectors.qualifications_shown(actor=request.actor, agency_ids=[agency_id])
    versions = {v.contract_id: v for v in selectors.contract_versions_in_force(actor=request.actor, on=day)}
    people = selectors.members(actor=request.actor, on=day, agency_id=agency_id)
    context = {
        "agency": found,
        "is_closed": found.closed_on is not None and found.closed_on <= day,
        "held": _held(request.actor).get(agency_id, {"case_count": 0, "amounts": []}),
        "qualifications": [(row, _validity(row, day=day)) for row in rows],
        "lapses": _lapses(rows, day=day),
        "contracts": [(contract, versions.get(contract.pk)) for contract in selectors.contracts(actor=request.actor, agency_id=agency_id)],
        "capacity": _capacity([v for v in versions.values() if v.contract.agency_id == agency_id]),
        "members": people,
        "tokens": [row for row in selectors.tokens(actor=request.actor) if row.agency_id == agency_id],
        "at": now(),
        "qualification_form": QualificationForm(initial={"valid_from_on": day}),
        "token_form": TokenForm(),
        "may_record": not request.actor.roles.isdisjoint({str(Role.MANAGER), str(Role.COMPLIANCE)}),
        **collector_evidence(actor=request.actor, agency_id=agency_id, people=people, on=day),
        "desk_address": _desk(agency_id),
        **bound,
    }
    return TemplateResponse(request, "console/agencies/agency.html", context, status=422 if bound else 200)


def _held(actor: Actor) -> dict[int, dict[str, Any]]:
    """Return, by agency, how many cases are open with it and what was placed with them, by currency."""
    found: dict[int, dict[str, Any]] = {}
    rows = Placement.objects.filter(creditor_id=actor.creditor_id, during__upper_inf=True)
    sums = rows.values("agency_id", "currency").annotate(case_count=Count("pk"), placed_minor=Sum("placed_minor"))
    for row in sums.order_by("agency_id", "currency"):
        held = found.setdefault(row["agency_id"], {"case_count": 0, "amounts": []})
        held["case_count"] += row["case_count"]
        held["amounts"].append((int(row["placed_minor"]), row["currency"]))
    return found


def _validity(row: Qualification, *, day: date) -> str:
    if row.valid_until_on <= day:
        return "lapsed"
    if row.valid_from_on > day:
        return "later"
    return "soon" if (row.valid_until_on - day).days <= LAPSES_SOON_DAYS else "valid"


def _lapses(rows: list[Qualification], *, day: date) -> dict[str, list[str]]:
    """Return the kinds of evidence that block the agency because none of the kind is valid, and those that end soon."""
    by_kind: dict[str, set[str]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, set()).add(_validity(row, day=day))
    blocking = [kind for kind, states in by_kind.items() if not states & {"valid", "soon"}]
    return {
        "blocking": sorted(blocking),
        "soon": sorted(kind for kind, states in by_kind.items() if "soon" in states - {"valid"} and "valid" not in states),
    }


def _capacity(versions: list[ContractVersion]) -> ContractVersion | None:
    return versions[0] if versions else None


def _stored(request: HttpRequest, found: UploadedFile | None) -> int | None:
    if found is None:
        return None
    stored = file_put(
        creditor_id=request.actor.creditor_id,
        kind="evidence",
        name=(found.name or "evidence")[-120:],
        media_type=found.media_type,
        content=found.read(),
        is_personal=True,
    )
    return stored.id


def _desk(agency_id: int) -> str:
    """Return where the agency's open cases are recalled, or '' where there is no desk."""
    try:
        return f"{reverse('move-new')}?agency={agency_id}"
    except NoReverseMatch:
        return ""


urlpatterns = [
    path("agencies/", agencies, name="agencies"),
    path("agencies/new/", new, name="agency-new"),
    path("agencies/<int:agency_id>/", agency, name="agency"),
    path("agencies/<int:agency_id>/edit/", edit, name="agency-edit"),
    path("agencies/<int:agency_id>/qualifications/", qualify, name="qualification-add"),
    path("agencies/<int:agency_id>/qualifications/<int:qualification_id>/file/", evidence, name="qualification-file"),
    path("agencies/<int:agency_id>/collectors/", collector_qualify, name="collector-evidence-add"),
    path("agencies/<int:agency_id>/collectors/<int:qualification_id>/withdraw/", collector_withdraw, name="collector-evidence-withdraw"),
    path("agencies/<int:agency_id>/close/", close, name="agency-close"),
    path("agencies/<int:agency_id>/tokens/", token, name="token-issue"),
    path("agencies/<int:agency_id>/tokens/<int:token_id>/revoke/", revoke, name="token-revoke"),
]
