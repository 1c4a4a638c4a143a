"""Mappings: how one sender's file becomes a record, as a YAML file that an operator can write."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

import yaml

from duecourse.kit.calendar import zone as zone_of
from duecourse.kit.documents import yaml_document
from duecourse.kit.errors import DuecourseError
from duecourse.kit.money import Rounding, exponent
from duecourse.kit.records.dates import compile_form
from duecourse.kit.records.names import is_like
from duecourse.kit.records.refusals import MappingInvalid
from duecourse.kit.records.spec import RecordSpec
from duecourse.kit.records.surplus import surplus_code
from duecourse.kit.records.transforms import TRANSFORMS, Transform

REJECT_COLUMNS = ("_row", "_column", "_problem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """How the columns and texts of one sender's files become the fields of a record.

    Attributes:
        name: how operators call it.
        version: raised with each change; it is part of an intake's repeat key.
        record: the name of the record spec.
        encodings: those a file may have, in order of preference; a byte order mark always means UTF-8.
        delimiter: one character.
        header_rows: lines down to and with the one that holds the column names; 0 looks for it, one row or two, among the first ten.
        sheet: the name of a workbook's sheet, or '' for the first visible one.
        dates: date forms, for example YYYY-MM-DD, YYYYMMDD, YYYY/M/D, YY-Mon, YYYY年M月D日, excel.
        year_pivot: two-digit years from here on are 19xx.
        zone: the zone of instants without an offset, or '' to refuse them.
        rounding: of amounts with too many decimals.
        thousands: separator, or ''.
        decimal: decimal sign.
        currency: of all amounts of the file, or '' when the record has a currency column.
        nulls: texts that mean "no value", beside the empty one.
        columns: column in the file → field; all of them are expected to be different columns.
        synonyms: field → names its column may have, the preferred one first; the first one that is there is read.
        sums: field → names of columns; the amounts of all that are there are added.
        values: field → (text in the file → text of the record); a text with `*` is a pattern, tried after the others in their order.
        constants: field → text.
        defaults: field → text where there is no column for it, or no value in it.
        derived: field → transform.
        keep: column → texts; rows with another text are left out, counted and not a problem.
        surplus: name patterns of personal columns that nobody asked for; quarantined, with the built-in ones.
        ignore: name patterns of columns that are known and not needed.
        fill_merged: name patterns of a workbook's columns in which the value of a merged cell stands for all of its rows; never of amounts
            or dates of payment, which would be counted once per row.
        totals: words that mark a last row of totals; it is no row, and its sums must be those of the rows.
    """

    name: str
    record: str
    version: int = 1
    encodings: tuple[str, ...] = ("utf-8", "gb18030")
    delimiter: str = ","
    header_rows: int = 1
    sheet: str = ""
    dates: tuple[str, ...] = ("YYYY-MM-DD", "YYYYMMDD", "YYYY/M/D", "YYYY年M月D日")
    year_pivot: int = 69
    zone: str = ""
    rounding: Rounding = "exact"
    thousands: str = ","
    decimal: str = "."
    currency: str = ""
    nulls: tuple[str, ...] = ("NULL", "null", "N/A", "NaN", "nan", "\\N")
    columns: AnyMapping[str, str] = field(default_factory=dict)
    synonyms: AnyMapping[str, tuple[str, ...]] = field(default_factory=dict)
    sums: AnyMapping[str, tuple[str, ...]] = field(default_factory=dict)
    values: AnyMapping[str, AnyMapping[str, str]] = field(default_factory=dict)
    constants: AnyMapping[str, str] = field(default_factory=dict)
    defaults: AnyMapping[str, str] = field(default_factory=dict)
    derived: AnyMapping[str, Transform] = field(default_factory=dict)
    keep: AnyMapping[str, tuple[str, ...]] = field(default_factory=dict)
    surplus: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fill_merged: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()

    @classmethod
    def native(cls, spec: RecordSpec, *, currency: str = "", **changes: Any) -> Mapping:
        """Return the mapping of our own files: headers are the fields' names, or their English or Chinese labels."""
        columns = {name: f.name for f in spec.kept for name in (f.zh, f.en, f.name, f.header) if name}
        return cls(name=f"{spec.name}-native", record=spec.name, columns=columns, currency=currency, zone="UTC", **changes)

    @classmethod
    def from_yaml(cls, path: Path, *, spec: RecordSpec) -> Mapping:
        """Read a mapping file and check it against its spec.

        Raises:
            MappingInvalid: with all reasons.
        """
        try:
            document = yaml_document(path)
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise MappingInvalid(mapping=path.name, reasons=f"it is not YAML ({type(error).__name__})") from error
        if not isinstance(document, dict):
            raise MappingInvalid(mapping=path.name, reasons="it is not a mapping of keys")
        unknown = sorted(str(key) for key in document if key not in {f.name for f in fields(cls)})
        if unknown or "record" not in document:
            raise MappingInvalid(mapping=path.name, reasons=f"unknown keys {', '.join(unknown)}" if unknown else "it names no record")
        try:
            mapping = cls(**{"name": path.stem, **{key: _plain(key, value) for key, value in document.items()}})
        except (TypeError, KeyError, AttributeError, ValueError) as error:
            raise MappingInvalid(mapping=path.name, reasons=f"a key has another form than documented ({error})") from error
        mapping.check(spec)
        return mapping

    def check(self, spec: RecordSpec) -> None:
        """Compare the mapping with its spec.

        Raises:
            MappingInvalid: unknown fields, required fields that nothing fills, unknown encodings, currencies, forms or transforms.
        """
        reasons = [*self._field_faults(spec), *self._form_faults(spec)]
        if reasons:
            raise MappingInvalid(mapping=self.name, reasons="; ".join(reasons))

    def to_yaml(self) -> str:
        """Return the mapping as a file that `from_yaml` reads back; attributes that have their default are left out."""
        document = {"name": self.name, "version": self.version, "record": self.record}
        for f in fields(self):
            value = getattr(self, f.name)
            default = f.default_factory() if callable(f.default_factory) else f.default
            if f.name not in document and value != default:
                document[f.name] = _document(value)
        return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=140))

    def is_surplus(self, column: str) -> bool:
        """Say whether a column's name matches a pattern of personal columns that nobody asked for."""
        return self.surplus_code(column) is not None

    def surplus_code(self, column: str) -> str | None:
        """Return why a column of this name is quarantined, as a key of `surplus.KINDS`, or None when it is not."""
        return surplus_code(column, named=self.surplus)

    def is_ignored(self, column: str) -> bool:
        """Say whether a column is known and not needed."""
        return column in REJECT_COLUMNS or is_like(column, self.ignore)

    def _field_faults(self, spec: RecordSpec) -> list[str]:
        filled = {*self._named(), *self.constants, *self.defaults, *self.derived}
        reasons = [f"the record is {self.record}, the spec {spec.name}"] if self.record != spec.name else []
        reasons += [f"{name} is not a field of {spec.name}" for name in sorted((filled | set(self.values)) - set(spec.names))]
        reasons += [f"nothing fills {f.name}" for f in spec.kept if f.required and f.name not in filled and not self._gives(f.name)]
        doubled = [*self.constants, *self.derived, *self.synonyms, *self.sums, *set(self.columns.values())]
        reasons += [f"{name} is given {code}, which is not one of its choices" for name, code in self._unknown_codes(spec)]
        reasons += [f"{name} is filled twice" for name in sorted({n for n in doubled if doubled.count(n) > 1})]
        reasons += [f"{f.name} is a {f.type} and cannot be added up" for f in spec.kept if f.name in self.sums and not f.is_number]
        return reasons

    def _named(self) -> set[str]:
        """Return the fields that columns of the file fill."""
        return {*self.columns.values(), *self.synonyms, *self.sums}

    def _unknown_codes(self, spec: RecordSpec) -> list[tuple[str, str]]:
        lookups = [(name, t) for name, t in self.derived.items() if t.name == "lookup" and name not in self.values]
        given = [(name, code) for name, table in self.values.items() for code in table.values() if code]
        given += list(self.defaults.items())
        given += [(name, code) for name, t in lookups for code in (*t.table.values(), t.default) if code]
        choices = {f.name: f.choices for f in spec.kept if f.type == "code"}
        return [(name, code) for name, code in given if code not in choices.get(name, (code,))]

    def _gives(self, name: str) -> bool:
        return name == "currency" and bool(self.currency)

    def _form_faults(self, spec: RecordSpec) -> list[str]:
        reasons = []
        for encoding in self.encodings:
            try:
                b"a".decode(encoding, errors="replace")
            except (LookupError, UnicodeError):
                reasons.append(f"unknown encoding {encoding}")
        for form in self.dates:
            try:
                compile_form(form)
            except ValueError as error:
                reasons.append(str(error))
        if self.rounding not in get_args(Rounding):
            reasons.append(f"unknown rounding {self.rounding}")
        if len(self.delimiter) != 1 or self.header_rows < 0 or not self.encodings:
            reasons.append("delimiter must be one character, header_rows no less than 0, encodings at least one")
        if self.thousands == self.decimal or len(self.decimal) != 1:
            reasons.append("thousands and decimal must differ and decimal be one character")
        if any(sign.isalnum() or sign in "+-" for sign in self.thousands + self.decimal):
            reasons.append("thousands and decimal are no letters, digits or signs of a number")
        reasons += [f"unknown zone {self.zone}"] if self.zone and not _is_zone(self.zone) else []
        reasons += [f"unknown transform {t.name}" for t in self.derived.values() if t.name not in TRANSFORMS]
        return reasons + self._currency_faults(spec)

    def _currency_faults(self, spec: RecordSpec) -> list[str]:
        if self.currency:
            try:
                exponent(self.currency)
            except DuecourseError as error:
                return [error.message()]
        filled = {*self._named(), *self.constants, *self.defaults, *self.derived}
        has_amounts = any(f.type == "amount" and f.name in filled for f in spec.kept)
        return ["amounts need a currency"] if has_amounts and not self.currency and "currency" not in filled else []


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except DuecourseError:
        return False
    return True


def fold(column: str) -> str:
    """Return a column name with its width evened out, blanks around taken off and blanks within, line breaks too, made one."""
    return " ".join(unicodedata.normalize("NFKC", column).strip().lstrip("\ufeff").split())


def _plain(key: str, value: Any) -> Any:
    """Bring one YAML value into the attribute's form: texts stay texts although YAML reads numbers."""
    if key in ("encodings", "dates", "nulls", "surplus", "ignore", "fill_merged", "totals"):
        return tuple(_text(item) for item in value)
    if key in ("columns", "constants", "defaults"):
        return {_text(k): _text(v) for k, v in value.items()}
    if key == "values":
        return {_text(k): {_text(a): _text(b) for a, b in v.items()} for k, v in value.items()}
    if key in ("keep", "synonyms", "sums"):
        return {_text(k): tuple(_text(item) for item in v) for k, v in value.items()}
    if key == "derived":
        return {_text(k): Transform.from_document(v) for k, v in value.items()}
    if key in ("name", "sheet"):
        return _text(value)
    wanted: tuple[type, ...] = {"header_rows": (int,), "year_pivot": (int,), "version": (int, str)}.get(key, (str,))
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise TypeError(f"{key} is {value!r}"[:80])
    return value


def _document(value: Any) -> Any:
    """Bring an attribute's value into the form that YAML writes."""
    if isinstance(value, Transform):
        return value.document()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, AnyMapping):
        return {key: _document(item) for key, item in value.items()}
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
