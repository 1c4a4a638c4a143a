"""What the portfolio's tests share: the bank, and tapes."""

from __future__ import annotations

import pytest

from tests.portfolio.tapes import TapeFile


@pytest.fixture
def bank(db, home):
    """Lanxi Bank, in a transaction that is rolled back."""
    from tests import factories

    return factories.bank()


@pytest.fixture
def tape(tmp_path):
    """Writes tapes into this test's folder: `tape(rows, name="may.csv")`."""
    return TapeFile(tmp_path)
