"""Opening a month: what cannot be meant is refused, for an opened month stays."""

from __future__ import annotations

import pytest

from duecourse.cycle.models import Run
from duecourse.cycle.services import run_open
from duecourse.kit.calendar import MonthUnreadable
from duecourse.parties.access import acting
from tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize(
    "month", ["9999-12", "0001-01", "1989-12", "2026-13", "2026-9", "２０２６-０９", "2026-09\n", "2026-09' OR 1=1", ""]
)
def test_month_that_cannot_be_meant_is_not_opened(month):
    """Another age, a thirteenth month, other digits and anything else leave no row."""
    bank = factories.bank()
    with pytest.raises(MonthUnreadable):
        run_open(actor=bank.mei, month=month)
    with acting(bank.mei):
        assert not Run.objects.exists()
