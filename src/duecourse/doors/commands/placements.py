"""`duecourse placement`: the desk of moves, and what is owed, idle, over or behind."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from duecourse.doors import evidence
from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.moves import app as moves_app
from duecourse.doors.commands.moves import in_language, kind_said, show_set
from duecourse.doors.commands.terminal import terminal
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.kit.money import format_amount
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.parties.models import Agency
from duecourse.placement import selectors, services
from duecourse.placement.models import Batch

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(moves_app, name="moves")

WIDTH = 110
ROWS_SHOWN = 50
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option(..., "--as", help="E-mail address of the person who asks.")
READER = typer.Option("", "--as", help="E-mail address of the person who asks; default: the system.")
CASES = typer.Option(None, "--case", help="A case; may be given several times.")
BATCH = typer.Option("", "--batch", help="All open placements of a batch, by its code.")
REASON = typer.Option(..., "--reason", help="A code of `duecourse placement reasons`.")
WORDS = typer.Option("", "--words", help="A sentence of your own; some reasons ask for it.")
GO = typer.Option(False, "--go", help="Apply what the preview allows, or hand it to a second person.")
ON = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="The day; default: today in the creditor's zone.")


@app.callback()
def placement() -> None:
    """Cases with agencies: extend, return, recall, swap, close; what is owed, idle, over or behind.

    duecourse placement recall --batch 2026-09-AOKI-1 --reason rotation --final 2026-12-04 --as mei@lanxi.example
    duecourse placement moves apply 12 --as mei@lanxi.example
    duecourse placement moves undo 12 --as mei@lanxi.example
    """


@app.command()
def extend(
    until: datetime = typer.Option(..., "--until", formats=["%Y-%m-%d"], help="The new last day, before holidays."),
    reason: str = REASON,
    case: list[int] = CASES,
    batch: str = BATCH,
    words: str = WORDS,
    go: bool = GO,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Let cases stay past their term (留案); a second person approves."""
    actor = chosen_actor(creditor, as_)
    grounds = evidence.extension_grounds(actor=actor, on=_day(actor))
    _move(actor, "extend", reason, case, batch=batch, words=words, go=go, until_on=until.date(), grounds=grounds)


@app.command("return")
def return_(
    reason: str = REASON,
    case: list[int] = CASES,
    batch: str = BATCH,
    words: str = WORDS,
    go: bool = GO,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Give cases back to the creditor (退案)."""
    _move(chosen_actor(creditor, as_), "return", reason, case, batch=batch, words=words, go=go)


@app.command()
def recall(
    reason: str = REASON,
    case: list[int] = CASES,
    batch: str = BATCH,
    final: datetime = typer.Option(None, "--final", formats=["%Y-%m-%d"], help="The last day the agency works; default: by policy."),
    now_: bool = typer.Option(False, "--now", help="End access at once."),
    words: str = WORDS,
    go: bool = GO,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Take cases back (撤案): pending until the final day, or at once."""
    actor = chosen_actor(creditor, as_)
    until_on = None if now_ else final.date() if final else _by_policy(actor)
    _move(actor, "recall", reason, case, batch=batch, words=words, go=go, until_on=until_on)


@app.command()
def swap(
    to: str = typer.Option(..., "--to", help="The code of the agency that gets the cases."),
    reason: str = REASON,
    case: list[int] = CASES,
    batch: str = BATCH,
    words: str = WORDS,
    go: bool = GO,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Give cases to another agency (换案); a second person approves."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = Agency.objects.filter(creditor_id=actor.creditor_id, code=to).first()
    if found is None:
        raise Absent(entity="agency")
    _move(actor, "swap", reason, case, batch=batch, words=words, go=go, to_agency_id=found.pk)


@app.command()
def close(
    reason: str = REASON,
    case: list[int] = CASES,
    batch: str = BATCH,
    words: str = WORDS,
    go: bool = GO,
    as_: str = AS,
    creditor: str = CREDITOR,
) -> None:
    """Close cases and end their placements (结案)."""
    _move(chosen_actor(creditor, as_), "close", reason, case, batch=batch, words=words, go=go)


@app.command()
def reasons() -> None:
    """List the reasons for each kind of move, and who may use them."""
    found = [asdict(row) for kind in selectors.MOVE_KINDS for row in selectors.move_reasons(kind).values()]
    table = _table(_("Kind"), _("Code"), _("Reason"), _("Who"))
    for row in found:
        table.add_row(kind_said(row["kind"]), row["code"], in_language(row), ", ".join(row["roles"]))
    terminal.answer({"reasons": found}, text=_text(table))


@app.command()
def owed(on: datetime = ON, creditor: str = CREDITOR, as_: str = READER) -> None:
    """List the cases whose first contact is overdue."""
    actor = chosen_actor(creditor, as_)
    day = on.date() if on else _day(actor)
    attempted = evidence.attempts_made(actor=actor, on=day)
    with acting(actor):
        rows = selectors.first_contact_owed(creditor_id=actor.creditor_id, on=day, attempted=attempted)
    _listed(rows, _("Days late"), "late_days")


@app.command()
def idle(on: datetime = ON, creditor: str = CREDITOR, as_: str = READER) -> None:
    """List the cases that nobody has tried for longer than the policy allows."""
    actor = chosen_actor(creditor, as_)
    day = on.date() if on else _day(actor)
    attempted = evidence.attempts_made(actor=actor, on=day)
    with acting(actor):
        rows = selectors.idle_placements(creditor_id=actor.creditor_id, on=day, attempted=attempted)
    _listed(rows, _("Days idle"), "idle_days")


@app.command()
def over(on: datetime = ON, creditor: str = CREDITOR, as_: str = READER) -> None:
    """List the cases whose days with this hand are over; recalled, they are placed anew with the next."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        rows = selectors.rotation_due(creditor_id=actor.creditor_id, on=on.date() if on else _day(actor))
    _listed(rows, _("Next hand"), "next_hand")


@app.command()
def rate(
    batch: str = typer.Argument(..., help="The batch's code."), on: datetime = ON, creditor: str = CREDITOR, as_: str = READER
) -> None:
    """Show a batch's live rate against its goal and its term."""
    actor = chosen_actor(creditor, as_)
    day = on.date() if on else _day(actor)
    with acting(actor):
        batch_id = _batch_id(actor, batch)
        recovered = evidence.recovered_of_batches(actor=actor, on=day, batch_ids=[batch_id])
        found = selectors.batch_rates(creditor_id=actor.creditor_id, batch_ids=[batch_id], on=day, recovered=recovered)[batch_id]
    share = {name: "–" if value is None else f"{value / 10_000:.2%}" for name, value in asdict(found).items() if name.endswith("_bp")}
    text = _(
        "{code}: {rate} of {counted} recovered ({contract} by the contract); goal {goal}, pace {pace}; {elapsed} of the term is over."
    ).format(
        code=found.code,
        rate=share["rate_bp"],
        counted=format_amount(found.counted_minor, found.currency, lang=terminal.lang),
        contract=share["contract_rate_bp"],
        goal=share["goal_rate_bp"],
        pace=share["pace_rate_bp"],
        elapsed=share["elapsed_bp"],
    )
    terminal.answer(asdict(found), text=text)


@app.command()
def policy(
    choices: list[str] = typer.Argument(None, metavar="[NAME=VALUE]…", help="Choices to make, for example idle_days=10."),
    from_: datetime = typer.Option(None, "--from", formats=["%Y-%m-%d"], help="The first day; default: today."),
    as_: str = READER,
    creditor: str = CREDITOR,
) -> None:
    """Show the policy of placements, or decide on some of its choices from a day on."""
    actor = chosen_actor(creditor, as_)
    day = from_.date() if from_ else _day(actor)
    with acting(actor):
        known = selectors.policies_on(creditor_id=actor.creditor_id, on=day)[None].terms()
    if choices:
        known |= dict(_choice(text) for text in choices)
        services.policy_set(actor=actor, effective_on=day, terms=known)
    terminal.answer({"on": day, "policy": known}, text="\n".join(f"{name} = {value}" for name, value in known.items()))


def _move(actor: Actor, kind: str, reason: str, case: list[int] | None, *, batch: str, go: bool, **arguments: Any) -> None:
    """Preview a move and show it; with `go`, apply what is allowed."""
    with acting(actor):
        batch_id = _batch_id(actor, batch) if batch else None
    found = services.moves_preview(
        actor=actor, kind=kind, reason_code=reason, as_of=_day(actor), case_ids=case or None, batch_id=batch_id, **arguments
    )
    if go:
        services.moves_apply(actor=actor, move_set_id=found.pk)
    show_set(actor, found.pk)


def _choice(text: str) -> tuple[str, Any]:
    name, _equals, value = text.partition("=")
    if value.lstrip("-").isdecimal():
        return name, int(value)
    if "," in value:
        return name, [int(part) if part.isdecimal() else part for part in value.split(",")]
    return name, None if value == "" else value


def _batch_id(actor: Actor, code: str) -> int:
    found = Batch.objects.filter(creditor_id=actor.creditor_id, code=code).first()
    if found is None:
        raise Absent(entity="batch")
    return found.pk


def _day(actor: Actor) -> date:
    with acting(actor):
        return local_day(now(), creditor_of(actor).zone)


def _by_policy(actor: Actor) -> date:
    """Return the final day of a recall for which nobody names one."""
    day = _day(actor)
    with acting(actor):
        return day + timedelta(days=selectors.policy_on(creditor_id=actor.creditor_id, on=day).recall_notice_days)


def _listed(rows: list[dict[str, Any]], heading: str, name: str) -> None:
    table = _table(_("Case"), _("Batch"), _("Hand"), _("Placed on"), _("Term until"), heading)
    for row in rows[:ROWS_SHOWN]:
        days = [row["placed_on"].isoformat(), row["term_until_on"].isoformat()]
        table.add_row(str(row["case_id"]), escape(row["batch_code"]), str(row["hand"]), *days, str(row[name]))
    count = _("{count} cases.").format(count=len(rows))
    terminal.answer({"cases": rows}, text=f"{_text(table)}\n{count}" if rows else count)


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading)
    return table


def _text(table: Table) -> str:
    console = Console(width=WIDTH, highlight=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()
