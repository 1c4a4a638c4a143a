"""Reasons to refuse a whole file, spec or mapping, and the kinds of problems a single row can have."""

from __future__ import annotations

from typing import Any

from duecourse.kit.errors import DuecourseError, InvalidInput, Problem

PAGE = "docs/file-specs.md"


class SpecInvalid(InvalidInput):
    """A record spec contradicts itself."""

    what = "The record spec {spec} is not valid: {reasons}."
    todo = "Correct the spec."
    read = PAGE


class MappingInvalid(InvalidInput):
    """A mapping does not fit its record spec, or has keys nobody knows; all reasons are listed."""

    what = "The mapping {mapping} is not valid: {reasons}."
    todo = "Correct the mapping file."
    read = PAGE


class UnknownMapping(InvalidInput):
    """There is no mapping of that name."""

    what = "There is no mapping {mapping}."
    why = "These exist: {known}."
    todo = "Choose one of them or add a mapping file."
    read = PAGE


class MappingExists(InvalidInput):
    """A shipped mapping has the name, or this version was saved with other content."""

    what = "There is a mapping {mapping} already, shipped or in version {version}."
    why = "A version that files were read with never changes."
    todo = "Choose another name or version."
    read = PAGE
    http_status = 409


class FileRefused(InvalidInput):
    """The root of the reasons to take nothing from a file."""

    what = "The file {file} cannot be read: {reason}."
    todo = "Export it again, as CSV in UTF-8 when in doubt."
    read = PAGE


class FileAbsent(FileRefused):
    """There is no such file, or it may not be opened."""

    what = "The file {file} cannot be opened: {reason}."
    todo = "Check the path and who may read it."


class EmptyFile(FileRefused):
    """The file has no bytes, or nothing but blank lines."""

    what = "The file {file} is empty."
    todo = "Ask the sender for the file; an empty delivery is not the same as no overdue loans."


class BinaryFile(FileRefused):
    """The file is not text, and not a workbook or Parquet file either."""

    what = "The file {file} is not a table: it holds bytes that no text has, first at byte {position}."
    todo = "Send CSV (UTF-8 or GB18030), XLSX or Parquet; a file saved as UTF-16 or packed must be saved again."


class PasswordProtected(FileRefused):
    """The workbook is encrypted, or of the old binary kind, which looks the same from outside."""

    what = "The workbook {file} is protected by a password or has the old .xls form."
    todo = "Save it as .xlsx without a password and send it through the protected upload."


class MacroWorkbook(FileRefused):
    """The workbook carries programs."""

    what = "The workbook {file} holds macros."
    why = "Programs in a delivery are not accepted, even unused."
    todo = "Save it as .xlsx."


class TooLarge(FileRefused):
    """A limit that keeps memory and disk safe was passed."""

    what = "The file {file} passes a limit: {quantity} is {actual}, the limit is {limit}."
    todo = "Split the file, or raise the limit if the size is right."


class MissingColumns(FileRefused):
    """Required columns are not in the header; all of them are named."""

    what = "The file {file} lacks the columns {missing}."
    why = "Its header has: {found}."
    todo = "Add the columns, or choose the mapping that fits this file."


class RepeatedColumns(FileRefused):
    """Two columns have one name, so it is unknown which one is meant."""

    what = "The file {file} has more than one column named {columns}."
    todo = "Rename or remove one of them."


class TotalsRowDisagrees(FileRefused):
    """The last row gives sums that the rows above it do not have."""

    what = "The file {file} contradicts itself: in its last row, which gives totals, {differences}."
    why = "A row may be missing, doubled or changed after the totals were made. Amounts that cannot be read: {unreadable}."
    todo = "Ask the sender which is right; without its row of totals the file is taken as it is."


class WriteFailed(DuecourseError):
    """A file could not be written whole, so it was not written at all."""

    what = "The file {file} could not be written: {reason}."
    why = "Nothing was left half-written; a file that was there before is untouched."
    todo = "Free space or choose another folder, then run the same command again."
    http_status = 507


KINDS: dict[str, tuple[str, str]] = {
    "MissingValue": ("The value is missing.", "Fill it in."),
    "TextTooLong": ("The text has more than {maximum} characters.", "Shorten it."),
    "TextUnprintable": ("The text holds control characters.", "Remove them."),
    "IntegerUnreadable": ("It is not a whole number.", "Write digits only."),
    "AmountUnreadable": ("The amount cannot be read: {reason}.", "Write it as {example}."),
    "CurrencyUnknown": ("The currency of the row is not known.", "Use the ISO 4217 code, for example CNY."),
    "DateUnreadable": ("The date has another form than {forms}.", "Write it in one of these forms."),
    "DateImpossible": ("There is no such day.", "Correct the date."),
    "InstantUnreadable": ("The date and time cannot be read.", "Write it as 2026-05-01T09:30:00+08:00."),
    "BooleanUnreadable": ("It is neither yes nor no.", "Write true or false."),
    "CodeUnknown": ("The value is not one of {choices}.", "Use one of them, or add it to the mapping."),
    "BelowMinimum": ("The value is below {minimum}.", "Correct it, or ask why it is negative."),
    "MixedEncoding": ("The row is not in the file's encoding {encoding}.", "Save the whole file in one encoding, UTF-8 when possible."),
    "WrongCellCount": ("The row has {actual} cells and the header {expected}.", "Put quotes around cells that hold the separator."),
    "CellTooLong": ("A cell has more than {maximum} characters.", "Check for a quote that is never closed."),
    "DigitsLost": ("A spreadsheet program kept the number as 6.2E+18, and its last digits are lost.", "Format the column as text."),
    "SpareColumn": ("The column was not read: the field is read from {chosen}.", "If this one is right, name it in the mapping."),
    "NamelessColumn": ("The column has no name and {count} values, which were not read.", "Give it a name if it is needed."),
    "HiddenColumn": ("The column is hidden and was not read.", "Show it in the workbook if it is needed."),
    "HiddenSheet": ("The sheet is hidden and was not read.", "Show it in the workbook, or name it in the mapping, if it is needed."),
    "MergedCells": (
        "{count} cells are empty because they belong to a merged cell above, which has its value in its first row only.",
        "Unmerge and fill them, or name the column under fill_merged in the mapping, if the value holds for all of the rows.",
    ),
    "MergedFilled": ("{count} cells were filled with the value of the merged cell they belong to.", ""),
    "OtherSheet": ("The sheet was not read: the first visible one is.", "Name it in the mapping if it is the right one."),
    "TotalsRow": ("The last row gives totals; it agrees with the rows in {columns}.", ""),
    "TotalsRowUnchecked": ("The last row gives totals; it is no account and could not be compared with the rows.", ""),
    "UnknownColumn": ("The column is not in the mapping and was not read.", "Add it to the mapping, or to its ignore list."),
}


FILE_KINDS = frozenset(
    {
        "UnknownColumn",
        "SpareColumn",
        "NamelessColumn",
        "HiddenColumn",
        "HiddenSheet",
        "MergedCells",
        "MergedFilled",
        "OtherSheet",
        "TotalsRow",
        "TotalsRowUnchecked",
    }
)
"""Kinds that speak of the file, in row 0, and refuse no row."""


def problem(code: str, *, row: int, column: str = "", **parameters: Any) -> Problem:
    """Return the row problem of a declared kind."""
    what, todo = KINDS[code]
    return Problem(row=row, column=column, code=code, what=what, todo=todo, parameters=parameters)
