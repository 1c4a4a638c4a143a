"""The form of a move: what each kind asks for, and only the reasons that its user may give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from duecourse.doors import words
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.shell import today
from duecourse.parties.access import Actor
from duecourse.parties.models import Agency
from duecourse.placement import selectors

WORDS_MAX = 500
_PROPOSED = {
    "owed": ("recall", "no_first_contact"),
    "idle": ("recall", "idle"),
    "rotation": ("recall", "rotation"),
    "ending": ("extend", "promise_open"),
}
_ORDER = ("recall", "extend", "return", "swap", "close")


def kinds_of(actor: Actor) -> list[tuple[str, str]]:
    """Return the kinds of move for which the actor may give a reason, with what they are called."""
    chosen = [kind for kind in _ORDER if _reasons(kind, actor)]
    return [(kind, selectors.kind_text(kind)[words.is_chinese()]) for kind in chosen]


def proposed_for(due: str, *, actor: Actor) -> tuple[str, str]:
    """Return the kind of move and the reason that fit what is due, or the first kind the actor may make; '' where there is none."""
    kind, reason_code = _PROPOSED.get(due, ("", ""))
    kinds = [code for code, _text in kinds_of(actor)]
    if kind in kinds and reason_code in dict(_reasons(kind, actor)):
        return kind, reason_code
    return (kinds[0] if kinds else "", "")


class MoveForm(Form):
    """What a move of one kind asks for.

    Args:
        request: whose actor and day it is.
        kind: of the move.
    """

    reason_code = forms.ChoiceField(label=_("Reason"))
    until_on = DayField(label=_("New last day"))
    at_once = forms.BooleanField(label=_("At once: access ends now"), required=False)
    to_agency_id = forms.ChoiceField(label=_("To agency"))
    words = forms.CharField(
        label=_("Words"),
        required=False,
        max_length=WORDS_MAX,
        help_text=_("A sentence for the history; nothing about a person."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.day = kind, today(request)
        actor = request.actor
        self.fields["reason_code"].choices = [("", gettext("choose")), *_reasons(kind, actor)]
        policy = selectors.policy_on(creditor_id=actor.creditor_id, on=self.day)
        if kind == "extend":
            self._day_field(_("New last day"), self.day + timedelta(days=policy.extension_days_max))
        elif kind == "recall":
            self._day_field(_("Final day"), self.day + timedelta(days=policy.recall_notice_days), is_required=False)
        else:
            del self.fields["until_on"]
        if kind != "recall":
            del self.fields["at_once"]
        if kind == "swap":
            agencies = Agency.objects.filter(creditor_id=actor.creditor_id, closed_on__isnull=True).exclude(kind="robot").order_by("code")
            self.fields["to_agency_id"].choices = [("", gettext("choose")), *((row.pk, row.name) for row in agencies)]
        else:
            del self.fields["to_agency_id"]

    def _day_field(self, label: Any, initial: Any, *, is_required: bool = True) -> None:
        field = DayField(label=label, first=self.day, initial=initial, required=is_required)
        field.widget.attrs["class"] = "form-control"
        self.fields["until_on"] = field

    def clean(self) -> dict[str, Any]:
        """Ask for a sentence where the reason does, and for a final day or `at once`."""
        given = super().clean() or {}
        reason = selectors.move_reasons(self.kind).get(given.get("reason_code", ""))
        if reason and reason.needs_words and not given.get("words", "").strip():
            self.add_error("words", gettext("This reason asks for a sentence of your own."))
        if self.kind == "recall" and not given.get("until_on") and not given.get("at_once") and "until_on" not in self.errors:
            self.add_error("until_on", gettext("Name the final day, or end access at once."))
        return given

    def wanted(self) -> dict[str, Any]:
        """Return what the form says as the arguments of a preview, days as texts."""
        given = self.cleaned_data
        until_on = None if given.get("at_once") else given.get("until_on")
        found: dict[str, Any] = {"kind": self.kind, "reason_code": given["reason_code"], "words": given.get("words", "")}
        if until_on:
            found["until_on"] = until_on.isoformat()
        if given.get("to_agency_id"):
            found["to_agency_id"] = int(given["to_agency_id"])
        return found


def _reasons(kind: str, actor: Actor) -> list[tuple[str, str]]:
    chinese = words.is_chinese()
    allowed = [row for row in selectors.move_reasons(kind).values() if not actor.roles.isdisjoint(row.roles)]
    return [(row.code, row.zh if chinese else row.en) for row in allowed]
