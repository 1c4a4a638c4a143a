"""One of each thing that the workbench has an address for, at Aoki, without personal data or files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

from duecourse.contact.services import call_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.placement import services
from duecourse.placement.models import Batch
from duecourse.placement.selectors.moves import open_cases
from duecourse.portfolio.models import ContactPoint, Person
from duecourse.settlement.models import Statement, StatementTransition
from tests.factories import Bank
from tests.placement import world
from tests.work import NOON, TODAY


def furnished(bank: Bank) -> SimpleNamespace:
    """Place cases with both agencies and return the numbers of Aoki's: batch_id, case_id, permit_id, move_set_id, statement_id."""
    world.cases(bank, 6)
    with acting(bank.system):
        Person.objects.update(zone="Asia/Shanghai", zone_source="test")
        for person_id in Person.objects.values_list("pk", flat=True):
            ContactPoint.objects.create(
                creditor=bank.creditor, person_id=person_id, kind="phone", value_sealed=b"", valid_from_on=date(2026, 1, 1)
            )
    with frozen(NOON):
        batch_ids = world.published(bank, explore_share_bp=0)
        with acting(bank.system):
            batch_id = Batch.objects.get(agency_id=bank.aoki.pk, pk__in=batch_ids).pk
            cases = open_cases(creditor_id=bank.id, batch_id=batch_id)
        permit = call_request(actor=bank.ann, case_id=cases[0], contact_point_id=None, client_request_id="work-1")
        assert permit.is_permit
        move_set = services.moves_preview(actor=bank.ann, kind="return", reason_code="unreachable", as_of=TODAY, case_ids=cases[:1])
    return SimpleNamespace(batch_id=batch_id, case_id=cases[0], permit_id=permit.id, move_set_id=move_set.pk, statement_id=statement(bank))


def statement(bank: Bank, *, agency: str = "aoki", total_minor: int = 1_234_56) -> int:
    """Draft a statement without lines for an agency."""
    terms = bank.aoki_terms if agency == "aoki" else bank.birch_terms
    with acting(bank.system):
        known = Statement.objects.filter(contract=terms.contract, month="2026-09").first()
        if known is not None:
            return known.pk
        made = Statement.objects.create(
            creditor_id=bank.id, contract=terms.contract, agency_id=terms.contract.agency_id, month="2026-09", currency="CNY",
            total_minor=total_minor, line_count=0, lines_hash="0" * 64, inputs_hash="0" * 64, drafted_at=datetime(2026, 10, 1, tzinfo=UTC),
        )  # fmt: skip
        StatementTransition.objects.create(
            creditor_id=bank.id, statement=made, status="draft", actor_id=0, at=datetime(2026, 10, 1, tzinfo=UTC)
        )
    return made.pk
