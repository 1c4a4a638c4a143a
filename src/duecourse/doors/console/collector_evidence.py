"""What shows that each of an agency's people may collect, as the creditor's page of an agency and the agency's own page of its people show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from duecourse.contact.selectors.papers import person_kinds_on
from duecourse.doors.console.forms import DayField, Form
from duecourse.parties.access import Actor
from duecourse.parties.models import Membership
from duecourse.parties.selectors import collector_qualifications
from duecourse.parties.services.collectors import KIND_MAX, REFERENCE_MAX

STATES = {
    "waiting": ("bg-azure-lt", gettext_lazy("waits for the creditor")),
    "refused": ("bg-red-lt", gettext_lazy("not confirmed")),
    "withdrawn": ("badge-outline", gettext_lazy("withdrawn")),
    "lapsed": ("bg-red-lt", gettext_lazy("ended")),
    "later": ("badge-outline", gettext_lazy("begins later")),
    "soon": ("bg-yellow-lt", gettext_lazy("ends soon")),
    "valid": ("bg-green-lt", gettext_lazy("valid")),
}
"""Class of the badge and words of each state."""
HOLDS = ("soon", "valid")


class EvidenceForm(Form):
    """Evidence of one person."""

    user_id = forms.TypedChoiceField(label=gettext_lazy("Whose"), coerce=int)
    kind = forms.CharField(
        label=gettext_lazy("Kind"),
        max_length=KIND_MAX,
        help_text=gettext_lazy("By the same name as the creditor asks for it. For example: pre-job training, yearly exam."),
        widget=forms.TextInput(attrs={"list": "evidence-kinds", "autocomplete": "off"}),
    )
    document_ref = forms.CharField(
        label=gettext_lazy("Document"),
        max_length=REFERENCE_MAX,
        help_text=gettext_lazy("The certificate's number, or where it lies. No name and no identity number."),
    )
    valid_from_on = DayField(label=gettext_lazy("Valid from"))
    valid_until_on = DayField(label=gettext_lazy("First day without it"))

    def __init__(self, *args: Any, people: Sequence[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user_id"].choices = [("", _("choose")), *_names(people).items()]

    def clean(self) -> dict[str, Any]:
        """Check that it holds for a day at least, and names one kind."""
        found = super().clean() or {}
        first, until = found.get("valid_from_on"), found.get("valid_until_on")
        if first and until and until <= first:
            self.add_error("valid_until_on", _("It must be after the first day."))
        if {",", "，"} & set(found.get("kind", "")):
            self.add_error("kind", _("One kind at a time, without commas."))
        return found


def collector_evidence(*, actor: Actor, agency_id: int, people: Sequence[Membership], on: date) -> dict[str, Any]:
    """Return what `console/agencies/collectors.html` shows of an agency's people.

    Args:
        actor: a person of the creditor's side, or a lead of the agency.
        agency_id: the agency.
        people: who works there.
        on: today in the creditor's zone.

    Returns:
        dict of `evidence` (rows of `collector_qualifications` with badge and text of their state), `evidence_kinds` (what the creditor asks
        of each collector today), `evidence_lacking` (name and missing kinds of everybody who may not call today) and `evidence_form`.
    """
    rows = collector_qualifications(actor=actor, agency_id=agency_id, on=on)
    kinds = person_kinds_on(actor=actor, on=on)
    held = {(row["user_id"], row["kind"]) for row in rows if row["state"] in HOLDS}
    missing = [(name, [kind for kind in kinds if (number, kind) not in held]) for number, name in _names(people).items()]
    for row in rows:
        row["badge"], row["state_text"] = STATES[row["state"]]
        row["is_living"] = row["state"] not in ("refused", "withdrawn")
    lacking = [(name, lacks) for name, lacks in missing if lacks]
    form = EvidenceForm(people=people, initial={"valid_from_on": on})
    return {"evidence": rows, "evidence_kinds": kinds, "evidence_lacking": lacking, "evidence_form": form}


def _names(people: Sequence[Membership]) -> dict[int, str]:
    return {row.user_id: row.user.display_name for row in people}
