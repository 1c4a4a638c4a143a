"""Compliance: the rule library, the violations board, the emergency stop, papers, message templates, terms of the gate, and trials of other values."""

from duecourse.doors.console.pages.rules import library, papers, stops, templates, terms, violations, what_if

urlpatterns = [
    *library.urlpatterns,
    *violations.urlpatterns,
    *stops.urlpatterns,
    *papers.urlpatterns,
    *templates.urlpatterns,
    *terms.urlpatterns,
    *what_if.urlpatterns,
]
