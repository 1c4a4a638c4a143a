"""What is done with each column of a file: read into a field, added to one, quarantined, passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from duecourse.kit.errors import Problem
from duecourse.kit.records.cells import Source
from duecourse.kit.records.convert import Column, read_column
from duecourse.kit.records.headers import HeaderIndex
from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.names import is_like
from duecourse.kit.records.refusals import MappingInvalid, MissingColumns, RepeatedColumns, problem
from duecourse.kit.records.spec import Field, RecordSpec

_DATA = re.compile(r"[0-9]{6}|[0-9]{4}-[0-9]{2}|@")


@dataclass(slots=True, kw_only=True)
class Plan:
    """What is done with each column of one file.

    Attributes:
        spec: what the rows mean.
        mapping: how the sender writes them.
        parameters: dates that typed transforms name.
        column_of: field → the column it is read from.
        parts_of: field → the columns that are added up to it.
        quarantined: personal columns that nobody asked for.
        used: columns that are read, as in the header.
        notices: what was passed over, in row 0.
    """

    spec: RecordSpec
    mapping: Mapping
    parameters: AnyMapping[str, date]
    column_of: dict[str, str] = field(default_factory=dict)
    parts_of: dict[str, list[str]] = field(default_factory=dict)
    quarantined: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)


def place_columns(plan: Plan, source: Source) -> None:
    """Decide about each column of the header.

    Raises:
        RepeatedColumns: one name stands twice, or two columns are named for one field.
        MissingColumns: a required field or a transform has no column; all are named.
        MappingInvalid: merged amounts would be filled, and so be owed once per row.
    """
    needed = {fold(c) for transform in plan.mapping.derived.values() for c in transform.columns()} | {fold(c) for c in plan.mapping.keep}
    claims = _claims(plan, source)
    plan.notices += source.notices
    for column in source.header:
        target = claims.get(column)
        if target is not None or column in needed:
            plan.used.append(column)
        elif column in source.nameless or plan.mapping.is_ignored(column):
            continue
        elif plan.mapping.is_surplus(column) or _is_surplus_field(plan.spec, column):
            plan.quarantined.append(column)
        elif not any(notice.column == column for notice in plan.notices):
            plan.notices.append(problem("UnknownColumn", row=0, column=column))
    _check_present(plan, source, needed)
    amounts = {f.name for f in plan.spec.kept if f.type == "amount"}
    filled = [column for column, name in claims.items() if name in amounts and is_like(column, plan.mapping.fill_merged)]
    if filled:
        reasons = f"{', '.join(filled)} cannot be filled from merged cells: an amount would be owed once per row"
        raise MappingInvalid(mapping=plan.mapping.name, reasons=reasons)


def _claims(plan: Plan, source: Source) -> dict[str, str]:
    """Return column → field, after the preferred column of each field is chosen."""
    index = HeaderIndex(plan.mapping)
    ranked: dict[str, list[tuple[int, int, str]]] = {}
    for place, column in enumerate(source.header):
        found = index.ranked(column)
        if found is not None:
            ranked.setdefault(found[0], []).append((found[1], place, column))
    claims: dict[str, str] = {}
    repeated = []
    for name, candidates in ranked.items():
        candidates.sort()
        columns = [column for _, _, column in candidates]
        if name in plan.mapping.sums:
            plan.parts_of[name] = columns
        else:
            plan.column_of[name] = columns[0]
            repeated += [column for column in columns[1:] if name not in plan.mapping.synonyms]
            columns, spare = columns[:1], [column for column in columns[1:] if name in plan.mapping.synonyms]
            plan.notices += [problem("SpareColumn", row=0, column=column, chosen=columns[0]) for column in spare]
        repeated += [column for column in columns if column in source.repeated]
        claims |= dict.fromkeys(columns, name)
    if repeated:
        raise RepeatedColumns(file=source.path.name, columns=", ".join(sorted(set(repeated))), reason="repeated")
    return claims


def _check_present(plan: Plan, source: Source, needed: set[str]) -> None:
    mapping = plan.mapping
    missing = [column for column in sorted(needed) if column not in source.header]
    for f in plan.spec.kept:
        is_filled = f.name in plan.column_of or f.name in plan.parts_of or f.name in mapping.defaults
        names = [column for column, name in mapping.columns.items() if name == f.name]
        names += [*mapping.synonyms.get(f.name, ()), *mapping.sums.get(f.name, ())]
        if f.required and names and not is_filled and not (f.name == "currency" and mapping.currency):
            missing.append(f.header if f.header in names else names[0])
    if missing:
        found = shown_header(source.header)
        hidden = ", ".join(notice.column for notice in source.notices if notice.code == "HiddenColumn")
        raise MissingColumns(
            file=source.path.name, missing=", ".join(missing), found=f"{found}; hidden: {hidden}" if hidden else found, reason="missing"
        )


def shown_header(header: list[str]) -> str:
    """Return the header for a message, unless it looks like a row of data, which may be personal."""
    if any(_DATA.search(name) for name in header):
        return "what looks like a row of values, which is not repeated here"
    return ", ".join(name[:40] for name in header[:40])


def check_constants(plan: Plan) -> None:
    """Read the mapping's constants and defaults as if they were cells.

    Raises:
        MappingInvalid: one cannot be read, or a parameter is not given.
    """
    reasons = [
        f"the parameter {t.parameter} is not given"
        for t in plan.mapping.derived.values()
        if t.name == "days_until" and t.parameter not in plan.parameters
    ]
    rows = np.zeros(1, dtype=np.int64)
    for name, text in (*plan.mapping.constants.items(), *plan.mapping.defaults.items()):
        column = Column(plan.spec.field(name), "", rows, plan.mapping)
        read_column(column, pa.array([text or None], pa.string()), currency=plan.mapping.currency or "CNY")
        reasons += [f"constant {name}: {fault.message()}" for fault in column.problems]
    if reasons:
        raise MappingInvalid(mapping=plan.mapping.name, reasons="; ".join(reasons))


def is_typed(plan: Plan, f: Field) -> bool:
    """Say whether a field is computed from fields that were read."""
    return f.name in plan.mapping.derived and plan.mapping.derived[f.name].is_typed


def _is_surplus_field(spec: RecordSpec, column: str) -> bool:
    return any(f.privacy == "surplus" and column in (f.name, f.header, f.en, f.zh) for f in spec.fields)
