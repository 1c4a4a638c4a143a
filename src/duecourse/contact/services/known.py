"""What the gate tells of a request, the debtor being locked: one statement, and what Python makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from duecourse.kit.errors import Absent
from duecourse.rules.form import Pack
from duecourse.rules.load import shipped_pack
from duecourse.rules.resolve import vocabulary_of
from duecourse.rules.vocabulary import Counted, Source, is_believed

FACTS = "SELECT * FROM gate.permit_facts(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
"""The statement that locks the debtor and gathers all that a decision depends on."""
DAYS_MAX = 366
"""The longest span that counts look back over; a fact that counts over all time is counted over so many days."""

Span = tuple[date, date | None]
"""Half-open days; None is open."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        stated: what the requester says of the contact, by fact.
        collector: who makes it, as the requester named them: an e-mail address in lower case or a user's number; '' for nobody.
        made_by: the number of the person so named, where that is another than the requester; known once the gate was asked.
    """

    performer_id: int
    case_id: int
    channel: str
    contact_at: datetime
    client_request_id: str
    contact_point_id: int | None = None
    template_code: str = ""
    stated: tuple[tuple[str, int], ...] = ()
    collector: str = ""
    made_by: int | None = None

    @property
    def content(self) -> list[Any]:
        """What the same request id must always mean."""
        maker = [self.made_by] if self.made_by is not None else []
        more = [self.template_code, [list(pair) for pair in self.stated], *maker] if self.template_code or self.stated or maker else []
        return [self.case_id, self.channel, self.contact_at, self.contact_point_id, *more]


class Contacted(NamedTuple):
    """An earlier permit of the debtor, of whichever performer: its local day, and what was reported, if anything was."""

    local_on: date
    channel: str
    contact_point_id: int | None
    outcome: str | None
    is_connected: bool | None

    def counts_as(self, which: Counted) -> bool:
        """Say whether a count of this kind takes it.

        A permit of which nobody reported counts as held, and not as unanswered; so does one whose report is not believed
        (`vocabulary.is_believed`).
        """
        is_made = self.outcome != "not_made"
        is_silent = self.is_connected is False and is_believed(self.channel, is_made=is_made)
        if which is Counted.held:
            return not is_silent
        if which is Counted.connected:
            return self.is_connected is True
        if which is Counted.unanswered:
            return is_silent and is_made
        return is_made or not is_silent


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold of the debtor that touches the day or its neighbours."""

    kind: str
    span: Span
    stops_contact: bool


@dataclass(frozen=True, slots=True)
class Owing:
    """An account of the case as the last import left it: its balance, what came in since, whether it was told as cured, debits on their way."""

    balance_minor: int | None
    paid_minor: int
    is_cleared: bool
    debits: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """The number or address that is to be used."""

    kind: str
    whose: str
    span: Span


@dataclass(frozen=True, slots=True)
class Terms:
    """What the creditor's gate asks for beyond the rules; see `GateTerms`. `effective_on` is None where the creditor set nothing.

    Then half of the balance and at least a hundred of the currency count as paid.
    """

    effective_on: date | None = None
    paid_share_bp: int = 5_000
    paid_minor_min: int = 10_000
    qualification_kinds: tuple[str, ...] = ()
    person_qualification_kinds: tuple[str, ...] = ()
    is_agency_list_kept: bool = False
    are_notices_kept: bool = False


@dataclass(frozen=True)
class Known:
    """What the gate tells. `performer_kind` is None when the creditor has no such performer, `earlier_kind` when the request is new.

    Lists are as the database gives them; the properties read them.
    """

    person_id: int
    zone: str | None
    lender_class: str
    packs: tuple[str, ...]
    performer_kind: str | None
    is_performer_closed: bool
    is_case_closed: bool
    open_agency_id: int | None
    placement_id: int | None
    earlier_kind: str | None
    earlier_id: int
    earlier_hash: str
    earlier_explanation: dict[str, Any]
    valid_until_at: datetime | None
    next_allowed_at: datetime | None
    told: dict[str, Any]

    @property
    def owed_permit_id(self) -> int | None:
        """The permit for this debtor whose outcome the performer has not reported."""
        return self.told["owed"]

    @property
    def stops(self) -> list[tuple[int, str, str]]:
        """The emergency stops that cover the request: number, scope, code of the reason."""
        return sorted((number, scope, reason) for number, scope, reason in self.told["stops"] or ())

    @property
    def point(self) -> Point | None:
        """The number or address that the request names; None when it names none."""
        found = self.told["point"]
        return None if found is None else Point(found[0], found[1], _span(found[2:]))

    @cached_property
    def contacts(self) -> tuple[Contacted, ...]:
        """The debtor's earlier contacts of the days asked for.

        Permits; calls that were dialled and connected without a permit that holds their slot; where a visit is asked for, all visits before.
        """
        rows = [*(self.told["contacts"] or ()), *(self.told["visits"] or ()), *(self.told["dialled"] or ())]
        return tuple(Contacted(date.fromisoformat(row[0]), *row[1:]) for row in rows)

    def holds_on(self, on: date) -> list[Hold]:
        """Return the holds of a day."""
        found = [Hold(row[0], _span(row[1:3]), row[3]) for row in self.told["holds"] or ()]
        return [hold for hold in found if is_in(hold.span, on=on)]

    @property
    def product_class(self) -> str:
        """The class of the case's accounts, of several the first by name; '' where there is none."""
        return min((row[0] for row in self.told["accounts"] or ()), default="")

    @property
    def accounts(self) -> list[Owing]:
        """The accounts that are worked in the case."""
        found = []
        for _, balance, paid, is_cleared, debits in self.told["accounts"] or ():
            found.append(Owing(balance, paid or 0, bool(is_cleared), tuple(_span(debit) for debit in debits or ())))
        return found

    @property
    def reachable(self) -> list[Span]:
        """The spans of the debtor's own numbers or addresses that the channel can use."""
        return [_span(row) for row in self.told["spans"] or ()]

    @property
    def qualifications(self) -> list[tuple[str, Span]]:
        """The performer's evidence: kind and span."""
        return [(row[0], _span(row[1:])) for row in self.told["qualifications"] or ()]

    @property
    def maker_id(self) -> int | None:
        """The person who makes the contact: the one who was named, else the person who asks; None where a program names nobody."""
        return self.told["maker"]

    def is_maker_at_work(self, on: date) -> bool:
        """Say whether the person who was named works for the performer on a day and may log in; of who asks that is known already."""
        making = self.told["making"]
        return making is None or (making["is_active"] and any(is_in(_span(row), on=on) for row in making["works"]))

    @property
    def is_maker_unsaid(self) -> bool:
        """Whether a program names nobody while one of the performer's people is stopped; told of calls and visits."""
        return self.told["is_unsaid"]

    @property
    def maker_evidence(self) -> list[tuple[str, Span]]:
        """What the person who makes a call or a visit has shown to the performer's side and the creditor confirmed: kind and span."""
        return [(row[0], _span(row[1:])) for row in self.told["evidence"] or ()]

    def terms_on(self, on: date) -> Terms:
        """Return the creditor's terms of a day, or the ones that hold where it set none."""
        for since, share_bp, minor_min, kinds, is_list_kept, are_notices_kept, of_people in self.told["terms"] or ():
            if date.fromisoformat(since) <= on:
                return Terms(date.fromisoformat(since), share_bp, minor_min, tuple(kinds), tuple(of_people), is_list_kept, are_notices_kept)
        return Terms()

    def is_listed(self, on: date) -> bool:
        """Say whether the performer stands on the published list."""
        return any(is_in(_span(row), on=on) for row in self.told["listed"] or ())

    def is_noticed(self, on: date) -> bool:
        """Say whether the debtor was told that the performer collects."""
        told_on = self.told["noticed_on"]
        return told_on is not None and date.fromisoformat(told_on) <= on

    def wishes_on(self, on: date) -> set[tuple[str, str, int | None]]:
        """Return the wishes that hold on a day, as (kind, channel, contact point)."""
        newest: dict[tuple[str, str, int | None], bool] = {}
        for _, kind, channel, point_id, since, is_withdrawn in sorted(self.told["wishes"] or (), reverse=True):
            if date.fromisoformat(since) <= on:
                newest.setdefault((kind, channel, point_id), is_withdrawn)
        return {key for key, is_withdrawn in newest.items() if not is_withdrawn}

    @property
    def failed_count(self) -> int:
        """Calls in a row that did not reach the debtor; told only where a third party is to be contacted."""
        return self.told["third"]["failed_count"] if self.told["third"] else 0

    def is_phone_invalid(self, on: date) -> bool:
        """Say whether the debtor had a number and none is valid any more; told only where a third party is to be contacted."""
        spans = [_span(row) for row in (self.told["third"] or {}).get("phones") or ()]
        return bool(spans) and not any(is_in(span, on=on) for span in spans)

    def template_on(self, on: date) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Return the version of the template that may be used on a day, and the newest one that waits for approval; each or None."""
        versions = [row for row in self.told["templates"] or () if date.fromisoformat(row["from_on"]) <= on]
        waiting = next((row for row in versions if not row["is_approved"]), None)
        return next((row for row in versions if row["is_approved"]), None), waiting

    def papers_on(self, on: date) -> list[tuple[int, str]]:
        """Return number and hash of the papers in force on a day."""
        return papers_binding(self.told["papers"] or (), on=on)


def papers_binding(rows: Iterable[Sequence[Any]], *, on: date) -> list[tuple[int, str]]:
    """Return number and hash of the papers in force on a day: of each code the newest version, unless that ended it.

    Args:
        rows: the approved versions as the gate tells them: code, number of the version, number, hash, first day as ISO text, whether it ends.
        on: the debtor's local day.
    """
    newest: dict[str, tuple[int, str, bool]] = {}
    for code, _, number, digest, since, is_end in sorted(rows, reverse=True):
        if date.fromisoformat(since) <= on:
            newest.setdefault(code, (number, digest, is_end))
    return sorted((number, digest) for number, digest, is_end in newest.values() if not is_end)


@lru_cache(maxsize=64)
def packs_of(names: tuple[str, ...]) -> tuple[Pack, ...]:
    """Return the rule packs of these names, loaded once."""
    return tuple(shipped_pack(name) for name in names)


@lru_cache(maxsize=64)
def days_of(packs: tuple[Pack, ...]) -> int:
    """Return over how many local days the packs' facts are counted, at most; visits, which are few, are always told all."""
    counts = [fact.count for fact in vocabulary_of(packs).facts.values() if fact.source is Source.counted and fact.count is not None]
    return max([1, *(count.window_days or DAYS_MAX for count in counts if count.channels != ("visit",))])


_days_asked: dict[int, int] = {}


def days_back(creditor_id: int) -> int:
    """Return how many days back a creditor's counts go: it depends on the packs, and those are remembered from the request before."""
    return _days_asked.get(creditor_id, 1)


def asked_for(*, creditor_id: int, request: Request, days: int) -> list[Any]:
    """Return the parameters of `FACTS` for a request, with counts that go back over so many days."""
    day = request.contact_at.astimezone(UTC).date()
    wanted = [creditor_id, request.case_id, request.performer_id, request.client_request_id, day, request.channel]
    return [*wanted, request.contact_point_id, request.template_code, days, request.collector]


def answered(cursor: Any, *, creditor_id: int, request: Request, days: int) -> Known:
    """Return what the database answered to the question about so many days back; where they were too few, it is asked once more.

    Raises:
        Absent: there is no such case for who asks, the contact point is not its debtor's, or nobody works for the performer whom
            the request names.
    """
    known = _read(cursor)
    needed = _days_asked[creditor_id] = days_of(packs_of(known.packs))
    if needed > days:
        cursor.execute(FACTS, asked_for(creditor_id=creditor_id, request=request, days=needed))
        known = _read(cursor)
    if request.contact_point_id is not None and known.point is None:
        raise Absent(entity="contact point")
    if request.collector and known.maker_id is None:
        raise Absent(entity="collector")
    return known


def _read(cursor: Any) -> Known:
    row = cursor.fetchone()
    if row is None:
        raise Absent(entity="case")
    return Known(*row[:3], tuple(parsed(row[3])), *row[4:12], parsed(row[12]), *row[13:15], parsed(row[15]))


def parsed(value: Any) -> Any:
    """Return a JSON column's value, whether or not the driver has parsed it."""
    return json.loads(value) if isinstance(value, str) else value


def _span(texts: Sequence[str | None]) -> Span:
    first, until = texts
    return date.fromisoformat(str(first)), date.fromisoformat(until) if until else None


def is_in(span: Span, *, on: date) -> bool:
    """Say whether a day lies in a span."""
    return span[0] <= on and (span[1] is None or on < span[1])
