"""Months of money, measured and settled, for the tests of this room."""

from __future__ import annotations

from duecourse.cycle.models import Run
from duecourse.cycle.services.inputs import measure_inputs
from duecourse.cycle.services.perform import Month
from duecourse.engine.evaluation import recovery_rates
from duecourse.kit.calendar import month_bounds
from duecourse.parties.access import acting
from duecourse.placement.models import Batch
from duecourse.settlement import selectors, services
from duecourse.settlement.models import StatementLine
from tests.factories import Bank

SEPTEMBER, OCTOBER, NOVEMBER = "2026-09", "2026-10", "2026-11"
METRIC = "test/1"


def own(placed, agency):
    """Return the accounts placed with an agency."""
    return [loan for loan in placed if loan.agency_id == agency.pk]


def measured(bank: Bank, month: str = SEPTEMBER) -> int:
    """Measure the rates of a month as its step does, and return how many there are."""
    first, last = month_bounds(month)
    asked = Month(actor=bank.system, run=Run(creditor_id=bank.id, month=month), as_of=first, first_on=first, last_on=last)
    with acting(bank.system):
        frame = recovery_rates(measure_inputs(asked).frames["batch_outcomes"], by_batch=True)
    return services.rates_write(actor=bank.system, month=month, metric_version=METRIC, frame=frame)


def settled(bank: Bank, month: str = SEPTEMBER, *, contract_id: int = 0) -> int:
    """Measure a month and draw up a contract's statement, Aoki's unless another is named."""
    measured(bank, month)
    return services.statement_compute(actor=bank.fan, contract_id=contract_id or bank.aoki_terms.contract.pk, month=month)


def frozen(bank: Bank, month: str = SEPTEMBER) -> int:
    """Settle a month with Aoki and take the statement through its whole life."""
    statement_id = settled(bank, month)
    services.statement_agree(actor=bank.ann, statement_id=statement_id)
    services.statement_approve(actor=bank.fan, statement_id=statement_id)
    services.statement_freeze(actor=bank.mei, statement_id=statement_id)
    return statement_id


def page(bank: Bank, statement_id: int, *, actor=None):
    """Return a statement as Fan sees it, or another."""
    with acting(actor or bank.fan):
        return selectors.statement_page(creditor_id=bank.id, statement_id=statement_id)


def lines(bank: Bank, statement_id: int) -> list[tuple[str, int, int, int]]:
    """Return (kind, basis, rate, amount) of a statement's lines in order."""
    return [(line["kind"], line["basis_minor"], line["rate_bp"], line["amount_minor"]) for line in page(bank, statement_id)["lines"]]


def tier_minor(bank: Bank, batch_id: int, *, rate_bp: int = 500) -> int:
    """Return the least recovery of a batch that reaches a rate."""
    with acting(bank.fan):
        return -(-Batch.objects.get(pk=batch_id).placed_minor * rate_bp // 10_000)


def line_sum(bank: Bank, statement_id: int) -> int:
    """Return the sum of a statement's lines."""
    with acting(bank.fan):
        return sum(StatementLine.objects.filter(statement_id=statement_id).values_list("amount_minor", flat=True))
