"""Contracts: versions that are never changed, each prefilled from the last, with what differs said in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from duecourse.doors import words
from duecourse.doors.console import fee_grid
from duecourse.doors.console.forms import DayField, Form, MoneyField
from duecourse.doors.console.shell import creditor_only, today
from duecourse.kit.errors import Conflict, InvalidInput
from duecourse.kit.money import format_amount
from duecourse.parties import selectors, services
from duecourse.parties.access import require
from duecourse.parties.errors import TermsMoved
from duecourse.parties.models import ContractVersion, Role
from duecourse.placement.selectors.fields import HANDOVER

PRIVACY = ("plain", "personal", "sensitive")
PRIVACY_WORDS = {
    "plain": (
        gettext_lazy("About the debt"),
        gettext_lazy("What is owed and since when. Nothing here names a person; give what the work needs."),
    ),
    "personal": (
        gettext_lazy("Personal"),
        gettext_lazy("To reach the debtor. Give only the ways the agency uses: who only calls needs no address."),
    ),
    "sensitive": (
        gettext_lazy("Sensitive"),
        gettext_lazy("Only where the agency must prove or check an identity, for example in court. Usually nobody needs it."),
    ),
}
TERMS = {
    "effective_on": gettext_lazy("First day"),
    "expires_on": gettext_lazy("First day without these terms"),
    "signed_on": gettext_lazy("Signed on"),
    "placement_term_days": gettext_lazy("Term of a placement, days"),
    "products": gettext_lazy("Products"),
    "regions": gettext_lazy("Regions"),
    "capacity_count": gettext_lazy("Most open cases"),
    "capacity_minor": gettext_lazy("Most open balance"),
    "share_cap_bp": gettext_lazy("Largest share of an allocation, %"),
    "contracted_fields": gettext_lazy("Fields that are handed over"),
    "attribution_rule": gettext_lazy("Which day of a payment counts"),
    "attribution_tail_days": gettext_lazy("Days after the end in which a payment still counts"),
    "tier_mode": gettext_lazy("Tiers"),
    "rounding": gettext_lazy("Rounding"),
}
RULES = {"paid": gettext_lazy("the day it was paid"), "booked": gettext_lazy("the day it was booked")}
MODES = {
    "whole": gettext_lazy("whole: the tier reached holds for all the money"),
    "marginal": gettext_lazy("marginal: each tier holds for the money inside it"),
}
ROUNDINGS = {
    "half_up": gettext_lazy("half up"),
    "half_even": gettext_lazy("half to even"),
    "down": gettext_lazy("down"),
}


class CodesField(forms.CharField):
    """Codes separated by commas or blanks; none for all."""

    def prepare_value(self, value: Any) -> Any:
        """Return a list as people write it."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Return the codes in order, each once, or None."""
        typed = str(super().clean(value) or "").replace("，", ",").replace("、", ",").replace(",", " ").split()
        return list(dict.fromkeys(code[:40] for code in typed)) or None


class ShareField(forms.CharField):
    """A percentage with at most two decimals, as basis points."""

    def prepare_value(self, value: Any) -> Any:
        """Return basis points as people write them."""
        return fee_grid.percent_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return basis points, or None."""
        typed = str(super().clean(value) or "")
        if not typed:
            return None
        found = fee_grid.basis_points_of(typed)
        if found is None:
            raise forms.ValidationError(_("Write a percentage as 60 or 12.50."))
        return found


class ContractForm(Form):
    """A new contract."""

    code = forms.CharField(label=gettext_lazy("Number of the contract"), max_length=60)


class VersionForm(Form):
    """The terms of a version."""

    effective_on = DayField(label=TERMS["effective_on"])
    expires_on = DayField(label=TERMS["expires_on"])
    signed_on = DayField(
        label=TERMS["signed_on"], required=False, help_text=gettext_lazy("Without it nothing is placed under these terms.")
    )
    placement_term_days = forms.IntegerField(label=TERMS["placement_term_days"], min_value=1, max_value=3650)
    products = CodesField(label=TERMS["products"], required=False, help_text=gettext_lazy("Codes with commas between; empty for all."))
    regions = CodesField(label=TERMS["regions"], required=False, help_text=gettext_lazy("Codes with commas between; empty for all."))
    capacity_count = forms.IntegerField(label=TERMS["capacity_count"], required=False, min_value=0, max_value=100_000_000)
    share_cap_bp = ShareField(label=TERMS["share_cap_bp"], required=False)
    attribution_rule = forms.ChoiceField(label=TERMS["attribution_rule"], choices=RULES.items())
    attribution_tail_days = forms.IntegerField(label=TERMS["attribution_tail_days"], min_value=0, max_value=365, initial=0)
    tier_mode = forms.ChoiceField(label=TERMS["tier_mode"], choices=MODES.items())
    rounding = forms.ChoiceField(label=TERMS["rounding"], choices=ROUNDINGS.items())
    contracted_fields = forms.MultipleChoiceField(label=TERMS["contracted_fields"])

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["capacity_minor"] = MoneyField(currency=currency, label=TERMS["capacity_minor"], required=False)
        self.fields["capacity_minor"].widget.attrs["class"] = "form-control"
        self.fields["contracted_fields"].choices = [(item.name, item.name) for item in _fields()]
        names = list(self.fields)
        names.insert(names.index("share_cap_bp"), names.pop(names.index("capacity_minor")))
        self.order_fields(names)

    def groups(self) -> list[dict[str, Any]]:
        """Return the fields that can be handed over by privacy class, with the reason to give them and whether they are chosen.

        Where two fields are called the same, only what is chosen is shown, or the first.
        """
        chosen = set(self["contracted_fields"].value() or ())
        labels: dict[str, str] = {}
        for item in _fields():
            if item.name in chosen or _field_label(item.name) not in labels:
                labels[_field_label(item.name)] = item.name
        shown = [item for item in _fields() if item.name in chosen or labels[_field_label(item.name)] == item.name]
        return [
            {
                "title": PRIVACY_WORDS[privacy][0],
                "reason": PRIVACY_WORDS[privacy][1],
                "items": [(item.name, _field_label(item.name), item.name in chosen) for item in shown if _class_of(item) == privacy],
            }
            for privacy in PRIVACY
        ]

    def plain(self) -> list[Any]:
        """Return the other controls."""
        return [self[name] for name in self.fields if name != "contracted_fields"]


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def new(request: HttpRequest, agency_id: int) -> HttpResponse:
    """Add a contract with an agency, and go on to its first version."""
    require(request.actor, Role.MANAGER, action="add a contract")
    agency = selectors.access_agency(actor=request.actor, agency_id=agency_id)
    form = ContractForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            contract = services.contract_add(actor=request.actor, agency_id=agency.pk, code=form.cleaned_data["code"])
        except Conflict as error:
            form.add_refusal(error, field="code")
        else:
            return redirect("contract-version-new", contract_id=contract.pk)
    return TemplateResponse(request, "console/contracts/new.html", {"form": form, "agency": agency}, status=422 if form.errors else 200)


@require_safe
@creditor_only
def contract(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Show a contract: what holds today, every version with what it changed, and its fees."""
    found = selectors.access_contract(actor=request.actor, contract_id=contract_id)
    versions = selectors.contract_versions(actor=request.actor, contract_id=contract_id)
    day = today(request)
    in_force = selectors.contract_version_on(contract_id=contract_id, on=day)
    schedules: dict[int, list[Any]] = {}
    for row in selectors.fee_schedules(actor=request.actor, contract_version_ids=[version.pk for version in versions]):
        schedules.setdefault(row.contract_version_id, []).append(row)
    shown = [
        {
            "version": version,
            "terms": terms_said(version),
            "differences": differences(terms_of(before), terms_of(version), currency=version.currency) if before else [],
            "is_first": before is None,
            "schedules": schedules.get(version.pk, []),
            "state": _state(version, in_force, day=day),
        }
        for version, before in zip(versions, [*versions[1:], None], strict=True)
    ]
    newest = next((schedules[version.pk][0] for version in versions if version.pk in schedules), None)
    rows = selectors.schedule_lines(fee_schedule_id=newest.pk, creditor_id=request.actor.creditor_id) if newest else []
    context = {
        "contract": found,
        "agency": selectors.access_agency(actor=request.actor, agency_id=found.agency_id),
        "versions": shown,
        "newest": newest,
        "fee_rows": [fee_grid.row_of(line) for line in rows],
    }
    return TemplateResponse(request, "console/contracts/contract.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def version_new(request: HttpRequest, contract_id: int) -> HttpResponse:
    """Add terms from a day on, beginning with the last version's; what differs is said in words before they are saved."""
    require(request.actor, Role.MANAGER, action="add terms to a contract")
    found = selectors.access_contract(actor=request.actor, contract_id=contract_id)
    versions = selectors.contract_versions(actor=request.actor, contract_id=contract_id)
    last = versions[0] if versions else None
    currency = last.currency if last else request.creditor.currency
    form = VersionForm(request.POST or None, currency=currency, initial=_initial(last, day=today(request)))
    seen_number = request.POST.get("seen_number", "")
    moved = False
    if request.method == "POST" and form.is_valid() and "look" not in request.POST:
        number = int(seen_number) if seen_number.isascii() and seen_number.isdecimal() else 0
        try:
            version = services.contract_version_add(
                actor=request.actor,
                contract_id=contract_id,
                currency=currency,
                known_fields=HANDOVER.names,
                seen_number=number,
                **form.cleaned_data,
            )
        except TermsMoved:
            moved = True
        except InvalidInput as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("Version %(number)s was saved. It has no fees yet: set them now.") % {"number": version.number})
            return redirect("fees", contract_id=contract_id, version_id=version.pk)
    typed = form.cleaned_data if form.is_bound and form.is_valid() else {}
    context = {
        "form": form,
        "contract": found,
        "last": last,
        "moved": moved,
        "seen_number": last.number if last else 0,
        "differences": differences(terms_of(last), typed, currency=currency) if last and typed else [],
        "is_looked_at": bool(typed),
    }
    status = 409 if moved else 422 if form.errors else 200
    return TemplateResponse(request, "console/contracts/version.html", context, status=status)


def terms_of(version: ContractVersion) -> dict[str, Any]:
    """Return the terms of a version by name."""
    return {name: getattr(version, name) for name in TERMS}


def terms_said(version: ContractVersion) -> list[tuple[str, str]]:
    """Return the terms of a version in words."""
    return [(str(label), term_text(name, getattr(version, name), currency=version.currency)) for name, label in TERMS.items()]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], *, currency: str) -> list[str]:
    """Return, in sentences, what terms change against others."""
    found = []
    for name, label in TERMS.items():
        if before.get(name) == after.get(name):
            continue
        if name == "contracted_fields":
            old, new_ones = set(before.get(name) or ()), set(after.get(name) or ())
            for template, chosen in (
                (_("Handed over from now on: %(fields)s"), new_ones - old),
                (_("No longer handed over: %(fields)s"), old - new_ones),
            ):
                if chosen:
                    found.append(template % {"fields": ", ".join(_field_label(name) for name in sorted(chosen))})
            continue
        texts = {side: term_text(name, values.get(name), currency=currency) for side, values in (("old", before), ("new", after))}
        found.append(_("%(term)s: %(new)s instead of %(old)s") % {"term": label, **texts})
    return found


def term_text(name: str, value: Any, *, currency: str) -> str:
    """Return one term in words."""
    if name in ("products", "regions"):
        return ", ".join(value) if value else _("all")
    if name == "contracted_fields":
        return ", ".join(_field_label(item) for item in value or ())
    if value is None:
        return _("no limit") if name in ("capacity_count", "capacity_minor", "share_cap_bp") else _("not yet")
    if name == "capacity_minor":
        return format_amount(value, currency, lang="zh" if words.is_chinese() else "en")
    if name == "share_cap_bp":
        return f"{fee_grid.percent_text(value)} %"
    texts = {"attribution_rule": RULES, "tier_mode": MODES, "rounding": ROUNDINGS}.get(name, {})
    if value in texts:
        return str(texts[value])
    return value.isoformat() if isinstance(value, date) else f"{value:,}" if isinstance(value, int) else str(value)


def _fields() -> list[Any]:
    return [item for item in HANDOVER.fields if item.privacy != "surplus"]


def _class_of(item: Any) -> str:
    return item.privacy if item.privacy in ("personal", "sensitive") else "plain"


def _field_label(name: str) -> str:
    lang = "zh-hans" if words.is_chinese() else "en"
    return HANDOVER.field(name).label(lang) if name in HANDOVER.names else name


def _initial(last: ContractVersion | None, *, day: date) -> dict[str, Any]:
    if last is None:
        return {"effective_on": day, "contracted_fields": [], "placement_term_days": 90, "attribution_tail_days": 0}
    return terms_of(last) | {"effective_on": max(day, last.effective_on), "signed_on": None}


def _state(version: ContractVersion, in_force: ContractVersion | None, *, day: date) -> str:
    if in_force is not None and version.pk == in_force.pk:
        return "holds"
    if version.signed_on is None:
        return "unsigned"
    if version.effective_on > day:
        return "to_begin"
    return "ended"


urlpatterns = [
    path("agencies/<int:agency_id>/contracts/new/", new, name="contract-new"),
    path("contracts/<int:contract_id>/", contract, name="contract"),
    path("contracts/<int:contract_id>/versions/new/", version_new, name="contract-version-new"),
]
