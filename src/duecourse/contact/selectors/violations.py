"""What went against the rules, or nearly: counted by kind, performer and week, from the gate's answers, their outcomes and call records.

A *refused* request is a contact that did not happen; one *asked again* was asked for by the same performer while an earlier answer, not
older than a day, still refused the debtor; a contact was *made on revoked* when it was begun after something had ended its permit; an
outcome is *unreported* once its permit has ended; what telephone systems recorded stands under its kind of finding. Weeks begin on Monday, in the creditor's zone. Days that are kept as sums (`services.violation_sums`) are
read from there, all others are counted when they are asked for. Call it inside `acting`, on the creditor's side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from duecourse.contact.models import ViolationDay
from duecourse.contact.selectors.records import FINDING_KINDS, CallFindingCount, call_finding_counts
from duecourse.contact.selectors.revocations import made_on_revoked_counts
from duecourse.kit.calendar import day_bounds, days_anywhere, local_day
from duecourse.kit.clock import now
from duecourse.ledger.selectors.rows import dicts

REFUSED, ASKED_AGAIN, UNREPORTED, REVOKED = "refused", "asked_again", "unreported", "made_on_revoked"
KINDS = (REVOKED, ASKED_AGAIN, UNREPORTED, *FINDING_KINDS, REFUSED)
"""Every kind of violation, in the order in which they are shown; a refusal is the least, for the gate prevented it."""

LIVE_DAYS = 2
"""Most of what changes a day comes within two."""
FRESH = timedelta(minutes=25)
"""How long the sums of a day hold that may still change."""
REQUESTS = "requests"
"""The kind under which sums keep how many contacts were asked for."""

_WEEK = "date_trunc('week', {at} AT TIME ZONE %(zone)s)::date"
_REFUSED = f"""
SELECT ground.code, w.performer_id, {_WEEK.format(at="w.decided_at")} AS week_on, count(*) AS number
FROM contact_refusal w CROSS JOIN LATERAL jsonb_array_elements_text(w.codes) AS ground (code)
WHERE w.creditor_id = %(creditor)s AND w.decided_at >= %(low)s AND w.decided_at < %(high)s GROUP BY 1, 2, 3
"""  # noqa: S608 - fragments of SQL
_AGAIN = f"""
SELECT performer_id, {_WEEK.format(at="decided_at")} AS week_on, count(*) AS number FROM (
    SELECT performer_id, decided_at, max(coalesce(next_allowed_at, 'infinity')) OVER (PARTITION BY person_id, performer_id
        ORDER BY decided_at RANGE BETWEEN '1 day' PRECEDING AND '1 microsecond' PRECEDING) AS closed_until_at
    FROM contact_refusal WHERE creditor_id = %(creditor)s AND decided_at >= %(before)s AND decided_at < %(high)s) w
WHERE decided_at >= %(low)s AND closed_until_at > decided_at GROUP BY 1, 2
"""  # noqa: S608
_UNREPORTED = f"""
SELECT p.performer_id, {_WEEK.format(at="p.decided_at")} AS week_on, count(*) AS number
FROM contact_permit p LEFT JOIN contact_attempt a ON a.permit_id = p.id AND a.local_on = p.local_on
    AND a.local_on BETWEEN %(first_on)s AND %(last_on)s
WHERE p.creditor_id = %(creditor)s AND p.local_on BETWEEN %(first_on)s AND %(last_on)s AND p.decided_at >= %(low)s AND p.decided_at < %(high)s AND p.valid_until_at < %(now)s AND a.id IS NULL
GROUP BY 1, 2
"""  # noqa: S608
_REQUESTS = """
SELECT performer_id, sum(number)::bigint AS number FROM (
    SELECT performer_id, count(*) AS number FROM contact_permit
    WHERE creditor_id = %(creditor)s AND local_on BETWEEN %(first_on)s AND %(last_on)s AND decided_at >= %(low)s AND decided_at < %(high)s GROUP BY 1
    UNION ALL
    SELECT performer_id, count(*) FROM contact_refusal
    WHERE creditor_id = %(creditor)s AND decided_at >= %(low)s AND decided_at < %(high)s GROUP BY 1) w GROUP BY 1
"""
_SUMS = """
SELECT kind, code, performer_id, date_trunc('week', local_on)::date AS week_on, sum(number)::bigint AS number FROM contact_violationsum
WHERE creditor_id = %(creditor)s AND local_on = ANY(%(days)s) AND (kind = %(requests)s) = %(is_requests)s GROUP BY 1, 2, 3, 4
"""
_FOUND = """
SELECT local_on, performer_id, kind, number FROM contact_violationsum
WHERE creditor_id = %(creditor)s AND local_on = ANY(%(days)s) AND kind = ANY(%(kinds)s)
    AND (%(performer)s::bigint IS NULL OR performer_id = %(performer)s)
"""


Kept: TypeAlias = Mapping[date, datetime]
"""The days that are kept as sums which still hold, and when each was counted."""


@dataclass(frozen=True, slots=True)
class ViolationCount:
    """How often one performer did one thing in a week.

    Attributes:
        kind: one of `KINDS`.
        code: of the rule or ground that refused, '' for the other kinds.
        performer_id: who.
        week_on: the week's Monday.
        number: how often; a request that several rules refuse stands in each.
    """

    kind: str
    code: str
    performer_id: int
    week_on: date
    number: int


def violation_counts(
    *, creditor_id: int, zone: str, from_on: date, until_on: date, now_at: datetime, kept: Kept | None = None
) -> list[ViolationCount]:
    """Return the violations of days by kind, code, performer and week; what has none is left out.

    Args:
        creditor_id: the creditor that is open.
        zone: of the creditor.
        from_on: the first day.
        until_on: the last day.
        now_at: an outcome can still come while its permit holds at this instant.
        kept: what `summed_days` says of these days; None asks it.
    """
    days = summed_days(creditor_id=creditor_id, zone=zone, from_on=from_on, until_on=until_on) if kept is None else kept
    numbers: Counter[tuple[str, str, int, date]] = Counter()
    for row in _sums(creditor_id, days, is_requests=False):
        numbers[row["kind"], row["code"], row["performer_id"], row["week_on"]] += row["number"]
    for first_on, last_on in _others(days, from_on=from_on, until_on=until_on):
        for one in violations_counted(creditor_id=creditor_id, zone=zone, from_on=first_on, until_on=last_on, now_at=now_at):
            numbers[one.kind, one.code, one.performer_id, one.week_on] += one.number
    return [ViolationCount(*key, number) for key, number in numbers.items()]


def violations_counted(*, creditor_id: int, zone: str, from_on: date, until_on: date, now_at: datetime) -> list[ViolationCount]:
    """Return the same as `violation_counts`, counted from the answers, outcomes and call records themselves."""
    given = _given(creditor_id, zone, from_on, until_on) | {"now": now_at, "zone": zone}
    found = [ViolationCount(REFUSED, row["code"], row["performer_id"], row["week_on"], row["number"]) for row in dicts(_REFUSED, **given)]
    for kind, query in ((ASKED_AGAIN, _AGAIN), (UNREPORTED, _UNREPORTED)):
        found += [ViolationCount(kind, "", row["performer_id"], row["week_on"], row["number"]) for row in dicts(query, **given)]
    for row in made_on_revoked_counts(creditor_id=creditor_id, zone=zone, low=given["low"], high=given["high"]):
        found.append(ViolationCount(REVOKED, "", row["performer_id"], row["week_on"], row["number"]))
    weeks: Counter[tuple[str, int, date]] = Counter()
    for one in call_finding_counts(creditor_id=creditor_id, from_on=from_on, until_on=until_on):
        weeks[one.kind, one.performer_id, one.local_on - timedelta(days=one.local_on.weekday())] += one.finding_count
    return found + [ViolationCount(kind, "", performer_id, week_on, number) for (kind, performer_id, week_on), number in weeks.items()]


def request_counts(*, creditor_id: int, zone: str, from_on: date, until_on: date, kept: Kept | None = None) -> Mapping[int, int]:
    """Return how many contacts each performer asked for on these days, permitted or refused, by performer; arguments as before."""
    days = summed_days(creditor_id=creditor_id, zone=zone, from_on=from_on, until_on=until_on) if kept is None else kept
    numbers: Counter[int] = Counter()
    for row in _sums(creditor_id, days, is_requests=True):
        numbers[row["performer_id"]] += row["number"]
    for first_on, last_on in _others(days, from_on=from_on, until_on=until_on):
        numbers.update(requests_counted(creditor_id=creditor_id, zone=zone, from_on=first_on, until_on=last_on))
    return dict(numbers)


def requests_counted(*, creditor_id: int, zone: str, from_on: date, until_on: date) -> Mapping[int, int]:
    """Return the same as `request_counts`, counted from the answers themselves."""
    return {row["performer_id"]: row["number"] for row in dicts(_REQUESTS, **_given(creditor_id, zone, from_on, until_on))}


def finding_day_counts(
    *, creditor_id: int, zone: str, from_on: date, until_on: date, performer_id: int | None = None
) -> list[CallFindingCount]:
    """Return the same as `call_finding_counts` of every kind, in no order; days that are kept as sums are read from there."""
    days = summed_days(creditor_id=creditor_id, zone=zone, from_on=from_on, until_on=until_on)
    rows = dicts(_FOUND, creditor=creditor_id, days=sorted(days), kinds=list(FINDING_KINDS), performer=performer_id)
    found = [
        CallFindingCount(local_on=row["local_on"], performer_id=row["performer_id"], kind=row["kind"], finding_count=row["number"])
        for row in rows
    ]
    for first_on, last_on in _others(days, from_on=from_on, until_on=until_on):
        found += call_finding_counts(creditor_id=creditor_id, from_on=first_on, until_on=last_on, performer_id=performer_id)
    return found


def _sums(creditor_id: int, days: Collection[date], *, is_requests: bool) -> list[dict[str, Any]]:
    return dicts(_SUMS, creditor=creditor_id, days=sorted(days), requests=REQUESTS, is_requests=is_requests) if days else []


def summed_days(*, creditor_id: int, zone: str, from_on: date, until_on: date) -> Kept:
    """Return which of these days are kept as sums that still hold, and when each was counted.

    Sums of a day hold once they were counted `LIVE_DAYS` days after it, or for `FRESH`.
    """
    known = ViolationDay.objects.filter(creditor_id=creditor_id, local_on__range=(from_on, until_on)).order_by("local_on")
    at = now()
    return {
        on: counted_at
        for on, counted_at in known.values_list("local_on", "counted_at")
        if is_kept(on, counted_at=counted_at, zone=zone, at=at)
    }


def is_kept(on: date, *, counted_at: datetime, zone: str, at: datetime) -> bool:
    """Say whether a day's sums still hold at an instant."""
    return (local_day(counted_at, zone) - on).days >= LIVE_DAYS or at - FRESH <= counted_at <= at


def _others(days: Collection[date], *, from_on: date, until_on: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each run of days that are not among some days."""
    first_on: date | None = None
    for number in range((until_on - from_on).days + 2):
        on = from_on + timedelta(days=number)
        if on <= until_on and on not in days:
            first_on = first_on or on
        elif first_on is not None:
            yield first_on, on - timedelta(days=1)
            first_on = None


def _given(creditor_id: int, zone: str, from_on: date, until_on: date) -> dict[str, object]:
    low, high = day_bounds(from_on, zone)[0], day_bounds(until_on, zone)[1]
    first_on, last_on = days_anywhere(low - timedelta(hours=1), high + timedelta(days=1))
    return {"creditor": creditor_id, "low": low, "high": high, "before": low - timedelta(days=1), "first_on": first_on, "last_on": last_on}
