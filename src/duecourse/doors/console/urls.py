"""The console's addresses."""

from __future__ import annotations

from importlib import import_module

from django.urls import path, register_converter

from duecourse.doors.console import agency, entrance


class MonthConverter:
    """A month as `2026-09`."""

    regex = r"[0-9]{4}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_url(self, value: str) -> str:
        """Return the text as it is."""
        return value


register_converter(MonthConverter, "month")

PAGES = ("months",)
"""The modules of `pages/` in the order of the navigation; each brings its own addresses."""

urlpatterns = [
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", entrance.logout, name="logout"),
    path("sides/", entrance.choose_side, name="sides"),
    path("own/", agency.own, name="own"),
]
for _page in PAGES:
    urlpatterns += import_module(f"duecourse.doors.console.pages.{_page}").urlpatterns
