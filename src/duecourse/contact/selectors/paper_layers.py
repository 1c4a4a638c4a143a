"""The papers that bind on a day as overlays of the rules, for whoever looks things up; the gate finds its own, by the same order."""

from __future__ import annotations

from datetime import date

from django.db import connection

from duecourse.contact.services.papers import overlays_of
from duecourse.ledger.selectors.rows import dicts
from duecourse.parties.access import Actor
from duecourse.rules.form import Overlay

_BINDING = """
SELECT w.id, w.content_hash, w.is_end FROM (
    SELECT DISTINCT ON (z.code) z.id, z.code, z.content_hash, z.is_end FROM contact_paper z
    JOIN parties_approval a ON a.creditor_id = z.creditor_id AND a.subject_kind = 'paper' AND a.subject_id = z.id AND a.is_granted
    WHERE z.creditor_id = %(creditor)s AND z.effective_on <= %(on)s
      AND (z.layer = 'creditor_policy' OR z.agency_id = %(agency)s OR z.person_id = %(person)s)
    ORDER BY z.code, z.number DESC) w
ORDER BY w.code
"""


def layers_on(*, actor: Actor, on: date, agency_id: int | None = None, person_id: int | None = None) -> tuple[Overlay, ...]:
    """Return the creditor's policies that bind on a day, with the contract of an agency and the agreement with a debtor where they are named.

    Call it inside `acting`. Of each paper the newest approved version that has begun counts; one that ends the paper leaves nothing.
    """
    rows = dicts(_BINDING, creditor=actor.creditor_id, on=on, agency=agency_id, person=person_id)
    papers = [(row["id"], row["content_hash"]) for row in rows if not row["is_end"]]
    with connection.cursor() as cursor:
        return tuple(overlays_of(cursor, creditor_id=actor.creditor_id, papers=papers))
