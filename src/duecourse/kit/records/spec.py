"""Record specs: what a row of a file means, as a table of fields.

Each field has a type, a unit, whether it must be there, a privacy class and its name in two languages. A spec knows nothing of any
sender's column names; a `Mapping` translates those.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import yaml

from duecourse.kit.records.refusals import SpecInvalid

FieldType = Literal["text", "integer", "amount", "date", "instant", "boolean", "code"]
Privacy = Literal["public", "business", "personal", "sensitive", "surplus"]

ROW = "_row"
TEXT_LENGTH_MAX = 500

_ARROW = {
    "text": pa.string(),
    "code": pa.string(),
    "integer": pa.int64(),
    "amount": pa.int64(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column of a record.

    Attributes:
        name: the column's name in tables; amounts end in `_minor`.
        type: text, integer, amount, date, instant, boolean, or code (one of `choices`).
        unit: what an integer counts (`days`, `bp`), or ''; amounts are in minor units of the record's currency.
        required: every row must have a value.
        privacy: public, business, personal, sensitive; surplus means known, not wanted, and quarantined when it comes.
        en: the name people read, in English.
        zh: the same in Chinese.
        choices: the codes a code field may have.
        minimum: the least integer or amount (in minor units) allowed, or None.
        length_max: the most characters a text may have.
        is_identifier: the text names something, so full-width characters become half-width: ＡＢ１２ is AB12.
    """

    name: str
    type: FieldType = "text"
    unit: str = ""
    required: bool = False
    privacy: Privacy = "business"
    en: str = ""
    zh: str = ""
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    length_max: int = TEXT_LENGTH_MAX
    is_identifier: bool = False

    @property
    def header(self) -> str:
        """The name in files that people read: an amount is written in major units there, so it loses `_minor`."""
        return self.name.removesuffix("_minor") if self.type == "amount" else self.name

    @property
    def is_number(self) -> bool:
        """Whether its values can be added up."""
        return self.type in ("amount", "integer")

    @property
    def arrow_type(self) -> pa.DataType:
        """string, int64, date32, timestamp('us', 'UTC') or bool."""
        return _ARROW[self.type]

    def label(self, lang: str) -> str:
        """Return the name in a language (`en`, `zh…`), or the header name."""
        return (self.zh if lang.startswith("zh") else self.en) or self.header


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """A named table of fields.

    A field named `currency` gives each row's currency; without one the mapping names the currency of the file.

    Raises:
        SpecInvalid: repeated or reserved names, unknown types or privacy classes, a code without choices.
    """

    name: str
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        reasons = [reason for field in self.fields for reason in _faults(field)]
        names = [field.name for field in self.fields]
        reasons += [f"{name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
        if reasons or not names:
            raise SpecInvalid(spec=self.name, reasons="; ".join(reasons) or "it has no fields")

    def field(self, name: str) -> Field:
        """Return the field of that name; KeyError when there is none."""
        return {field.name: field for field in self.fields}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields that tables have: all but the surplus ones."""
        return tuple(field.name for field in self.kept)

    @property
    def kept(self) -> tuple[Field, ...]:
        """The fields that tables have: all but the surplus ones."""
        return tuple(field for field in self.fields if field.privacy != "surplus")

    @property
    def schema(self) -> pa.Schema:
        """The schema of accepted rows: `_row` int64, then the fields; required ones are not nullable."""
        columns = [pa.field(field.name, field.arrow_type, nullable=not field.required) for field in self.kept]
        return pa.schema([pa.field(ROW, pa.int64(), nullable=False), *columns])

    @classmethod
    def from_yaml(cls, path: Path) -> RecordSpec:
        """Read a spec: `name`, and `fields` as a list of mappings with the attributes of `Field`.

        Raises:
            SpecInvalid: it has another form.
        """
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
            return cls._from_document(document)
        except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
            raise SpecInvalid(spec=path.name, reasons=f"it has not the form of a spec ({error})") from error

    @classmethod
    def _from_document(cls, document: Any) -> RecordSpec:
        rows = [{**row, "choices": tuple(str(choice) for choice in row.get("choices", ()))} for row in document["fields"]]
        return cls(str(document["name"]), tuple(Field(**row) for row in rows))


def _faults(field: Field) -> list[str]:
    allowed = {"type": get_args(FieldType), "privacy": get_args(Privacy)}
    reasons = [
        f"{field.name} has the unknown {key} {getattr(field, key)}" for key, known in allowed.items() if getattr(field, key) not in known
    ]
    if field.name.startswith("_") or not field.name.isidentifier():
        reasons.append(f"{field.name} is not a column name")
    if field.type == "code" and not field.choices:
        reasons.append(f"{field.name} is a code without choices")
    if field.type == "amount" and not field.name.endswith("_minor"):
        reasons.append(f"{field.name} is an amount and must end in _minor")
    return reasons


FIELD_KEYS = tuple(f.name for f in fields(Field))
