"""What the ledger's tests share: the bank."""

from __future__ import annotations

import pytest


@pytest.fixture
def bank(db):
    """Lanxi Bank, in a transaction that is rolled back."""
    from tests import factories

    return factories.bank()
