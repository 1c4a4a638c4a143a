"""What this room's tests share: a home folder and keys of their own."""

from __future__ import annotations

import pytest

from duecourse.kit.crypto import Keyring


@pytest.fixture
def home(tmp_path, settings):
    """A home folder and a key ring of this test's own."""
    settings.DUECOURSE_HOME = tmp_path / "home"
    settings.DUECOURSE_KEYRING = Keyring({"test-1": b"t" * 32}, active_id="test-1")
    return settings.DUECOURSE_HOME
