"""What tests of the API share: two banks with placed cases, tokens of every kind, and a client that speaks JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from duecourse.kit.clock import frozen
from duecourse.kit.crypto import Keyring

ALL_AGENCY = (
    *("cases:read", "placements:read", "permits:read", "permits:write"),
    *("statements:read", "statements:agree", "webhooks:read", "webhooks:write"),
)
ALL_CREDITOR = (
    *("cases:read", "placements:read", "permits:read", "permits:write", "payments:write"),
    *("statements:read", "feeds:write", "webhooks:read", "webhooks:write"),
)
NOON = datetime(2026, 9, 3, 4, 0, tzinfo=UTC)
READ_ONLY = ("cases:read", "placements:read", "permits:read", "statements:read", "webhooks:read")


@dataclass
class Caller:
    """A program with a token, or '' for one without."""

    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """Return the headers of a request."""
        return ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | (more or {})

    def get(self, path: str, /, *, headers: dict[str, str] | None = None, **query: Any):
        """Ask with GET."""
        return self.client.get("/v1" + path, query, headers=self.headers(headers))

    def post(self, path: str, body: Any, *, headers: dict[str, str] | None = None):
        """Ask with POST; a dict goes as JSON, bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body, default=str)
        return self.client.post("/v1" + path, content, content_type="application/json", headers=self.headers(headers))

    def delete(self, path: str):
        """Ask with DELETE."""
        return self.client.delete("/v1" + path, headers=self.headers())

    def upload(self, path: str, **fields: Any):
        """Send a form with files."""
        return self.client.post("/v1" + path, fields, headers=self.headers())


def issued(bank, *scopes: str, agency=None, is_test: bool = False) -> Caller:
    """Return a caller with a token of these scopes."""
    from duecourse.parties.services import token_issue

    token = token_issue(
        actor=bank.system, name="a program", scopes=scopes, agency_id=agency.pk if agency else None, is_test=is_test, life_days=30
    )
    return Caller(token.text)


def furnish() -> SimpleNamespace:
    """Make Lanxi Bank with six placed cases of debtors in Shanghai, a statement of Aoki's, and another bank; then tokens for all."""
    from duecourse.parties.access import acting
    from duecourse.portfolio.models import ContactPoint, Person
    from tests import factories, people
    from tests.repayment import world
    from tests.settlement.world import own, settled

    bank = factories.bank()
    other = factories.bank(people.OTHER_BANK)
    loans = world.placed(bank)
    with acting(bank.system):
        Person.objects.filter(creditor_id=bank.id).update(zone="Asia/Shanghai", zone_source="test")
        for person in Person.objects.filter(creditor_id=bank.id):
            ContactPoint.objects.create(
                creditor=bank.creditor, person=person, kind="phone", value_sealed=b"", valid_from_on=factories.FIRST_DAY
            )
    aoki_loans = own(loans, bank.aoki)
    world.record(bank, world.pay(aoki_loans[0], 50_000))
    statement_id = settled(bank)
    callers = {
        "nobody": Caller(""),
        "aoki": issued(bank, *ALL_AGENCY, agency=bank.aoki),
        "birch": issued(bank, *ALL_AGENCY, agency=bank.birch),
        "other_bank": issued(other, *ALL_CREDITOR),
        "reader": issued(bank, *READ_ONLY),
        "full": issued(bank, *ALL_CREDITOR),
    }
    return SimpleNamespace(bank=bank, other=other, loans=loans, mine=aoki_loans, statement_id=statement_id, **callers, callers=callers)


@pytest.fixture
def keys(tmp_path, settings):
    """A home folder and a key ring of this test's own."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")


@pytest.fixture
def noon():
    """Stop the clock at 12:00 in Shanghai on 3 September 2026."""
    with frozen(NOON):
        yield NOON


@pytest.fixture
def api(db, keys, noon):
    """The two banks with their callers, rolled back afterwards."""
    return furnish()


def permit_body(case_id: int, number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the body of a request for a permit."""
    return {"case_id": case_id, "channel": "call", "contact_at": NOON.isoformat(), "client_request_id": f"c-{number}"} | changes


def payment(number: str, account_number: str, amount_minor: int = 1_000) -> dict[str, Any]:
    """Return a payment as a row of a body."""
    return {
        "bank_account": "LX-1", "external_ref": number, "amount_minor": amount_minor, "currency": "CNY",
        "paid_on": "2026-09-03", "booked_on": "2026-09-03", "account_number": account_number,
    }  # fmt: skip
