"""What tests of the doors share: a bank with one month, whose report is the made-up one."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from tests import people
from tests.doors import report_fixture

MONTH = "2026-09"


@pytest.fixture(autouse=True)
def _the_language_of_nobody():
    """Begin every test in the installation's language, whatever a page was asked for before in this process."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _no_failed_logins():
    """Begin every test without failed logins."""
    cache.clear()


@pytest.fixture
def made_up_report(monkeypatch):
    """Let the selector answer with the made-up report."""
    from duecourse.cycle import selectors

    monkeypatch.setattr(selectors, "month_report", report_fixture.month_report, raising=False)


@pytest.fixture
def made_up_months(committed_house):
    """A second, open month in the committed house."""
    from duecourse.cycle.models import Run
    from duecourse.parties.access import acting

    bank = committed_house.bank
    with acting(bank.system):
        opened_at = datetime(2026, 10, 1, tzinfo=UTC)
        Run.objects.create(creditor_id=bank.id, month="2026-10", commitment="1" * 64, secret_sealed=b"sealed", opened_at=opened_at)


def furnish() -> SimpleNamespace:
    """Make the bank with its people, one month and a stranger."""
    from duecourse.cycle.models import Run
    from duecourse.parties.access import acting
    from tests import factories

    bank = factories.bank()
    with acting(bank.system):
        Run.objects.create(
            creditor_id=bank.id, month=MONTH, commitment="0" * 64, secret_sealed=b"sealed", opened_at=datetime(2026, 8, 31, 16, tzinfo=UTC)
        )
    factories.user()
    return SimpleNamespace(bank=bank, month=MONTH)


@pytest.fixture
def house(db, made_up_report):
    """A bank with its people and one month, in a transaction that is rolled back."""
    return furnish()


@pytest.fixture
def committed_house(committed_db, made_up_report):
    """A bank with its people and one month, committed, for browsers."""
    return furnish()


@pytest.fixture
def logged_in():
    """Return a function that gives a client logged in as the person with an address."""

    def enter(email: str) -> Client:
        client = Client()
        answer = client.post("/login/", {"username": email, "password": people.PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return enter
