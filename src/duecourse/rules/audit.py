"""The audit: a history of contacts made elsewhere, judged by the rules of the gate, contact by contact, in columns.

Facts that the gate would have counted are counted over the history (`history`), and each bucket goes through `decide_many`; so what is
said of a contact is what the gate would have said, had it been asked at that instant with those contacts before it. See
docs/algorithms/audit.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from duecourse.kit.errors import Problem
from duecourse.rules.decide import Finding, decide_many
from duecourse.rules.errors import UnknownParameter
from duecourse.rules.events import REACHED, REASONS, Progress, Reached
from duecourse.rules.facts import EPOCH_DAY, MINUTES_PER_DAY, grouped, local_minutes, zones_of
from duecourse.rules.form import Modality, Overlay, Pack, Rule
from duecourse.rules.history import Executor, History, Part, Reading, opened, reading_of
from duecourse.rules.log_files import Log
from duecourse.rules.outlets import Period, outlet_to
from duecourse.rules.resolve import vocabulary_of

VIOLATIONS = pa.schema(
    [
        pa.field("rule_id", pa.string(), nullable=False),
        pa.field("modality", pa.string(), nullable=False),
        pa.field("finding", pa.string(), nullable=False),
        pa.field("performer", pa.string(), nullable=False),
        pa.field("period", pa.string(), nullable=False),
        pa.field("event_count", pa.int64(), nullable=False),
        pa.field("person_count", pa.int64(), nullable=False),
    ]
)
"""Violations: `finding` is `found`, or `zone_unknown` where the rule could not be judged and the gate would refuse."""

TOTALS = pa.schema(
    [
        pa.field("performer", pa.string(), nullable=False),
        pa.field("period", pa.string(), nullable=False),
        pa.field("event_count", pa.int64(), nullable=False),
        pa.field("breach_count", pa.int64(), nullable=False),
    ]
)
"""Of each performer and period: events kept, and those in which any rule found fault."""

Papers: TypeAlias = Mapping[int, Sequence[Overlay]]
NO_PAPERS: Papers = MappingProxyType({})
_TEXTS = ("channel", "performer", "performer_kind", "zone")


@dataclass(slots=True)
class Audit:
    """What came of an audit.

    Attributes:
        event_count: rows of the log.
        judged_count: rows that were judged.
        breach_count: rows in which any rule found fault.
        refused_count: those of them that the gate would have refused.
        reasons: rows not judged because of what stands in them, by reason; a row may have several.
        causes: rows not judged because the rules do not say, by cause in words.
        unjudged: rules not judged at all: rule, what the log lacks, and how many events they look at.
        partly: rows that a rule did not judge because a stated fact is missing there, by rule.
        assumed: recorded facts that the log lacks, with the value taken.
        outcomes: words of the outcome that were not understood; such events are held, like unreported ones.
        first_on: the first local day of the log, or None.
        complete_from_on: the day from which every window of counted days lies within the log, or None; what counts over all time knows no more
            than the log.
        violations: of `VIOLATIONS`, ordered by rule, finding, performer, period.
        totals: of `TOTALS`, ordered by performer and period.
        breaches: the rows in which a rule found fault, when they were not written to files.
        rejects: the rejected rows, the same.
        fingerprints: of the packs used, by id.
    """

    event_count: int = 0
    judged_count: int = 0
    breach_count: int = 0
    refused_count: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    unjudged: list[tuple[Rule, tuple[str, ...], int]] = field(default_factory=list)
    partly: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    first_on: date | None = None
    complete_from_on: date | None = None
    violations: pa.Table = field(default_factory=VIOLATIONS.empty_table)
    totals: pa.Table = field(default_factory=TOTALS.empty_table)
    breaches: pa.Table | None = None
    rejects: pa.Table | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """Return the audit as JSON-able values, rows apart."""
        return {
            "event_count": self.event_count,
            "judged_count": self.judged_count,
            "breach_count": self.breach_count,
            "refused_count": self.refused_count,
            "rejected": self.reasons,
            "not_judged": self.causes,
            "rules_not_judged": [
                {"rule": rule.id, "lacking": list(lacking), "event_count": count} for rule, lacking, count in self.unjudged
            ],
            "rules_partly_judged": self.partly,
            "assumed": self.assumed,
            "outcomes_not_understood": self.outcomes,
            "first_on": self.first_on.isoformat() if self.first_on else None,
            "complete_from_on": self.complete_from_on.isoformat() if self.complete_from_on else None,
            "violations": self.violations.to_pylist(),
            "packs": self.fingerprints,
        }


def audit(
    log: Log,
    *,
    packs: Sequence[Pack],
    known_until: date | datetime,
    layers: Sequence[Overlay] = (),
    papers: Papers = NO_PAPERS,
    by: Period = Period.week,
    zone_default: str = "",
    reached: Reached = REACHED,
    out: Path | None = None,
    lang: str = "en",
    executor: Executor | None = None,
    scratch: Path | None = None,
    bucket_rows: int = 0,
    progress: Progress | None = None,
) -> tuple[Audit, list[Problem]]:
    """Judge a history of contacts.

    Args:
        log: a Parquet file, several, a folder of them, or a table, with the columns `events.REQUIRED`, some of `events.OPTIONAL`, and any stated or recorded fact.
        packs: the packs that apply.
        known_until: the last local day, or the last instant, of which the log can know; later events are rejected.
        layers: creditor policy and agency contract that bind every contact.
        papers: papers of any lower layer that bound single contacts, by the log's column `paper_key`; where none are given it is left alone.
        by: how violations are gathered in time.
        zone_default: the zone of rows that name none; '' leaves them without, and rules that need local time find fault.
        reached: whether an event connected.
        out: a folder for violations, totals, breaches, rejects and a summary; without it rows are kept in the result.
        lang: of the reasons in the rejects: en or zh-hans.
        executor: who counts; this process when None.
        scratch: a folder for buckets; the system's when None.
        bucket_rows: events a bucket, 0 for the usual.
        progress: called with (done, total, ''): first rows read, then rows judged.

    Returns:
        The audit, and a problem for each cause for which rows, or rules that look at any of them, were not judged.

    Raises:
        EventsMismatch, NaiveInstant: no row of the log can be judged.
        LogTooLarge: it would unpack to more than the bounds, or needs more room than there is.
        UnknownParameter: an overlay sets what no pack has.

    Guarantees:
        Event by event the findings of `decide` with the facts of the events strictly before it. The result does not depend on
        `executor`, `bucket_rows` or the order of rows in the log; memory does not grow with the log when `out` is given.

    Source: docs/algorithms/audit.md
    """
    packs = tuple(packs)
    vocabulary = vocabulary_of(packs)
    found = Audit(fingerprints={pack.id: pack.fingerprint for pack in packs})
    with outlet_to(out, lang=lang) as outlet, opened(
        log, vocabulary=vocabulary, known_until=known_until, has_papers=bool(papers), zone_default=zone_default, reached=reached, scratch=scratch,
        bucket_rows=bucket_rows, reject=outlet.reject, progress=progress,
    ) as history:  # fmt: skip
        reading = reading_of(packs, columns=history.form.columns)
        tally = Tally(reading, history, by=by)
        kept = layers_for(layers, packs=packs, reading=reading)
        bound = {key: layers_for(some, packs=packs, reading=reading) for key, some in papers.items()}
        for part in history.parts(reading, executor=executor):
            judged = judged_part(part, reading=reading, layers=kept, papers=bound)
            outlet.breaches(tally.add(part, judged))
            if progress is not None:
                progress(tally.kept_count, history.kept_count, "")
        tally.close(found)
        outlet.close(found)
    return found, list(problems_of(found))


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of a bucket.

    Attributes:
        findings: per rule uint8[n] of `Finding`; 0 where a stated fact that it reads is missing.
        is_judged: bool[n].
        unstated: per rule how many rows it did not judge because a stated fact is missing there.
        causes: why rows were not judged, with their counts.
    """

    findings: Mapping[str, NDArray[np.uint8]]
    is_judged: NDArray[np.bool_]
    unstated: Mapping[str, int]
    causes: Mapping[str, int]

    def is_refused(self, rules: Sequence[Rule]) -> NDArray[np.bool_]:
        """Return whether any of the rules that refuse finds fault, bool[n]."""
        return self._is_found([rule for rule in rules if rule.modality is Modality.must_not])

    def is_warned(self, rules: Sequence[Rule]) -> NDArray[np.bool_]:
        """Return whether any of the rules that do not refuse finds fault, bool[n]."""
        return self._is_found([rule for rule in rules if rule.modality is not Modality.must_not])

    def _is_found(self, rules: Sequence[Rule]) -> NDArray[np.bool_]:
        found = np.zeros(len(self.is_judged), dtype=bool)
        for rule in rules:
            found |= self.findings[rule.id] != 0
        return found


def judged_part(part: Part, *, reading: Reading, layers: Sequence[Overlay], papers: Papers = NO_PAPERS) -> Judged:
    """Return what the rules of a reading say of a bucket, under papers that bind all and papers that bind single contacts by their key."""
    table, problems = decide_many(part.frame, packs=reading.packs, layers=layers, agreements=papers)
    stated = {fact.name for fact in reading.given if fact.source == "stated"}
    findings, unstated = {}, {}
    for rule in reading.rules:
        finding = table[rule.id].to_numpy()
        missing = [part.unstated[name] for name in rule.facts_used if name in stated and name in part.unstated]
        if missing:
            absent = np.logical_or.reduce(missing)
            unstated[rule.id] = int(np.count_nonzero(absent & _looked_at(rule, part)))
            finding = np.where(absent, np.uint8(Finding.clear), finding)
        findings[rule.id] = finding
    causes: dict[str, int] = {}
    for problem in problems:
        detail = problem.parameters["detail"]
        causes[detail] = causes.get(detail, 0) + problem.parameters["row_count"]
    return Judged(findings, table["allowed"].is_valid().to_numpy(), unstated, causes)


def layers_for(layers: Sequence[Overlay], *, packs: Sequence[Pack], reading: Reading) -> tuple[Overlay, ...]:
    """Return papers of lower layers without the values of rules that are not judged.

    Raises:
        UnknownParameter: one sets what no pack has.
    """
    known = {parameter.id for pack in packs for rule in pack.rules for parameter in rule.parameters}
    kept = {parameter.id for pack in reading.packs for rule in pack.rules for parameter in rule.parameters}
    for overlay in layers:
        if not overlay.values.keys() <= known:
            raise UnknownParameter(text=overlay.text.id, parameter=min(overlay.values.keys() - known))
    return tuple(replace(overlay, values={key: value for key, value in overlay.values.items() if key in kept}) for overlay in layers)


def _looked_at(rule: Rule, part: Part) -> NDArray[np.bool_]:
    channels = part.frame["channel"].combine_chunks()
    if isinstance(channels, pa.ChunkedArray):
        channels = channels.chunk(0) if channels.num_chunks else pa.array([], pa.string()).dictionary_encode()
    known = np.asarray([name in rule.channels for name in channels.dictionary.to_pylist()], dtype=bool)
    found: NDArray[np.bool_] = known[channels.indices.to_numpy()]
    return found


class Tally:
    """Adds buckets up."""

    def __init__(self, reading: Reading, history: History, *, by: Period) -> None:
        self.reading, self.history, self.by = reading, history, by
        self.kept_count = 0
        self._found = Audit()
        self._violations: list[pa.Table] = []
        self._totals: list[pa.Table] = []
        self._channels = np.zeros(len(history.spellings.of("channel")), dtype=np.int64)
        self._first_day = 0

    def add(self, part: Part, judged: Judged) -> pa.Table:
        """Add a bucket and return its breaches."""
        found, count = self._found, part.events.num_rows
        self.kept_count += count
        found.judged_count += int(np.count_nonzero(judged.is_judged))
        for counts, more in ((found.causes, judged.causes), (found.partly, judged.unstated)):
            for name, number in more.items():
                counts[name] = counts.get(name, 0) + number
        days = part.events["local_day"].to_numpy()
        if count:
            first = int(days.min())
            self._first_day = min(self._first_day or first, first)
        self._channels += np.bincount(part.events["channel"].to_numpy(), minlength=len(self._channels))
        hit = {rule.id: np.flatnonzero(judged.findings[rule.id]) for rule in self.reading.rules}
        is_breach = np.zeros(count, dtype=bool)
        for rows in hit.values():
            is_breach[rows] = True
        found.breach_count += int(np.count_nonzero(is_breach))
        found.refused_count += int(np.count_nonzero(judged.is_refused(self.reading.rules)))
        periods = _period(days, by=self.by)
        self._add_sums(part, judged, hit=hit, periods=periods, is_breach=is_breach)
        return self._breaches(part, judged, rows=np.flatnonzero(is_breach))

    def close(self, found: Audit) -> None:
        """Fill in the audit what was added up."""
        history, own = self.history, self._found
        found.event_count, found.reasons, found.outcomes = history.event_count, history.reasons, history.outcomes
        found.judged_count, found.breach_count, found.refused_count = own.judged_count, own.breach_count, own.refused_count
        found.causes, found.partly = own.causes, own.partly
        found.assumed = {fact.name: fact.when_unknown for fact in self.reading.assumed}
        channels = dict(zip(history.spellings.of("channel"), self._channels.tolist(), strict=True))
        for one in self.reading.unjudged:
            looked_at = sum(count for name, count in channels.items() if name in one.rule.channels)
            found.unjudged.append((one.rule, one.lacking, looked_at))
        if self._first_day:
            windows = [fact.count.window_days for fact in self.reading.counted if fact.count is not None and fact.count.window_days]
            found.first_on = date.fromordinal(self._first_day)
            found.complete_from_on = date.fromordinal(self._first_day + max(windows, default=1) - 1)
        found.violations, found.totals = self._violation_sums(), self._total_sums()

    def _add_sums(
        self, part: Part, judged: Judged, *, hit: Mapping[str, NDArray[np.int64]], periods: NDArray[np.int64], is_breach: NDArray[np.bool_]
    ) -> None:
        performers = part.events["performer"].to_numpy().astype(np.int64)
        names = list(hit)
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *hit.values()])
        if rows.size:
            rules = np.repeat(np.arange(len(names)), [len(one) for one in hit.values()])
            findings = np.concatenate([judged.findings[name][hit[name]] for name in names])
            long = {"rule": rules, "finding": findings.astype(np.int64), "performer": performers[rows], "period": periods[rows]}
            table = pa.table({name: pa.array(values) for name, values in long.items()} | {"person": part.events["person_id"].take(rows)})
            self._violations.append(table.group_by(list(long)).aggregate([("person", "count"), ("person", "count_distinct")]))
        if periods.size:
            first = periods.min()
            width = int(periods.max() - first) + 1
            keys = performers * width + (periods - first)
            counts, breaches = (np.bincount(keys[mask], minlength=int(keys.max()) + 1) for mask in (slice(None), is_breach))
            used = np.flatnonzero(counts)
            sums = {"performer": used // width, "period": used % width + first, "events": counts[used], "breaches": breaches[used]}
            self._totals.append(pa.table({name: pa.array(values) for name, values in sums.items()}))

    def _violation_sums(self) -> pa.Table:
        if not self._violations:
            return VIOLATIONS.empty_table()
        keys = ["rule", "finding", "performer", "period"]
        summed = pa.concat_tables(self._violations).group_by(keys).aggregate([("person_count", "sum"), ("person_count_distinct", "sum")])
        rules, performers = self.reading.rules, self.history.spellings.of("performer")
        rows = [
            {
                "rule_id": rules[row["rule"]].id,
                "modality": rules[row["rule"]].modality.value,
                "finding": Finding(row["finding"]).name,
                "performer": performers[row["performer"]],
                "period": period_name(row["period"], by=self.by),
                "event_count": row["person_count_sum"],
                "person_count": row["person_count_distinct_sum"],
            }
            for row in summed.to_pylist()
        ]
        order = sorted(rows, key=lambda row: (row["rule_id"], row["finding"], row["performer"], row["period"]))
        return pa.Table.from_pylist(order, schema=VIOLATIONS)

    def _total_sums(self) -> pa.Table:
        if not self._totals:
            return TOTALS.empty_table()
        summed = pa.concat_tables(self._totals).group_by(["performer", "period"]).aggregate([("events", "sum"), ("breaches", "sum")])
        performers = self.history.spellings.of("performer")
        rows = sorted((performers[r["performer"]], period_name(r["period"], by=self.by), r["events_sum"], r["breaches_sum"]) for r in summed.to_pylist())  # fmt: skip
        return pa.Table.from_pylist([dict(zip(TOTALS.names, row, strict=True)) for row in rows], schema=TOTALS)

    def _breaches(self, part: Part, judged: Judged, *, rows: NDArray[np.int64]) -> pa.Table:
        """Return the rows in which a rule found fault, with the rules and the facts that were counted."""
        taken, places = part.events.take(pa.array(rows)), self.history.spellings
        texts = {name: pa.array(places.of(name), pa.string()).take(taken[name].combine_chunks()) for name in _TEXTS}
        days = taken["local_day"].to_numpy().astype(np.int64)
        columns: dict[str, Any] = {name: taken[name] for name in ("event_id", "at", "person_id")} | texts
        columns["local_at"] = pa.array(_local_texts(taken, zones=places.of("zone")), pa.string())
        columns["period"] = pa.array(_names(_period(days, by=self.by), by=self.by), pa.string())
        words = [np.where(judged.findings[rule.id][rows] != 0, rule.id + "; ", "") for rule in self.reading.rules]
        joined = words[0].astype(object) if words else np.zeros(0, dtype=object)
        for more in words[1:]:
            joined += more.astype(object)
        columns["rule_ids"] = pc.utf8_rtrim(pa.array(joined, pa.string()), characters="; ")
        columns["is_refused"] = pa.array(judged.is_refused(self.reading.rules)[rows])
        columns |= {fact.name: part.frame[fact.name].take(pa.array(rows)) for fact in self.reading.counted}
        return pa.table(columns)


def period_name(number: int, *, by: Period) -> str:
    """Return the name of a period: 2026-03-02, 2026-W10 or 2026-03."""
    if by is Period.day:
        return date.fromordinal(number).isoformat()
    if by is Period.week:
        year, week, _ = date.fromordinal(number * 7 + 1).isocalendar()
        return f"{year}-W{week:02d}"
    return f"{1970 + number // 12}-{number % 12 + 1:02d}"


def _period(days: NDArray[Any], *, by: Period) -> NDArray[np.int64]:
    """Return numbers of periods of proleptic ordinals; the first of January of the year 1 was a Monday."""
    ordinals = days.astype(np.int64)
    if by is Period.day:
        return ordinals
    if by is Period.week:
        return (ordinals - 1) // 7
    months: NDArray[np.int64] = (ordinals - EPOCH_DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months


def _names(numbers: NDArray[np.int64], *, by: Period) -> list[str]:
    distinct, which = np.unique(numbers, return_inverse=True)
    names = np.asarray([period_name(int(number), by=by) for number in distinct], dtype=object)
    return list(names[which]) if len(names) else []


def _local_texts(events: pa.Table, *, zones: Sequence[str]) -> list[str | None]:
    """Return local times as `2026-03-02 21:05` in each event's first zone, None without one."""
    minutes, codes = events["at"].cast(pa.int64()).to_numpy() // 60_000_000, events["zone"].to_numpy()
    texts = np.full(len(minutes), None, dtype=object)
    for code, rows in grouped(codes):
        first = zones_of(zones[code])[:1]
        if first:
            local = local_minutes(first[0].key, minutes[rows]).astype("datetime64[m]")
            texts[rows] = np.char.replace(np.datetime_as_string(local, unit="m"), "T", " ")
    return list(texts)


def local_hours(events: pa.Table, *, zones: Sequence[str]) -> NDArray[np.int64]:
    """Return the hour of the local day, int64[n] from 0 to 23, -1 where the zone is not known."""
    minutes, codes = events["at"].cast(pa.int64()).to_numpy() // 60_000_000, events["zone"].to_numpy()
    hours = np.full(len(minutes), -1, dtype=np.int64)
    for code, rows in grouped(codes):
        first = zones_of(zones[code])[:1]
        if first:
            hours[rows] = local_minutes(first[0].key, minutes[rows]) % MINUTES_PER_DAY // 60
    return hours


def problems_of(found: Audit) -> Iterator[Problem]:
    """Yield a problem for each cause for which rows, or rules that look at any of them, were not judged."""
    for reason, count in sorted(found.reasons.items()):
        yield Problem(0, "", reason, "{row_count} rows were not judged: {detail}", "", {"row_count": count, "detail": REASONS[reason].en})
    for detail, count in sorted(found.causes.items()):
        yield Problem(0, "", "not_judged", "{row_count} rows were not judged: {detail}", "", {"row_count": count, "detail": detail})
    for rule, lacking, count in (one for one in found.unjudged if one[2]):
        told = {"rule": rule.id, "lacking": ", ".join(lacking), "row_count": count}
        yield Problem(0, "", "rule_not_judged", "{rule} was not judged on {row_count} events: the log lacks {lacking}.", "", told)


def until(day: date | None, *, now_at: datetime) -> date | datetime:
    """Return until when a log can know: the day that somebody named, or now."""
    return day if day is not None else now_at.astimezone(UTC)
