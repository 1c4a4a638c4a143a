"""`duecourse payments`: take in a bank file, and match by hand what waits in suspense."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from duecourse.doors.commands.choose import chosen_actor, rejects_place
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.engine.imputation import CIVIL_CODE_561
from duecourse.kit.errors import Absent, Problem
from duecourse.kit.money import format_amount
from duecourse.parties.access import Actor, acting
from duecourse.portfolio.selectors import account_ids_by_number
from duecourse.repayment import selectors, services

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
suspense = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(suspense, name="suspense")

WIDTH = 110
PROBLEMS_SHOWN = 10
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")
ORDER = typer.Option(CIVIL_CODE_561.name, help="The order in which money meets a debt.")


@app.callback()
def payments() -> None:
    """Money from borrowers: bank files, and what belongs to nobody yet.

    duecourse payments load 2026-09-10.csv --rejects rejects.csv
    duecourse payments suspense list
    duecourse payments suspense match 17 A-1003 --as fan@lanxi.example
    """


@app.command()
def load(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet."),
    mapping: str = typer.Option("native_payments", help="How the file's columns are read: a name, or a YAML file."),
    rejects: Path = typer.Option(None, help="Where rows that cannot be booked go; default: the home's rejects/ folder."),
    order: str = ORDER,
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Book a file of payments and reversals. The same file again changes nothing, and so does the same row in another file."""
    actor = chosen_actor(creditor, as_)
    place = rejects_place(file, rejects)
    with progress_bar(_("Payments")) as show:
        result = services.payments_load(actor=actor, path=file, mapping=mapping, rejects_path=place, progress=show, order=order)
    facts = asdict(result) | {"problems": [_problem(problem) for problem in result.problems]}
    terminal.answer(facts, text=_loaded(result, place))


@suspense.callback()
def in_suspense() -> None:
    """Money that belongs to no account yet, or was left over."""


@suspense.command("list")
def list_(creditor: str = CREDITOR, as_: str = AS) -> None:
    """Show what waits in suspense, the oldest first."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        rows = selectors.suspense_list(creditor_id=actor.creditor_id)
    terminal.answer({"payments": rows}, text="" if terminal.is_json else _listed(rows))


@suspense.command("match")
def match(
    payment_id: int = typer.Argument(..., metavar="PAYMENT", help="The payment's number in the list."),
    account: str = typer.Argument(..., help="The number of the account it belongs to."),
    order: str = ORDER,
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Say to which account a payment belongs; it meets the debt at once."""
    actor = chosen_actor(creditor, as_)
    account_id = _account_id(actor, account)
    minor = services.suspense_match(actor=actor, payment_id=payment_id, account_id=account_id, order=order)
    with acting(actor):
        currency = selectors.access_payment(actor, payment_id=payment_id).currency
    text = _("Payment {payment} belongs to {account} and met {amount} of the debt.").format(
        payment=payment_id, account=account, amount=format_amount(minor, currency, lang=terminal.lang)
    )
    terminal.answer({"payment_id": payment_id, "account_id": account_id, "imputed_minor": minor, "currency": currency}, text=text)


def _account_id(actor: Actor, number: str) -> int:
    with acting(actor):
        found = account_ids_by_number(creditor_id=actor.creditor_id, numbers=[number])
    if number not in found:
        raise Absent(entity="account")
    return found[number]


def _loaded(result: services.PaymentsResult, rejects: Path | None) -> str:
    lines = [_("This file was loaded before; nothing was done. That time:")] if result.is_repeat else []
    lines.append(
        _("{rows} rows: {payments} payments, {reversals} reversals, {duplicates} known already, {rejected} rejected.").format(
            rows=result.row_count,
            payments=result.payment_count,
            reversals=result.reversal_count,
            duplicates=result.duplicate_count,
            rejected=result.rejected_count,
        )
    )
    lines += [
        _("Received: {amount}").format(amount=format_amount(minor, currency, lang=terminal.lang))
        for currency, minor in sorted(result.received_minor.items())
    ]
    lines.append(
        _("{suspense} wait in suspense, {attributed} count for an agency.").format(
            suspense=result.suspense_count, attributed=result.attributed_count
        )
    )
    lines += [f"  - {problem.message()}" for problem in result.problems[:PROBLEMS_SHOWN]]
    if len(result.problems) > PROBLEMS_SHOWN:
        lines.append(_("  … and {count} more").format(count=len(result.problems) - PROBLEMS_SHOWN))
    if result.rejected_count and rejects:
        lines.append(_("The rejected rows are in {path}; mend them and load that file.").format(path=rejects))
    return "\n".join(lines)


def _problem(problem: Problem) -> dict[str, Any]:
    return {"row": problem.row, "column": problem.column, "code": problem.code, "message": problem.message()}


def _listed(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return _("Nothing waits in suspense.")
    console = Console(width=WIDTH, highlight=False, color_system=None)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (_("Payment"), _("Booked on"), _("Bank reference"), _("Account as written"), _("In suspense")):
        table.add_column(heading, justify="right" if heading == _("In suspense") else "left")
    for row in rows:
        amount = format_amount(row["suspense_minor"], row["currency"], lang=terminal.lang)
        cells = (str(row["payment_id"]), str(row["booked_on"]), row["external_ref"], row["account_reference"], amount)
        table.add_row(*(escape(cell) for cell in cells))
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()
