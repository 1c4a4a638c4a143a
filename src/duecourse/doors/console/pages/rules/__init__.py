"""Compliance: the rule library, the violations board and what stands beside them."""

from duecourse.doors.console.pages.rules import library, violations

urlpatterns = [*library.urlpatterns, *violations.urlpatterns]
