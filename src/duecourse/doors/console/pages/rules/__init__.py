"""Compliance: the rule library, the violations board, the emergency stop, papers and trials of other values."""

from duecourse.doors.console.pages.rules import library, papers, stops, violations, what_if

urlpatterns = [*library.urlpatterns, *violations.urlpatterns, *stops.urlpatterns, *papers.urlpatterns, *what_if.urlpatterns]
