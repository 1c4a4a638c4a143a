"""The addresses of all doors."""

from __future__ import annotations

from django.urls import include, path

from duecourse.doors.api.urls import urls as v1

urlpatterns = [
    path("v1/", v1),
    path("agency/", include("duecourse.doors.workbench.urls")),
    path("", include("duecourse.doors.console.urls")),
]
