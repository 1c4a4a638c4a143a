"""The creditor's own papers as the library reads them: what its policy adds to the texts on a day."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest

from duecourse.contact.selectors.paper_layers import layers_on
from duecourse.rules.form import Overlay


def own_papers(request: HttpRequest, *, as_of: date) -> tuple[Overlay, ...]:
    """Return the policies that bind the creditor on a day."""
    return layers_on(actor=request.actor, on=as_of)
