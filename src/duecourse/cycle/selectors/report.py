"""The report of a month: one plain structure that the page, the terminal and a program all show.

Amounts are int minor units, days and instants ISO texts, proportions floats named `_share`; nothing in it is personal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from duecourse.care.selectors import complaint_counts
from duecourse.contact import selectors as contacts
from duecourse.contact.services import ground_text
from duecourse.cycle.models import Run, StepRun
from duecourse.cycle.selectors.months import STEP_NAMES, latest_steps, runs
from duecourse.engine.ageing import roll_rates
from duecourse.engine.evaluation import WHY_NOT
from duecourse.kit.calendar import Month, day_bounds, days_anywhere
from duecourse.kit.errors import Absent
from duecourse.parties.models import Agency, Creditor
from duecourse.placement import selectors as placements
from duecourse.placement.models import Batch, Handover
from duecourse.portfolio import selectors as portfolio
from duecourse.portfolio.models import Tape
from duecourse.repayment import selectors as money
from duecourse.repayment.models import Payment
from duecourse.settlement import selectors as settled


def month_report(*, creditor_id: int, month: str) -> dict[str, Any]:
    """Return the report of a month, open or closed.

    Raises:
        Absent: the creditor has no such month.
    """
    creditor = Creditor.objects.get(pk=creditor_id)
    run = Run.objects.filter(creditor_id=creditor_id, month=month).first()
    if run is None:
        raise Absent(entity="month")
    steps, bounds = latest_steps(run), Month.parse(month)
    return {
        "creditor": {"code": creditor.code, "name": creditor.name, "currency": creditor.currency, "zone": creditor.zone},
        "month": month,
        "months": [other.month for other in runs(creditor_id) if latest_steps(other)],
        "is_closed": run.closed_at is not None,
        "is_simulated": creditor.is_simulated,
        "opened_at": _iso(run.opened_at),
        "closed_at": _iso(run.closed_at),
        "commitment": run.commitment,
        "audit": {"position": run.audit_position, "hash": run.audit_hash},
        "steps": [_step(number, name, steps.get(name)) for number, name in enumerate(STEP_NAMES, start=1)],
        "tape": _tape(creditor, steps.get("intake")),
        "buckets": _buckets(creditor_id, steps.get("snapshot")),
        "roll_rates": _roll_rates(run, steps.get("snapshot")),
        "allocation": _allocation(creditor_id, steps.get("allocate")),
        "batches": _batches(creditor_id, month),
        "contacts": _contacts(creditor, month),
        "money": _money(creditor_id, month),
        "complaint_count": sum(complaint_counts(creditor_id=creditor_id, first_on=bounds.first, last_on=bounds.last).values()),
        "statements": _statements(creditor_id, month),
        "scorecards": _scorecards(creditor_id, month),
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _step(number: int, name: str, found: StepRun | None) -> dict[str, Any]:
    return {
        "number": number,
        "name": name,
        "state": "checked" if found else "missing",
        "period": found.period if found else "",
        "counts": found.counts if found else {},
        "laws": found.laws if found else [],
        "finished_at": _iso(found.finished_at) if found else None,
        "inputs_hash": found.inputs_hash if found else "",
        "outputs_hash": found.outputs_hash if found else "",
    }


def _tape(creditor: Creditor, intake: StepRun | None) -> dict[str, Any] | None:
    tape = Tape.objects.filter(creditor=creditor, pk=intake.counts["tape_id"]).first() if intake else None
    if tape is None:
        return None
    frame = portfolio.tape_frame(creditor_id=creditor.pk, tape_id=tape.pk)
    sums = frame.group_by("currency").aggregate([("balance_minor", "sum")]).sort_by("currency")
    return {
        "as_of": tape.as_of.isoformat(),
        "rows": intake.counts["row_count"],
        "accepted": intake.counts["accepted_count"],
        "rejected": intake.counts["rejected_count"],
        "balance": [{"currency": row["currency"], "amount_minor": row["balance_minor_sum"]} for row in sums.to_pylist()],
        "quarantined": tape.quarantined_columns,
    }


def _buckets(creditor_id: int, snapshot: StepRun | None) -> list[dict[str, Any]]:
    if snapshot is None:
        return []
    frame = portfolio.snapshot_frame(creditor_id=creditor_id, step_run_id=snapshot.pk)
    sums = frame.group_by(["bucket_number", "bucket"]).aggregate([("account_id", "count"), ("balance_minor", "sum")])
    return [
        {"bucket": row["bucket"], "account_count": row["account_id_count"], "balance_minor": row["balance_minor_sum"]}
        for row in sums.sort_by("bucket_number").to_pylist()
    ]


def _roll_rates(run: Run, snapshot: StepRun | None) -> list[dict[str, Any]]:
    earlier = Run.objects.filter(creditor_id=run.creditor_id, month=str(Month.parse(run.month).previous())).first()
    before = latest_steps(earlier).get("snapshot") if earlier else None
    if snapshot is None or before is None:
        return []
    frames = [portfolio.snapshot_frame(creditor_id=run.creditor_id, step_run_id=found.pk) for found in (before, snapshot)]
    names = ("from_bucket", "to_bucket", "account_count", "count_share")
    return [{name: row[name] for name in names} for row in roll_rates(*frames).to_pylist()]


def _allocation(creditor_id: int, allocate: StepRun | None) -> dict[str, Any] | None:
    if allocate is None:
        return None
    preview = placements.allocation_preview(creditor_id=creditor_id, allocation_run_id=allocate.counts["allocation_run_id"])
    return {
        "id": preview["allocation_run_id"],
        "state": preview["state"],
        "case_count": preview["case_count"],
        "placed_count": preview["placed_count"],
        "placed_minor": sum(preview["placed_minor"].values()),
        "slice_count": preview["slice_count"],
        "gap_share": preview["gap"]["gap_share"],
        "left_out": [
            {
                "reason": row["reason"],
                "en": row["en"],
                "zh": row["zh"],
                "case_count": row["case_count"],
                "balance_minor": sum(row["amounts_minor"].values()),
            }
            for row in preview["left_out"]
        ],
        "agencies": [_load(row) for row in preview["agencies"]],
    }


def _load(row: dict[str, Any]) -> dict[str, Any]:
    names = ("agency_id", "code", "name", "kind", "case_count", "balance_minor", "slice_count")
    return {name: row.get(name) for name in names} | {"capacity_count": row.get("cap_count")}


def _batches(creditor_id: int, month: str) -> list[dict[str, Any]]:
    hashes = dict(Handover.objects.filter(creditor_id=creditor_id).values_list("batch_id", "sha256"))
    return [_batch(batch) | {"sha256": hashes.get(batch.pk, "")} for batch in placements.batches(creditor_id=creditor_id, month=month)]


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "code": batch.code,
        "agency_code": batch.agency.code,
        "agency_name": batch.agency.name,
        "placed_on": batch.placed_on.isoformat(),
        "term_until_on": batch.term_until_on.isoformat(),
        "case_count": batch.case_count,
        "placed_minor": batch.placed_minor,
        "currency": batch.currency,
    }


_CONTACTS = """
SELECT count(p.id), count(a.id) FILTER (WHERE a.is_connected), count(p.id) FILTER (WHERE a.id IS NULL),
       (SELECT count(*) FROM contact_refusal r
        WHERE r.creditor_id = %(creditor)s AND r.contact_at >= %(from)s AND r.contact_at < %(until)s)
FROM contact_permit p LEFT JOIN contact_attempt a ON a.creditor_id = p.creditor_id AND a.permit_id = p.id AND a.local_on = p.local_on
    AND a.local_on BETWEEN %(first_on)s AND %(last_on)s
WHERE p.creditor_id = %(creditor)s AND p.local_on BETWEEN %(first_on)s AND %(last_on)s AND p.contact_at >= %(from)s AND p.contact_at < %(until)s
"""


def _contacts(creditor: Creditor, month: str) -> dict[str, Any]:
    bounds = Month.parse(month)
    from_at, until_at = day_bounds(bounds.first, creditor.zone)[0], day_bounds(bounds.last, creditor.zone)[1]
    with connection.cursor() as cursor:
        first_on, last_on = days_anywhere(from_at, until_at)
        wanted = {"creditor": creditor.pk, "from": from_at, "until": until_at, "first_on": first_on, "last_on": last_on}
        cursor.execute(_CONTACTS, wanted)
        permits, connected, unreported, refused = cursor.fetchone()
    most = contacts.most_slots(creditor_id=creditor.pk, first_on=bounds.first, last_on=bounds.last)[1]
    refusals = contacts.refusal_counts(creditor_id=creditor.pk, from_at=from_at, until_at=until_at)
    return {
        "request_count": permits + refused,
        "permit_count": permits,
        "refusal_count": refused,
        "connected_count": connected,
        "unreported_count": unreported,
        "most_connected_on_a_day": most,
        "refusals": [_refused(row) for row in refusals],
    }


def _refused(row: dict[str, Any]) -> dict[str, Any]:
    english, chinese = ground_text(row["code"])
    return {
        "code": row["code"],
        "en": english,
        "zh": chinese,
        "performer_code": row["performer"],
        "request_count": row["request_count"],
        "debtor_count": row["debtor_count"],
    }


def _money(creditor_id: int, month: str) -> dict[str, Any]:
    bounds = Month.parse(month)
    window = money.money_window(creditor_id=creditor_id, first_on=bounds.first, last_on=bounds.last)
    sums = {
        name: [{"currency": row["currency"], "amount_minor": row[f"{name}_minor"]} for row in window]
        for name in ("received", "imputed", "suspense")
    }
    counts = money.promise_counts(creditor_id=creditor_id, first_on=bounds.first, last_on=bounds.last)
    count = Payment.objects.filter(creditor_id=creditor_id, booked_on__range=(bounds.first, bounds.last)).count()
    return sums | {"payment_count": count, "promises": counts}


def _statements(creditor_id: int, month: str) -> list[dict[str, Any]]:
    names = ("id", "contract_code", "agency_code", "agency_name", "currency", "line_count", "total_minor", "status")
    clawbacks = settled.clawback_totals(creditor_id=creditor_id, month=month)
    return [
        {name: row[name] for name in names} | {"clawback_minor": clawbacks.get(row["id"], 0)}
        for row in settled.statements(creditor_id=creditor_id, month=month)
    ]


def _scorecards(creditor_id: int, month: str) -> list[dict[str, Any]]:
    """Return a row per agency, contract, evidence and measure (money, payers)."""
    agencies = {agency.pk: agency for agency in Agency.objects.filter(creditor_id=creditor_id)}
    return [
        _scorecard(row, agencies[card.agency_id])
        for card in settled.scorecards(creditor_id=creditor_id, month=month)
        for row in card.measures.values()
    ]


_EFFECTS = {"ratio": "effect_median", "ratio_low": "effect_low", "ratio_high": "effect_high"}
"""The report's name of each figure; without a case there is nothing to say, though the engine shrinks to the average."""


def _scorecard(row: dict[str, Any], agency: Agency) -> dict[str, Any]:
    why_not = row.get("why_not")
    return {
        "agency_code": agency.code,
        "agency_name": agency.name,
        "kind": agency.kind,
        **{name: row[name] for name in ("evidence", "measure", "case_count", "placed_minor", "recovered_minor", "can_rank")},
        **{name: row[effect] if row["case_count"] else None for name, effect in _EFFECTS.items()},
        "why_not": dict(zip(("en", "zh"), WHY_NOT[why_not], strict=True)) if why_not in WHY_NOT else None,
    }
