"""Permits held for a day to come: they take their place in every count over several days, in whatever order they were asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from duecourse.contact.models import Permit
from duecourse.contact.services import Answer, known, permit_request
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests.contact.scene import NOON, Scene, scene

MORNING = NOON.replace(hour=23, minute=30)
"""8:30 of the next day in Seoul, while the UTC day is still the one before."""


def ask(the: Scene, request: str, *, now_at: datetime, at: datetime) -> Answer:
    """Ask, as Aoki's Ann, to send the debtor a message."""
    with frozen(now_at):
        return permit_request(
            actor=the.bank.ann, case_id=the.cases["aoki"].pk, channel="sms", contact_at=at, client_request_id=request, template_code="t"
        )


@pytest.mark.django_db
@pytest.mark.parametrize(("zone", "now_at"), [("Asia/Shanghai", NOON), ("Asia/Seoul", MORNING)])
def test_asking_for_tomorrow_first_gains_no_contact(zone: str, now_at: datetime) -> None:
    """With seven contacts in seven days, seven held for tomorrow leave none for today, early in the debtor's day as well."""
    the = scene(zone=zone)
    the.template("t")
    with acting(the.bank.system):
        type(the.bank.creditor).objects.filter(pk=the.bank.id).update(packs=["kr"])
    tomorrow = now_at + timedelta(days=1)
    assert [ask(the, f"tomorrow-{number}", now_at=now_at, at=tomorrow).is_permit for number in range(8)] == [True] * 7 + [False]
    refused = ask(the, "today", now_at=now_at, at=now_at)
    assert [reason["rule"] for reason in refused.explanation["reasons"]] == ["kr.contacts_weekly"]
    with acting(the.bank.system):
        assert Permit.objects.count() == 7


def test_two_first_requests_at_once_both_look_back_far_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two requests that begin before it is known how many days the packs count, neither decides on too few."""
    both = Barrier(2)
    spans: list[int] = []

    class Cursor:
        """Answers with the days it was asked about."""

        def __init__(self, days: int) -> None:
            self.days = days

        def execute(self, _query: str, parameters: list[Any]) -> None:
            """Be asked again."""
            self.days = parameters[-2]

    def answered(cursor: Cursor) -> SimpleNamespace:
        spans.append(cursor.days)
        return SimpleNamespace(packs=("au",), days=cursor.days)

    def asked_first(_number: int) -> Any:
        days = known.days_back(1)
        both.wait(5)
        return known.answered(Cursor(days), creditor_id=1, request=request, days=days)

    monkeypatch.setattr(known, "_read", answered)
    monkeypatch.setattr(known, "_days_asked", {})
    request: Any = known.Request(1, 1, "call", NOON, "1")
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(asked_first, range(2)))
    assert [one.days for one in found] == [30, 30]
    assert sorted(spans) == [1, 1, 30, 30]
