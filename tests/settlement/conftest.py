"""What this room's tests share: the bank, and placed accounts that owe something."""

from __future__ import annotations

import pytest


@pytest.fixture
def bank(db, home):
    """Lanxi Bank, in a transaction that is rolled back."""
    from tests import factories

    return factories.bank()


@pytest.fixture
def placed(bank):
    """Six accounts that owe, placed with Aoki and Birch on 2 September 2026 for 90 days and 5 tail days."""
    from tests.repayment import world

    return world.placed(bank)


@pytest.fixture
def birch_lead(bank):
    """Bai, who leads Birch Recovery."""
    from tests import factories, people

    return factories.member(bank.system, people.Member("Bai", "bai@birch.example", "lead", people.BIRCH), agency=bank.birch)
