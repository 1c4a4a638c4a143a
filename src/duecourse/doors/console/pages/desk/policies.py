"""Policies of placements: what holds today for all contracts and for each, what was and will be, and deciding from a day on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from duecourse.doors import words
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.locks import changes, seal_of
from duecourse.doors.console.pages.desk.move_words import ground_text
from duecourse.doors.console.pages.studio.studio_forms import ShareField, share_text
from duecourse.doors.console.shell import creditor_only, today
from duecourse.kit.errors import DuecourseError
from duecourse.parties.access import require
from duecourse.parties.models import Contract, Role, User
from duecourse.placement import selectors, services
from duecourse.placement.models import PlacementPolicy
from duecourse.placement.selectors.policies import NEW_ACCOUNT, ROLL_RULES, LifePolicy

LABELS = {
    "extension_share_cap_bp": _("Share of a batch that may stay (percent)"),
    "extension_days_max": _("Days an extension may add"),
    "extension_count_max": _("Extensions per placement"),
    "extension_grounds": _("Grounds that count"),
    "roll_rule": _("A last day on a holiday"),
    "first_contact_days": _("Days for a first contact"),
    "idle_days": _("Days without an attempt until idle"),
    "rotation_days": _("Days with an agency, by hand"),
    "recall_notice_days": _("Days until a recall's final day"),
    "goal_rate_bp": _("Goal of the recovery rate (percent)"),
    "new_account": _("A placed debtor's new account"),
}
ROLLS = {
    "none": _("stays where it is"),
    "following": _("moves to the next working day"),
    "preceding": _("moves to the working day before"),
    "modified_following": _("moves to the next working day of the month"),
}
NEW_ACCOUNTS = {
    "follow": _("follows into the placement"),
    "wait": _("waits until the placement ends"),
    "split": _("becomes a case of its own"),
}
_SHARES = ("extension_share_cap_bp", "goal_rate_bp")
ROWS_SHOWN = 50


class PolicyForm(Form):
    """The choices of `LifePolicy` from a day on; whatever the policy knows has its field."""

    effective_on = DayField(label=_("In force from"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in LifePolicy().terms().items():
            field = _field(name, value)
            field.label = LABELS.get(name, words.word(name))
            style = "form-check-input" if isinstance(field.widget, forms.CheckboxSelectMultiple) else "form-control"
            field.widget.attrs["class"] = "form-select" if isinstance(field.widget, forms.Select) else style
            self.fields[name] = field

    def terms(self) -> dict[str, Any]:
        """Return the choices as `policy_set` takes them."""
        return {name: value for name, value in self.cleaned_data.items() if name != "effective_on"}


class DaysField(forms.CharField):
    """Numbers of days with commas between them, `90, 180`; its value is a list."""

    def prepare_value(self, value: Any) -> Any:
        """Return the list as people write it, and what was typed as it is."""
        return ", ".join(str(day) for day in value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> list[int]:
        """Return the numbers.

        Raises:
            django.core.exceptions.ValidationError: one is no number of days above zero.
        """
        parts = [part.strip() for part in str(super().clean(value)).replace("，", ",").split(",") if part.strip()]
        if not parts or not all(part.isascii() and part.isdecimal() and len(part) < 7 and int(part) for part in parts):
            raise forms.ValidationError(gettext("Write numbers of days, for example 90, 180."))
        return [int(part) for part in parts]


def _field(name: str, value: Any) -> forms.Field:
    if name in _SHARES:
        return ShareField(required=name != "goal_rate_bp")
    if name == "roll_rule":
        return forms.ChoiceField(choices=[(rule, ROLLS[rule]) for rule in ROLL_RULES])
    if name == "rotation_days":
        return DaysField(help_text=_("For the first, second … hand; the last number holds on."))
    if isinstance(value, list):
        choices = [(code, ground_text(code)) for code in LifePolicy().terms()[name]]
        return forms.MultipleChoiceField(choices=choices, required=False, widget=forms.CheckboxSelectMultiple)
    if isinstance(value, int):
        return forms.IntegerField(min_value=0, max_value=3650)
    return forms.ChoiceField(choices=[(code, NEW_ACCOUNTS[code]) for code in NEW_ACCOUNT])


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def policies(request: HttpRequest) -> HttpResponse:
    """Show the policies, and decide on one."""
    actor, day = request.actor, today(request)
    given = request.POST if request.method == "POST" else request.GET
    contracts = list(Contract.objects.filter(creditor_id=actor.creditor_id).select_related("agency").order_by("code"))
    contract = next((row for row in contracts if str(row.pk) == given.get("contract", "")), None)
    found = selectors.policies_on(creditor_id=actor.creditor_id, on=day)
    current = (found.get(contract.pk) if contract else None) or found[None]
    form = PolicyForm(request.POST or None, initial=current.terms() | {"effective_on": day})
    context = {"form": form, "contract": contract, "contracts": contracts, "day": day, "seen": seal_of(current.terms())}
    context |= {"own": [row for row in contracts if row.pk in found], "rows": _rows(actor.creditor_id, day=day)}
    context["facts"] = [(LABELS.get(name, words.word(name)), value_text(name, value)) for name, value in current.terms().items()]
    if request.method != "POST":
        return TemplateResponse(request, "console/moves/policies.html", context)
    require(actor, Role.MANAGER, action="set the policy of placements")
    if form.is_valid():
        differing = changes(request.POST.get("seen", ""), current.terms(), form.terms())
        if differing:
            return _changed(request, differing, current, form)
        try:
            terms = form.terms()
            services.policy_set(
                actor=actor, effective_on=form.cleaned_data["effective_on"], terms=terms, contract_id=contract.pk if contract else None
            )
        except DuecourseError as error:
            form.add_refusal(error)
        else:
            messages.success(request, gettext("The policy holds from {day} on.").format(day=form.cleaned_data["effective_on"].isoformat()))
            return redirect(f"{request.path}?contract={contract.pk}" if contract else request.path)
    return TemplateResponse(request, "console/moves/policies.html", context, status=422)


def _changed(request: HttpRequest, differing: list[Any], current: LifePolicy, form: PolicyForm) -> HttpResponse:
    shown = [
        {
            "field": one.field,
            "label": LABELS.get(one.field, one.field),
            "seen": value_text(one.field, one.seen),
            "now": value_text(one.field, one.now),
            "typed": value_text(one.field, one.typed),
        }
        for one in differing
    ]
    pairs = [(name, value) for name in request.POST if name not in {"seen", "csrfmiddlewaretoken"} for value in request.POST.getlist(name)]
    context = {"changes": shown, "seen": seal_of(current.terms()), "typed_pairs": pairs, "form": form}
    return TemplateResponse(request, "console/changed.html", context, status=409)


def _rows(creditor_id: int, *, day: Any) -> list[dict[str, Any]]:
    found = list(
        PlacementPolicy.objects.filter(creditor_id=creditor_id).select_related("contract").order_by("-effective_on", "-pk")[:ROWS_SHOWN]
    )
    names = dict(User.objects.filter(pk__in={row.actor_id for row in found}).values_list("pk", "display_name"))
    standard = LifePolicy().terms()
    return [
        {
            "effective_on": row.effective_on,
            "contract": row.contract.code if row.contract_id else "",
            "is_future": row.effective_on > day,
            "who": names.get(row.actor_id, "–"),
            "known_at": row.known_at,
            "differs": [
                f"{LABELS.get(name, name)}: {value_text(name, value)}" for name, value in row.terms.items() if value != standard.get(name)
            ],
        }
        for row in found
    ]


def value_text(name: str, value: Any) -> str:
    """Return a choice's value as people read it."""
    if value is None:
        return "–"
    if name in _SHARES:
        return f"{share_text(value)} %"
    if name == "roll_rule":
        return str(ROLLS.get(value, value))
    if name == "new_account":
        return str(NEW_ACCOUNTS.get(value, value))
    if isinstance(value, list | tuple):
        is_text = any(isinstance(part, str) for part in value)
        return (" " if is_text else ", ").join(ground_text(part) if isinstance(part, str) else str(part) for part in value) or "–"
    return words.word(value) if isinstance(value, str) else str(value)


urlpatterns = [path("policies/", policies, name="policies")]
