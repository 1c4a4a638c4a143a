"""What the commission of a month is computed from, and the computation itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from duecourse.engine.commission import ATTRIBUTED, COMMISSION_LINES, MEASURED, commission
from duecourse.engine.frames import empty, from_rows
from duecourse.kit.calendar import month_bounds
from duecourse.kit.errors import Problem
from duecourse.ledger.selectors.rows import dicts, frame
from duecourse.parties.models import ContractVersion
from duecourse.parties.selectors import fee_lines
from duecourse.repayment.selectors import attributions_frame
from duecourse.settlement.models import MeasuredRate, Statement, StatementLine
from duecourse.settlement.selectors.statements import OPEN, statement_status

_PENDING = """
SELECT t.id AS attribution_id, v.contract_id FROM repayment_attribution t
JOIN placement_placement p ON p.creditor_id = t.creditor_id AND p.id = t.placement_id
JOIN parties_contractversion v ON v.creditor_id = p.creditor_id AND v.id = p.contract_version_id
WHERE t.creditor_id = %(creditor)s AND t.recognised_on <= %(last)s AND (%(contract)s::bigint IS NULL OR v.contract_id = %(contract)s)
  AND NOT EXISTS (SELECT 1 FROM settlement_statementline l WHERE l.creditor_id = t.creditor_id AND l.attribution_id = t.id
                  AND l.statement_id <> %(statement)s)
"""
_SETTLED = """
WITH originals AS (
    SELECT id FROM settlement_statementline
    WHERE creditor_id = %(creditor)s AND payment_id = ANY(%(payments)s) AND kind = 'commission' AND statement_id <> %(statement)s
)
SELECT l.line_key, l.kind, l.payment_id, o.line_key, l.placement_id, l.batch_id::text, l.product_class, l.days_past_due, l.hand, s.currency,
       l.basis_minor, l.achieved_bp, l.tier_mode, l.rate_bp, l.rate_numerator, l.rate_denominator, l.multiplier_bp, l.rounding, l.amount_minor
FROM settlement_statementline l
JOIN settlement_statement s ON s.creditor_id = l.creditor_id AND s.id = l.statement_id
LEFT JOIN settlement_statementline o ON o.creditor_id = l.creditor_id AND o.id = l.original_line_id
WHERE l.creditor_id = %(creditor)s AND l.statement_id <> %(statement)s
  AND (l.id IN (SELECT id FROM originals) OR l.original_line_id IN (SELECT id FROM originals))
ORDER BY l.id
"""


@dataclass(frozen=True, slots=True)
class CommissionInputs:
    """What `engine.commission.commission` takes for one version of a contract.

    Attributes:
        contract_id: the contract.
        contract_version_id: whose terms hold: those under which the cases were placed.
        attributed: repayment's ATTRIBUTIONS, of which engine.commission.ATTRIBUTED is a part.
        schedule: FEE_LINES in force on the month's last day.
        measured: MEASURED; the group is the batch.
        settled: COMMISSION_LINES of other months' statements for the payments that are reversed now.
        tier_mode: of the version.
        rounding: of the version.
    """

    contract_id: int
    contract_version_id: int
    attributed: pa.Table
    schedule: pa.Table
    measured: pa.Table
    settled: pa.Table
    tier_mode: str
    rounding: str


def contracts_to_settle(*, creditor_id: int, month: str) -> list[int]:
    """Return the contracts that a month's statements are for: with recoveries on no other statement, or with a statement already."""
    wanted = {"creditor": creditor_id, "last": month_bounds(month)[1], "contract": None, "statement": 0}
    found = {row["contract_id"] for row in dicts(_PENDING, **wanted)}
    stated = Statement.objects.filter(creditor_id=creditor_id, month=month).values_list("contract_id", flat=True)
    return sorted(found | set(stated))


def commission_inputs(*, creditor_id: int, contract_id: int, month: str) -> list[CommissionInputs]:
    """Return what a contract's statement of a month is computed from, one part per contract version, in order of version.

    While the statement is a draft or not there: every recovery recognised until the month's last day that no other statement has, late ones of
    earlier months included. Once it is agreed: exactly the recoveries and rates of its lines, so that computing it again gives it again.

    Raises:
        MonthUnreadable: the month is not written YYYY-MM.
    """
    last_on = month_bounds(month)[1]
    statement = Statement.objects.filter(creditor_id=creditor_id, contract_id=contract_id, month=month).first()
    statement_id = statement.pk if statement else 0
    is_open = statement is None or statement_status(statement) in OPEN
    if is_open:
        wanted = {"creditor": creditor_id, "last": last_on, "contract": contract_id, "statement": statement_id}
        attribution_ids = [row["attribution_id"] for row in dicts(_PENDING, **wanted)]
    else:
        lines = StatementLine.objects.filter(creditor_id=creditor_id, statement_id=statement_id)
        attribution_ids = list(lines.values_list("attribution_id", flat=True))
    attributed = attributions_frame(creditor_id=creditor_id, last_on=last_on, attribution_ids=attribution_ids)
    achieved = _measured(creditor_id, month) if is_open else _agreed(statement_id)
    parts = []
    for version in ContractVersion.objects.filter(creditor_id=creditor_id, contract_id=contract_id).order_by("number"):
        own = attributed.filter(pc.equal(attributed["contract_version_id"], version.pk))
        if own.num_rows:
            reversed_ids = [number for number in own["reverses_payment_id"].to_pylist() if number is not None]
            parameters = {"creditor": creditor_id, "payments": reversed_ids, "statement": statement_id}
            part = CommissionInputs(
                contract_id=contract_id,
                contract_version_id=version.pk,
                attributed=own,
                schedule=fee_lines(contract_version_id=version.pk, on=last_on),
                measured=from_rows([{"measure_key": key, "achieved_bp": achieved[key]} for key in _keys(own) if key in achieved], MEASURED),
                settled=frame(_SETTLED, schema=COMMISSION_LINES, **parameters),
                tier_mode=version.tier_mode,
                rounding=version.rounding,
            )
            parts.append(part)
    return parts


def commission_lines(parts: Iterable[CommissionInputs]) -> tuple[pa.Table, list[Problem]]:
    """Return engine.commission's lines and problems of all parts together; pure, in order of payment and line."""
    tables, problems = [empty(COMMISSION_LINES)], []
    for part in parts:
        attributed = part.attributed.select(ATTRIBUTED.names)
        rounding: Any = part.rounding
        tier_mode: Any = part.tier_mode
        lines, faults = commission(attributed, part.schedule, part.measured, rounding=rounding, tier_mode=tier_mode, settled=part.settled)
        tables.append(lines)
        problems += faults
    return pa.concat_tables(tables).sort_by([("payment_id", "ascending"), ("line_key", "ascending")]), problems


def _keys(attributed: pa.Table) -> list[str]:
    return sorted(set(attributed["measure_key"].to_pylist()))


def _measured(creditor_id: int, month: str) -> dict[str, int]:
    """Return the newest measured rate of each batch."""
    rows = MeasuredRate.objects.filter(creditor_id=creditor_id, month=month).order_by("pk").values_list("batch_id", "rate_bp")
    return {str(batch_id): rate_bp for batch_id, rate_bp in rows}


def _agreed(statement_id: int) -> dict[str, int]:
    """Return the rates that an agreed statement was computed with."""
    rows = StatementLine.objects.filter(statement_id=statement_id, kind="commission").values_list("batch_id", "achieved_bp").distinct()
    return {str(batch_id): achieved_bp for batch_id, achieved_bp in rows}
