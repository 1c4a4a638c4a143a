"""The console's addresses."""

from __future__ import annotations

from django.urls import path, register_converter

from duecourse.doors.console import agency, entrance, months


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
    path("", months.home, name="home"),
    path("login/", entrance.Login.as_view(), name="login"),
    path("logout/", entrance.logout, name="logout"),
    path("sides/", entrance.choose_side, name="sides"),
    path("months/<month:month>/", months.report, name="month"),
    path("months/<month:month>/report.json", months.report_json, name="month-json"),
    path("own/", agency.own, name="own"),
]
