"""Every page behind the login runs as one actor, inside one transaction that the database's walls know about."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from duecourse.doors import words
from duecourse.doors.console import sides
from duecourse.kit.errors import Absent, DuecourseError, Forbidden, InvalidInput
from duecourse.parties.access import acting, actors_of
from duecourse.parties.models import Creditor

OPEN_TO_ALL = frozenset({"set_language"})
WITHOUT_A_SIDE = frozenset({"logout", "sides"})
_log = logging.getLogger(__name__)


class ValueUnkeepable(InvalidInput):
    """A value was sent that the database takes in no field of its kind, such as a text with a zero byte."""

    what = "Something that was sent cannot be kept: it holds a character or a number that no field takes."
    why = "Nothing was changed."
    todo = "Go back, write it anew instead of pasting it, and send it again."


class ActingMiddleware:
    """Asks for a login, finds the actor, and runs the view inside `acting(actor)`.

    What a view may use: `request.actor`, `request.creditor`, `request.sides_count`; instants are shown in the creditor's zone. Django's `login_not_required` opens a view to all. A view that raises rolls its transaction back; absent and forbidden
    become the same page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; pages behind the login are never cached, for a login may end at any time."""
        user = request.user
        if user.is_authenticated and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(user.lang)
            request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        if user.is_authenticated:
            add_never_cache_headers(response)
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any) -> HttpResponse | None:
        """Run the view as the request's actor, or send the visitor to the login or to the choice of a side."""
        name = request.resolver_match.url_name
        if name in OPEN_TO_ALL or not getattr(view, "login_required", True):
            return None
        if not request.user.is_authenticated:
            return _to_login(request)
        try:
            return self._as_actor(request, view, args, kwargs, needs_side=name not in WITHOUT_A_SIDE)
        except (Absent, Forbidden) as error:
            for name in ("actor", "creditor"):
                request.__dict__.pop(name, None)
            raise Http404 from error
        except DuecourseError as error:
            return _refusal(request, error)
        except DataError as error:
            _log.warning("%s refused a value of %s.", getattr(error.__cause__, "sqlstate", None) or "The driver", name)
            return _refusal(request, ValueUnkeepable())

    def _as_actor(self, request: HttpRequest, view: Any, args: Any, kwargs: Any, *, needs_side: bool) -> HttpResponse:
        if not needs_side:
            return view(request, *args, **kwargs)
        actors = actors_of(request.user)
        actor = sides.chosen(request, actors)
        if actor is None:
            return redirect("sides")
        request.actor, request.sides_count = actor, len(actors)
        request.creditor = Creditor.objects.get(pk=actor.creditor_id)
        with timezone.override(request.creditor.zone), acting(actor):
            response = view(request, *args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.render()
        return response


def _to_login(request: HttpRequest) -> HttpResponse:
    """Send to the login, and from there back to the page; an htmx request makes the whole page go there."""
    htmx = getattr(request, "htmx", None)
    if htmx and htmx.current_url:
        wanted = _path_of(htmx.current_url)
    else:
        wanted = request.get_full_path() if request.method == "GET" else _path_of(request.headers.get("Referer", ""))
    address = reverse("login") + "?" + urlencode({"next": wanted or "/"})
    return HttpResponseClientRedirect(address) if htmx else redirect(address)


def _path_of(address: str) -> str:
    """Return path and query of the page a form was sent from, where its draft waits."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _refusal(request: HttpRequest, error: DuecourseError) -> HttpResponse:
    texts = [words.told(template, error.parameters) for template in (error.what, error.why, error.todo)]
    context = dict(zip(("what", "why", "todo"), texts, strict=True))
    htmx = getattr(request, "htmx", None)
    if htmx and not htmx.boosted:
        response = render(request, "console/refusal_toast.html", context)
        return retarget(reswap(response, "beforeend"), "#toasts")
    return render(request, "console/refusal.html", context, status=error.http_status)
