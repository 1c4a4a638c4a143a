"""The forms of a case: a stop, a dispute, a promise."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from duecourse.doors.console.forms import DayField, Form, MoneyField
from duecourse.doors.console.stories import in_two
from duecourse.portfolio.selectors import stop_reasons
from duecourse.portfolio.services.by_hand import ELSEWHERE

DISPUTE_KINDS = (
    ("amount", gettext_lazy("The amount is wrong")),
    ("not_mine", gettext_lazy("The debt is not theirs")),
    ("already_paid", gettext_lazy("It is paid already")),
    ("identity", gettext_lazy("Somebody used their name")),
    ("other", gettext_lazy("Another reason")),
)
YEARS_BACK, DAYS_AHEAD = 3, 365


def next_day(day: date | None) -> date | None:
    """Return the day after the last one, the end of a half-open span; None stays open."""
    return day + timedelta(days=1) if day else None


class HoldForm(Form):
    """Why a debtor is left alone, and for which days."""

    kind = forms.ChoiceField(label=gettext_lazy("Reason"))
    from_on = DayField(label=gettext_lazy("First day"))
    last_on = DayField(label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Leave it empty when the end is not known."))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"from_on": today}, **kwargs)
        reasons = [reason for reason in stop_reasons().values() if reason.code not in ELSEWHERE]
        self.fields["kind"].choices = [
            ("", _("choose …")),
            *((reason.code, _told(reason.en, reason.zh, reason.stops)) for reason in reasons),
        ]

    def clean(self) -> dict[str, Any]:
        """Check that the span holds a day."""
        values = super().clean() or {}
        if values.get("from_on") and values.get("last_on") and values["last_on"] < values["from_on"]:
            self.add_error("last_on", _("The last day lies before the first."))
        return values


class DisputeForm(Form):
    """Which account a debtor objects to, why, and under which reference."""

    account = forms.ChoiceField(label=gettext_lazy("Account"))
    kind = forms.ChoiceField(label=gettext_lazy("Objection"), choices=DISPUTE_KINDS)
    external_ref = forms.CharField(
        label=gettext_lazy("Reference"),
        max_length=64,
        help_text=gettext_lazy("The number of the letter, call or ticket; each matter has its own."),
    )
    received_on = DayField(label=gettext_lazy("Received on"))

    def __init__(self, *args: Any, today: date, accounts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, initial={"received_on": today}, **kwargs)
        self.fields["account"].choices = accounts
        self.fields["received_on"] = DayField(
            label=gettext_lazy("Received on"), first=today.replace(day=1, year=today.year - YEARS_BACK), last=today
        )
        self.fields["received_on"].widget.attrs["class"] = "form-control"


class PromiseForm(Form):
    """What a debtor promised to pay, on which account, and by when."""

    account = forms.ChoiceField(label=gettext_lazy("Account"))

    def __init__(self, *args: Any, today: date, currency: str, accounts: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, initial={"made_on": today}, **kwargs)
        self.fields["account"].choices = accounts
        last = today + timedelta(days=DAYS_AHEAD)
        more = {
            "amount": MoneyField(label=gettext_lazy("Amount"), currency=currency, minimum_minor=1),
            "made_on": DayField(label=gettext_lazy("Said on"), first=today - timedelta(days=31), last=today),
            "due_on": DayField(label=gettext_lazy("Pays by"), first=today, last=last),
        }
        for name, made in more.items():
            made.widget.attrs["class"] = "form-control"
            self.fields[name] = made


def _told(en: str, zh: str, stops: tuple[str, ...]) -> str:
    words = [text for code, text in (("contact", _("contact")), ("placement", _("placement"))) if code in stops]
    return f"{in_two((en, zh))} ({_('stops')}: {', '.join(words)})"
