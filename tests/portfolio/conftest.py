"""What the portfolio's tests share: a home folder and keys of their own, the bank, and tapes."""

from __future__ import annotations

import pytest

from duecourse.kit.crypto import Keyring
from tests.portfolio.tapes import TapeFile


@pytest.fixture
def home(tmp_path, settings):
    """A home folder and a key ring of this test's own."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")
    return settings.DUECOURSE_HOME


@pytest.fixture
def bank(db, home):
    """Lanxi Bank, in a transaction that is rolled back."""
    from tests import factories

    return factories.bank()


@pytest.fixture
def tape(tmp_path):
    """Writes tapes into this test's folder: `tape(rows, name="may.csv")`."""
    return TapeFile(tmp_path)
