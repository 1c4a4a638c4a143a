"""What the ledger's tests share: a home folder and keys of their own, and the bank."""

from __future__ import annotations

import pytest

from duecourse.kit.crypto import Keyring


@pytest.fixture
def home(tmp_path, settings):
    """A home folder and a key ring of this test's own."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")
    return settings.DUECOURSE_HOME


@pytest.fixture
def bank(db):
    """Lanxi Bank, in a transaction that is rolled back."""
    from tests import factories

    return factories.bank()
