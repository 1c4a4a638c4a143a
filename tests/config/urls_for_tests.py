"""An address that tells what the database holds and who asks."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path


def sessions(request: HttpRequest) -> HttpResponse:
    """Return the number of sessions and the database's user."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return HttpResponse(f"{Session.objects.count()} {cursor.fetchone()[0]}")


urlpatterns = [path("sessions/", login_not_required(sessions))]
