"""What the worker tidies up: uploads after two days, with their bytes; what is younger stays. One thing that fails holds up no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError

from duecourse.doors import tidying
from duecourse.doors.tidying import tidy_all
from duecourse.kit.clock import frozen, now
from duecourse.ledger.errors import FileDestroyed
from duecourse.parties.access import acting
from duecourse.portfolio.services import upload_opened, upload_put
from tests import factories, people


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


def test_what_fails_for_one_holds_up_no_other(house, home, tmp_path, monkeypatch):
    """While no month can be made and one bank's exports cannot be looked at, the other bank's uploads are destroyed all the same."""

    def broken(**asked):
        if not asked or asked["actor"].creditor_id != house.bank.id:
            raise DataError("a day at the end of the calendar")
        return 0

    factories.bank(people.OTHER_BANK)
    monkeypatch.setattr(tidying, "partitions_ahead", broken)
    monkeypatch.setattr(tidying, "exports_expire", broken)
    sample = tmp_path / "sample.csv"
    sample.write_text("账号,姓名\n1,陈\n", encoding="utf-8")
    upload_put(actor=house.bank.mei, path=sample, name="sample.csv")
    with frozen(now() + timedelta(days=2, minutes=1)):
        assert tidy_all() == 1
