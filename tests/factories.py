"""A bank of the tests with its people, agencies and agreements, made through the services.

    bank = factories.bank()
    with acting(bank.mei):
        …

`bank()` is Lanxi Bank; `bank(people.OTHER_BANK)` is a second tenant with people of its own, to be walled off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from duecourse.parties import services
from duecourse.parties.access import Actor, actors_of, system
from duecourse.parties.models import Agency, Contract, ContractVersion, Creditor, User
from tests import people

FIRST_DAY = people.FIRST_DAY
CONTRACTED_FIELDS = ("account_number", "name", "phone", "product_class", "days_past_due", "balance_minor", "currency")
FEE_LINES = (
    {"product_class": "*", "age_band_from_days": 1, "age_band_to_days": 91, "tier_from_bp": 0, "tier_to_bp": 500, "rate_bp": 1200},
    {"product_class": "*", "age_band_from_days": 1, "age_band_to_days": 91, "tier_from_bp": 500, "tier_to_bp": None, "rate_bp": 1500},
    {"product_class": "*", "age_band_from_days": 91, "age_band_to_days": None, "tier_from_bp": 0, "tier_to_bp": None, "rate_bp": 2500},
)
TERMS: dict[str, Any] = {
    "effective_on": date(2026, 1, 1),
    "expires_on": date(2027, 1, 1),
    "signed_on": date(2025, 12, 15),
    "placement_term_days": 90,
    "contracted_fields": CONTRACTED_FIELDS,
    "attribution_rule": "paid",
    "attribution_tail_days": 5,
    "capacity_count": 1000,
    "share_cap_bp": 6000,
}


@dataclass(frozen=True)
class Agreement:
    """A contract of the tests with its first version, which has fees from the same day.

    Attributes:
        contract: with whom.
        version: the terms.
    """

    contract: Contract
    version: ContractVersion


@dataclass(frozen=True)
class Bank:
    """A creditor of the tests. Actors are as on `FIRST_DAY`.

    Attributes:
        creditor: zone Asia/Shanghai, calendar china, CNY.
        system: the system on its behalf.
        mei: manager of agencies.
        lin: another manager, who approves what Mei asks for.
        qiu: compliance officer.
        fan: accountant.
        ann: lead at `aoki`.
        bo: collector at `birch`.
        aoki, birch: outside agencies.
        in_house: the bank's own team.
        robot: the bank's voice robot.
        aoki_terms, birch_terms: what is agreed with them.
    """

    creditor: Creditor
    system: Actor
    mei: Actor
    lin: Actor
    qiu: Actor
    fan: Actor
    ann: Actor
    bo: Actor
    aoki: Agency
    birch: Agency
    in_house: Agency
    robot: Agency
    aoki_terms: Agreement
    birch_terms: Agreement

    @property
    def id(self) -> int:
        """The tenant."""
        return self.creditor.pk


def bank(firm: people.Firm = people.BANK) -> Bank:
    """Make a creditor with its whole house; each firm once per database."""
    creditor = services.creditor_add(
        code=firm.code, name=firm.name, zone="Asia/Shanghai", calendar_name="china", currency="CNY", packs=["cn"]
    )
    boss = system(creditor.pk)
    firms = {"aoki": people.AOKI, "birch": people.BIRCH, "in_house": people.IN_HOUSE, "robot": people.ROBOT}
    kinds = {"aoki": "external", "birch": "external", "in_house": "in_house", "robot": "robot"}
    houses = {
        name: services.agency_add(actor=boss, code=f.code, name=f.name, kind=kinds[name], opened_on=date(2025, 1, 1))
        for name, f in firms.items()
    }
    by_code = {agency.code: agency for agency in houses.values()}
    actors = {m.name.lower(): member(boss, m, firm=firm, agency=by_code.get(m.firm.code)) for m in (*people.STAFF, *people.AGENTS)}
    terms = {f"{name}_terms": agreement(boss, houses[name]) for name in ("aoki", "birch")}
    return Bank(creditor=creditor, system=boss, **actors, **houses, **terms)


def user(email: str = people.DAI_EMAIL, *, name: str = "Dai") -> User:
    """Make somebody who may log in and belongs nowhere; by default Dai, the stranger."""
    return services.user_add(email=email, display_name=name, password=people.PASSWORD)


def leading(actor: Actor) -> Actor:
    """Return the same person of the same agency as its lead, who sees all that is open with it."""
    return replace(actor, roles=frozenset({"lead"}))


def member(boss: Actor, who: people.Member, *, firm: people.Firm = people.BANK, agency: Agency | None = None) -> Actor:
    """Make a user with the member's role and return the actor; at another bank than Lanxi the address is another."""
    email = who.email if firm == people.BANK else who.email.replace("@", f"@{firm.code}.")
    someone = user(email, name=who.name)
    services.membership_grant(
        actor=boss, user_id=someone.pk, role=who.role, from_on=date(2025, 1, 1), agency_id=agency.pk if agency else None
    )
    return actors_of(someone, on=FIRST_DAY)[0]


def agreement(boss: Actor, agency: Agency, **changes: Any) -> Agreement:
    """Make a contract with an agency, one signed version (`TERMS` with changes) and its fees."""
    contract = services.contract_add(actor=boss, agency_id=agency.pk, code=changes.pop("code", f"{agency.code}-2026"))
    lines = changes.pop("fee_lines", FEE_LINES)
    version = services.contract_version_add(actor=boss, contract_id=contract.pk, **(TERMS | changes))
    hands = {"hand_from": 1, "hand_to": None}
    services.fee_schedule_set(
        actor=boss, contract_version_id=version.pk, effective_on=version.effective_on, lines=[hands | line for line in lines]
    )
    return Agreement(contract, version)
