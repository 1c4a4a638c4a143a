"""A debtor with three cases, one in each work stream, placed with three performers: the smallest scene in which counting is hard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from duecourse.contact.models import MessageTemplate
from duecourse.contact.services import LETTER_PARTS, message_template_add, message_template_approve
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.portfolio.models import Account, Case, CaseAccount, ContactPoint, Hold, Person
from tests import factories, people

DAY = date(2026, 9, 1)
NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai."""


@dataclass(frozen=True)
class Scene:
    """A bank and one debtor of its.

    Attributes:
        bank: the house of the tests.
        person: the debtor.
        cases: the debtor's case by the code of the performer it is placed with; '' is placed with nobody.
    """

    bank: factories.Bank
    person: Person
    cases: dict[str, Case]

    def actor(self, code: str) -> Actor:
        """Return who asks for the performer of this code: Ann, Bo as the lead he is here, or the bank's system for its own robot."""
        return {"aoki": self.bank.ann, "birch": factories.leading(self.bank.bo)}.get(code, self.bank.system)

    def hold(self, kind: str, *, until_on: date | None = None) -> Hold:
        """Put a hold on the debtor from the scene's day."""
        with acting(self.bank.system):
            return Hold.objects.create(
                creditor=self.bank.creditor, person=self.person, kind=kind, stops_contact=True, stops_placement=True,
                source_kind="test", source_id=1, from_on=DAY, until_on=until_on, known_at=NOON,
            )  # fmt: skip

    def template(self, code: str, *, channel: str = "sms", until_on: date | None = None) -> MessageTemplate:
        """Write a template as Qiu and have Mei approve it."""
        written = message_template_add(
            actor=self.bank.qiu,
            code=code,
            channel=channel,
            language="zh-hans",
            body="…",
            purpose="reminder",
            valid_from_on=DAY,
            valid_until_on=until_on,
            parts=LETTER_PARTS if channel == "letter" else (),
        )
        return message_template_approve(actor=self.bank.mei, template_id=written.pk)


def scene(*, zone: str | None = "Asia/Shanghai", firm: people.Firm = people.BANK) -> Scene:
    """Make the scene, all contacts still to come."""
    bank = factories.bank(firm)
    placed = {"aoki": bank.aoki.pk, "birch": bank.birch.pk, "": None}
    with acting(bank.system):
        person = Person.objects.create(creditor=bank.creditor, zone=zone, zone_source="test", known_at=NOON)
        for kind in ("phone", "email", "address"):
            ContactPoint.objects.create(
                creditor=bank.creditor, person=person, kind=kind, value_sealed=b"", valid_from_on=DAY - timedelta(days=30)
            )
        cases = {code: _case(bank, person, f"stream-{code}", agency_id) for code, agency_id in placed.items()}
    return Scene(bank, person, cases)


def second_lead(bank: factories.Bank) -> Actor:
    """Return a person of the in-house team, who works as an agency's people do."""
    someone = factories.user("hu@lanxi.example", name="Hu")
    from duecourse.parties.services import membership_grant

    membership_grant(actor=bank.system, user_id=someone.pk, role="lead", from_on=date(2025, 1, 1), agency_id=bank.in_house.pk)
    return actors_of(someone, on=DAY)[0]


def _case(bank: factories.Bank, person: Person, stream: str, agency_id: int | None) -> Case:
    account = Account.objects.create(
        creditor=bank.creditor, number=f"N-{stream}", product_class="credit_card", lender_class="bank", currency="CNY"
    )
    case = Case.objects.create(creditor=bank.creditor, person=person, work_stream=stream, opened_on=DAY, open_agency_id=agency_id)
    CaseAccount.objects.create(creditor=bank.creditor, case=case, account=account, from_on=DAY)
    return case
