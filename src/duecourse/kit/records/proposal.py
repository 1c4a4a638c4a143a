"""From a guess and a person's corrections to a mapping."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as AnyMapping
from glob import escape

from duecourse.kit.errors import InvalidInput
from duecourse.kit.records.mapping import Mapping, fold
from duecourse.kit.records.spec import RecordSpec

QUARANTINE = "quarantine"


class CorrectionUnclear(InvalidInput):
    """A correction names a column that is not there, or gives one field to two columns."""

    what = "The corrections cannot be followed: {reasons}."
    todo = "Name each column as the file does, and one column per field."
    read = "docs/file-specs.md"


def proposed_mapping(
    base: Mapping,
    proposals: AnyMapping[str, str | None],
    *,
    spec: RecordSpec,
    corrections: AnyMapping[str, str | None],
    constants: AnyMapping[str, str],
    currency: str,
) -> Mapping:
    """Return `base` with the columns of the proposals, as corrected; names and words of fields that are not used are left out.

    Args:
        base: name, version, forms, words.
        proposals: column → field, None or `quarantine`.
        spec: the record.
        corrections: the same, by a person; they win.
        constants: field → text.
        currency: of all amounts where no column gives it.

    Raises:
        CorrectionUnclear: a column is not in the file, or two columns are named for one field that cannot be added.
    """
    corrected = {fold(column): target for column, target in corrections.items()}
    reasons = [f"there is no column {column[:64]}" for column in corrected if column not in proposals]
    given = {*corrected.values(), *constants} - {None, QUARANTINE}
    columns_of: dict[str, list[str]] = {}
    left: dict[str | None, list[str]] = {QUARANTINE: [], None: []}
    for column, proposal in proposals.items():
        target = corrected.get(column, None if proposal in given else proposal)
        if target is None or target == QUARANTINE:
            left[target].append(column)
        else:
            columns_of.setdefault(target, []).append(column)
    numbers = {f.name for f in spec.kept if f.is_number}
    reasons += [f"{', '.join(names)} are one field, {name}" for name, names in columns_of.items() if len(names) > 1 and name not in numbers]
    if reasons:
        raise CorrectionUnclear(reasons="; ".join(reasons))
    return dataclasses.replace(
        base,
        columns={names[0]: name for name, names in columns_of.items() if len(names) == 1},
        sums={name: tuple(names) for name, names in columns_of.items() if len(names) > 1},
        synonyms={},
        constants=dict(constants),
        values={name: table for name, table in base.values.items() if name in columns_of},
        currency="" if "currency" in columns_of or "currency" in constants else currency,
        surplus=tuple(escape(column) for column in left[QUARANTINE]),
        ignore=tuple(escape(column) for column in left[None]),
    )
