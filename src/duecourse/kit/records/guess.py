"""Guessing how the columns of an unknown file map to a record, from their names and their values, with reasons a person can check."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from duecourse.kit.errors import InvalidInput, Problem
from duecourse.kit.masking import Masked
from duecourse.kit.records import contents, surplus
from duecourse.kit.records.cells import Limits
from duecourse.kit.records.convert import Column, read_column, translation
from duecourse.kit.records.headers import HeaderIndex
from duecourse.kit.records.mapping import Mapping
from duecourse.kit.records.names import normal
from duecourse.kit.records.proposal import QUARANTINE, proposed_mapping
from duecourse.kit.records.reading import open_source
from duecourse.kit.records.spec import Field, RecordSpec
from duecourse.kit.records.totals_row import TotalsRow

SAMPLES_SHOWN = 3
SCORE_MIN = 0.4
KIND_OF_FIELD = {
    "id_number": "id_number", "phone": "phone", "email": "email", "address": "address", "person_name": "name", "name": "name",
    "currency": "currency",
}  # fmt: skip
"""Text fields whose values can be recognised → kind of `contents.DETECTORS`."""
KINDS: dict[str, tuple[str, str]] = {
    "HeaderKnown": ("Its name is one of those known for {field}.", ""),
    "HeaderSimilar": ("Its name contains {known}, which is known for {field}.", ""),
    "IgnoredByName": ("It is known and not needed.", ""),
    "LooksId_number": ("{fit_count} of {count} values are identity numbers with the right check digit.", ""),
    "LooksPhone": ("{fit_count} of {count} values are telephone numbers.", ""),
    "LooksEmail": ("{fit_count} of {count} values are e-mail addresses.", ""),
    "LooksCard": ("{fit_count} of {count} values are card numbers with the right check digit.", ""),
    "LooksAddress": ("{fit_count} of {count} values look like addresses.", ""),
    "LooksName": ("{fit_count} of {count} values look like names of people.", ""),
    "LooksCurrency": ("{fit_count} of {count} values are currencies.", ""),
    "ReadsAmount": ("{fit_count} of {count} values can be read as amounts.", ""),
    "ReadsInteger": ("{fit_count} of {count} values can be read as whole numbers.", ""),
    "ReadsDate": ("{fit_count} of {count} values can be read as dates.", ""),
    "ReadsInstant": ("{fit_count} of {count} values can be read as date and time.", ""),
    "ReadsBoolean": ("{fit_count} of {count} values can be read as yes or no.", ""),
    "ReadsCode": ("{fit_count} of {count} values are known codes, or words for them.", ""),
    "OrderUnclear": ("Day and month cannot be told apart in these values; name the form in the mapping.", ""),
    "NoValues": ("None of the sampled rows has a value in it.", ""),
    "FieldTaken": ("It could be {field}, which is read from {chosen}.", ""),
    "AddedUp": ("Its amounts are added to {field}, with those of other columns.", ""),
    "NothingKnown": ("Neither its name nor its values say what it is.", ""),
}
"""Reason → English sentence, which is also the key of its translation."""


class SheetUnguessable(InvalidInput):
    """The file has no rows to look at."""

    what = "The file {file} has a header and no rows, so there is nothing to guess from."
    todo = "Choose a file with rows."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is proposed: a key of `KINDS` here or in `surplus`, and the values of its places."""

    code: str
    parameters: AnyMapping[str, Any] = field(default_factory=dict)

    @property
    def template(self) -> str:
        """The English sentence with `{named}` places; also the translation key."""
        return (KINDS.get(self.code) or surplus.KINDS[self.code])[0]


@dataclass(frozen=True, slots=True)
class ColumnGuess:
    """What is proposed for one column.

    Attributes:
        column: its name in the file.
        proposal: a field of the record, `quarantine`, or None to pass it over.
        score: 0 to 1, two decimals; for quarantine how sure the reason is.
        reasons: why.
        samples: the first values, masked.
        displays: what may be shown of them.
        alternatives: (field, score), the better ones first.
        value_count: sampled rows with a value.
    """

    column: str
    proposal: str | None
    score: float
    reasons: tuple[Reason, ...]
    samples: tuple[Masked[str], ...] = ()
    displays: tuple[str, ...] = ()
    alternatives: tuple[tuple[str, float], ...] = ()
    value_count: int = 0


@dataclass(frozen=True, slots=True)
class MappingGuess:
    """What is proposed for a file.

    Attributes:
        file: its name.
        spec: the record.
        columns: one proposal per column that has a name or values, in the order of the file.
        missing: required fields that nothing fills.
        currency: of all amounts, where no column gives it, or ''.
        dates: date forms found.
        notices: sheets and columns that were passed over.
        base: what is known of names and words, to make the mapping with.
        row_count: sampled rows.
    """

    file: str
    spec: RecordSpec
    columns: tuple[ColumnGuess, ...]
    missing: tuple[str, ...]
    currency: str
    dates: tuple[str, ...]
    notices: tuple[Problem, ...]
    base: Mapping
    row_count: int

    def to_mapping(
        self,
        name: str,
        *,
        version: int,
        corrections: AnyMapping[str, str | None] | None = None,
        constants: AnyMapping[str, str] | None = None,
        currency: str = "",
        fill_merged: Sequence[str] = (),
    ) -> Mapping:
        """Return the mapping, with what a person corrected.

        Args:
            name: of the mapping.
            version: of the mapping.
            corrections: column → field, None to pass it over, or `quarantine`. Who gives a field to a column takes it from the guessed one;
                two columns for one amount are added.
            constants: field → text, for what no column holds.
            currency: of all amounts, when no column gives it and the guess is wrong.
            fill_merged: columns in which a merged cell's value stands for all of its rows.

        Raises:
            CorrectionUnclear: a column is not in the file, or two columns are named for one field that cannot be added.
            MappingInvalid: required fields are still missing, or a field is unknown.
        """
        proposals = {guess.column: guess.proposal for guess in self.columns}
        mapping = proposed_mapping(
            dataclasses.replace(self.base, name=name, version=version, dates=self.dates, fill_merged=tuple(map(escape, fill_merged))),
            proposals,
            spec=self.spec,
            corrections=corrections or {},
            constants=constants or {},
            currency=currency or self.currency,
        )
        mapping.check(self.spec)
        return mapping


def guess_mapping(
    path: Path, *, spec: RecordSpec, samples: int = 200, known: Sequence[Mapping] = (), sheet: str = "", limits: Limits | None = None
) -> MappingGuess:
    """Look at the first rows of a CSV, XLSX or Parquet file and propose what each column is.

    Args:
        path: the file.
        spec: the record it should become.
        samples: how many rows to look at.
        known: mappings whose column names and words are known; the first one to know a name wins.
        sheet: of a workbook; '' is the first visible one.
        limits: bounds on sizes.

    Raises:
        FileRefused: nothing of the file can be read.
        SheetUnguessable: it has no rows.

    Guarantees: the same file gives the same guess; what a name says outweighs what values look like, and every score has its reasons.
    """
    base = dataclasses.replace(combined(spec, known), sheet=sheet)
    source = open_source(path, mapping=base, limits=limits or Limits())
    batches = TotalsRow(base).without(source.batches)
    try:
        table = next((cells.table for cells in batches if cells.table.num_rows), None)
    finally:
        getattr(source.batches, "close", lambda: None)()
    if table is None:
        raise SheetUnguessable(file=path.name)
    texts = {name: _values(table[name].slice(0, samples), base.nulls) for name in source.header}
    columns = [name for name in source.header if name not in source.nameless or texts[name]]
    looks = [_Look(name, place, texts[name], spec, base) for place, name in enumerate(columns)]
    guesses = _assigned(looks)
    filled = {guess.proposal for guess in guesses}
    has_han = 2 * sum(1 for name in columns if any("\u4e00" <= sign <= "\u9fff" for sign in name)) >= len(columns)
    currency = "" if "currency" in filled or not has_han else "CNY"
    filled |= {"currency"} if currency else set()
    missing = tuple(f.name for f in spec.kept if f.required and f.name not in filled)
    dates = _forms_found(guesses, texts, spec)
    return MappingGuess(path.name, spec, tuple(guesses), missing, currency, dates, source.notices, base, min(table.num_rows, samples))


def combined(spec: RecordSpec, known: Sequence[Mapping]) -> Mapping:
    """Return one mapping that has the names and words of all: the record's own names and labels first, then those of each mapping."""
    synonyms: dict[str, list[str]] = {f.name: [n for n in dict.fromkeys((f.name, f.header, f.zh, f.en)) if n] for f in spec.kept}
    sums: dict[str, list[str]] = {}
    values: dict[str, dict[str, str]] = {}
    for mapping in known:
        for column, name in mapping.columns.items():
            synonyms[name].append(column)
        for name, columns in mapping.synonyms.items():
            synonyms[name] += columns
        for name, columns in mapping.sums.items():
            sums.setdefault(name, []).extend(columns)
        for name, table in mapping.values.items():
            values[name] = {**table, **values.get(name, {})}
    sums = {name: [*synonyms.pop(name, ()), *columns] for name, columns in sums.items()}
    return Mapping(
        name="guess", record=spec.name, header_rows=0, rounding="half_up",
        synonyms={name: tuple(dict.fromkeys(columns)) for name, columns in synonyms.items()},
        sums={name: tuple(dict.fromkeys(columns)) for name, columns in sums.items()},
        values=values,
        nulls=tuple(dict.fromkeys(text for mapping in (*known, Mapping(name="", record="")) for text in mapping.nulls)),
        surplus=tuple(dict.fromkeys(pattern for mapping in known for pattern in mapping.surplus)),
        ignore=tuple(dict.fromkeys(pattern for mapping in known for pattern in mapping.ignore if pattern != "*")),
        totals=tuple(dict.fromkeys(word for mapping in known for word in mapping.totals)),
    )  # fmt: skip


def _values(column: pa.ChunkedArray, nulls: tuple[str, ...]) -> list[str]:
    trimmed = pc.utf8_trim_whitespace(column)
    return [str(text) for text in trimmed.filter(pc.invert(pc.is_in(trimmed, pa.array(["", *nulls])))).to_pylist()]


@dataclass(slots=True)
class _Candidate:
    """One field that a column could be."""

    name: str
    score: float
    reasons: list[Reason]
    is_named: bool = False
    rank: int = 0


@dataclass(slots=True)
class _Look:
    """One column, looked at."""

    column: str
    place: int
    texts: list[str]
    spec: RecordSpec
    base: Mapping
    counts: dict[str, int] = field(init=False)
    candidates: list[_Candidate] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = contents.counts_of(self.texts)
        self.candidates = sorted(self._candidates(), key=lambda c: (-c.score, c.rank, c.name))

    @property
    def kind(self) -> str | None:
        """The personal kind of its values, or None."""
        return contents.personal_kind(self.counts, count=len(self.texts)) if self.texts else None

    def _candidates(self) -> list[_Candidate]:
        index = HeaderIndex(self.base)
        ranked = index.ranked(self.column)
        if ranked is not None and ranked[0] in self.spec.names:
            share, reasons = self._fit(self.spec.field(ranked[0]))
            named = [Reason("HeaderKnown", {"field": ranked[0]}), *reasons]
            return [_Candidate(ranked[0], round(0.6 + 0.4 * share, 2), named, is_named=True, rank=ranked[1]), *self._by_content(ranked[0])]
        if self.surplus_code() or self.base.is_ignored(self.column):
            return []
        found = self._by_content("")
        for name, (weight, known) in self._similar().items():
            share, reasons = self._fit(self.spec.field(name))
            score = round(weight * (0.5 + 0.5 * share), 2)
            found = [c for c in found if c.name != name]
            found.append(_Candidate(name, score, [Reason("HeaderSimilar", {"field": name, "known": known}), *reasons]))
        return [candidate for candidate in found if candidate.score >= SCORE_MIN]

    def _by_content(self, but: str) -> list[_Candidate]:
        """Return the fields that the values alone speak for: identity numbers, telephones, e-mail addresses."""
        kind = self.kind
        if kind not in ("id_number", "phone", "email"):
            return []
        share = self.counts[kind] / len(self.texts)
        names = [name for name, of in KIND_OF_FIELD.items() if of == kind and name in self.spec.names and name != but]
        return [_Candidate(name, round(0.5 * share, 2), self._fit(self.spec.field(name))[1]) for name in names]

    def _similar(self) -> dict[str, tuple[float, str]]:
        """Return field → how much of the column's name the longest known name within it makes up, and that name."""
        own, best = normal(self.column), dict[str, tuple[float, str]]()
        for name, columns in (*self.base.synonyms.items(), *self.base.sums.items()):
            for known in columns:
                plain = normal(known)
                if len(plain) >= (4 if plain.isascii() else 2) and plain in own and name in self.spec.names:
                    weight = 0.4 + 0.4 * len(plain) / len(own)
                    best[name] = max(best.get(name, (0.0, "")), (weight, known))
        return best

    def _fit(self, f: Field) -> tuple[float, list[Reason]]:
        """Return the share of values that the field can hold, and the reason; texts of no special kind count half."""
        if not self.texts:
            return 0.5, [Reason("NoValues")]
        kind = KIND_OF_FIELD.get(f.name)
        if kind == "currency":
            words = self.base.values.get(f.name, {})
            fits = contents.counts_of([translation(text, words) or "" for text in self.texts])["currency"]
        elif kind:
            fits = self.counts[kind]
        elif f.type == "text":
            return 0.75, []
        else:
            fits = _readable_count(f, self.texts, self.base)
        code = f"Looks{kind.capitalize()}" if kind else f"Reads{f.type.capitalize()}"
        reasons = [Reason(code, {"fit_count": fits, "count": len(self.texts)})]
        if f.type == "date" and contents.is_order_unclear(self.texts):
            reasons.append(Reason("OrderUnclear"))
        return fits / len(self.texts), reasons

    def surplus_code(self) -> str | None:
        """Return why its name speaks for quarantine, or None."""
        if any(f.privacy == "surplus" and normal(self.column) in map(normal, (f.name, f.zh, f.en)) for f in self.spec.fields):
            return "NamedSurplus"
        return self.base.surplus_code(self.column)


def _readable_count(f: Field, texts: list[str], base: Mapping) -> int:
    mapping = dataclasses.replace(base, dates=contents.date_forms(texts))
    column = Column(dataclasses.replace(f, required=False, minimum=None), "", np.arange(len(texts), dtype=np.int64), mapping)
    values = read_column(column, pa.array(texts, pa.string()), currency="CNY")
    return int(pc.sum(pc.and_(pc.is_valid(values), pa.array(~column.bad))).as_py() or 0)


def _assigned(looks: list[_Look]) -> list[ColumnGuess]:
    """Give each field to the column that fits best: known names in their order of preference first, then by score, then by place."""
    queue = [(look, candidate) for look in looks for candidate in look.candidates]
    queue.sort(
        key=lambda pair: (
            not (pair[1].is_named and pair[1].score >= 0.8),
            pair[1].rank if pair[1].is_named else 0,
            -pair[1].score,
            pair[0].place,
        )
    )
    taken: dict[str, str] = {}
    chosen: dict[str, _Candidate] = {}
    spare: dict[str, list[Reason]] = {}
    for look, candidate in queue:
        if look.column in chosen:
            continue
        is_added = candidate.is_named and candidate.name in look.base.sums
        if candidate.name in taken and not is_added:
            spare.setdefault(look.column, []).append(Reason("FieldTaken", {"field": candidate.name, "chosen": taken[candidate.name]}))
            continue
        if candidate.name in taken:
            candidate.reasons.append(Reason("AddedUp", {"field": candidate.name}))
        taken.setdefault(candidate.name, look.column)
        chosen[look.column] = candidate
    return [_guess(look, chosen.get(look.column), spare.get(look.column, [])) for look in looks]


def _guess(look: _Look, candidate: _Candidate | None, spare: list[Reason]) -> ColumnGuess:
    proposal, score, reasons, is_open = None, 0.0, list(spare), False
    if candidate is not None:
        proposal, score, reasons = candidate.name, candidate.score, [*candidate.reasons, *spare]
        is_open = look.spec.field(proposal).privacy in ("public", "business") and not look.spec.field(proposal).is_identifier
    elif code := look.surplus_code():
        proposal, score, reasons = QUARANTINE, 1.0, [Reason(code)]
    elif look.base.is_ignored(look.column):
        score, reasons = 1.0, [Reason("IgnoredByName")]
    elif (kind := look.kind) is not None:
        fits = {"fit_count": look.counts[kind], "count": len(look.texts)}
        proposal, score = QUARANTINE, round(look.counts[kind] / len(look.texts), 2)
        reasons = [*spare, Reason("PersonalLookingColumn"), Reason(f"Looks{kind.capitalize()}", fits)]
    elif not spare:
        reasons = [Reason("NothingKnown" if look.texts else "NoValues")]
    samples = tuple(Masked(text) for text in list(dict.fromkeys(look.texts))[:SAMPLES_SHOWN])
    kind = look.kind or (contents.HIDDEN if proposal == QUARANTINE else _shown_as(proposal, look.spec))
    displays = tuple(contents.display(sample, kind=kind, is_open=is_open) for sample in samples)
    others = tuple((other.name, other.score) for other in look.candidates if other.name != proposal)
    return ColumnGuess(look.column, proposal, score, tuple(reasons), samples, displays, others, len(look.texts))


def _shown_as(proposal: str | None, spec: RecordSpec) -> str | None:
    """Return the mask for values of a field that are not what they should be; numbers of accounts show their ends."""
    if proposal is None or proposal == "currency":
        return None
    return KIND_OF_FIELD.get(proposal) or ("id_number" if spec.field(proposal).is_identifier else None)


def _forms_found(guesses: list[ColumnGuess], texts: dict[str, list[str]], spec: RecordSpec) -> tuple[str, ...]:
    """Return the date forms that the proposed date columns need, the ISO form first."""
    forms = ["YYYY-MM-DD"]
    for guess in guesses:
        if guess.proposal in spec.names and spec.field(guess.proposal).type == "date":
            tried = contents.date_forms(texts[guess.column])
            forms += [form for form in tried if form in contents.forms_that_read(texts[guess.column], tried)]
    return tuple(dict.fromkeys(forms))
