"""Forms with the console's look, and fields that speak of money and days as its users do."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from duecourse.kit.errors import DuecourseError, fill
from duecourse.kit.money import parse_amount, plain_amount

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
"""Days beyond these are slips of the hand, and the day after the last of all days cannot be written."""
_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
)


class Form(forms.Form):
    """A form whose controls carry the console's classes and name their help and errors to screen readers."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            style = next(name for kind, name in _CLASSES if isinstance(field.widget, kind))
            field.widget.attrs["class"] = " ".join(filter(None, [field.widget.attrs.get("class", ""), style]))

    def add_refusal(self, error: DuecourseError, *, field: str | None = None) -> None:
        """Say at a field, or at the top, why a service refused what was typed."""
        texts = [fill(_(template), error.parameters) for template in (error.what, error.why, error.todo) if template]
        self.add_error(field, " ".join(texts))


class MoneyField(forms.CharField):
    """An amount as people write it, `1,234.56`; its value is a whole number of minor units.

    Args:
        currency: ISO 4217 code.
        minimum_minor: the least that is allowed, or None.
        maximum_minor: the most that is allowed, or None.
    """

    def __init__(self, *, currency: str, minimum_minor: int | None = 0, maximum_minor: int | None = None, **kwargs: Any) -> None:
        self.currency, self.minimum_minor, self.maximum_minor = currency, minimum_minor, maximum_minor
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Return minor units as people write them, and what was typed as it is."""
        return plain_amount(value, self.currency) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return minor units, or None when nothing was typed.

        Raises:
            django.core.exceptions.ValidationError: it is no amount, or too small or too large.
        """
        typed = super().clean(value)
        if typed in self.empty_values:
            return None
        try:
            amount_minor = parse_amount(typed, currency=self.currency)
        except DuecourseError as error:
            raise forms.ValidationError(fill(_(error.what), error.parameters)) from error
        if self.minimum_minor is not None and amount_minor < self.minimum_minor:
            raise forms.ValidationError(_("At least %(amount)s.") % {"amount": plain_amount(self.minimum_minor, self.currency)})
        if self.maximum_minor is not None and amount_minor > self.maximum_minor:
            raise forms.ValidationError(_("At most %(amount)s.") % {"amount": plain_amount(self.maximum_minor, self.currency)})
        return amount_minor


class DayField(forms.DateField):
    """A day, chosen or typed as 2026-09-30."""

    def __init__(self, *, first: date | None = None, last: date | None = None, **kwargs: Any) -> None:
        self.first, self.last = first, last
        attributes = {"type": "date"} | ({"min": first.isoformat()} if first else {}) | ({"max": last.isoformat()} if last else {})
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs=attributes))
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        kwargs.setdefault("error_messages", {"invalid": gettext_lazy("Write a day as 2026-09-30.")})
        super().__init__(**kwargs)

    def validate(self, value: date | None) -> None:
        """Check the day against the first and the last one allowed."""
        super().validate(value)
        first, last = self.first or FIRST_DAY, self.last or LAST_DAY
        if value and value < first:
            raise forms.ValidationError(_("Not before %(day)s.") % {"day": first.isoformat()})
        if value and value > last:
            raise forms.ValidationError(_("Not after %(day)s.") % {"day": last.isoformat()})
