"""The form of the allocation studio: what is chosen for all, and for every agency limits within its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from duecourse.doors.console.forms import Form, MoneyField
from duecourse.kit.money import BASIS_POINTS

_PERCENT = BASIS_POINTS // 100


class ShareField(forms.DecimalField):
    """A share as people write it, `12.5` for twelve and a half percent; its value is a whole number of basis points.

    Args:
        maximum_bp: the most that is allowed.
    """

    def __init__(self, *, maximum_bp: int = BASIS_POINTS, **kwargs: Any) -> None:
        self.maximum_bp = maximum_bp
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(max_digits=5, decimal_places=2, min_value=0, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return basis points as people write a percentage, and what was typed as it is."""
        return share_text(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return basis points, or None when nothing was typed.

        Raises:
            django.core.exceptions.ValidationError: it is no share, or above the most that is allowed.
        """
        found = super().clean(str(value).strip().removesuffix("%").strip() if value else value)
        if found is None:
            return None
        share_bp = int(found * _PERCENT)
        if share_bp > self.maximum_bp:
            raise forms.ValidationError(gettext("At most {share} percent.").format(share=share_text(self.maximum_bp)))
        return share_bp


def share_text(share_bp: int) -> str:
    """Return basis points as a percentage without needless zeros."""
    return format((Decimal(share_bp) / _PERCENT).normalize(), "f")


class StudioForm(Form):
    """What is chosen for the whole allocation."""

    objective = forms.ChoiceField(
        label=_("What for"),
        choices=[("net", _("Highest expected recovery less fee")), ("equal", _("Like for like: everybody by lot"))],
        help_text=_("The lot is the baseline that any plan has to beat."),
    )
    explore_share_bp = ShareField(
        label=_("Random slice (percent of debtors)"),
        help_text=_("Drawn by the month's committed seed, so that agencies can be compared fairly."),
    )
    may_return_to_previous_agency = forms.BooleanField(label=_("Cases may go back to an agency that had them"), required=False)


class AgencyForm(Form):
    """What is chosen for one agency; the contract's own limits stand beside it and always hold.

    Args:
        limit: of `contract_limits`.
        currency: of the creditor.
    """

    is_asked = forms.BooleanField(label=_("Takes part"), required=False)

    def __init__(self, *args: Any, limit: Mapping[str, Any], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, prefix=f"a{limit['agency_id']}", **kwargs)
        self.limit = limit
        label = limit["agency_code"]
        fields: dict[str, forms.Field] = {
            "capacity_count": forms.IntegerField(min_value=0, max_value=limit["capacity_count"], required=False),
            "share_min_bp": ShareField(maximum_bp=limit["share_cap_bp"] or BASIS_POINTS, required=False),
            "share_cap_bp": ShareField(maximum_bp=limit["share_cap_bp"] or BASIS_POINTS, required=False),
            "capacity_minor": MoneyField(currency=currency, maximum_minor=limit["capacity_minor"], required=False),
        }
        names = {
            "capacity_count": _("Cases at most"),
            "share_min_bp": _("Smallest share (percent)"),
            "share_cap_bp": _("Largest share (percent)"),
            "capacity_minor": _("Amount at most"),
        }
        for name, field in fields.items():
            field.label = names[name]
            field.widget.attrs |= {"class": "form-control form-control-sm", "aria-label": f"{label}: {names[name]}"}
            self.fields[name] = field
        self.fields["is_asked"].widget.attrs["aria-label"] = f"{label}: {gettext('Takes part')}"

    def clean(self) -> dict[str, Any]:
        """Refuse a smallest share above the largest."""
        given = super().clean() or {}
        least, most = given.get("share_min_bp"), given.get("share_cap_bp")
        if least is not None and most is not None and least > most:
            self.add_error("share_min_bp", gettext("The smallest share is above the largest."))
        return given

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, without what was left as the contract says."""
        given = self.cleaned_data
        if not given["is_asked"]:
            return {"is_asked": False}
        return {
            name: given[name] for name in ("capacity_count", "capacity_minor", "share_min_bp", "share_cap_bp") if given[name] is not None
        }


def agency_forms(
    limits: Sequence[Mapping[str, Any]], *, currency: str, given: Any = None, choices: Mapping[str, Any] | None = None
) -> list[AgencyForm]:
    """Return one form per agency, filled with what was chosen before."""
    chosen = (choices or {}).get("agencies", {})
    return [
        AgencyForm(
            given,
            limit=limit,
            currency=currency,
            initial={"is_asked": True} | dict(chosen.get(str(limit["agency_id"]), {})),
        )
        for limit in limits
    ]


def choices_of(form: StudioForm, agencies: Sequence[AgencyForm], *, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices of valid forms as `AllocationChoices.of` reads them; what is as the house's policy is not named."""
    given = form.cleaned_data
    found: dict[str, Any] = {} if given["objective"] == "net" else {"objective": given["objective"]}
    for name in ("explore_share_bp", "may_return_to_previous_agency"):
        if given[name] != policy[name]:
            found[name] = given[name]
    limits = {str(one.limit["agency_id"]): chosen for one in agencies if (chosen := one.chosen())}
    return found | ({"agencies": limits} if limits else {})
