"""Reading placements: who has what, over which days, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from duecourse.kit.calendar import Month, month_bounds
from duecourse.kit.errors import Absent
from duecourse.ledger.selectors.rows import frame
from duecourse.parties.access import Actor
from duecourse.placement.models import Batch, Handover, Placement

_DAY, _LONG, _TEXT = pa.date32(), pa.int64(), pa.string()
_LOCAL_DAYS = """
(lower(p.during) AT TIME ZONE cr.zone)::date AS placed_on,
((upper(p.during) - interval '1 microsecond') AT TIME ZONE cr.zone)::date AS ended_on
"""
_LOCAL_DAYS_OF_ACCOUNT = _LOCAL_DAYS.replace("(lower(p.during)", "greatest(pa.joined_on, (lower(p.during)", 1).replace(
    "::date AS placed_on", "::date) AS placed_on"
)

OPEN_PLACEMENTS = pa.schema(
    [
        pa.field("case_id", _LONG, nullable=False),
        pa.field("placement_id", _LONG, nullable=False),
        pa.field("agency_id", _LONG, nullable=False),
        pa.field("batch_id", _LONG, nullable=False),
        pa.field("placed_on", _DAY, nullable=False),
        pa.field("term_until_on", _DAY, nullable=False),
        pa.field("placed_minor", _LONG, nullable=False),
        pa.field("currency", _TEXT, nullable=False),
    ]
)
"""The placements that hold, one row per case (on a day on which a case changed hands, one for each); `term_until_on` is the last day of the term."""

ATTRIBUTION = pa.schema(
    [
        pa.field("account_id", _LONG, nullable=False),
        pa.field("placement_id", _LONG, nullable=False),
        pa.field("agency_id", _LONG, nullable=False),
        pa.field("batch_id", _LONG, nullable=False),
        pa.field("contract_version_id", _LONG, nullable=False),
        pa.field("placed_on", _DAY, nullable=False),
        pa.field("ended_on", _DAY),
        pa.field("term_until_on", _DAY, nullable=False),
        pa.field("attribution_rule", _TEXT, nullable=False),
        pa.field("tail_days", pa.int32(), nullable=False),
    ]
)
"""One row per account and placement it was in, by account and first day. Days are the creditor's; both ends are included, and `ended_on`
is null while the placement is open."""

_OPEN = f"""
SELECT case_id, id, agency_id, batch_id, placed_on, term_until_on, placed_minor, currency FROM (
    SELECT p.*, {_LOCAL_DAYS} FROM placement_placement p JOIN parties_creditor cr ON cr.id = p.creditor_id
    WHERE p.creditor_id = %(creditor)s) AS p
WHERE (placed_on <= %(on)s OR %(on)s::date IS NULL) AND (ended_on IS NULL OR ended_on >= %(on)s) ORDER BY case_id, id
"""  # noqa: S608 - a fragment of this file

_ATTRIBUTION = f"""
SELECT pa.account_id, p.id, p.agency_id, p.batch_id, p.contract_version_id, {_LOCAL_DAYS_OF_ACCOUNT}, p.term_until_on,
       v.attribution_rule, v.attribution_tail_days
FROM placement_placementaccount pa
JOIN placement_placement p ON p.creditor_id = pa.creditor_id AND p.id = pa.placement_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
JOIN parties_creditor cr ON cr.id = p.creditor_id
WHERE pa.creditor_id = %(creditor)s AND pa.account_id = ANY(%(accounts)s)
ORDER BY pa.account_id, lower(p.during), p.id
"""  # noqa: S608 - a fragment of this file


def open_placements_frame(*, creditor_id: int, on: date | None = None) -> pa.Table:
    """Return the placements that hold on a day of the creditor's, as OPEN_PLACEMENTS; the last day counts in full.

    Without a day, those that have not ended.
    """
    return frame(_OPEN, creditor=creditor_id, on=on, schema=OPEN_PLACEMENTS)


def placements_for_attribution(*, creditor_id: int, account_ids: Sequence[int]) -> pa.Table:
    """Return every placement that the accounts were in, as ATTRIBUTION, with the rule of the contract version it was placed under."""
    return frame(_ATTRIBUTION, creditor=creditor_id, accounts=list(account_ids), schema=ATTRIBUTION)


def batches(*, creditor_id: int, month: str | Month) -> list[Batch]:
    """Return the batches placed in a month (YYYY-MM) with agency and contract version, by code; an agency sees its own."""
    first, last = month_bounds(str(month))
    found = Batch.objects.filter(creditor_id=creditor_id, placed_on__range=(first, last))
    return list(found.select_related("agency", "contract_version").order_by("code"))


def access_batch(actor: Actor, *, batch_id: int) -> Batch:
    """Return a batch that the actor may see, with agency and contract version.

    Raises:
        Absent: there is none for this actor.
    """
    found = Batch.objects.filter(creditor_id=actor.creditor_id, pk=batch_id).select_related("agency", "contract_version").first()
    if found is None:
        raise Absent(entity="batch")
    return found


def access_placement(actor: Actor, *, placement_id: int) -> Placement:
    """Return a placement that the actor may see.

    Raises:
        Absent: there is none for this actor.
    """
    found = Placement.objects.filter(creditor_id=actor.creditor_id, pk=placement_id).first()
    if found is None:
        raise Absent(entity="placement")
    return found


def access_handover(actor: Actor, *, batch_id: int) -> Handover:
    """Return the handover of a batch that the actor may see.

    Raises:
        Absent: there is none for this actor, or the batch was not handed over.
    """
    found = Handover.objects.filter(creditor_id=actor.creditor_id, batch_id=batch_id).first()
    if found is None:
        raise Absent(entity="handover")
    return found
