"""The simulated bank of the demo: its people, agencies, contracts and fees, as a house document, and what its officers put down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from duecourse.contact.models import GateTerms
from duecourse.contact.selectors import gate_terms_on, versions_waiting
from duecourse.contact.services import gate_terms_approve, gate_terms_set
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, actors_of, creditor_of
from duecourse.parties.models import User

DEMO_PASSWORD = "duecourse-demo-2026"  # noqa: S105  (printed on purpose; a production start refuses the demo's database)
IN_HOUSE = "INHOUSE"

_FIELDS = (
    "account_number",
    "person_name",
    "phone",
    "product_class",
    "currency",
    "balance_minor",
    "principal_minor",
    "interest_minor",
    "fee_minor",
    "penalty_minor",
    "days_past_due",
)


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who can log in to the demo."""

    email: str
    name: str
    role: str
    what: str


PEOPLE = (
    DemoPerson("mei@lanxi.example", "梅 Mei", "manager", "manages the agencies"),
    DemoPerson("lin@lanxi.example", "林 Lin", "manager", "approves what Mei proposes"),
    DemoPerson("qiu@lanxi.example", "秋 Qiu", "compliance", "compliance officer"),
    DemoPerson("hua@lanxi.example", "华 Hua", "compliance", "second officer, who agrees to lift a stop"),
    DemoPerson("fan@lanxi.example", "范 Fan", "accountant", "accountant"),
    DemoPerson("ann@a01.example", "安 Ann", "lead", "leads the first agency"),
    DemoPerson("bo@a02.example", "博 Bo", "collector", "collects at the second agency"),
)
"""Who is printed at the end of `make run`; each further agency has a lead of its own, lead@CODE.example."""


def demo_house(agencies: pa.Table, *, start_on: date, account_count: int) -> dict[str, Any]:
    """Return the house document of a simulated bank with the world's agencies.

    Args:
        agencies: engine.simulate's AGENCIES frame.
        start_on: the first day of the simulation; contracts hold from then for two years.
        account_count: accounts of the world, from which capacities that are too large to matter are bounded.
    """
    return {
        "creditor": {
            "code": "LANXI",
            "name": "澜溪银行 Lanxi Bank",
            "zone": "Asia/Shanghai",
            "currency": "CNY",
            "is_simulated": True,
        },
        "people": [_login(p.email, p.name, p.role) for p in PEOPLE if p.email.endswith("@lanxi.example")],
        "agencies": [_agency(row, start_on=start_on, account_count=account_count) for row in agencies.to_pylist()],
    }


def terms_put_down(creditor_id: int) -> None:
    """Have Qiu set terms of the gate twice, of which Hua approves the first; the second is left for whoever plays Hua. Done once."""
    qiu, hua = (_officer(creditor_id, email) for email in ("qiu@lanxi.example", "hua@lanxi.example"))
    with acting(qiu):
        today = local_day(now(), creditor_of(qiu).zone)
        if versions_waiting(GateTerms, actor=qiu) or gate_terms_on(actor=qiu, on=date.max) is not None:
            return
    first = gate_terms_set(actor=qiu, effective_on=today, paid_share_bp=6_000, paid_minor_min=10_000)
    gate_terms_approve(actor=hua, terms_id=first.pk)
    gate_terms_set(actor=qiu, effective_on=today + timedelta(days=7), paid_share_bp=8_000, paid_minor_min=20_000)


def _officer(creditor_id: int, email: str) -> Actor:
    return next(actor for actor in actors_of(User.objects.get(email=email)) if actor.creditor_id == creditor_id)


def lead_email(code: str) -> str:
    """Return the address of the lead of an agency."""
    return "ann@a01.example" if code == "A01" else f"lead@{code.lower()}.example"


def _staff(code: str) -> list[dict[str, Any]]:
    """Return an agency's people: its lead, and whoever of the printed people works there beside the lead."""
    lead = _login(lead_email(code), "安 Ann" if code == "A01" else f"Lead {code}", "lead")
    others = [p for p in PEOPLE if p.role == "collector" and p.email.endswith(f"@{code.lower()}.example")]
    return [lead, *(_login(p.email, p.name, p.role) for p in others)]


def _login(email: str, name: str, role: str) -> dict[str, Any]:
    return {"email": email, "name": name, "role": role, "password": DEMO_PASSWORD}


def _agency(row: dict[str, Any], *, start_on: date, account_count: int) -> dict[str, Any]:
    code = row["agency_code"]
    return {
        "code": code,
        "name": f"{row['name_zh']} {row['name']}",
        "kind": row["kind"],
        "opened_on": start_on - timedelta(days=365),
        "people": _staff(code),
        "contract": {
            "code": f"C-{code}",
            "effective_on": start_on,
            "expires_on": start_on.replace(year=start_on.year + 2),
            "signed_on": start_on - timedelta(days=14),
            "placement_term_days": 60,
            "contracted_fields": list(_FIELDS),
            "attribution_rule": "paid",
            "attribution_tail_days": 3,
            "capacity_count": min(int(row["capacity_case_count"]), account_count),
            "fees": _fees(int(row["fee_bp"])),
        },
    }


def _fees(fee_bp: int) -> list[dict[str, Any]]:
    """Return a ladder around an agency's fee: older debts and better recovery earn more; two tiers, three ages."""
    ages = ((0, 31, 60), (31, 91, 100), (91, None, 160))
    tiers = ((0, 1500, 100), (1500, None, 120))
    return [
        {
            "product_class": "*",
            "age_band_from_days": age_from,
            "age_band_to_days": age_to,
            "tier_from_bp": tier_from,
            "tier_to_bp": tier_to,
            "hand_from": 1,
            "hand_to": None,
            "rate_bp": min(5_000, fee_bp * age_percent * tier_percent // 10_000),
        }
        for age_from, age_to, age_percent in ages
        for tier_from, tier_to, tier_percent in tiers
    ]
