"""The violations board: what went against the rules by kind, agency and week, and the rows behind every number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from duecourse.contact.selectors import (
    FINDING_KINDS,
    VIOLATION_KINDS,
    CallFinding,
    ViolationCount,
    call_files,
    call_files_owed,
    call_findings,
    finding_day_counts,
    request_counts,
    violation_counts,
)
from duecourse.contact.selectors.violations import ASKED_AGAIN, REFUSED, REVOKED, UNREPORTED, summed_days
from duecourse.contact.services import call_rejects_open
from duecourse.contact.services.grounds import ground_text
from duecourse.doors.call_words import DISPOSITION_WORDS, FAULT_WORDS
from duecourse.doors.console.shell import creditor_only, today
from duecourse.doors.console.stories import in_two
from duecourse.doors.words import word
from duecourse.kit.clock import now
from duecourse.parties.models import Agency

WEEKS = 8
PAGE_ROWS = 50
DAYS_MAX = 92
FILES_MAX = 50
GROUPS_MAX = 3
"""So many groups of findings are looked at one by one."""
AGENCY_KINDS = (REVOKED, ASKED_AGAIN, UNREPORTED, *FINDING_KINDS, REFUSED)


@dataclass(frozen=True, slots=True)
class Span:
    """Whole weeks, the last of which holds a day."""

    from_on: date
    until_on: date

    @property
    def weeks(self) -> list[date]:
        """The Mondays, the oldest first."""
        return [self.from_on + timedelta(days=7 * number) for number in range((self.until_on - self.from_on).days // 7 + 1)]


@require_safe
@creditor_only
def violations(request: HttpRequest) -> HttpResponse:
    """Show how often which rule and duty was gone against, by week and by agency."""
    span = _span(request)
    names = dict(Agency.objects.filter(creditor_id=request.actor.creditor_id).order_by("code").values_list("id", "name"))
    performer_id = _number(request.GET.get("performer", ""), known=names)
    given = {"creditor_id": request.actor.creditor_id, "zone": request.creditor.zone, "from_on": span.from_on, "until_on": span.until_on}
    kept = summed_days(**given)
    every = violation_counts(**given, now_at=now(), kept=kept)
    counted = [one for one in every if performer_id in (None, one.performer_id)]
    yesterday = today(request) - timedelta(days=1)
    context = {
        "counted_at": min((at for on, at in kept.items() if on >= yesterday), default=None),
        "span": span,
        "weeks": span.weeks,
        "earlier_on": span.from_on - timedelta(days=1),
        "later_on": span.until_on + timedelta(days=7 * WEEKS) if span.until_on < today(request) else None,
        "performer_id": performer_id,
        "performers": names,
        "rows": _by_rule(counted, span=span, performer_id=performer_id),
        "by_agency": _by_agency(every, names=names, requests=request_counts(**given, kept=kept), span=span),
        "kinds": [(kind, word(f"violation_{kind}")) for kind in AGENCY_KINDS if any(one.kind == kind for one in every)],
        "yesterday": yesterday,
        "owed": [names.get(number, str(number)) for number in call_files_owed(creditor_id=request.actor.creditor_id, on=yesterday)],
    }
    return TemplateResponse(request, "console/rules/violations.html", context)


@require_safe
@creditor_only
def findings(request: HttpRequest) -> HttpResponse:
    """List what recorded calls and permits say of each other, with what is recorded beside what was reported."""
    names = dict(Agency.objects.filter(creditor_id=request.actor.creditor_id).order_by("code").values_list("id", "name"))
    performer_id = _number(request.GET.get("performer", ""), known=names)
    kind = request.GET.get("kind", "")
    kind = kind if kind in FINDING_KINDS else None
    until_on = _day(request.GET.get("until_on", "")) or today(request)
    from_on = max(_day(request.GET.get("from_on", "")) or until_on - timedelta(days=27), until_on - timedelta(days=DAYS_MAX))
    from_on = min(from_on, until_on)
    page = request.GET.get("page", "")
    page = min(int(page), 10_000) if page.isascii() and page.isdecimal() and len(page) < 6 and int(page) else 1
    asked = {"creditor_id": request.actor.creditor_id, "from_on": from_on, "until_on": until_on, "performer_id": performer_id, "kind": kind}
    counts: Counter[str] = Counter()
    groups: Counter[tuple[date, int, int]] = Counter()
    for one in finding_day_counts(**{name: value for name, value in asked.items() if name != "kind"}, zone=request.creditor.zone):
        counts[one.kind] += one.finding_count
        if kind in (None, one.kind):
            groups[one.local_on, one.performer_id, FINDING_KINDS.index(one.kind)] += one.finding_count
    found = _page_of(asked, groups=groups, offset=(page - 1) * PAGE_ROWS)
    query = {"from_on": from_on, "until_on": until_on, "performer": performer_id or "", "kind": kind or ""}
    context = {
        "rows": [{"finding": one, "performer": names.get(one.performer_id, "–"), "told": _told(one.details)} for one in found[:PAGE_ROWS]],
        "kinds": [(one, word(f"violation_{one}"), counts[one]) for one in FINDING_KINDS],
        "kind": kind,
        "performers": names,
        "performer_id": performer_id,
        "from_on": from_on,
        "until_on": until_on,
        "total": counts[kind] if kind else counts.total(),
        "page": page,
        "before": urlencode(query | {"page": page - 1}) if page > 1 else "",
        "after": urlencode(query | {"page": page + 1}) if len(found) > PAGE_ROWS else "",
        "files": _files(creditor_id=request.actor.creditor_id, from_on=from_on, until_on=until_on, performer_id=performer_id, names=names),
        "files_max": FILES_MAX,
        "plain": urlencode({name: value for name, value in query.items() if name != "kind"}),
    }
    return TemplateResponse(request, "console/rules/findings.html", context)


def _page_of(asked: dict[str, Any], *, groups: Mapping[tuple[date, int, int], int], offset: int) -> list[CallFinding]:
    """Return the findings of a page and one more.

    The counts tell in which groups of day, performer and kind they stand, in the order of the list; a large group is looked at alone, many
    small ones are looked at together.
    """
    held: list[tuple[tuple[date, int, int], int, int]] = []
    passed = 0
    for group in sorted(groups):
        before, passed = passed, passed + groups[group]
        if before < passed and passed > offset >= before - PAGE_ROWS:
            held.append((group, max(offset - before, 0), min(passed - before, offset + PAGE_ROWS + 1 - before)))
    if len(held) <= GROUPS_MAX:
        return [
            one
            for (on, performer_id, kind), start, end in held
            for one in call_findings(
                **asked | {"from_on": on, "until_on": on, "performer_id": performer_id, "kind": FINDING_KINDS[kind]},
                limit=end - start, offset=start,
            )
        ]  # fmt: skip
    first, last = held[0][0][0], held[-1][0][0]
    start = offset - sum(number for (on, _, _), number in groups.items() if on < first)
    return call_findings(**asked | {"from_on": first, "until_on": last}, limit=PAGE_ROWS + 1, offset=start)


@creditor_only
@require_POST
def rejects(request: HttpRequest, record_file_id: int) -> HttpResponse:
    """Hand out the rejected rows of a file of call records, to be mended and sent again; who takes them is written down first."""
    opened = call_rejects_open(actor=request.actor, record_file_id=record_file_id)
    response = FileResponse(opened.stream, as_attachment=True, filename=opened.name, content_type=opened.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _files(*, names: Mapping[int, str], **asked: Any) -> list[dict[str, Any]]:
    """Return the newest files of call records that have come for some days: of whom, how many rows, and whether any was rejected."""
    return [
        {"id": file.pk, "on": file.local_on, "performer": names.get(file.performer_id, "–"), "rows": file.counts.get("row_count", 0),
         "taken": file.counts.get("accepted_count", 0), "rejected": file.counts.get("rejected_count", 0),
         "has_rejects": file.rejects_file_id is not None}
        for file in call_files(**asked, limit=FILES_MAX)
    ]  # fmt: skip


def _span(request: HttpRequest) -> Span:
    """Return the weeks asked for: WEEKS of them, the last holding the day in the address or today."""
    until = min(_day(request.GET.get("until_on", "")) or today(request), today(request))
    monday = until - timedelta(days=until.weekday())
    return Span(monday - timedelta(days=7 * (WEEKS - 1)), monday + timedelta(days=6))


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(2000, 1, 1) <= found <= date(2999, 1, 1) else None


def _number(text: str, *, known: Mapping[int, str]) -> int | None:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    return number if number in known else None


def _by_rule(counted: list[ViolationCount], *, span: Span, performer_id: int | None) -> list[dict[str, Any]]:
    """Return one row per kind and rule with its weeks, the gravest kinds first and within them the most frequent."""
    gathered: dict[tuple[str, str], Counter[date]] = {}
    for one in counted:
        gathered.setdefault((one.kind, one.code), Counter())[one.week_on] += one.number
    rows = []
    for (kind, code), weeks in gathered.items():
        most = max(weeks.values())
        cells = [
            {
                "number": weeks[week],
                "heat": -(-4 * weeks[week] // most),
                "week": week,
                "address": _rows_address(kind, code=code, performer_id=performer_id, from_on=week, until_on=week + timedelta(days=6)),
            }
            for week in span.weeks
        ]
        whole = _rows_address(kind, code=code, performer_id=performer_id, from_on=span.from_on, until_on=span.until_on)
        rows.append({"kind": kind, "text": in_two(ground_text(code)) if code else word(f"violation_{kind}"), "cells": cells,
                     "about": _("refused by the gate") if code else word(f"about_{kind}"), "total": weeks.total(), "address": whole})  # fmt: skip
    return sorted(rows, key=lambda row: (VIOLATION_KINDS.index(row["kind"]), -row["total"], row["text"]))


def _by_agency(every: list[ViolationCount], *, names: Mapping[int, str], requests: Mapping[int, int], span: Span) -> list[dict[str, Any]]:
    """Return one row per performer with a number per kind, and per hundred requests, the most first."""
    numbers: dict[int, Counter[str]] = {}
    for one in every:
        numbers.setdefault(one.performer_id, Counter())[one.kind] += one.number
    kinds = [kind for kind in AGENCY_KINDS if any(one.kind == kind for one in every)]
    rows = [
        {
            "id": number,
            "name": names.get(number, "–"),
            "requests": requests.get(number, 0),
            "cells": [
                {"kind": kind, "number": found[kind],
                 "address": _rows_address(kind, code="", performer_id=number, from_on=span.from_on, until_on=span.until_on)}
                for kind in kinds
            ],
            "share": found.total() / requests[number] if requests.get(number) else None,
            "total": found.total(),
        }
        for number, found in numbers.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["total"], row["name"]))


def _rows_address(kind: str, *, code: str, performer_id: int | None, from_on: date, until_on: date) -> str:
    """Return where the rows behind a number are listed."""
    query: dict[str, Any] = {"performer": performer_id or "", "from_on": from_on, "until_on": until_on}
    if kind == UNREPORTED:
        name, more = "permits", {"outcome": "unreported"}
    elif kind == REVOKED:
        name, more = "permits", {"revoked_from": from_on, "from_on": ""}
    elif kind in FINDING_KINDS:
        name, more = "call-findings", {"kind": kind}
    else:
        name, more = "refusals", {"again": "yes"} if kind == ASKED_AGAIN else {"rule": code}
    return f"{reverse(name)}?{urlencode({key: value for key, value in (query | more).items() if value})}"


def _told(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what was recorded beside what was reported."""
    names = {"talk_seconds": _("Recorded seconds"), "told_talk_seconds": _("Reported seconds"), "disposition": _("Recorded as"),
             "outcome": _("Reported as"), "agent_code": _("Seat"), "recording_ref": _("Recording"), "fault": _("Why not this permit")}  # fmt: skip
    words = {
        "disposition": lambda code: _(DISPOSITION_WORDS.get(code, code)),
        "fault": lambda code: _(FAULT_WORDS.get(code, code)),
        "outcome": word,
    }
    return [(text, words.get(name, str)(str(details[name]))) for name, text in names.items() if details.get(name) not in (None, "")]


urlpatterns = [
    path("violations/", violations, name="violations"),
    path("violations/calls/", findings, name="call-findings"),
    path("violations/calls/files/<int:record_file_id>/rejects/", rejects, name="call-rejects"),
]
