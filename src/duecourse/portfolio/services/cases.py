"""Writing cases: whom they are with, and that they are closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from django.db import connection

from duecourse.engine.frames import conform
from duecourse.kit.clock import now
from duecourse.kit.ids import content_hash
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require, system
from duecourse.parties.models import Role
from duecourse.portfolio.errors import AsOfUnlike, CaseClosed, CasePlaced
from duecourse.portfolio.models import Case, Tape
from duecourse.portfolio.selectors.access import access_case

CASES_PLACED = pa.schema(
    [
        pa.field("case_id", pa.int64(), nullable=False),
        pa.field("agency_id", pa.int64()),
        pa.field("hand", pa.int16(), nullable=False),
    ]
)
"""One row per case: the agency it is with, or null for nobody, and the number of the placement."""

_LOCK_PERSONS = """
SELECT p.id FROM portfolio_person p WHERE p.creditor_id = %(creditor)s
    AND p.id IN (SELECT c.person_id FROM portfolio_case c WHERE c.creditor_id = %(creditor)s AND c.id = ANY(%(cases)s))
ORDER BY p.id FOR NO KEY UPDATE
"""
_PLACED = """
UPDATE portfolio_case c SET open_agency_id = n.agency_id, hand_count = greatest(c.hand_count, n.hand)
FROM unnest(%(cases)s::bigint[], %(agencies)s::bigint[], %(hands)s::smallint[]) AS n (case_id, agency_id, hand)
WHERE c.creditor_id = %(creditor)s AND c.id = n.case_id AND (c.closed_on IS NULL OR n.agency_id IS NULL)
"""
_ABSENT = """
SELECT c.id FROM portfolio_case c
WHERE c.creditor_id = %(creditor)s AND c.closed_on IS NULL AND c.opened_on <= %(as_of)s
    AND EXISTS (SELECT FROM portfolio_caseaccount ca JOIN portfolio_taperow r ON r.creditor_id = ca.creditor_id AND r.account_id = ca.account_id
        JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        WHERE ca.creditor_id = c.creditor_id AND ca.case_id = c.id AND t.feed_kind = ANY(%(feeds)s))
    AND NOT EXISTS (SELECT FROM portfolio_caseaccount ca JOIN portfolio_taperow r ON r.creditor_id = ca.creditor_id AND r.account_id = ca.account_id
        JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        WHERE ca.creditor_id = c.creditor_id AND ca.case_id = c.id AND ca.until_on IS NULL AND t.state = 'published'
            AND t.feed_kind = ANY(%(feeds)s) AND t.as_of >= %(as_of)s AND r.balance_minor > 0)
ORDER BY c.id
"""
_LEAVING = """
UPDATE portfolio_caseaccount ca SET until_on = %(as_of)s
WHERE ca.creditor_id = %(creditor)s AND ca.until_on IS NULL AND ca.from_on <= %(as_of)s
    AND EXISTS (SELECT FROM portfolio_taperow r JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        WHERE r.creditor_id = ca.creditor_id AND r.account_id = ca.account_id AND t.feed_kind = ANY(%(feeds)s))
    AND NOT EXISTS (SELECT FROM portfolio_taperow r JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        WHERE r.creditor_id = ca.creditor_id AND r.account_id = ca.account_id AND t.state = 'published' AND t.feed_kind = ANY(%(feeds)s)
            AND t.as_of >= %(as_of)s AND r.balance_minor > 0)
"""
_NO_LONGER_WAITING = """
UPDATE portfolio_account a SET waits_from_on = NULL
WHERE a.creditor_id = %(creditor)s AND a.waits_from_on <= %(as_of)s
    AND NOT EXISTS (SELECT FROM portfolio_taperow r JOIN portfolio_tape t ON t.creditor_id = r.creditor_id AND t.id = r.tape_id
        WHERE r.creditor_id = a.creditor_id AND r.account_id = a.id AND t.state = 'published' AND t.feed_kind = ANY(%(feeds)s)
            AND t.as_of >= %(as_of)s AND r.balance_minor > 0)
"""
_CLOSE = """
WITH closed AS (
    UPDATE portfolio_case SET closed_on = %(on)s, close_reason = %(reason)s
    WHERE creditor_id = %(creditor)s AND id = ANY(%(cases)s) AND closed_on IS NULL RETURNING id
), left_accounts AS (
    UPDATE portfolio_caseaccount SET until_on = greatest(%(on)s, from_on)
    WHERE creditor_id = %(creditor)s AND until_on IS NULL AND case_id IN (SELECT id FROM closed)
)
INSERT INTO portfolio_casetransition (creditor_id, case_id, status, reason, effective_on, known_at, actor_id)
SELECT %(creditor)s, id, 'closed', %(reason)s, %(on)s, %(now)s, %(user)s FROM closed
"""


def cases_placed(*, actor: Actor, rows: pa.Table) -> int:
    """Note whom cases are with; only placement calls this, with the persons locked.

    Args:
        actor: who moves them; an agency that gives cases back is one.
        rows: frame of `CASES_PLACED`.

    Raises:
        FrameMismatch: the frame has another form.
        CaseClosed, CaseMissing: a case cannot be placed; nothing was written.
    """
    frame = conform(rows, CASES_PLACED, name="CASES_PLACED")
    columns = {name: frame[name].to_pylist() for name in frame.column_names}
    with acting(writer(actor)):
        wanted = {"creditor": actor.creditor_id, "cases": columns["case_id"], "agencies": columns["agency_id"], "hands": columns["hand"]}
        with connection.cursor() as cursor:
            cursor.execute(_PLACED, wanted)
            changed_count = cursor.rowcount
        if changed_count != frame.num_rows:
            _refuse_one(actor, columns["case_id"])
        return changed_count


def case_close(*, actor: Actor, case_id: int, on: date, reason: str) -> None:
    """Close a case; a case that was closed for the same reason on the same day stays as it is.

    Raises:
        CaseMissing: there is no such case for this actor.
        CaseClosed: it was closed otherwise.
        CasePlaced: it is with an agency; the placement ends first.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="close a case")
    with acting(actor):
        _locked(actor, [case_id])
        case = access_case(actor, case_id)
        if case.closed_on is not None:
            if (case.closed_on, case.close_reason) == (on, reason):
                return
            raise CaseClosed(case_id=case_id, closed_on=case.closed_on.isoformat())
        if case.open_agency_id is not None:
            raise CasePlaced(count=1)
        _close(actor, [case_id], on=on, reason=reason)
        audit_append(
            creditor_id=actor.creditor_id,
            action="case_closed",
            subject_kind="case",
            subject_id=case_id,
            details={"reason": reason, "on": on},
        )


def cases_close(*, actor: Actor, case_ids: Sequence[int], on: date, reason: str) -> list[int]:
    """Close cases together and return those that were open, in order; what was closed before stays as it is.

    Raises:
        CasePlaced: one of them is with an agency; the placements end first, and nothing was closed.
    """
    require(actor, Role.MANAGER, Role.COMPLIANCE, action="close cases")
    with acting(actor):
        _locked(actor, case_ids)
        found = Case.objects.filter(creditor_id=actor.creditor_id, pk__in=list(case_ids), closed_on__isnull=True).order_by("pk")
        still_open = list(found.values_list("pk", "open_agency_id"))
        placed_count = sum(agency_id is not None for _, agency_id in still_open)
        if placed_count:
            raise CasePlaced(count=placed_count)
        closed = [case_id for case_id, _ in still_open]
        _close(actor, closed, on=on, reason=reason)
        if closed:
            details = {"case_count": len(closed), "cases_hash": content_hash(closed), "reason": reason, "on": on}
            audit_append(
                creditor_id=actor.creditor_id, action="cases_closed", subject_kind="creditor", subject_id=actor.creditor_id, details=details
            )
        return closed


def cases_close_absent(*, actor: Actor, tape_id: int) -> list[int]:
    """Close the cases that no tape shows on this tape's day any more, and return them in order.

    A feed is a whole picture: what is not on it, or owes nothing on it, has cured or was paid. All tapes of the day and later count, so
    that a mended file of rejects does not close what the main file shows. An account that left goes out of its case; a case whose accounts
    have all left is closed with the reason `off_tape`. Cases with an agency are closed too: the caller ends their placements.

    Returns:
        The cases closed for this day, also those an earlier call has closed, so that a caller that was interrupted can go on.

    Raises:
        AsOfUnlike: there is no such tape.
    """
    require(actor, Role.MANAGER, action="close the cases that left the tape")
    with acting(actor):
        tape = Tape.objects.filter(creditor_id=actor.creditor_id, pk=tape_id, state="published").first()
        if tape is None:
            raise AsOfUnlike(subject="absence of cases", reason="there is no such tape")
        feeds = ["overdue", "new"] if tape.feed_kind == "overdue" else [tape.feed_kind]
        wanted: dict[str, Any] = {"creditor": actor.creditor_id, "as_of": tape.as_of, "feeds": feeds}
        with connection.cursor() as cursor:
            cursor.execute(_ABSENT, wanted)
            _locked(actor, [row[0] for row in cursor.fetchall()])
            cursor.execute(_ABSENT, wanted)
            absent = [row[0] for row in cursor.fetchall()]
            _close(actor, absent, on=tape.as_of, reason="off_tape")
            cursor.execute(_LEAVING, wanted)
            cursor.execute(_NO_LONGER_WAITING, wanted)
            cursor.execute(
                "SELECT id FROM portfolio_case WHERE creditor_id = %s AND closed_on = %s AND close_reason = 'off_tape' ORDER BY id",
                [actor.creditor_id, tape.as_of],
            )
            closed = [row[0] for row in cursor.fetchall()]
        if absent:
            details = {"case_count": len(absent), "cases_hash": content_hash(absent), "as_of": tape.as_of}
            audit_append(creditor_id=actor.creditor_id, action="cases_left_tape", subject_kind="tape", subject_id=tape.pk, details=details)
        return closed


def writer(actor: Actor) -> Actor:
    """Return who writes for an actor: an agency's people have no right to write here, so what they may cause is written for them."""
    return system(actor.creditor_id) if actor.is_agency else actor


def _locked(actor: Actor, case_ids: Sequence[int]) -> None:
    """Lock the cases' persons in the house's order."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_PERSONS, {"creditor": actor.creditor_id, "cases": list(case_ids)})


def _close(actor: Actor, case_ids: Sequence[int], *, on: date, reason: str) -> None:
    if not case_ids:
        return
    wanted = {"creditor": actor.creditor_id, "cases": list(case_ids), "on": on, "reason": reason, "now": now(), "user": actor.user_id}
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, wanted)


def _refuse_one(actor: Actor, case_ids: Sequence[int]) -> None:
    """Raise for the first case that could not be placed."""
    for case_id in case_ids:
        case = access_case(actor, case_id)
        if case.closed_on is not None:
            raise CaseClosed(case_id=case_id, closed_on=case.closed_on.isoformat())
    raise AsOfUnlike(subject="placement of cases", reason="a case stands twice")
