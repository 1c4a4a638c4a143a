"""The addresses of all doors."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("duecourse.doors.console.urls"))]
