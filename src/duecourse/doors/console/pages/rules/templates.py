"""Message templates: texts that may be sent, written by one person and approved by another."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.contact.selectors.papers import TEMPLATES_PAGE, access_template
from duecourse.contact.services import LETTER_PARTS, message_template_add, message_template_end
from duecourse.contact.services.readiness import MESSAGES
from duecourse.contact.services.templates import BODY_MAX, MORE_PARTS, WRITERS
from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.words import word
from duecourse.kit.errors import DuecourseError
from duecourse.ledger.selectors import page
from duecourse.parties.access import require

PURPOSES = ("reminder", "demand", "plan", "outsourcing_notice", "other")
LANGUAGES = (("zh-hans", "中文"), ("en", "English"))


class TemplateForm(Form):
    """One version of a template."""

    code = forms.RegexField(
        r"^[\w.-]{1,64}$",
        label=gettext_lazy("Name of the template"),
        max_length=64,
        help_text=gettext_lazy("A second version has the same name, channel and language. A request for a permit names it."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=lambda: [(code, word(code)) for code in MESSAGES])
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)
    purpose = forms.ChoiceField(label=gettext_lazy("What it is for"), choices=lambda: [(code, word(code)) for code in PURPOSES])
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=BODY_MAX,
        widget=forms.Textarea(attrs={"rows": 9}),
        help_text=gettext_lazy("With places such as {balance}; no name and no number of anybody."),
    )
    parts = forms.MultipleChoiceField(
        label=gettext_lazy("What the text contains"),
        required=False,
        choices=lambda: [(code, word(f"part_{code}")) for code in (*LETTER_PARTS, *MORE_PARTS)],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("A letter about a credit card must contain the first eleven (art. 69 of the rules on credit cards)."),
    )
    valid_from_on = DayField(label=gettext_lazy("May be used from"))
    valid_until_on = DayField(label=gettext_lazy("First day without it"), required=False)

    def clean(self) -> dict[str, Any]:
        """A letter tells all that a letter must contain."""
        found = super().clean()
        absent = [part for part in LETTER_PARTS if part not in found.get("parts", [])]
        if found.get("channel") == "letter" and absent:
            named = ", ".join(word(f"part_{part}") for part in absent)
            self.add_error("parts", _("A letter must also contain: %(parts)s.") % {"parts": named})
        return found


TEMPLATES = Listing(
    name="templates",
    title=gettext_lazy("Message templates"),
    query=TEMPLATES_PAGE,
    order="-known",
    columns=(
        Column("code", gettext_lazy("Name of the template"), kind="code", order="code",
               link=lambda row: reverse("template", args=[row["template_id"]])),
        Column("number", gettext_lazy("Version"), kind="count"),
        Column("channel", gettext_lazy("Channel"), kind="word"),
        Column("language", gettext_lazy("Language"), kind="code"),
        Column("purpose", gettext_lazy("What it is for"), kind="word"),
        Column("valid_from_on", gettext_lazy("May be used from"), kind="day"),
        Column("state_text", gettext_lazy("State"), can_export=False),
        Column("state", gettext_lazy("State (code)"), kind="code", is_shown=False),
        Column("added_by_name", gettext_lazy("Written by")),
        Column("decided_by_name", gettext_lazy("Decided by")),
        Column("known_at", gettext_lazy("Written"), kind="instant", order="known", is_shown=False),
    ),
    filters=(
        Filter("q", gettext_lazy("Name or words")),
        Filter("channel", gettext_lazy("Channel"), choices=lambda _actor: [(code, word(code)) for code in MESSAGES]),
        Filter("state", gettext_lazy("State"),
               choices=lambda _actor: [(state, word(f"paper_{state}")) for state in ("waiting", "approved", "refused", "end")]),
    ),
)  # fmt: skip


@require_safe
@creditor_only
def templates(request: HttpRequest) -> HttpResponse:
    """List every version of every template."""
    hint = _("Until one is approved, no text, letter or mail is permitted; calls need none.")
    response = listing_page(request, TEMPLATES, template="console/rules/templates.html", extra={"empty_hint": hint})
    for row in response.context_data["rows"]:
        row["state_text"] = word(f"paper_{row['state']}")
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def template_new(request: HttpRequest) -> HttpResponse:
    """Write a version; beginning from another one, its content stands in the form."""
    require(request.actor, *WRITERS, action="write a template")
    form = TemplateForm(request.POST if request.method == "POST" else None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = message_template_add(actor=request.actor, **form.cleaned_data)
        except DuecourseError as refused:
            form.add_refusal(refused)
        else:
            messages.success(request, _("Written. It may be used from its day on, once another person has approved it."))
            return redirect("template", made.pk)
    return TemplateResponse(request, "console/rules/template_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@creditor_only
def template(request: HttpRequest, template_id: int) -> HttpResponse:
    """Show one version: its text, what it contains, who wrote and decided it, and the other versions."""
    found = access_template(request.actor, template_id=template_id)
    rows = page(TEMPLATES_PAGE, creditor_id=request.actor.creditor_id, order="-known", filters={"q": found.code}, limit=200).rows
    versions = [row | {"state_text": word(f"paper_{row['state']}")} for row in rows if row["code"] == found.code]
    row = next(row for row in versions if row["template_id"] == template_id)
    context = {
        "row": row,
        "parts": [word(f"part_{part}") for part in row["parts"]],
        "versions": versions,
        "may_write": not request.actor.roles.isdisjoint(map(str, WRITERS)),
        "is_newest": versions[0]["template_id"] == template_id and not row["is_end"],
        "own_id": request.actor.user_id,
        "day": today(request),
    }
    return TemplateResponse(request, "console/rules/template.html", context)


@creditor_only
@require_POST
def template_finish(request: HttpRequest, template_id: int) -> HttpResponse:
    """End a template at once, or from a later day: it only stops, so nobody has to approve that."""
    found = access_template(request.actor, template_id=template_id)
    try:
        on = DayField().clean(request.POST.get("on") or today(request).isoformat())
    except forms.ValidationError as fault:
        messages.warning(request, fault.messages[0])
        return redirect("template", template_id)
    message_template_end(actor=request.actor, code=found.code, on=max(on, today(request)))
    messages.success(request, _("It may not be used from that day on."))
    return redirect("templates")


def _initial(request: HttpRequest) -> dict[str, Any]:
    number = request.GET.get("from", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return {"valid_from_on": today(request), "language": "zh-hans"}
    found = access_template(request.actor, template_id=int(number))
    return {name: getattr(found, name) for name in ("code", "channel", "language", "purpose", "body", "parts")} | {
        "valid_from_on": today(request)
    }


urlpatterns = [
    path("templates/", templates, name="templates"),
    path("templates/new/", template_new, name="template-new"),
    path("templates/<int:template_id>/", template, name="template"),
    path("templates/<int:template_id>/end/", template_finish, name="template-end"),
]
