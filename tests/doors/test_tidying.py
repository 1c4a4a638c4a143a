"""What the worker tidies up: uploads after two days, with their bytes; what is younger stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from duecourse.doors.tidying import tidy_all
from duecourse.kit.clock import frozen, now
from duecourse.ledger.errors import FileDestroyed
from duecourse.parties.access import acting
from duecourse.portfolio.services import upload_opened, upload_put


def test_uploads_are_gone_after_two_days(house, home, tmp_path):
    """A sample that was sent to be looked at can be opened for two days and is destroyed afterwards, of every creditor, once."""
    sample = tmp_path / "sample.csv"
    sample.write_text("账号,姓名\n1,陈\n", encoding="utf-8")
    file_id = upload_put(actor=house.bank.mei, path=sample, name="sample.csv")
    assert tidy_all() == 0
    with acting(house.bank.mei), upload_opened(actor=house.bank.mei, file_id=file_id) as opened:
        assert opened.read_bytes() == sample.read_bytes()
    with frozen(now() + timedelta(days=2, minutes=1)):
        assert tidy_all() == 1
        assert tidy_all() == 0
    with pytest.raises(FileDestroyed), acting(house.bank.mei), upload_opened(actor=house.bank.mei, file_id=file_id):
        pass
