"""One of each thing that the pages of cases and money have an address for: Chen's and Dai's debts, placed, called about, paid, settled."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from duecourse.care.services import dispute_open
from duecourse.contact.services import attempt_report, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.placement.models import Placement
from duecourse.portfolio import selectors
from duecourse.portfolio.services import tape_intake
from duecourse.repayment.models import Payment
from tests.factories import Bank
from tests.placement import world as placing
from tests.portfolio.tapes import CHEN, DAI, row, text_of
from tests.repayment import world as paying
from tests.settlement.world import settled

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, NOON = date(2026, 9, 1), datetime(2026, 9, 3, 12, tzinfo=SHANGHAI)


def furnished(bank: Bank, *, lost_refs: tuple[str, ...] = ("lost",)) -> SimpleNamespace:
    """Return numbers of Chen's case and of what happened to it.

    case_id, other_case_id (Dai's), account_id, agency_id, lead (who leads that agency), permit_id, refusal_id, payment_id, lost_id (in
    suspense), statement_id (of the agency that has Chen's case).
    """
    rows = [row("A-1", **CHEN, days_past_due="45"), row("A-2", **CHEN, balance="3000.00", days_past_due="70")]
    with TemporaryDirectory() as folder, frozen(datetime(2026, 9, 1, 7, 30, tzinfo=SHANGHAI)):
        path = Path(folder, "tape.csv")
        path.write_text(text_of([*rows, row("B-1", **DAI, balance="50.00", days_past_due="33")]), encoding="utf-8")
        tape_intake(actor=bank.mei, path=path, mapping="native", as_of=FIRST)
    placing.snapshots_from_tape(bank, as_of=FIRST)
    with acting(bank.mei):
        numbers = selectors.case_accounts_by_number(creditor_id=bank.id)
    with frozen(placing.PLACED_AT):
        placing.published(bank, explore_share_bp=0, case_ids=sorted({numbers["A-1"][0], numbers["B-1"][0]}))
    with acting(bank.mei):
        case_id, account_id = numbers["A-1"]
        agency_id = Placement.objects.get(case_id=case_id).agency_id
    lead, terms = (bank.ann, bank.aoki_terms) if agency_id == bank.aoki.pk else (bank.bo, bank.birch_terms)
    permit_id, refusal_id = _called(bank, lead, case_id)
    loan = next(loan for loan in _loans(bank) if loan.number == "A-1")
    with frozen(datetime(2026, 9, 11, 9, tzinfo=SHANGHAI)):
        back = paying.pay(loan, 4_000, ref="back")
        paying.record(bank, paying.pay(loan, 20_000, ref="good"), back, *(paying.pay(None, 3_000, ref=ref) for ref in lost_refs))
        paying.record(bank, paying.take_back(back, on=date(2026, 9, 12)))
        dispute_open(
            actor=bank.qiu, case_id=numbers["B-1"][0], account_id=numbers["B-1"][1], kind="amount", external_ref="D-1", received_on=FIRST
        )
    with frozen(datetime(2026, 10, 1, 9, tzinfo=SHANGHAI)):
        statement_id = settled(bank, contract_id=terms.contract.pk)
    with acting(bank.mei):
        by_ref = dict(Payment.objects.filter(creditor_id=bank.id).values_list("external_ref", "pk"))
    return SimpleNamespace(
        case_id=case_id, other_case_id=numbers["B-1"][0], account_id=account_id, agency_id=agency_id, lead=lead, permit_id=permit_id,
        refusal_id=refusal_id, payment_id=by_ref["good"], lost_id=by_ref[lost_refs[0]], statement_id=statement_id,
    )  # fmt: skip


def _called(bank: Bank, lead, case_id: int) -> tuple[int, int]:
    """Call Chen at noon and ask for a call at night; return the permit and the refusal."""
    asking = {"actor": lead, "case_id": case_id, "channel": "call"}
    with frozen(NOON):
        given = permit_request(**asking, contact_at=NOON, client_request_id="noon")
        attempt_report(actor=lead, permit_id=given.id, outcome="connected", started_at=NOON, talk_seconds=61)
    night = NOON + timedelta(hours=11)
    with frozen(night):
        refused = permit_request(**asking, contact_at=night, client_request_id="night")
    assert (given.is_permit, refused.is_permit) == (True, False)
    return given.id, refused.id


def _loans(bank: Bank):
    with acting(bank.system):
        return paying.loans_of(bank)
