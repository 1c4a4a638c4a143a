"""Coming in, choosing a side, going out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import logout as end_session
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from duecourse.doors.console import sides, throttle
from duecourse.parties.access import actors_of


class LoginForm(AuthenticationForm):
    """E-mail address and password. Whatever is wrong, the sentence is the same."""

    error_messages = {
        "invalid_login": _("E-mail address and password do not belong together."),
        "inactive": _("E-mail address and password do not belong together."),
    }
    username = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"class": "form-control", "autocomplete": "current-password"}),
    )


class Login(LoginView):
    """The login page; `next` leads back to a page of this host only."""

    template_name = "console/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check address and password, unless this visitor failed too often."""
        if throttle.is_throttled(request, request.POST.get("username", "")):
            context = self.get_context_data(form=LoginForm(request), wait_minutes=throttle.WINDOW_MINUTES)
            return self.render_to_response(context, status=429)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: LoginForm) -> HttpResponse:
        """Begin the session."""
        throttle.succeeded(self.request, form.cleaned_data["username"])
        return super().form_valid(form)

    def form_invalid(self, form: LoginForm) -> HttpResponse:
        """Count the failure and say the one sentence."""
        throttle.failed(self.request, self.request.POST.get("username", ""))
        return self.render_to_response(self.get_context_data(form=form), status=422)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session."""
    end_session(request)
    return redirect("login")


@require_http_methods(["GET", "POST"])
def choose_side(request: HttpRequest) -> HttpResponse:
    """Show the sides the user can work on, and keep the one that is chosen in the session."""
    actors = actors_of(request.user)
    if request.method == "POST":
        wanted = request.POST.get("side", "")
        if any(sides.key_of(actor) == wanted for actor in actors):
            request.session[sides.SESSION_KEY] = wanted
            return redirect("home")
    current = request.session.get(sides.SESSION_KEY, "")
    return render(request, "console/sides.html", {"sides": [sides.side_of(actor) for actor in actors], "current": current})
