"""Days gone by, counted once: what the violations board would count anew each time somebody looks."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from django.db import connection

from duecourse.contact.models import ViolationDay, ViolationSum
from duecourse.contact.selectors.violations import LIVE_DAYS, REQUESTS, is_kept, requests_counted, violations_counted
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import Actor, acting, creditor_of

WINDOW_DAYS = 100
"""So many days back are kept and counted again, a quarter and a little more."""
AGAIN_AFTER = timedelta(hours=20)
"""A day is counted again when its sums are older: an outcome that came late, or a stop that was put down late, is then seen the next day."""
_LOCK = "SELECT pg_advisory_xact_lock(49414, hashtext(%s))"


def violations_sum(*, actor: Actor, days_max: int = 8) -> list[date]:
    """Count today, yesterday, and of the last hundred days those whose sums are missing or old, the newest first; return the days counted.

    Args:
        actor: somebody on the creditor's side, or the system.
        days_max: beside today and yesterday not more days than this, so that who calls it every few minutes is never long away.

    Guarantees: each day is a transaction of its own; a file of call records that is loaded meanwhile waits for it or is counted; killed at any
        moment, a day has its old sums, its new ones, or none and is counted when somebody looks.
    """
    at = now()
    with acting(actor):
        zone = creditor_of(actor).zone
        today = local_day(at, zone)
        known = ViolationDay.objects.filter(creditor_id=actor.creditor_id, local_on__gt=today - timedelta(days=WINDOW_DAYS))
        counted = {
            on: since for on, since in known.values_list("local_on", "counted_at") if is_kept(on, counted_at=since, zone=zone, at=at)
        }
    days = [today - timedelta(days=number) for number in range(WINDOW_DAYS)]
    due = [on for on in days[LIVE_DAYS:] if on not in counted]
    due += sorted((on for on in days[LIVE_DAYS:] if on in counted and counted[on] < at - AGAIN_AFTER), key=lambda on: counted[on])
    done = [*days[:LIVE_DAYS], *due[:days_max]]
    for on in done:
        _day_sum(actor, on=on, zone=zone)
    return done


def violation_day_open(*, creditor_id: int, on: date) -> None:
    """Let a day and its neighbours be counted anew by whoever looks, because something about it changed; call it inside `acting`."""
    days = [on + timedelta(days=number) for number in (-1, 0, 1)]
    for day in days:
        _lock(creditor_id, on=day)
    ViolationDay.objects.filter(creditor_id=creditor_id, local_on__in=days).delete()


def _day_sum(actor: Actor, *, on: date, zone: str) -> None:
    with acting(actor):
        _lock(actor.creditor_id, on=on)
        at = now()
        asked = {"creditor_id": actor.creditor_id, "zone": zone, "from_on": on, "until_on": on}
        numbers: Counter[tuple[str, str, int]] = Counter()
        for one in violations_counted(**asked, now_at=at):
            numbers[one.kind, one.code, one.performer_id] += one.number
        for performer_id, number in requests_counted(**asked).items():
            numbers[REQUESTS, "", performer_id] += number
        ViolationSum.objects.filter(creditor_id=actor.creditor_id, local_on=on).delete()
        ViolationSum.objects.bulk_create(
            ViolationSum(creditor_id=actor.creditor_id, local_on=on, kind=kind, code=code, performer_id=performer_id, number=number)
            for (kind, code, performer_id), number in numbers.items()
        )
        ViolationDay.objects.update_or_create(creditor_id=actor.creditor_id, local_on=on, defaults={"counted_at": at})


def _lock(creditor_id: int, *, on: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"{creditor_id} {on.isoformat()}"])
