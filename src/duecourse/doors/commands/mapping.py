"""`duecourse mapping`: guess how a file's columns are read, correct the guess, save it as a dated mapping."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.kit.clock import now
from duecourse.kit.errors import InvalidInput, fill
from duecourse.kit.records import ColumnGuess, Mapping, MappingGuess, guess_mapping
from duecourse.kit.records.saved import next_version
from duecourse.portfolio.services import OVERDUE_TAPE, mapping_save, saved_folder, shipped_mappings

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

WIDTH = 140
PASSED_OVER = "-"


class CorrectionUnreadable(InvalidInput):
    """A correction on the command line has no sign of equality."""

    what = "{text} is not a correction."
    todo = "Write it as column=field, column=quarantine, or column=- to pass the column over."


@app.callback()
def mapping() -> None:
    """How the columns of a sender's files become the fields of a tape.

    duecourse mapping guess 委案.xlsx
    duecourse mapping guess 委案.xlsx --set 合同=account_number --set 备注=quarantine --constant lender_class=bank --save first-bank
    duecourse intake 委案.xlsx --mapping first-bank --as-of 2026-09-01
    """


@app.command()
def guess(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet."),
    save: str = typer.Option("", help="Save it under this name: small letters, digits, _ and -."),
    set_: list[str] = typer.Option([], "--set", help="A correction: column=field, column=quarantine, column=- to pass it over."),
    constant: list[str] = typer.Option([], help="What no column holds: field=value, for example lender_class=consumer_finance."),
    currency: str = typer.Option("", help="Of all amounts, where no column gives it: CNY."),
    sheet: str = typer.Option("", help="The sheet of a workbook; default: the first visible one."),
    samples: int = typer.Option(200, min=1, max=5_000, help="How many rows to look at."),
    creditor: str = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one."),
    as_: str = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system."),
) -> None:
    """Propose a field for each column, with samples (masked) and reasons; nothing is taken in."""
    found = guess_mapping(file, spec=OVERDUE_TAPE, samples=samples, known=shipped_mappings(), sheet=sheet)
    corrections = {column: None if field == PASSED_OVER else field for column, field in map(_pair, set_)}
    constants = dict(map(_pair, constant))
    facts, path = facts_of(found), None
    if save or corrections or constants:
        day = now().strftime("%Y%m%d")
        actor = chosen_actor(creditor, as_) if save else None
        version = next_version(save, folder=saved_folder(actor.creditor_id), day=day) if actor else int(day) * 100 + 1
        made = found.to_mapping(save or "guess", version=version, corrections=corrections, constants=constants, currency=currency)
        path = saved_folder(actor.creditor_id) / f"{mapping_save(actor=actor, mapping=made)}.yaml" if actor else None
        facts |= {"mapping": _columns_of(made), "saved": str(path) if path else None, "version": version}
    text = "" if terminal.is_json else text_of(found, corrections=corrections, constants=constants)
    if path is not None:
        text += "\n" + _("Saved: {path}. Use it with --mapping {name}.").format(path=path, name=save)
    terminal.answer(facts, text=text)


def facts_of(found: MappingGuess) -> dict[str, Any]:
    """Return the guess as JSON gives it; samples are masked."""
    return {
        "file": found.file,
        "rows_sampled": found.row_count,
        "currency": found.currency,
        "dates": list(found.dates),
        "missing": list(found.missing),
        "columns": [
            {
                "column": column.column,
                "proposal": column.proposal,
                "score": column.score,
                "samples": list(column.displays),
                "reasons": [{"code": reason.code, "text": _sentence(reason.template, reason.parameters)} for reason in column.reasons],
                "alternatives": [{"field": name, "score": score} for name, score in column.alternatives],
            }
            for column in found.columns
        ],
        "notices": [{"column": p.column, "code": p.code, "what": _sentence(p.what, p.parameters)} for p in found.notices],
    }


def text_of(found: MappingGuess, *, corrections: dict[str, str | None], constants: dict[str, str]) -> str:
    """Return the guess for people: one line per column, then what is missing and what was passed over."""
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (_("column"), _("sample"), _("proposed field"), _("score"), _("reason")):
        table.add_column(heading, justify="right" if heading == _("score") else "left", overflow="fold")
    for column in found.columns:
        table.add_row(*_cells(column, corrections))
    console.print(table)
    lines = [line.rstrip() for line in console.export_text().splitlines() if line.strip()]
    left = [name for name in found.missing if name not in constants and name not in corrections.values()]
    if left:
        lines.append(_("Nothing fills yet: {names}. Name columns with --set, or values with --constant.").format(names=", ".join(left)))
    lines += [f"{notice.column}: {_sentence(notice.what, notice.parameters)}" for notice in found.notices]
    return "\n".join(lines)


def _cells(column: ColumnGuess, corrections: dict[str, str | None]) -> tuple[str, ...]:
    reasons = " ".join(_sentence(reason.template, reason.parameters) for reason in column.reasons)
    is_corrected = column.column in corrections
    proposal = corrections[column.column] if is_corrected else column.proposal
    score = _("by hand") if is_corrected else f"{column.score:.2f}"
    shown = (column.column, ", ".join(column.displays), proposal or PASSED_OVER, score, reasons)
    return tuple(escape(text) for text in shown)


def _columns_of(made: Mapping) -> dict[str, str]:
    return dict(made.columns) | {column: name for name, columns in made.sums.items() for column in columns}


def _sentence(template: str, parameters: Any) -> str:
    return fill(_(template), dict(parameters))


def _pair(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals or not column.strip() or not field.strip():
        raise CorrectionUnreadable(text=repr(text[:64]))
    return column.strip(), field.strip()
