"""What a reader keeps of a listing: views under a label, and the columns chosen last; one query for both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from duecourse.parties.access import Actor
from duecourse.parties.selectors import views_of


def kept_of(*, actor: Actor, listing: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the views of a listing for a reader, and the columns they chose last.

    Returns:
        dicts with id, label, address (a query string), is_shared, is_own and owner; and keys of columns, none for the listing's own.
    """
    views, columns = [], []
    for view in views_of(actor=actor, listing=listing):
        if view.label:
            chosen = [("columns", ",".join(view.columns))] if view.columns else []
            views.append(
                {
                    "id": view.pk,
                    "label": view.label,
                    "address": urlencode([*QueryDict(view.query).items(), *chosen]),
                    "is_shared": view.is_shared,
                    "is_own": view.user_id == actor.user_id,
                    "owner": view.user.display_name,
                }
            )
        elif view.user_id == actor.user_id:
            columns = list(view.columns)
    return views, columns
