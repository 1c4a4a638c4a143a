"""`duecourse placement moves`: sets of moves are listed, shown, applied, decided on and undone."""

from __future__ import annotations

from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.parties.access import Actor, acting
from duecourse.placement import selectors, services

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

WIDTH = 110
ROWS_SHOWN = 20
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option(..., "--as", help="E-mail address of the person who decides.")
READER = typer.Option("", "--as", help="E-mail address of the person who asks; default: the system.")
NUMBER = typer.Argument(..., metavar="ID", help="The set's number.")
WORDS = typer.Option("", "--words", help="Why, in a few words; kept with the decision.")


@app.callback()
def moves() -> None:
    """Sets of moves: what was asked for, what it would do, and what became of it."""


@app.command("list")
def list_(
    state: str = typer.Option("", help="Only sets in this state, for example requested."), as_: str = READER, creditor: str = CREDITOR
) -> None:
    """List the sets of moves, the newest first."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = selectors.move_sets(creditor_id=actor.creditor_id, states=[state] if state else ())
    rows = [
        {
            "move_set_id": row.pk,
            "kind": row.kind,
            "reason_code": row.reason_code,
            "state": row.state,
            "as_of": row.as_of,
            "requested_by": row.requested_by,
        }
        for row in found
    ]
    lines = [
        f"{row['move_set_id']:>8}  {row['as_of']}  {kind_said(row['kind'])}  {row['reason_code']}  {_state(row['state'])}" for row in rows
    ]
    terminal.answer({"move_sets": rows}, text="\n".join(lines) or _("There are none."))


@app.command()
def show(move_set_id: int = NUMBER, as_: str = READER, creditor: str = CREDITOR) -> None:
    """Show a set row by row: what may be moved, or why not, and what became of it."""
    show_set(chosen_actor(creditor, as_), move_set_id)


@app.command()
def apply(move_set_id: int = NUMBER, as_: str = AS, creditor: str = CREDITOR) -> None:
    """Move what the preview allowed, or hand the set to a second person."""
    actor = chosen_actor(creditor, as_)
    services.moves_apply(actor=actor, move_set_id=move_set_id)
    show_set(actor, move_set_id)


@app.command()
def approve(move_set_id: int = NUMBER, as_: str = AS, creditor: str = CREDITOR, words: str = WORDS) -> None:
    """Approve a set as the second person, and move it."""
    actor = chosen_actor(creditor, as_)
    services.moves_approve(actor=actor, move_set_id=move_set_id, words=words)
    show_set(actor, move_set_id)


@app.command()
def reject(move_set_id: int = NUMBER, as_: str = AS, creditor: str = CREDITOR, words: str = WORDS) -> None:
    """Refuse a set as the second person; nothing moves."""
    actor = chosen_actor(creditor, as_)
    services.moves_reject(actor=actor, move_set_id=move_set_id, words=words)
    show_set(actor, move_set_id)


@app.command()
def undo(move_set_id: int = NUMBER, as_: str = AS, creditor: str = CREDITOR) -> None:
    """Withdraw a set that waits, or cancel its recalls while they are pending."""
    actor = chosen_actor(creditor, as_)
    services.moves_undo(actor=actor, move_set_id=move_set_id)
    show_set(actor, move_set_id)


def show_set(actor: Actor, move_set_id: int, /) -> None:
    """Print a set: its facts, how many rows are where, and the rows that do not move."""
    with acting(actor):
        found = selectors.access_move_set(actor, move_set_id=move_set_id)
        counts = selectors.move_counts(creditor_id=actor.creditor_id, move_set_id=move_set_id)
        rows = selectors.move_rows(creditor_id=actor.creditor_id, move_set_id=move_set_id)
    facts = {
        "move_set_id": found.pk,
        "kind": found.kind,
        "reason_code": found.reason_code,
        "words": found.words,
        "state": found.state,
        "as_of": found.as_of,
        "parameters": found.parameters,
        "rows_hash": found.rows_hash,
        "counts": counts,
        "rows": rows,
    }
    terminal.answer(facts, text="" if terminal.is_json else _set_text(facts))


def kind_said(kind: str, /) -> str:
    """Return what a kind of move is called in the caller's language."""
    return selectors.kind_text(kind)[terminal.lang.startswith("zh")]


def _state(state: str) -> str:
    return selectors.state_text(state)[terminal.lang.startswith("zh")]


def in_language(row: dict[str, Any], /) -> str:
    """Return the text of a row that carries both languages."""
    return row["zh"] if terminal.lang.startswith("zh") else row["en"]


def _set_text(facts: dict[str, Any]) -> str:
    console = Console(width=WIDTH, highlight=False, color_system=None)
    reason = selectors.move_reasons(facts["kind"])[facts["reason_code"]]
    with console.capture() as captured:
        title = _("Set {number}: {kind}, {state}").format(
            number=facts["move_set_id"], kind=kind_said(facts["kind"]), state=_state(facts["state"])
        )
        console.print(escape(f"{title}. {reason.zh if terminal.lang.startswith('zh') else reason.en}"))
        for end in facts["parameters"].get("ends", []):
            if not end["is_calendar_known"]:
                console.print(_("The calendar does not know the holidays of that year, so the last day was not moved."))
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column(_("Verdict"))
        table.add_column(_("Cases"), justify="right")
        for row in facts["counts"]:
            table.add_row(escape(in_language(row)), f"{row['case_count']:,}")
        console.print(table)
        still = [row for row in facts["rows"] if (row["outcome"] or row["verdict"]) not in ("allowed", "applied")]
        for row in still[:ROWS_SHOWN]:
            console.print(escape(f"  {row['case_id']}: {in_language(row)}"))
        if len(still) > ROWS_SHOWN:
            console.print(_("… and {count} more; --json shows all.").format(count=len(still) - ROWS_SHOWN))
        if facts["state"] == "previewed":
            console.print(_("Nothing has moved. Apply it: duecourse placement moves apply {number}").format(number=facts["move_set_id"]))
        elif facts["state"] == "requested":
            console.print(_("A second person decides: duecourse placement moves approve {number}").format(number=facts["move_set_id"]))
    return captured.get().rstrip()
