"""The console's addresses: those of the entrance, and what each module of `pages/` brings."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from django.urls import path, register_converter

from duecourse.doors.console import entrance, pages


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

urlpatterns = [
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", entrance.logout, name="logout"),
    path("sides/", entrance.choose_side, name="sides"),
]
for _page in iter_modules(pages.__path__, f"{pages.__name__}."):
    urlpatterns += import_module(_page.name).urlpatterns
