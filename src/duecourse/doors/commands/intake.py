"""`duecourse intake`: take in a tape of overdue loans."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.table import Table

from duecourse.doors.commands.choose import chosen_actor, rejects_place
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.kit.errors import InvalidInput, Problem, fill
from duecourse.kit.money import format_amount
from duecourse.parties.access import creditor_of
from duecourse.portfolio.services import ControlTotals, IntakeResult, tape_intake

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PROBLEMS_SHOWN = 10
COUNTS = (
    ("row_count", "rows in the file"),
    ("accepted_count", "accepted"),
    ("rejected_count", "rejected"),
    ("passed_over_count", "passed over (not overdue, or nothing owed)"),
    ("account_new_count", "accounts that are new"),
    ("account_known_count", "accounts that were known"),
    ("person_new_count", "debtors that are new"),
    ("contact_point_new_count", "contact points that are new"),
    ("case_opened_count", "cases opened"),
)


class BalanceWithoutCurrency(InvalidInput):
    """A control balance was given without its currency where the creditor's own does not help."""

    what = "The control balance {text} cannot be read."
    todo = "Write it as 1234567.89, or with its currency as USD:1234567.89."


@app.command()
def intake(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet."),
    mapping: str = typer.Option("native", help="How its columns are read: native, lendingclub, or a YAML file of your own."),
    as_of: datetime = typer.Option(..., formats=["%Y-%m-%d"], help="The day whose state the file shows."),
    creditor: str = typer.Option("", help="The creditor's code; not needed when there is only one."),
    as_: str = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system."),
    control_rows: int = typer.Option(None, min=0, help="How many rows the sender says there are."),
    control_balance: str = typer.Option("", help="The sum of balances the sender declares: 1234567.89, or USD:1234567.89."),
    rejects: Path = typer.Option(None, help="Where rejected rows go; default: the home's rejects/ folder."),
) -> None:
    """Take in a tape: its good rows become accounts and cases, the others go back with what to do.

    Totals beside the file (tape.csv.control.json: {"rows": 1000, "balance": {"CNY": "1234567.89"}}) are checked without asking. The same
    file, day and mapping is one tape: sending it twice does nothing twice.

        duecourse intake tape.csv --as-of 2026-09-01
        duecourse intake accepted.csv --mapping lendingclub --as-of 2019-03-31 --creditor lanxi
    """
    actor = chosen_actor(creditor, as_)
    control = control_totals(control_rows, control_balance, currency=creditor_of(actor).currency)
    with progress_bar(file.name) as show:
        result = tape_intake(
            actor=actor,
            path=file,
            mapping=mapping,
            as_of=as_of.date(),
            control_totals=control,
            rejects_path=rejects_place(file, rejects),
            progress=lambda done, total, text: show(done, total, _(text)),
        )
    terminal.answer(facts_of(result), text="" if terminal.is_json else text_of(result))


def control_totals(rows: int | None, balance: str, *, currency: str) -> ControlTotals | None:
    """Return the totals given on the command line, or None when there are none.

    Raises:
        BalanceWithoutCurrency: the balance has another form.
        ControlUnreadable: it is no amount.
    """
    if rows is None and not balance:
        return None
    code, colon, amount = balance.partition(":") if ":" in balance else (currency, "", balance)
    if balance and (not amount or not code):
        raise BalanceWithoutCurrency(text=repr(balance + colon)[:40])
    document: dict[str, Any] = {"rows": rows} if rows is not None else {}
    return ControlTotals.from_document(document | ({"balance": {code: amount}} if balance else {}), source="--control-balance")


def facts_of(result: IntakeResult) -> dict[str, Any]:
    """Return the result as JSON gives it."""
    return {
        "tape_id": result.tape_id,
        "is_new": result.is_new,
        "counts": result.counts,
        "problems": [
            {
                "row": p.row,
                "column": p.column,
                "code": p.code,
                "what": fill(_(p.what), p.parameters),
                "todo": fill(_(p.todo), p.parameters) if p.todo else "",
            }
            for p in result.problems
        ],
        "rejects_path": str(result.rejects_path) if result.rejects_path else None,
        "quarantined": result.quarantined,
    }


def text_of(result: IntakeResult) -> str:
    """Return the result for people: counts, sums, what was wrong, what was not read, and where the rejects are."""
    console = Console(width=110, record=True, file=io.StringIO())
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for name, label in COUNTS:
        table.add_row(_(label), f"{result.counts[name]:,}")
    for currency, amount in result.counts["balance_minor"].items():
        table.add_row(_("balance accepted"), format_amount(amount, currency, lang=terminal.lang))
    console.print(table)
    heading = _("Tape {tape_id} is taken in.") if result.is_new else _("Tape {tape_id} had been taken in before; nothing was done.")
    lines = [heading.format(tape_id=result.tape_id), *console.export_text().splitlines()]
    lines += [_sentence(problem) for problem in result.problems[:PROBLEMS_SHOWN]]
    found = sum(result.counts["problems"].values())
    if found > PROBLEMS_SHOWN:
        lines.append(_("… and {count} more.").format(count=f"{found - min(found, PROBLEMS_SHOWN):,}"))
    for column in result.quarantined:
        template = _("Not read: column {column}, {count} values: {reason}.")
        lines.append(template.format(column=column["column"], count=f"{column['cell_count']:,}", reason=_(column["reason"])))
    if result.rejects_path:
        lines.append(_("Rejected rows: {path}. Mend them and send that file the same way.").format(path=result.rejects_path))
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _sentence(problem: Problem) -> str:
    where = _("row {row}, column {column}").format(row=problem.row, column=problem.column) if problem.row else problem.column
    return f"{where}: " + " ".join(fill(_(part), problem.parameters) for part in (problem.what, problem.todo) if part)
