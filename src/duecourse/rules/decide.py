"""The gate's decision, for one contact and for a million, from the same rule bodies.

`decide` answers one request and explains itself; `decide_many` judges a frame in columns; `judge` runs the rules about another subject
than a contact: a notice, a record, a person. All resolve the values of the day, run each rule's body on them, and say what was found.
See docs/algorithms/permit.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import IntEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duecourse.kit.errors import DuecourseError, Problem
from duecourse.rules.errors import UnknownFact
from duecourse.rules.facts import MINUTES_PER_DAY, Columns, ContactFacts, columns_of, instant_of, project, refuse_unfit
from duecourse.rules.form import CHANNELS, PERFORMER_KINDS, Modality, Overlay, Pack, Text
from duecourse.rules.resolve import BoundRule, Scope, bind, change_days, gate_of, vocabulary_of
from duecourse.rules.verdict import Judgement, Reason, Verdict, reason_of

HORIZON_DAYS = 32
_NONE: Mapping[int, Sequence[Overlay]] = MappingProxyType({})


class Finding(IntEnum):
    """What one rule says of one row of a frame."""

    clear = 0
    found = 1
    zone_unknown = 2


def decide(facts: ContactFacts, *, packs: Sequence[Pack], as_of: date, layers: Sequence[Overlay] = ()) -> Verdict:
    """Judge one contact.

    Args:
        facts: the contact, with agreements of its debtor where they are known beside it.
        packs: the packs that apply; more packs never allow more.
        as_of: the day whose values are used, as a rule `facts.local_on`.
        layers: papers of any lower layer, in any order.

    Raises:
        NoValueInForce: a rule that binds has no value on the day.
        RuleConflict: two exceptions apply and disagree; nothing is allowed or refused.
        UnknownParameter: an overlay sets what no pack has.

    Guarantees:
        Every rule that binds is judged and every finding is reported. Pure: the same arguments give the same verdict.

    Source:
        docs/algorithms/permit.md
    """
    packs = tuple(packs)
    scope = Scope(packs, (*layers, *facts.agreements), facts.lender_class, facts.product_class)
    gate = gate_of(scope, as_of, facts.channel)
    seen = facts.seen(gate.vocabulary)
    if facts.is_zone_known and not gate.finds_any(seen):
        return Verdict(True, (), (), as_of, facts, None, packs, gate.checked)
    is_lost = not facts.is_zone_known
    findings = [bound for bound in gate.checked if (is_lost and bound.rule.is_local) or bound.finds(seen)]
    reasons, warnings = _told([reason_of(bound, seen, is_lost=bound.rule.is_local and is_lost) for bound in findings])
    next_at = next_allowed_at(facts, scope=scope, as_of=as_of) if reasons else None
    return Verdict(not reasons, reasons, warnings, as_of, facts, next_at, packs, gate.checked)


def judge(
    subject: str,
    known: Mapping[str, int],
    *,
    packs: Sequence[Pack],
    as_of: date,
    layers: Sequence[Overlay] = (),
    lender_class: str = "",
    product_class: str = "",
) -> Judgement:
    """Run the rules about a subject other than a contact.

    Args:
        subject: one that the packs declare, such as a notice or a record.
        known: values of declared facts; what is missing is taken as `Fact.when_unknown`.
        packs: the packs that apply.
        as_of: the day whose values are used.
        layers: papers of lower layers.
        lender_class: the creditor's class, '' when unknown (then every text binds).
        product_class: the product's class, '' when unknown (then every text binds).

    Raises:
        UnknownFact: the subject or a fact is not declared.
        NoValueInForce, RuleConflict, UnknownParameter: as `decide`.
    """
    packs = tuple(packs)
    vocabulary = vocabulary_of(packs)
    if subject not in vocabulary.subjects:
        raise UnknownFact(name="subject", value=subject, known=", ".join(vocabulary.subjects))
    refuse_unfit(known)
    seen = vocabulary.see(known)
    checked = bind(Scope(packs, tuple(layers), lender_class, product_class), as_of, subject)
    reasons, warnings = _told([reason_of(bound, seen, is_lost=False) for bound in checked if bound.finds(seen)])
    return Judgement(not reasons, reasons, warnings, as_of, subject, dict(known), packs, checked)


def decide_many(
    frame: pa.Table,
    *,
    packs: Sequence[Pack],
    as_of: date | None = None,
    layers: Sequence[Overlay] = (),
    agreements: Mapping[int, Sequence[Overlay]] = _NONE,
) -> tuple[pa.Table, list[Problem]]:
    """Judge many contacts in columns.

    Args:
        frame: of the schema `facts.FACTS` with a column for any further fact that is known, n rows.
        packs: the packs that apply.
        as_of: the day whose values are used; None takes each row's own local day (the UTC day where the zone is not known).
        layers: creditor policy and agency contract.
        agreements: the agreements of the frame's `agreement_key`; a key that is not there is a problem of its rows.

    Returns:
        A frame of n rows in the same order: `allowed` bool, null where a row could not be judged, and per enabled rule a uint8
        column named by its id holding a `Finding`. Then the problems: one for each group of rows that could not be judged for the
        same cause, with the first such row and their count.

    Raises:
        FactsMismatch: the frame does not have the declared columns.
        UnknownParameter: an overlay sets what no pack has.

    Guarantees:
        Row by row the same as `decide` (allowed, and which rules found what).
    """
    rules = [rule for pack in packs for rule in pack.rules if rule.is_enabled and rule.channels]
    used = {name for rule in rules for name in rule.facts_used}
    columns = columns_of(frame, vocabulary=vocabulary_of(tuple(packs)), used=used)
    count = columns.count
    found = {rule.id: np.zeros(count, dtype=np.uint8) for rule in rules}
    is_refused, is_judged = np.zeros(count, dtype=bool), np.ones(count, dtype=bool)
    problems: list[Problem] = []
    for rows, undeclared in _undeclared(columns):
        is_judged[rows] = False
        problems.append(_problem(undeclared, rows=rows, count=count))
    ground = Scope(tuple(packs), tuple(layers), "", "")
    for rows, scope, day in _groups(columns, ground=ground, agreements=agreements, as_of=as_of):
        try:
            checked = _bound(scope, day)
        except DuecourseError as error:
            if error.http_status >= 500:
                raise
            is_judged[rows] = False
            problems.append(_problem(error, rows=rows, count=count))
            continue
        part = _Part(columns, rows)
        for bound in checked:
            finding = _find(bound, part)
            found[bound.rule.id][rows] = finding
            if bound.rule.modality is Modality.must_not:
                is_refused[rows] |= finding != 0
    allowed = pa.array(~is_refused, mask=None if is_judged.all() else ~is_judged)
    return pa.table({"allowed": allowed, **{name: pa.array(finding) for name, finding in found.items()}}), problems


def next_allowed_at(facts: ContactFacts, *, scope: Scope, as_of: date) -> datetime | None:
    """Return the first whole minute after `facts.at` at which every refusing rule would allow the same contact.

    The contact is laid over each coming minute of the debtor's local time, changes of the clock included, and all rules are run on
    that grid in columns, each day with its own day's values; so no rule needs to know how to invert itself. What is counted per
    day is taken as empty on a later day.

    Returns:
        Aware UTC instant, or None: the zone is not known, or there is no such minute within `HORIZON_DAYS`.
    """
    if not facts.is_zone_known:
        return None
    for first, minutes in ((1, 2 * MINUTES_PER_DAY), (1 + 2 * MINUTES_PER_DAY, (HORIZON_DAYS - 2) * MINUTES_PER_DAY)):
        grid = project(facts, vocabulary=vocabulary_of(scope.packs), after_minutes=first, count=minutes)
        days = grid.local_day - facts.local_day + as_of.toordinal()
        is_open = np.zeros(minutes, dtype=bool)
        for rows, day in _spans(days, change_days(scope)):
            try:
                checked = gate_of(scope, date.fromordinal(day), facts.channel).checked
            except DuecourseError:
                continue
            seen = _slice(grid.seen, rows)
            is_closed = np.zeros(len(days[rows]), dtype=bool)
            for bound in (b for b in checked if b.rule.modality is Modality.must_not):
                is_closed |= np.asarray(bound.rule.is_breached(seen, bound.values), dtype=bool)
            is_open[rows] = ~is_closed
        if is_open.any():
            return instant_of(int(grid.utc_minute[int(is_open.argmax())]))
    return None


def _bound(scope: Scope | UnknownFact, day: int) -> tuple[BoundRule, ...]:
    if isinstance(scope, UnknownFact):
        raise scope
    return bind(scope, date.fromordinal(day))


def _told(told: list[Reason]) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    refusing = tuple(reason for reason in told if reason.modality is Modality.must_not)
    return refusing, tuple(reason for reason in told if reason.modality is not Modality.must_not)


class _Part:
    """The rows of a group, as what bodies read."""

    def __init__(self, columns: Columns, rows: Any) -> None:
        self.seen = _slice(columns.seen, rows)
        self.channel = columns.codes["channel"][rows]
        self.is_zone_known = columns.is_zone_known[rows]
        self.spellings = [name for name in columns.spellings["channel"] if name is not None]


def _slice(seen: Any, rows: Any) -> Any:
    if isinstance(rows, slice) and rows == slice(None):
        return seen
    part = type(seen)()
    part.__dict__.update({name: value[rows] if isinstance(value, np.ndarray) else value for name, value in vars(seen).items()})
    return part


def _find(bound: BoundRule, part: _Part) -> NDArray[np.uint8]:
    rule = bound.rule
    finding = np.asarray(rule.is_breached(part.seen, bound.values), dtype=np.uint8)
    if rule.is_local and not part.is_zone_known.all():
        finding = np.where(part.is_zone_known, finding, np.uint8(Finding.zone_unknown))
    if not rule.channels.issuperset(part.spellings):
        looked_at = np.asarray([name in rule.channels for name in part.spellings], dtype=np.uint8)
        finding = finding * looked_at[part.channel]
    return finding


def _groups(
    columns: Columns,
    *,
    ground: Scope,
    agreements: Mapping[int, Sequence[Overlay]],
    as_of: date | None,
) -> Iterator[tuple[Any, Scope | UnknownFact, int]]:
    """Yield rows that share a scope and a span of days in which no value changes, with that scope and one of their days."""
    for of_key, key in _alike(columns.agreement_key):
        if key >= 0 and key not in agreements:
            yield of_key, UnknownFact(name="agreement_key", value=key, known="the agreements handed in"), 0
            continue
        overlays = (*ground.overlays, *agreements.get(key, ()))
        table, scopes = _scopes(columns.spellings, ground._replace(overlays=overlays))
        kinds = (
            table[columns.codes["lender_class"][of_key], columns.codes["product_class"][of_key]]
            if len(scopes) > 1
            else np.zeros(1, dtype=np.int64)
        )
        for of_scope, scope_number in _alike(kinds):
            rows = _compose(of_key, of_scope if len(scopes) > 1 else slice(None))
            scope = scopes[scope_number]
            days = columns.local_day[rows] if as_of is None else np.full(1, as_of.toordinal())
            for of_span, day in _spans(days, change_days(scope)):
                yield _compose(rows, of_span), scope, day


def _scopes(spellings: Mapping[str, list[str | None]], ground: Scope) -> tuple[NDArray[np.int64], list[Scope]]:
    """Return the scopes that differ in which texts bind, and a table from codes of lender and product to the scope's number."""
    texts = [*_texts_of(ground.packs), *(overlay.text for overlay in ground.overlays)]
    numbers: dict[tuple[bool, ...], int] = {}
    scopes: list[Scope] = []
    table = np.zeros((len(spellings["lender_class"]), len(spellings["product_class"])), dtype=np.int64)
    for row, lender in enumerate(spellings["lender_class"][:-1]):
        for column, product in enumerate(spellings["product_class"][:-1]):
            scope = ground._replace(lender_class=lender or "", product_class=product or "")
            binds = tuple(text.binds(lender_class=scope.lender_class, product_class=scope.product_class) for text in texts)
            if binds not in numbers:
                numbers[binds] = len(scopes)
                scopes.append(scope)
            table[row, column] = numbers[binds]
    return table, scopes


@lru_cache(maxsize=64)
def _texts_of(packs: tuple[Pack, ...]) -> tuple[Text, ...]:
    """Return the texts on which the rules about contacts rest: which others bind changes no finding."""
    rules = (rule for pack in packs for rule in pack.rules if rule.is_enabled and rule.channels)
    found = {id(v.reference.text): v.reference.text for rule in rules for parameter in rule.parameters for v in parameter.values}
    return tuple(found.values())


def _alike(keys: NDArray[Any]) -> Iterator[tuple[Any, int]]:
    """Yield the rows of each distinct key, all rows as one slice when there is only one."""
    if not keys.size:
        return
    if keys.min() == keys.max():
        yield slice(None), int(keys[0])
        return
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, edges):
        yield rows, int(keys[rows[0]])


def _spans(days: NDArray[np.int64], changes: list[int]) -> Iterator[tuple[Any, int]]:
    """Yield the rows whose days lie between the same two changes, with the earliest of their days."""
    if not days.size:
        return
    first, last = int(days.min()), int(days.max())
    if bisect_right(changes, first) == bisect_right(changes, last):
        yield slice(None), first
        return
    for rows, _ in _alike(np.searchsorted(changes, days, side="right")):
        yield rows, int(days[rows].min())


def _compose(outer: Any, inner: Any) -> Any:
    if isinstance(inner, slice):
        return outer
    return inner if isinstance(outer, slice) else outer[inner]


def _undeclared(columns: Columns) -> Iterator[tuple[NDArray[np.int64], UnknownFact]]:
    for name, known in (("channel", CHANNELS), ("performer_kind", PERFORMER_KINDS)):
        for code, value in enumerate(columns.spellings[name][:-1]):
            rows = np.flatnonzero(columns.codes[name] == code) if value not in known else np.zeros(0, dtype=np.int64)
            if rows.size:
                yield rows, UnknownFact(name=name, value=value, known=", ".join(known))


def _problem(error: DuecourseError, *, rows: Any, count: int) -> Problem:
    first, size = (1, count) if isinstance(rows, slice) else (int(rows.min()) + 1, len(rows))
    parameters = {"detail": error.message(), "row_count": size, **error.parameters}
    return Problem(first, "", error.code, "{row_count} rows from this one on were not judged: {detail}", "", parameters)
