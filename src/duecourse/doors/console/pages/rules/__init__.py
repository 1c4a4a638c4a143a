"""Compliance: the rule library, the violations board, the emergency stop, papers and what stands beside them."""

from duecourse.doors.console.pages.rules import library, papers, stops, violations

urlpatterns = [*library.urlpatterns, *violations.urlpatterns, *stops.urlpatterns, *papers.urlpatterns]
