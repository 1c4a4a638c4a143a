"""What-if: the same history under other values: what would have been refused that was not, and the reverse.

A change is tried in one of two ways. As a *draft* it takes the place of what the texts say, stricter or looser, as if the text read so
for all time. As a *policy* it is one more paper of the creditor, which can only tighten. See docs/algorithms/audit.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from duecourse.kit.errors import Problem
from duecourse.rules.audit import NO_PAPERS, Audit, Judged, Papers, Tally, judged_part, layers_for, local_hours, problems_of
from duecourse.rules.errors import ChangeUnusable, PackInvalid
from duecourse.rules.events import REACHED, Progress, Reached
from duecourse.rules.form import Overlay, Pack, Parameter, Rule
from duecourse.rules.history import Executor, Part, Reading, opened, reading_of
from duecourse.rules.load import parse_overlay
from duecourse.rules.log_files import Log
from duecourse.rules.outlets import Period
from duecourse.rules.resolve import vocabulary_of

POLICY_ID = "what_if"


class Way(StrEnum):
    """How a change is tried."""

    draft = "draft"
    """It takes the place of the values of all texts: stricter or looser."""
    policy = "policy"
    """It is a creditor's policy, which only tightens."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value to try.

    Attributes:
        parameter: `pack.rule.parameter`.
        value: in the parameter's unit.
        way: how it is tried.
    """

    parameter: str
    value: int
    way: Way = Way.draft


FLIPS = pa.schema(
    [
        pa.field("change", pa.string(), nullable=False),
        pa.field("performer", pa.string(), nullable=False),
        pa.field("local_hour", pa.int64()),
        pa.field("event_count", pa.int64(), nullable=False),
        pa.field("person_count", pa.int64(), nullable=False),
    ]
)
"""What changes: `change` is one of `newly_refused`, `newly_allowed`, `newly_warned`, `no_longer_warned`; `local_hour` is null where the
zone is not known."""

_CHANGES = ("newly_refused", "newly_allowed", "newly_warned", "no_longer_warned")


@dataclass(slots=True)
class WhatIf:
    """What would have been otherwise.

    Attributes:
        changes: those tried.
        before: parameter id → values that the texts give, as shown to a person.
        event_count: rows of the log.
        judged_count: rows judged under both.
        refused_before: contacts that the gate would have refused as the rules stand.
        refused_after: contacts that it would have refused with the changes.
        flips: of `FLIPS`, ordered by change, performer and hour.
        audit: the history as the rules stand, without its rows.
    """

    changes: tuple[Change, ...]
    before: Mapping[str, tuple[str, ...]]
    event_count: int = 0
    judged_count: int = 0
    refused_before: int = 0
    refused_after: int = 0
    flips: pa.Table | None = None
    audit: Audit | None = None

    def count(self, change: str) -> int:
        """Return how many contacts changed in one way."""
        rows = self.flips.to_pylist() if self.flips is not None else []
        return sum(row["event_count"] for row in rows if row["change"] == change)

    def to_record(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        return {
            "changes": [
                {"parameter": one.parameter, "value": one.value, "way": one.way.value, "texts": list(self.before[one.parameter])}
                for one in self.changes
            ],
            "event_count": self.event_count,
            "judged_count": self.judged_count,
            "refused_before": self.refused_before,
            "refused_after": self.refused_after,
            **{change: self.count(change) for change in _CHANGES},
            "by_performer_and_hour": self.flips.to_pylist() if self.flips is not None else [],
            "rules_not_judged": self.audit.to_record()["rules_not_judged"] if self.audit is not None else [],
        }


def what_if(
    log: Log,
    *,
    packs: Sequence[Pack],
    changes: Sequence[Change],
    known_until: date | datetime,
    layers: Sequence[Overlay] = (),
    papers: Papers = NO_PAPERS,
    zone_default: str = "",
    reached: Reached = REACHED,
    executor: Executor | None = None,
    scratch: Path | None = None,
    bucket_rows: int = 0,
    progress: Progress | None = None,
) -> tuple[WhatIf, list[Problem]]:
    """Judge a history twice, as the rules stand and with changes, and tell what differs.

    The contacts stay as they were: a contact that would have been refused still counts for those after it, so what is told is the first
    effect of a change, not how people would have gone on.

    Args:
        log: as for `audit.audit`.
        packs: the packs that apply.
        changes: at least one.
        known_until: the last local day, or the last instant, of which the log can know.
        layers: creditor policy and agency contract, in force before and after.
        papers: as for `audit.audit`, in force before and after.
        zone_default: the zone of rows that name none.
        reached: whether an event connected.
        executor: who counts; this process when None.
        scratch: a folder for buckets; the system's when None.
        bucket_rows: events a bucket, 0 for the usual.
        progress: called with (done, total, ''): first rows read, then rows judged.

    Returns:
        What differs, and the problems of the audit as the rules stand.

    Raises:
        ChangeUnusable: a parameter that no pack has, a value that its unit does not have, one named twice, or a rule that stays disabled.
        EventsMismatch, NaiveInstant, UnknownParameter: see `audit.audit`.

    Source:
        docs/algorithms/audit.md
    """
    packs = tuple(packs)
    changed_packs, changed_layers = changed(packs, changes=changes, layers=layers)
    found = WhatIf(tuple(changes), {one.parameter: _texts_say(_parameter(packs, one)[1]) for one in changes})
    flips: list[pa.Table] = []
    sums = Audit()
    with opened(
        log, vocabulary=vocabulary_of(packs), known_until=known_until, has_papers=bool(papers), zone_default=zone_default, reached=reached, scratch=scratch,
        bucket_rows=bucket_rows, progress=progress,
    ) as history:  # fmt: skip
        readings = [reading_of(which, columns=history.form.columns) for which in (packs, changed_packs)]
        both = joined(*readings)
        grounds = zip((packs, changed_packs), (layers, changed_layers), readings, strict=True)
        binding = [(one, *_binding(some, papers, packs=which, reading=one)) for which, some, one in grounds]
        tally = Tally(readings[0], history, by=Period.week)
        for part in history.parts(both, executor=executor):
            before, after = (judged_part(part, reading=one, layers=some, papers=bound) for one, some, bound in binding)
            tally.add(part, before)
            flips.append(_flips(part, before, after, readings=readings, zones=history.spellings.of("zone")))
            _add(found, before, after, readings=readings)
            if progress is not None:
                progress(tally.kept_count, history.kept_count, "")
        tally.close(sums)
        found.flips = _summed(flips, performers=history.spellings.of("performer"))
    found.event_count, found.audit = sums.event_count, sums
    return found, list(problems_of(sums))


def _binding(
    layers: Sequence[Overlay], papers: Papers, *, packs: Sequence[Pack], reading: Reading
) -> tuple[tuple[Overlay, ...], dict[int, tuple[Overlay, ...]]]:
    """Return the papers that bind all and those that bind single contacts, without the values of rules that are not judged."""
    return layers_for(layers, packs=packs, reading=reading), {
        key: layers_for(some, packs=packs, reading=reading) for key, some in papers.items()
    }


def changed(
    packs: tuple[Pack, ...], *, changes: Sequence[Change], layers: Sequence[Overlay]
) -> tuple[tuple[Pack, ...], tuple[Overlay, ...]]:
    """Return packs and papers with the changes in force.

    Raises:
        ChangeUnusable: see `what_if`.
    """
    names = [one.parameter for one in changes]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ChangeUnusable(parameter=repeated[0], value="", text="it is set twice")
    for one in changes:
        rule, parameter = _parameter(packs, one)
        if not 0 <= one.value <= parameter.unit.largest:
            raise ChangeUnusable(parameter=one.parameter, value=one.value, text=f"{parameter.unit} goes from 0 to {parameter.unit.largest}")
        others = [other for other in rule.parameters if not (other is parameter and one.way is Way.draft)]
        if not all(any(value.is_enabled for value in other.values) for other in others):
            raise ChangeUnusable(parameter=one.parameter, value=one.value, text=f"{rule.id} is disabled: its values are known too weakly")
    drafts = {one.parameter: one.value for one in changes if one.way is Way.draft}
    policy = {one.parameter: one.value for one in changes if one.way is Way.policy}
    papers = (*layers, _policy(policy, packs=packs)) if policy else tuple(layers)
    return tuple(_drafted(pack, drafts) for pack in packs), papers


def parsed(text: str, *, packs: Sequence[Pack], way: Way) -> Change:
    """Return the change written as `parameter=value`; a minute of the day is written HH:MM.

    Raises:
        ChangeUnusable: it is not of that form, or names what no pack has.
    """
    name, mark, written = (part.strip() for part in text.partition("="))
    if not mark:
        raise ChangeUnusable(parameter=text, value="", text="it is not of the form parameter=value")
    _, parameter = _parameter(tuple(packs), Change(name, 0))
    hours, colon, minutes = written.partition(":")
    if parameter.unit.value == "minute_of_day" and colon and hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60:
        return Change(name, int(hours) * 60 + int(minutes), way)
    if not (written.isascii() and written.isdecimal()):
        raise ChangeUnusable(parameter=name, value=written, text=f"{parameter.unit} is written as a whole number")
    return Change(name, int(written), way)


def joined(first: Reading, second: Reading) -> Reading:
    """Return the reading that counts and takes whatever either needs."""
    return replace(
        first,
        counted=tuple({fact.name: fact for one in (first, second) for fact in one.counted}.values()),
        given=tuple({fact.name: fact for one in (first, second) for fact in one.given}.values()),
    )


def _parameter(packs: Sequence[Pack], change: Change) -> tuple[Rule, Parameter]:
    for rule in (rule for pack in packs for rule in pack.rules):
        for parameter in rule.parameters:
            if parameter.id == change.parameter:
                return rule, parameter
    raise ChangeUnusable(parameter=change.parameter, value=change.value, text="no pack that was named has it")


def _texts_say(parameter: Parameter) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(f"{value.reference.text.id} {value.unit.show(value.value)}" for value in parameter.values if value.is_enabled)
    )


def _drafted(pack: Pack, drafts: Mapping[str, int]) -> Pack:
    """Return a pack whose texts give the drafted values, on the days and to the lenders to which they gave theirs."""

    def drafted(parameter: Parameter) -> Parameter:
        values = tuple(replace(value, value=drafts[parameter.id], is_enabled=True) for value in parameter.values)
        return replace(parameter, values=values)

    def written(rule: Rule) -> Rule:
        return replace(rule, parameters=tuple(drafted(one) if one.id in drafts else one for one in rule.parameters))

    if not any(parameter.id in drafts for rule in pack.rules for parameter in rule.parameters):
        return pack
    touched = {rule for rule in pack.rules if any(parameter.id in drafts for parameter in rule.parameters)}
    return replace(pack, rules=tuple(written(rule) if rule in touched else rule for rule in pack.rules))


def _policy(values: Mapping[str, int], *, packs: Sequence[Pack]) -> Overlay:
    units = {parameter.id: parameter.unit for pack in packs for rule in pack.rules for parameter in rule.parameters}
    ever = date(1949, 10, 1)
    entry = {"effective_on": ever, "article": "", "confidence": "verbatim"}
    shown = {key: units[key].show(value) if units[key].value == "minute_of_day" else value for key, value in values.items()}
    written = {key: {"unit": units[key].value, "values": [{"value": value, **entry}]} for key, value in shown.items()}
    text = {"id": POLICY_ID, "layer": "creditor_policy", "title": {"zh": "试行政策", "en": "policy on trial"}}
    days = {"issued_on": ever, "effective_on": ever, "last_reviewed_on": ever}
    try:
        return parse_overlay({"text": text | days, "parameters": written}, place=POLICY_ID)
    except PackInvalid as error:
        raise ChangeUnusable(parameter=", ".join(values), value="", text=error.parameters["text"]) from error


def _add(found: WhatIf, before: Judged, after: Judged, *, readings: Sequence[Reading]) -> None:
    is_both = before.is_judged & after.is_judged
    found.judged_count += int(np.count_nonzero(is_both))
    found.refused_before += int(np.count_nonzero(before.is_refused(readings[0].rules) & is_both))
    found.refused_after += int(np.count_nonzero(after.is_refused(readings[1].rules) & is_both))


def _flips(part: Part, before: Judged, after: Judged, *, readings: Sequence[Reading], zones: Sequence[str]) -> pa.Table:
    is_both = before.is_judged & after.is_judged
    refused = [one.is_refused(reading.rules) for one, reading in zip((before, after), readings, strict=True)]
    warned = [one.is_warned(reading.rules) for one, reading in zip((before, after), readings, strict=True)]
    masks = (~refused[0] & refused[1], refused[0] & ~refused[1], ~warned[0] & warned[1], warned[0] & ~warned[1])
    return pa.concat_tables([_rows(part, np.flatnonzero(mask & is_both), number=n, zones=zones) for n, mask in enumerate(masks)])


def _rows(part: Part, rows: NDArray[np.int64], *, number: int, zones: Sequence[str]) -> pa.Table:
    taken = part.events.select(["at", "zone", "performer", "person_id"]).take(pa.array(rows))
    columns = {
        "change": pa.array(np.full(len(rows), number, dtype=np.int64)),
        "performer": taken["performer"],
        "local_hour": pa.array(local_hours(taken, zones=zones)),
        "person": taken["person_id"],
    }
    return pa.table(columns).group_by(["change", "performer", "local_hour"]).aggregate([("person", "count"), ("person", "count_distinct")])


def _summed(flips: Sequence[pa.Table], *, performers: Sequence[str]) -> pa.Table:
    if not flips:
        return FLIPS.empty_table()
    keys = ["change", "performer", "local_hour"]
    summed = pa.concat_tables(flips).group_by(keys).aggregate([("person_count", "sum"), ("person_count_distinct", "sum")])
    rows = sorted(
        (r["change"], performers[r["performer"]], r["local_hour"], r["person_count_sum"], r["person_count_distinct_sum"])
        for r in summed.to_pylist()
    )
    told = [
        dict(zip(FLIPS.names, (_CHANGES[number], name, hour if hour >= 0 else None, events, persons), strict=True))
        for number, name, hour, events, persons in rows
    ]
    return pa.Table.from_pylist(told, schema=FLIPS)
