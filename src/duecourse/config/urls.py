"""All addresses: the doors' own, and the choice of language."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("duecourse.doors.urls")),
]
