"""Cases placed with two agencies and handed over, and the people who work them: the scene of the workbench."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from duecourse.kit.clock import frozen
from duecourse.parties.access import Actor, acting, actors_of
from duecourse.parties.services import membership_grant
from duecourse.placement import selectors, services
from duecourse.placement.models import Batch
from duecourse.placement.selectors.moves import open_cases
from duecourse.portfolio.models import Case, ContactPoint
from duecourse.portfolio.services import tape_intake
from tests import factories
from tests.placement import world

NOON = datetime(2026, 9, 3, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai, the day after the cases were placed."""
TODAY = date(2026, 9, 3)
HEADER = "account_number,person_name,id_type,id_number,phone,region,product_class,lender_class,currency,principal,interest,fee,penalty,balance,days_past_due"


@dataclass(frozen=True)
class Work:
    """The scene.

    Attributes:
        bank: the house of the tests.
        bea: a lead at Birch, where Bo collects.
        cai, eve: collectors at Aoki, which Ann leads.
        batches: each agency's batch by its code.
        cases: each agency's open cases by its code, in order.
    """

    bank: factories.Bank
    bea: Actor
    cai: Actor
    eve: Actor
    batches: dict[str, int] = field(default_factory=dict)
    cases: dict[str, list[int]] = field(default_factory=dict)

    def accept(self, code: str = "birch") -> None:
        """Accept an agency's batch, as its lead."""
        actor = self.lead(code)
        with acting(actor):
            batch = selectors.agency_batch(actor=actor, batch_id=self.batches[code])
        services.batch_accept(actor=actor, batch_id=self.batches[code], sha256=batch["sha256"], row_count=batch["row_count"])

    def assign(self, cases: list[int], *people: Actor, code: str = "birch", way: str = "count") -> None:
        """Assign cases to people, as the lead of an agency."""
        services.assignments_make(actor=self.lead(code), case_ids=cases, user_ids=[person.user_id for person in people], way=way)

    def lead(self, code: str) -> Actor:
        """Return who leads an agency."""
        return {"aoki": self.bank.ann, "birch": self.bea}[code]

    def phone(self, case_id: int) -> int:
        """Return the number of the case's debtor, as a contact point."""
        with acting(self.bank.system):
            person_id = Case.objects.get(pk=case_id).person_id
            return ContactPoint.objects.get(person_id=person_id, kind="phone").pk


def work(folder: Path, *, count: int = 12, name: str = "陈一") -> Work:
    """Make the scene: `count` debtors with different balances, placed and handed over; nothing is accepted or assigned yet."""
    bank = factories.bank()
    lines = [
        f"L{n:03},{name},passport,P{n:07},+86138000{n:05},ZJ,consumer_loan,bank,CNY,{900 + n}.00,30.00,2.00,1.00,{933 + n}.00,45"
        for n in range(count)
    ]
    path = folder / "tape.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    tape_intake(actor=bank.system, path=path, mapping="native", as_of=world.AS_OF)
    world.snapshots_from_tape(bank)
    found = Work(
        bank,
        bea=hired(bank, "bea", "lead", "birch"),
        cai=hired(bank, "cai", "collector", "aoki"),
        eve=hired(bank, "eve", "collector", "aoki"),
    )
    with frozen(world.PLACED_AT):
        world.published(bank, explore_share_bp=0)
    with acting(bank.system):
        rows = list(Batch.objects.values_list("agency__code", "pk"))
    for code, batch_id in rows:
        with frozen(world.PLACED_AT):
            services.batch_hand_over(actor=bank.mei, batch_id=batch_id)
        with acting(bank.system):
            found.cases[code] = open_cases(creditor_id=bank.id, batch_id=batch_id)
        found.batches[code] = batch_id
    return found


def hired(bank: factories.Bank, name: str, role: str, code: str) -> Actor:
    """Make somebody who works at an agency, and return them as an actor."""
    someone = factories.user(f"{name}@{code}.example", name=name.title())
    agency = {"aoki": bank.aoki, "birch": bank.birch}[code]
    membership_grant(actor=bank.system, user_id=someone.pk, role=role, from_on=date(2025, 1, 1), agency_id=agency.pk)
    return actors_of(someone, on=TODAY)[0]
