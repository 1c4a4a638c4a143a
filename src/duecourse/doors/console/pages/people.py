"""Users and roles: who holds which role when, letting people in and out, and one's own profile."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from duecourse.doors.console.forms import DayField, Form
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.tables import Column, Filter, Listing, listing_page
from duecourse.doors.words import word
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Conflict, DuecourseError, InvalidInput, fill
from duecourse.parties import selectors, services
from duecourse.parties.access import Actor, acting, creditor_of, require, system
from duecourse.parties.errors import LinkRefused, LoginRefused, PasswordRefused
from duecourse.parties.models import AGENCY_ROLES, CREDITOR_ROLES, Role

LANGS = [("zh-hans", "简体中文"), ("en", "English")]


def _sides(actor: Actor) -> list[tuple[str, Any]]:
    return [("0", creditor_of(actor).name), *((str(agency.pk), agency.name) for agency in selectors.agencies(actor=actor))]


PEOPLE = Listing(
    name="people",
    title=gettext_lazy("Users and roles"),
    query=selectors.PEOPLE_PAGE,
    order="name",
    holds_personal=True,
    roles=(Role.MANAGER, Role.COMPLIANCE),
    parameters=lambda actor: {"today": local_day(now(), creditor_of(actor).zone)},
    columns=(
        Column("display_name", gettext_lazy("Name"), order="name", link=lambda row: reverse("person", args=[row["user_id"]])),
        Column("email", gettext_lazy("E-mail address")),
        Column("side_name", gettext_lazy("Works for"), order="side"),
        Column("role", gettext_lazy("Role"), kind="word"),
        Column("from_on", gettext_lazy("From"), kind="day", order="from_on"),
        Column("until_on", gettext_lazy("Until"), kind="day"),
        Column("state", gettext_lazy("State"), kind="badge"),
        Column("is_invited", gettext_lazy("No password yet"), kind="bool"),
    ),
    filters=(
        Filter("state", gettext_lazy("State"), choices=lambda _actor: [(code, word(code)) for code in ("holds", "to_begin", "ended")]),
        Filter("side", gettext_lazy("Works for"), choices=_sides),
        Filter("q", gettext_lazy("Name or address")),
        Filter("role", gettext_lazy("Role"), choices=lambda _actor: [(str(role), word(role)) for role in Role.values]),
    ),
)


class GrantForm(Form):
    """A role with the creditor or with an agency, over a span of days."""

    side = forms.ChoiceField(label=gettext_lazy("Works for"))
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    from_on = DayField(label=gettext_lazy("First day"))
    until_on = DayField(
        label=gettext_lazy("First day without access"), required=False, help_text=gettext_lazy("Leave empty while nobody knows.")
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = _sides(actor)
        groups = ((_("Creditor"), CREDITOR_ROLES), (_("Agency"), AGENCY_ROLES))
        self.fields["role"].choices = [(name, [(str(role), word(role)) for role in roles]) for name, roles in groups]

    def terms(self) -> dict[str, Any]:
        """Return what the services take."""
        chosen = self.cleaned_data
        agency_id = int(chosen["side"]) or None
        return {"role": chosen["role"], "agency_id": agency_id, "from_on": chosen["from_on"], "until_on": chosen["until_on"]}


class NewPersonForm(GrantForm):
    """Somebody new, and their first role."""

    field_order = ("email", "display_name", "lang", "side", "role", "from_on", "until_on")
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254, help_text=gettext_lazy("The login."))
    display_name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    lang = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGS)


class EndForm(Form):
    """The first day without something."""

    until_on = DayField(label=gettext_lazy("First day without access"))


class LangForm(Form):
    """The language in which one is spoken to."""

    lang = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGS)


class FirstPasswordForm(Form):
    """A password, typed twice."""

    password = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least twelve characters; three or four words do well."),
    )
    again = forms.CharField(
        label=gettext_lazy("The same again"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Check that both are the same."""
        given = super().clean() or {}
        if given.get("password") != given.get("again"):
            self.add_error("again", _("The two differ."))
        return given


class PasswordForm(FirstPasswordForm):
    """One's old password and a new one."""

    field_order = ("old", "password", "again")
    old = forms.CharField(
        label=gettext_lazy("Password of now"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@require_safe
@creditor_only
def people(request: HttpRequest) -> HttpResponse:
    """List who holds which role, and when."""
    return listing_page(request, PEOPLE, template="console/people/list.html")


@require_http_methods(["GET", "HEAD", "POST"])
@creditor_only
def new(request: HttpRequest) -> HttpResponse:
    """Let somebody in, and show the link for the first password this once."""
    require(request.actor, Role.MANAGER, action="let somebody in")
    form = NewPersonForm(request.POST or None, actor=request.actor, initial={"from_on": today(request), "lang": "zh-hans"})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            invited = services.member_invite(
                actor=request.actor, email=chosen["email"], display_name=chosen["display_name"], lang=chosen["lang"], **form.terms()
            )
        except (InvalidInput, Conflict) as error:
            form.add_refusal(error)
        else:
            return _with_link(request, invited)
    return TemplateResponse(request, "console/people/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@creditor_only
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show a member with all their roles here."""
    return _person(request, user_id)


@creditor_only
@require_POST
def grant(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a member another role."""
    require(request.actor, Role.MANAGER, action="grant a membership")
    selectors.person_page(actor=request.actor, user_id=user_id)
    form = GrantForm(request.POST, actor=request.actor)
    if form.is_valid():
        try:
            services.membership_grant(actor=request.actor, user_id=user_id, **form.terms())
        except (InvalidInput, Conflict) as error:
            form.add_refusal(error)
        else:
            messages.success(request, _("The role was given."))
            return redirect("person", user_id=user_id)
    return _person(request, user_id, grant_form=form)


@creditor_only
@require_POST
def end(request: HttpRequest, user_id: int, membership_id: int) -> HttpResponse:
    """End one role of a member."""
    require(request.actor, Role.MANAGER, action="end a membership")
    _user, rows = selectors.person_page(actor=request.actor, user_id=user_id)
    form = EndForm(request.POST)
    if form.is_valid() and any(row["id"] == membership_id for row in rows):
        services.membership_end(actor=request.actor, membership_id=membership_id, until_on=form.cleaned_data["until_on"])
        messages.success(request, _("The role ends on that day."))
        return redirect("person", user_id=user_id)
    return _person(request, user_id, end_form=form)


@creditor_only
@require_POST
def leave(request: HttpRequest, user_id: int) -> HttpResponse:
    """End everything a member holds here."""
    require(request.actor, Role.MANAGER, action="end all memberships")
    form = EndForm(request.POST)
    if form.is_valid():
        count = services.member_leave(actor=request.actor, user_id=user_id, until_on=form.cleaned_data["until_on"])
        messages.success(request, _("%(count)s roles end on that day; the login opens nothing here from then on.") % {"count": count})
        return redirect("person", user_id=user_id)
    return _person(request, user_id, end_form=form)


@creditor_only
@require_POST
def link(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give a link: shown once to the manager while there is no password; afterwards sent to the person's own address only."""
    require(request.actor, Role.MANAGER, action="give a link")
    found, _rows = selectors.person_page(actor=request.actor, user_id=user_id)
    if not found.has_usable_password():
        return _with_link(request, services.member_link(actor=request.actor, user_id=user_id))
    invited = services.member_reset(actor=request.actor, user_id=user_id)
    _send(request, invited)
    messages.success(request, _("A link for a new password was sent to the person's own address; until it is used the old one holds."))
    return redirect("person", user_id=user_id)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show one's own roles, and change language or password."""
    form_of = {"lang": LangForm, "password": PasswordForm}
    done = request.POST.get("do", "")
    forms_shown = {
        "lang_form": LangForm(initial={"lang": request.user.lang}),
        "password_form": PasswordForm(),
    }
    if request.method == "POST" and done in form_of:
        form = form_of[done](request.POST)
        forms_shown[f"{done}_form"] = form
        if form.is_valid() and (answer := _profile_changed(request, form)):
            return answer
    rows = selectors.memberships_of(actor=request.actor)
    context = forms_shown | {"memberships": rows}
    is_wrong = any(form.is_bound for form in forms_shown.values())
    return TemplateResponse(request, "console/people/profile.html", context, status=422 if is_wrong else 200)


@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, link: str) -> HttpResponse:
    """Let the holder of a link set a password, once."""
    try:
        found = services.link_user(link=link)
    except LinkRefused as error:
        return _refused(request, error)
    if request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) is None:
        translation.activate(found.lang)
    form = FirstPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.password_by_link(link=link, password=form.cleaned_data["password"])
        except PasswordRefused as error:
            form.add_refusal(error, field="password")
        except LinkRefused as error:
            return _refused(request, error)
        else:
            messages.success(request, _("Your password is set. Log in with it."))
            return redirect("login")
    context = {"form": form, "name": found.display_name, "email": found.email}
    return render(request, "console/people/welcome.html", context, status=422 if form.errors else 200)


def _profile_changed(request: HttpRequest, form: Form) -> HttpResponse | None:
    if isinstance(form, LangForm):
        services.user_lang_set(user_id=request.user.pk, lang=form.cleaned_data["lang"])
        answer = redirect("profile")
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, form.cleaned_data["lang"], samesite="Lax")
        return answer
    try:
        changed = services.password_change(user=request.user, old=form.cleaned_data["old"], new=form.cleaned_data["password"])
    except LoginRefused as error:
        form.add_refusal(error, field="old")
        return None
    except PasswordRefused as error:
        form.add_refusal(error, field="password")
        return None
    with acting(system(request.actor.creditor_id)):
        update_session_auth_hash(request, changed)
    messages.success(request, _("Your password was changed; other sessions of yours have ended."))
    return redirect("profile")


def _person(request: HttpRequest, user_id: int, **bound: Form) -> HttpResponse:
    found, rows = selectors.person_page(actor=request.actor, user_id=user_id)
    day = today(request)
    for row in rows:
        row["state"] = "to_begin" if row["from_on"] > day else "ended" if row["until_on"] and row["until_on"] <= day else "holds"
    context = {
        "person": found,
        "rows": rows,
        "is_open": any(row["state"] != "ended" for row in rows),
        "is_self": user_id == request.actor.user_id,
        "has_password": found.has_usable_password(),
        "grant_form": GrantForm(actor=request.actor, initial={"from_on": day}),
        "end_form": EndForm(initial={"until_on": day}),
        **bound,
    }
    return TemplateResponse(request, "console/people/person.html", context, status=422 if bound else 200)


def _with_link(request: HttpRequest, invited: services.Invited) -> HttpResponse:
    """Show the link this once, or send it where mail is set up; a login that has a password needs none."""
    if not invited.link:
        messages.success(request, _("This address has a login already; it got the role. Name and password stay as they were."))
        return redirect("person", user_id=invited.user.pk)
    if settings.EMAIL_HOST:
        _send(request, invited)
        messages.success(request, _("A link for the first password was sent to the address."))
        return redirect("person", user_id=invited.user.pk)
    if not invited.may_be_shown:
        messages.warning(request, _("A link for this login goes to its own address only, and no mail is set up here."))
        return redirect("person", user_id=invited.user.pk)
    address = request.build_absolute_uri(reverse("welcome", args=[invited.link]))
    return TemplateResponse(request, "console/people/link.html", {"person": invited.user, "address": address})


def _send(request: HttpRequest, invited: services.Invited) -> None:
    address = request.build_absolute_uri(reverse("welcome", args=[invited.link]))
    with translation.override(invited.user.lang):
        text = _("With this link you set your password. It works once, for three days:\n\n%(address)s\n") % {"address": address}
        send_mail(_("Your password for duecourse"), text, None, [invited.user.email])


def _refused(request: HttpRequest, error: DuecourseError) -> HttpResponse:
    texts = [fill(_(template), error.parameters) if template else "" for template in (error.what, error.why, error.todo)]
    return render(request, "console/refusal.html", dict(zip(("what", "why", "todo"), texts, strict=True)), status=error.http_status)


urlpatterns = [
    path("people/", people, name="people"),
    path("people/new/", new, name="person-new"),
    path("people/<int:user_id>/", person, name="person"),
    path("people/<int:user_id>/roles/", grant, name="membership-grant"),
    path("people/<int:user_id>/roles/<int:membership_id>/end/", end, name="membership-end"),
    path("people/<int:user_id>/leave/", leave, name="person-leave"),
    path("people/<int:user_id>/link/", link, name="person-link"),
    path("profile/", profile, name="profile"),
    path("welcome/<str:link>/", welcome, name="welcome"),
]
