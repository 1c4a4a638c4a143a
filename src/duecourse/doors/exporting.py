"""Rows of a listing as a file: streamed, neutralised, and marked with who took them out.

The first line says who exported, when and under which number; a workbook says it in its properties and on every printed page too. Below it
neighbouring rows stand in an order that only this export has: see `swaps`. docs/exports.md tells more.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import openpyxl
import pyarrow as pa
from django.conf import settings
from django.db import connection, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from duecourse.doors import words
from duecourse.doors.console.tables import LISTINGS, Asked, Column, Listing, asked_of
from duecourse.doors.jobs import job
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.money import plain_amount
from duecourse.kit.records.safety import neutralise
from duecourse.ledger.selectors import page_count, page_stream
from duecourse.ledger.services import file_put
from duecourse.parties.access import Actor, acting
from duecourse.parties.models import Creditor, Export, User
from duecourse.parties.selectors import access_export
from duecourse.parties.services import export_begin, export_ready

MEDIA_TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
SHEET_ROWS_MAX = 1_048_573
_NUMBERS = {"count", "percent", "ratio"}
_BITS = 256
Progress = Callable[[int, int], None]
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export takes out of a listing.

    Attributes:
        listing: the long table.
        asked: its filters and order, as read from the address.
        columns: those that may be exported, in the listing's order.
    """

    listing: Listing
    asked: Asked
    columns: tuple[Column, ...]


def wanted(*, actor: Actor, listing: str, query: str, columns: Sequence[str] = (), currency: str) -> Wanted:
    """Return what a query string asks of a listing.

    Args:
        actor: who asks.
        listing: its name.
        query: as it stands in the listing's address.
        columns: keys; none for those the listing would show.
        currency: of the creditor, for filters by amount.

    Raises:
        Absent: there is no such listing on the actor's side, or it is not theirs to export.
    """
    import_module("duecourse.doors.console.urls")
    found = LISTINGS.get(listing)
    if found is None or found.for_agency or actor.is_agency or (found.roles and actor.roles.isdisjoint(map(str, found.roles))):
        raise Absent(entity="listing")
    given = QueryDict(query).dict()
    asked = asked_of(found, given | ({"columns": ",".join(columns)} if columns else {}), currency=currency)
    return Wanted(found, asked, tuple(c for c in found.columns if c.can_export and c.key in asked.columns))


def rows_wanted(*, actor: Actor, what: Wanted) -> int:
    """Return how many rows there are, all of them counted."""
    parameters = what.listing.parameters(actor)
    return page_count(what.listing.query, creditor_id=actor.creditor_id, filters=what.asked.filters, parameters=parameters, maximum=None)


@job("export_make", title=_("Making an export"))
def export_make(*, actor: Actor, parameters: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Make the file of an approved export, in the name of who asked for it; a repeat makes no second one."""
    export_id = int(parameters["export_id"])
    row_count = make(actor=actor, export_id=export_id, progress=progress)
    return {"url": reverse("export", args=[export_id]), "counts": {"row_count": row_count}}


def make(*, actor: Actor, export_id: int, progress: Progress = lambda _done, _total: None) -> int:
    """Write an approved export's file, put it away sealed, and return how many rows it has.

    Raises:
        Absent, ExportNotOpen, ExportLeaving, ExportGrew: as `parties.services.export_begin`.

    Guarantees: all rows are of one moment; a repeat after the file was made changes nothing.
    """
    with acting(actor):
        export = access_export(actor=actor, export_id=export_id)
        creditor = Creditor.objects.get(pk=actor.creditor_id)
        what = wanted(actor=actor, listing=export.listing, query=export.query, columns=export.columns, currency=creditor.currency)
        asker = User.objects.only("display_name", "email").get(pk=actor.user_id)
    if export.state == "ready" and export.asked_by_id == actor.user_id:
        return export.row_count
    folder = Path(settings.DUECOURSE_HOME) / "work" / f"export-{actor.creditor_id}-{export.pk}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        path = folder / f"{export.listing}-{export.pk}.{export.file_format}"
        with _one_moment(actor):
            total = rows_wanted(actor=actor, what=what)
            export_begin(actor=actor, export_id=export.pk, on=local_day(now(), creditor.zone), now_count=total)
            row_count = _written(
                path, export=export, what=what, actor=actor, line=watermark(export, creditor, asker), told=(progress, total)
            )
        with acting(actor):
            stored = file_put(
                creditor_id=actor.creditor_id,
                kind="export",
                name=path.name,
                media_type=MEDIA_TYPES[export.file_format],
                content=path,
                is_personal=True,
                row_count=row_count,
            )
            export_ready(actor=actor, export_id=export.pk, file_id=stored.id, row_count=row_count)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return row_count


def watermark(export: Export, creditor: Creditor, asker: User) -> str:
    """Return the line that says who took the rows out, when, and under which number."""
    at = _here(now()).strftime("%Y-%m-%d %H:%M")
    template = gettext("Export {number} of {creditor}, taken out by {name} <{email}> on {at}. Not to be passed on.")
    return template.format(number=export.pk, creditor=creditor.name, name=asker.display_name, email=asker.email, at=at)


def swaps(mark: str, count: int) -> list[bool]:
    """Return, for the first `count` pairs of neighbouring rows, whether an export with this mark swaps the two.

    The answer for pair k is bit k mod 256, the highest first, of the SHA-256 of the mark, a colon and k div 256. Twenty pairs of a file that
    turns up tell one export from a million others, whatever was done to its first line.
    """
    digests = (hashlib.sha256(f"{mark}:{block}".encode()).digest() for block in range(-(-count // _BITS)))
    bits = [bool(byte >> shift & 1) for digest in digests for byte in digest for shift in range(7, -1, -1)]
    return bits[:count]


def marked(chunks: Iterable[Rows], mark: str) -> Iterator[Rows]:
    """Give rows on in lists of even length, but for the last, neighbours swapped as the mark says."""
    pair_count, left = 0, []
    for chunk in chunks:
        rows = left + chunk
        left = rows[len(rows) // 2 * 2 :]
        pairs = len(rows) // 2
        bits = swaps(mark, pair_count + pairs)[pair_count:]
        pair_count += pairs
        yield [
            row for k, is_swapped in enumerate(bits) for row in (rows[2 * k : 2 * k + 2][::-1] if is_swapped else rows[2 * k : 2 * k + 2])
        ]
    if left:
        yield left


@contextmanager
def _one_moment(actor: Actor) -> Iterator[None]:
    """Read everything in the block as it was at one moment; inside another transaction, as that sees it."""
    if connection.in_atomic_block:
        with acting(actor):
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with acting(actor):
            yield


class _Sheet(Protocol):
    def row(self, values: Sequence[Any]) -> None:
        """Write one row."""

    def close(self) -> None:
        """Write what is left, and close the file."""


class _Csv:
    """A CSV file in UTF-8 with a byte order mark, written as the rows come."""

    def __init__(self, path: Path, *, line: str) -> None:
        self._sink = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._sink, lineterminator="\r\n")
        self.row([line])

    def row(self, values: Sequence[Any]) -> None:
        self._writer.writerow(["" if value is None else value for value in values])

    def close(self) -> None:
        self._sink.close()


class _Workbook:
    """A workbook of one sheet, written as the rows come; the watermark is its first row, a property, and the foot of each printed page."""

    def __init__(self, path: Path, *, title: str, line: str, who: str) -> None:
        self._path, self._book = path, openpyxl.Workbook(write_only=True)
        self._book.properties.title, self._book.properties.creator, self._book.properties.description = title, who, line
        self._sheet = self._book.create_sheet("export")
        self._sheet.oddFooter.center.text = line.replace("&", "&&")[:200]
        self.row([line])

    def row(self, values: Sequence[Any]) -> None:
        self._sheet.append([ILLEGAL_CHARACTERS_RE.sub(" ", value) if isinstance(value, str) else value for value in values])

    def close(self) -> None:
        self._book.save(self._path)  # house: allow write because a workbook is no row


def _written(path: Path, *, export: Export, what: Wanted, actor: Actor, line: str, told: tuple[Progress, int]) -> int:
    """Write the rows and return how many."""
    progress, total = told
    is_csv = export.file_format == "csv"
    sheet: _Sheet = _Csv(path, line=line) if is_csv else _Workbook(path, title=f"Export {export.pk}", line=line, who=line)
    sheet.row(neutralise(pa.array([str(column.label) for column in what.columns], pa.string())).to_pylist())
    chunks = page_stream(
        what.listing.query,
        creditor_id=actor.creditor_id,
        order=what.asked.order,
        filters=what.asked.filters,
        parameters=what.listing.parameters(actor),
    )
    row_count = 0
    for rows in marked(chunks, export.mark):
        for values in zip(*(_cells(rows, column, is_csv=is_csv) for column in what.columns), strict=True):
            sheet.row(values)
        row_count += len(rows)
        progress(row_count, max(total, row_count))
    sheet.close()
    return row_count


def _cells(rows: Rows, column: Column, *, is_csv: bool) -> list[Any]:
    """Return a column's values as they stand in the file: numbers as numbers, texts so that no spreadsheet runs them."""
    values = [row.get(column.key) for row in rows]
    if column.kind in _NUMBERS:
        return values
    if column.kind == "money":
        texts = [None if value is None else plain_amount(value, row["currency"]) for value, row in zip(values, rows, strict=True)]
        return texts if is_csv else [None if text is None else _number(text) for text in texts]
    if column.kind == "day":
        return [value.isoformat()[:10] if value and is_csv else value for value in values]
    if column.kind == "instant":
        return [_here(value).strftime("%Y-%m-%d %H:%M:%S") if value else None for value in values]
    said = [None if value is None else _said(column.kind, value) for value in values]
    return neutralise(pa.array(said, pa.string())).to_pylist()


def _here(instant: datetime) -> datetime:
    """Return an instant in the zone that is active, the creditor's."""
    return instant.astimezone(timezone.get_current_timezone())


def _said(kind: str, value: Any) -> str:
    if kind == "bool":
        return gettext("yes") if value else gettext("no")
    text = words.word(str(value)) if kind in ("word", "badge") and value else str(value)
    return text.replace("\x00", " ")


def _number(text: str) -> Any:
    return pa.scalar(text).cast(pa.decimal128(38, 4)).as_py().normalize() if text else None


def filters_said(what: Wanted, actor: Actor) -> list[tuple[str, str]]:
    """Return the filters of an export in words, for who asks and who decides."""
    said = []
    for item in what.listing.filters:
        typed = what.asked.typed.get(item.key)
        if typed and item.key in what.asked.filters:
            choices: Mapping[str, Any] = {str(value): label for value, label in item.choices(actor)} if item.choices else {}
            said.append((str(item.label), str(choices.get(typed, typed))))
    return said
