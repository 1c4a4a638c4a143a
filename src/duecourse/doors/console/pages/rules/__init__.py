"""Compliance: the rule library and what stands beside it."""

from duecourse.doors.console.pages.rules import library

urlpatterns = [*library.urlpatterns]
