"""Writing how well agencies did: the rates that decide fee tiers, and the scorecards."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from duecourse.engine.evaluation import RATES, SCORECARD
from duecourse.engine.frames import conform
from duecourse.kit.calendar import month_bounds
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting, require
from duecourse.parties.models import Role
from duecourse.placement.models import Batch
from duecourse.settlement.models import MeasuredRate, Scorecard


def rates_write(*, actor: Actor, month: str, metric_version: str, frame: pa.Table) -> int:
    """Replace the measured rates of an open month, of whatever version, and return how many there are.

    The rate is cumulative: everything recognised for a batch up to the last day of the month, net of reversals, over the amount frozen at
    placement, floor(10,000 · recovered / placed), so a tier is reached only when it is reached in full.

    Args:
        actor: a manager, accountant or analyst of the creditor, or the system.
        month: YYYY-MM.
        metric_version: how they were measured.
        frame: engine.evaluation.RATES by batch; a batch in which nothing was placed has the rate 0.
    """
    require(actor, Role.MANAGER, Role.ACCOUNTANT, Role.ANALYST, action="measure recovery rates")
    month_bounds(month)
    rows = conform(frame, RATES, name="RATES").to_pylist()
    key = {"creditor_id": actor.creditor_id, "month": month, "metric_version": metric_version}
    with acting(actor):
        versions = dict(Batch.objects.filter(creditor_id=actor.creditor_id).values_list("pk", "contract_version_id"))
        MeasuredRate.objects.filter(creditor_id=actor.creditor_id, month=month).delete()
        MeasuredRate.objects.bulk_create(
            MeasuredRate(
                **key,
                batch_id=row["batch_id"],
                contract_version_id=versions[row["batch_id"]],
                recovered_minor=row["recovered_minor"],
                placed_minor=row["placed_minor"],
                rate_bp=row["rate_bp"] or 0,
            )
            for row in rows
        )
        _note(actor, "rates_measured", month, {"metric_version": metric_version, "batch_count": len(rows)})
    return len(rows)


def scorecards_write(*, actor: Actor, month: str, metric_version: str, frame: pa.Table) -> int:
    """Replace the scorecards of an open month, of whatever version; return how many there are, one per agency, contract and evidence.

    Args:
        actor: a manager, accountant or analyst of the creditor, or the system.
        month: YYYY-MM.
        metric_version: how they were measured.
        frame: engine.evaluation.SCORECARD. The measure `money` gives the columns; every measure is kept whole in `measures`.
    """
    require(actor, Role.MANAGER, Role.ACCOUNTANT, Role.ANALYST, action="write scorecards")
    month_bounds(month)
    by_card: dict[tuple[int, int, str], dict[str, dict[str, Any]]] = {}
    for row in conform(frame, SCORECARD, name="SCORECARD").to_pylist():
        by_card.setdefault((row["agency_id"], row["contract_id"], row["evidence"]), {})[row["measure"]] = row
    key = {"creditor_id": actor.creditor_id, "month": month, "metric_version": metric_version}
    with acting(actor):
        Scorecard.objects.filter(creditor_id=actor.creditor_id, month=month).delete()
        Scorecard.objects.bulk_create(
            Scorecard(**key, agency_id=agency_id, contract_id=contract_id, evidence=evidence, measures=measures, **_card(measures["money"]))
            for (agency_id, contract_id, evidence), measures in sorted(by_card.items())
        )
        _note(actor, "scorecards_written", month, {"metric_version": metric_version, "scorecard_count": len(by_card)})
    return len(by_card)


def _card(money: dict[str, Any]) -> dict[str, Any]:
    return {
        "case_count": money["case_count"],
        "placed_minor": money["placed_minor"],
        "recovered_minor": money["recovered_minor"],
        "expected_minor": round(money["expected"]),
        "ratio": money["effect_mean"],
        "ratio_low": money["effect_low"],
        "ratio_high": money["effect_high"],
        "can_rank": money["can_rank"],
    }


def _note(actor: Actor, action: str, month: str, details: dict[str, Any]) -> None:
    audit_append(
        creditor_id=actor.creditor_id,
        action=action,
        subject_kind="creditor",
        subject_id=actor.creditor_id,
        details=details | {"month": month},
    )
