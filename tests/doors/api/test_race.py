"""One request sent many times at once has one effect."""

from __future__ import annotations

from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.repayment.models import Payment
from tests.doors.api.conftest import NOON, Caller, furnish, payment, permit_body

THREADS = 8


def test_the_same_request_eight_times_at_once(committed_db, keys, noon):
    """Eight programs with one key get one permit and book one payment; a ninth with another body is refused."""
    api = furnish()
    case_id, number = api.mine[0].case_id, api.mine[0].number
    body = {"rows": [payment("P-1", number)]}

    def work(_: int) -> tuple[int, int]:
        with frozen(NOON):
            permit = Caller(api.aoki.token).post("/permits", permit_body(case_id)).json()["id"]
            booked = Caller(api.full.token).post("/payments", body, headers={"Idempotency-Key": "k"}).json()["payment_count"]
        return permit, booked

    results = committed_db.parallel(work, count=THREADS)
    assert len({permit for permit, _ in results}) == 1
    assert sorted(booked for _, booked in results) == [0] * (THREADS - 1) + [1]
    other = api.full.post("/payments", {"rows": [payment("P-2", number)]}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 409
    with acting(api.bank.system):
        assert Payment.objects.filter(creditor_id=api.bank.id, bank_account="LX-1").count() == 1
