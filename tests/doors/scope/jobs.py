"""Work behind the page: everybody sees what they asked for themselves, managers and leads what their side asked for."""

from __future__ import annotations

from typing import Any

from tests.doors.scope import ALL_IN, CREDITOR_ONLY, VISITORS


def asked_by_mei(house: Any) -> str:
    """Return the page of a job that Mei asked for."""
    from duecourse.doors import jobs
    from tests.doors import made_up_jobs

    assert made_up_jobs.KINDS
    return f"/jobs/{jobs.job_start(actor=house.bank.mei, kind='test_count', parameters={'steps': 3})}/"


ONLY_MEI = CREDITOR_ONLY | {"compliance": 404, "accountant": 404}
ROWS = {
    "jobs": ("/jobs/", ALL_IN),
    "job": (asked_by_mei, ONLY_MEI),
    "job-again": (lambda house: asked_by_mei(house) + "again/", dict.fromkeys(VISITORS, 405) | {"anonymous": 302, "stranger": 403}),
}
