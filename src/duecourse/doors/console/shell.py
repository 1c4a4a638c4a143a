"""What every page needs: today, and for whose side it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps

from django.http import HttpRequest, HttpResponse

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent

View = Callable[..., HttpResponse]


def today(request: HttpRequest) -> date:
    """Return the day it is in the creditor's zone."""
    return local_day(now(), request.creditor.zone)


def creditor_only(view: View) -> View:
    """Let only the creditor's people see a page; for an agency's it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.actor.is_agency:
            raise Absent(entity="page")
        return view(request, *args, **kwargs)

    return guarded


def agency_only(view: View) -> View:
    """Let only an agency's people see a page; for the creditor's it does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.actor.is_agency:
            raise Absent(entity="page")
        return view(request, *args, **kwargs)

    return guarded
