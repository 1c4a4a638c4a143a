"""The workbench's addresses."""

from __future__ import annotations

from duecourse.doors.workbench.pages import assign, batches, calls, cases, home, moves, people, statements

urlpatterns = [
    *home.urlpatterns,
    *batches.urlpatterns,
    *cases.urlpatterns,
    *calls.urlpatterns,
    *assign.urlpatterns,
    *moves.urlpatterns,
    *statements.urlpatterns,
    *people.urlpatterns,
]
