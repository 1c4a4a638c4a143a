"""Compliance: the rule library, the violations board, the emergency stop and what stands beside them."""

from duecourse.doors.console.pages.rules import library, stops, violations

urlpatterns = [*library.urlpatterns, *violations.urlpatterns, *stops.urlpatterns]
