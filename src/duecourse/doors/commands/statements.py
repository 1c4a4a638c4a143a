"""`duecourse statement`: look at what an agency earns, agree, approve, freeze, and take it out as a file."""

from __future__ import annotations

from collections.abc import Callable
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
from duecourse.kit.calendar import month_bounds
from duecourse.kit.money import format_amount
from duecourse.kit.records import Field, RecordSpec, write_csv
from duecourse.parties.access import Actor, acting
from duecourse.settlement import selectors, services

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

WIDTH = 110
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
READER = typer.Option("", "--as", help="E-mail address of the person who asks; default: the system.")
DECIDER = typer.Option(..., "--as", help="E-mail address of the person who decides.")
NUMBER = typer.Argument(..., metavar="ID", help="The statement's number in the list.")
LINES = RecordSpec(
    "statement_lines",
    (
        Field(name="line_key", en="Line", zh="行号"),
        Field(name="kind", en="Kind", zh="类型"),
        Field(name="recognised_on", type="date", en="Recognised on", zh="认定日期"),
        Field(name="account_number", en="Account number", zh="账户编号"),
        Field(name="batch_code", en="Batch", zh="委案批次"),
        Field(name="product_class", en="Product class", zh="产品类别"),
        Field(name="days_past_due", type="integer", unit="days", en="Days past due", zh="逾期天数"),
        Field(name="hand", type="integer", en="Hand", zh="手别"),
        Field(name="basis_minor", type="amount", en="Recovered", zh="回款金额"),
        Field(name="achieved_bp", type="integer", unit="bp", en="Rate achieved (bp)", zh="达成回款率 (bp)"),
        Field(name="rate_bp", type="integer", unit="bp", en="Fee rate (bp)", zh="费率 (bp)"),
        Field(name="amount_minor", type="amount", en="Commission", zh="佣金"),
        Field(name="original_line_id", type="integer", en="Takes back line", zh="扣回原行"),
    ),
)
"""A statement's lines as a file."""


@app.callback()
def statement() -> None:
    """What the agencies earn, month by month.

    duecourse statement list 2026-09
    duecourse statement agree 3 --as ann@aoki.example
    duecourse statement approve 3 --as fan@lanxi.example
    duecourse statement freeze 3 --as mei@lanxi.example
    """


@app.command("list")
def list_(
    month: str = typer.Argument("", help="YYYY-MM; without it all months are shown."), creditor: str = CREDITOR, as_: str = READER
) -> None:
    """Show the statements of a month with their status; an agency's people see their own."""
    actor = chosen_actor(creditor, as_)
    if month:
        month_bounds(month)
    with acting(actor):
        rows = selectors.statements(creditor_id=actor.creditor_id, month=month or None)
    terminal.answer({"statements": rows}, text="" if terminal.is_json else _listed(rows))


@app.command()
def show(statement_id: int = NUMBER, creditor: str = CREDITOR, as_: str = READER) -> None:
    """Show one statement, line by line."""
    facts = _page(chosen_actor(creditor, as_), statement_id)
    terminal.answer(facts, text="" if terminal.is_json else _shown(facts))


@app.command()
def draft(
    month: str = typer.Argument(..., help="YYYY-MM"),
    contract_id: int = typer.Argument(..., metavar="CONTRACT", help="The contract's number."),
    creditor: str = CREDITOR,
    as_: str = READER,
) -> None:
    """Compute the commission of a contract for a measured month, and draw up its statement or draw the draft up anew."""
    actor = chosen_actor(creditor, as_)
    number = services.statement_compute(actor=actor, contract_id=contract_id, month=month)
    facts = _page(actor, number)
    terminal.answer(facts, text="" if terminal.is_json else _shown(facts))


@app.command()
def agree(
    statement_id: int = NUMBER,
    as_: str = DECIDER,
    lines_hash: str = typer.Option("", "--lines-hash", help="The hash of the lines you looked at; refused if they have changed."),
    creditor: str = CREDITOR,
) -> None:
    """Agree to a statement for the agency; from then on nobody changes it."""

    def act(actor: Actor) -> None:
        services.statement_agree(actor=actor, statement_id=statement_id, lines_hash=lines_hash)

    _decided(chosen_actor(creditor, as_), statement_id, act)


@app.command()
def approve(statement_id: int = NUMBER, as_: str = DECIDER, creditor: str = CREDITOR) -> None:
    """Approve an agreed statement; an accountant does."""
    _decided(chosen_actor(creditor, as_), statement_id, lambda actor: services.statement_approve(actor=actor, statement_id=statement_id))


@app.command()
def freeze(statement_id: int = NUMBER, as_: str = DECIDER, creditor: str = CREDITOR) -> None:
    """Freeze an approved statement and book it; a manager does who did not approve it."""
    _decided(chosen_actor(creditor, as_), statement_id, lambda actor: services.statement_freeze(actor=actor, statement_id=statement_id))


@app.command()
def export(
    statement_id: int = NUMBER,
    to: Path = typer.Option(..., "--to", help="The CSV file to write; an older one of that name is replaced."),
    creditor: str = CREDITOR,
    as_: str = READER,
) -> None:
    """Write the lines of a statement to a CSV file; texts that a spreadsheet would run are neutralised."""
    facts = _page(chosen_actor(creditor, as_), statement_id)
    lang = "zh-hans" if terminal.lang.startswith("zh") else "en"
    rows = [{name: line[name] for name in LINES.names} for line in facts["lines"]]
    count = write_csv(to, rows, spec=LINES, lang=lang, currency=facts["currency"])
    text = _("{count} lines are in {path}.").format(count=count, path=to)
    terminal.answer({"statement_id": statement_id, "row_count": count, "path": str(to)}, text=text)


def _page(actor: Actor, statement_id: int) -> dict[str, Any]:
    with acting(actor):
        return selectors.statement_page(creditor_id=actor.creditor_id, statement_id=statement_id)


def _decided(actor: Actor, statement_id: int, act: Callable[[Actor], Any]) -> None:
    act(actor)
    facts = _page(actor, statement_id)
    names = ("id", "month", "agency_code", "currency", "total_minor", "status", "lines_hash", "entry_id")
    text = _("Statement {number} of {agency}, {month}: {amount}, {status}.").format(
        number=statement_id,
        agency=facts["agency_code"],
        month=facts["month"],
        amount=format_amount(facts["total_minor"], facts["currency"], lang=terminal.lang),
        status=_status(facts["status"]),
    )
    terminal.answer({name: facts[name] for name in names}, text=text)


def _status(status: str) -> str:
    words = {"draft": _("draft"), "agreed": _("agreed"), "approved": _("approved"), "frozen": _("frozen"), "disputed": _("disputed")}
    return words[status]


def _kind(kind: str) -> str:
    return {"commission": _("commission"), "reversal": _("reversal"), "clawback": _("claw-back")}[kind]


def _listed(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return _("There are no statements.")
    headings = (_("Number"), _("Month"), _("Agency"), _("Contract"), _("Status"), _("Lines"), _("Commission"))
    cells = [
        (
            str(row["id"]),
            row["month"],
            f"{row['agency_code']} {row['agency_name']}",
            row["contract_code"],
            _status(row["status"]),
            str(row["line_count"]),
            format_amount(row["total_minor"], row["currency"], lang=terminal.lang),
        )
        for row in rows
    ]
    return _table(headings, cells, numeric=2)


def _shown(facts: dict[str, Any]) -> str:
    def money(minor: int) -> str:
        return format_amount(minor, facts["currency"], lang=terminal.lang)

    head = _("Statement {number} of {agency}, {month}: {amount}, {status}.").format(
        number=facts["id"],
        agency=facts["agency_name"],
        month=facts["month"],
        amount=money(facts["total_minor"]),
        status=_status(facts["status"]),
    )
    headings = (_("Kind"), _("Recognised on"), _("Account"), _("Batch"), _("Recovered"), _("Rate"), _("Commission"))
    cells = [
        (
            _kind(line["kind"]),
            str(line["recognised_on"]),
            line["account_number"] or "",
            line["batch_code"],
            money(line["basis_minor"]),
            f"{line['rate_bp']} bp",
            money(line["amount_minor"]),
        )
        for line in facts["lines"]
    ]
    seen = _("Hash of the lines: {hash}").format(hash=facts["lines_hash"])
    return "\n".join([head, *([_table(headings, cells, numeric=3)] if cells else []), seen])


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]], *, numeric: int) -> str:
    """Return rows as a table; the last `numeric` columns stand to the right."""
    console = Console(width=WIDTH, highlight=False, color_system=None)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place >= len(headings) - numeric else "left")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()
