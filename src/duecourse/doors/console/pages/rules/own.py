"""The creditor's own papers as the library reads them: what its policy, and an agency's contract, add to the texts on a day."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest

from duecourse.rules.form import Overlay


def own_papers(request: HttpRequest, *, as_of: date) -> tuple[Overlay, ...]:
    """Return the papers of lower layers that stand for the creditor on a day."""
    return ()
