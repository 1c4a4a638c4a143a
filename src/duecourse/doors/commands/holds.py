"""`duecourse holds`: load stop lists, lift stops, and see who is left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
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
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Problem, fill
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.portfolio import selectors, services

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

WIDTH = 110
PROBLEMS_SHOWN = 10
ROWS_SHOWN = 50
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")
ON = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="The day; default: today in the creditor's zone.")


@app.callback()
def holds() -> None:
    """Debtors to leave alone: stop lists in, stops lifted, and the list of who is left out.

    duecourse holds load stop-2026-09-01.csv --whole --as qiu@lanxi.example
    duecourse holds left-out
    duecourse holds lift --account A-1003 --reason dispute --as qiu@lanxi.example
    """


@app.command()
def load(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet: account or identity number, reason, scope, first and last day."),
    name: str = typer.Option("stop_list", help="Which list it is; lists of several names stand beside each other."),
    rejects: Path = typer.Option(None, help="Where rejected rows go; default: the home's rejects/ folder."),
    whole: bool = typer.Option(False, "--whole", help="The file shows everybody on that list: who is missing is lifted."),
    on: datetime = ON,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Load a stop list. The same file again changes nothing."""
    actor = chosen_actor(creditor, as_)
    result = services.stops_load(
        actor=actor, path=file, as_of=on.date() if on else _day(actor), name=name, is_whole=whole, rejects_path=rejects_place(file, rejects)
    )
    facts = asdict(result) | {
        "problems": [{"row": problem.row, "code": problem.code, "text": _said(problem)} for problem in result.problems]
    }
    lines = [
        _("{rows} rows: {placed} stops placed, {unchanged} in force already, {rejected} rejected; {lifted} lifted.").format(
            rows=result.row_count,
            placed=result.placed_count,
            unchanged=result.unchanged_count + result.duplicate_count,
            rejected=result.rejected_count,
            lifted=result.lifted_count,
        )
    ]
    if result.is_repeat:
        lines.insert(0, _("This file was loaded before; nothing was done."))
    if result.is_lifting_withheld:
        lines.append(_("Nobody was lifted, because rows of the whole list could not be taken."))
    lines += [_("Row {row}: {text}").format(row=problem.row, text=_said(problem)) for problem in result.problems[:PROBLEMS_SHOWN]]
    if len(result.problems) > PROBLEMS_SHOWN:
        lines.append(_("… and {count} more; --json shows all.").format(count=len(result.problems) - PROBLEMS_SHOWN))
    if result.rejects_path:
        lines.append(_("Rejected rows: {path}. Mend them and send that file the same way.").format(path=result.rejects_path))
    terminal.answer(facts, text="\n".join(lines))


@app.command()
def lift(
    account: str = typer.Option(..., "--account", help="The number of one of the debtor's accounts."),
    reason: str = typer.Option("", "--reason", help="Only stops for this reason; default: all that lists have placed."),
    on: datetime = ON,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Lift the stops that lists have placed on a debtor."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = selectors.case_accounts_by_number(creditor_id=actor.creditor_id, numbers=[account])
        if account not in found:
            raise Absent(entity="account")
        person_id = selectors.access_case(actor, found[account][0]).person_id
    lifted_count = services.stops_lift(actor=actor, person_ids=[person_id], on=on.date() if on else _day(actor), reason_code=reason)
    terminal.answer({"lifted_count": lifted_count}, text=_("{count} stops lifted.").format(count=lifted_count))


@app.command("left-out")
def left_out(
    reason: str = typer.Option("", "--reason", help="Only this reason."), on: datetime = ON, as_: str = AS, creditor: str = CREDITOR
) -> None:
    """List the cases that stops leave alone on a day, and why."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        day = on.date() if on else _day(actor)
        rows = selectors.left_out(creditor_id=actor.creditor_id, on=day).to_pylist()
    rows = [row | _texts(row["kind"]) for row in rows if reason in ("", row["kind"])]
    terminal.answer({"on": day, "cases": rows}, text="" if terminal.is_json else _left_out_text(rows))


@app.command()
def reasons() -> None:
    """List the reasons for a stop: what each stops, and whether law or policy asks for it."""
    found = [asdict(row) for row in selectors.stop_reasons().values()]
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (_("Code"), _("Reason"), _("Stops"), _("Rests on"), _("Reference")):
        table.add_column(heading)
    for row in found:
        rests = f"{_(row['basis'])} ({_(row['confidence'])})"
        table.add_row(row["code"], _own(row), ", ".join(_(part) for part in row["stops"]), rests, escape(row["reference"]))
    terminal.answer({"reasons": found}, text=_text(table))


def _left_out_text(rows: list[dict[str, Any]]) -> str:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in (_("Case"), _("Reason"), _("Stops"), _("First day"), _("Source")):
        table.add_column(heading)
    for row in rows[:ROWS_SHOWN]:
        stops = ", ".join(_(part) for part in ("contact", "placement") if row[f"stops_{part}"])
        table.add_row(
            str(row["case_id"]), escape(_own(row)), stops, row["from_on"].isoformat(), escape(row["list_name"] or row["source_kind"])
        )
    counts = [f"{count:>8,}  {text}" for text, count in Counter(_own(row) for row in rows).most_common()]
    total = _("{count} cases.").format(count=len({row["case_id"] for row in rows}))
    return "\n".join([_text(table), *counts, total]) if rows else total


def _texts(kind: str) -> dict[str, str]:
    english, chinese = selectors.stop_text(kind) or (kind, kind)
    return {"en": english, "zh": chinese}


def _own(row: dict[str, Any]) -> str:
    return row["zh"] if terminal.lang.startswith("zh") else row["en"]


def _said(problem: Problem) -> str:
    return " ".join(fill(terminal.translated(part), problem.parameters) for part in (problem.what, problem.todo) if part)


def _day(actor: Actor) -> date:
    with acting(actor):
        return local_day(now(), creditor_of(actor).zone)


def _text(table: Table) -> str:
    console = Console(width=WIDTH, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()
