"""`duecourse feed`: daily feeds of the core, one file at a time or from a drop folder."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from django.utils.translation import gettext as _
from typer.core import TyperGroup

from duecourse.cycle.services.feeds import FeedResult, feed_receive
from duecourse.doors.commands.choose import chosen_actor, rejects_place
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.doors.drop_folder import SETTLE_SECONDS, Swept, facts_of, folder_sweep
from duecourse.kit.calendar import zone
from duecourse.kit.errors import InvalidInput, Problem, fill
from duecourse.parties.access import acting, creditor_of
from duecourse.portfolio.services.specs import FEED_KINDS

PROBLEMS_SHOWN = 10
COUNTS = (
    ("row_count", "rows in the file"),
    ("accepted_count", "accepted"),
    ("applied_count", "of these in force now"),
    ("superseded_count", "of these older than what is known"),
    ("waiting_count", "of these waiting for their account"),
    ("rejected_count", "rejected"),
    ("account_new_count", "accounts that are new"),
    ("case_opened_count", "cases opened"),
    ("waited_count", "rows of feeds that had waited for their account"),
    ("hold_count", "stops placed or changed"),
    ("lifted_count", "stops lifted"),
    ("account_left_count", "accounts that left their case"),
    ("account_waiting_count", "accounts that wait for a placement to end"),
    ("account_followed_count", "accounts that followed into a placement"),
    ("case_split_count", "cases split off"),
    ("placement_ended_count", "placements ended"),
    ("recall_pending_count", "recalls of the core that are pending now"),
)
OUTCOMES = {
    "taken": "taken in",
    "repeated": "had been taken in before; nothing was done",
    "refused": "refused",
    "later": "not yet",
    "left": "left where it is",
}
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")


class TimeUnreadable(InvalidInput):
    """A feed's time on the command line is no instant."""

    what = "The time {text} cannot be read."
    todo = "Write it as 2026-09-05T06:00, or with its offset as 2026-09-05T06:00+08:00."


class FeedGroup(TyperGroup):
    """Takes a file's name where another group wants a command: `duecourse feed FILE` is `duecourse feed take FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front of a line that begins with none."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["take", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=FeedGroup, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def feed() -> None:
    """Daily feeds of the core: new, update, paid, cured, stopped, recalled.

    duecourse feed update_0905.csv --kind update --at 2026-09-05T06:00
    duecourse feed sweep /srv/drop
    duecourse feed watch /srv/drop --every 30
    """


@app.command()
def take(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet."),
    kind: str = typer.Option(..., "--kind", help=f"One of {', '.join(FEED_KINDS)}."),
    at: str = typer.Option("", "--at", help="The core's time for rows without one of their own: 2026-09-05T06:00, in the creditor's zone."),
    mapping: str = typer.Option("", "--mapping", help="How its columns are read; default: the kind's own form."),
    rejects: Path = typer.Option(None, help="Where rejected rows go; default: the home's rejects/ folder."),
    dry: bool = typer.Option(False, "--dry", help="Tell what would happen, and do nothing."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Take a feed in. The same file again does nothing; an older one than what is known is kept and changes nothing."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        feed_at = _instant(at, zone_name=creditor_of(actor).zone)
    with progress_bar(file.name) as show:
        result = feed_receive(
            actor=actor, kind=kind, path=file, feed_at=feed_at, mapping=mapping, is_trial=dry,
            rejects_path=None if dry else rejects_place(file, rejects), progress=lambda done, total, text: show(done, total, _(text)),
        )  # fmt: skip
    terminal.answer(facts_of_feed(result), text="" if terminal.is_json else text_of(result))


@app.command()
def sweep(
    folder: Path = typer.Argument(..., help="Where the core leaves its files."),
    settle: int = typer.Option(SETTLE_SECONDS, min=0, help="Seconds without a change after which a file without a manifest is complete."),
    mapping: str = typer.Option("", "--mapping", help="How columns are read; default: each kind's own form."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Look through a drop folder once: complete files are taken in and moved to done/ or rejects/."""
    swept = folder_sweep(actor=chosen_actor(creditor, as_), folder=folder, mapping=mapping, settle_seconds=settle)
    terminal.answer({"entries": [facts_of(entry) for entry in swept]}, text="" if terminal.is_json else swept_text(swept))


@app.command()
def watch(
    folder: Path = typer.Argument(..., help="Where the core leaves its files."),
    every: int = typer.Option(30, min=1, help="Seconds between two looks."),
    settle: int = typer.Option(SETTLE_SECONDS, min=0, help="Seconds without a change after which a file without a manifest is complete."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Look through a drop folder again and again, until Ctrl-C. A kill at any moment loses nothing."""
    actor, said = chosen_actor(creditor, as_), ""
    try:
        while True:
            swept = folder_sweep(actor=actor, folder=folder, settle_seconds=settle)
            text = swept_text(swept)
            if text != said and swept:
                terminal.answer({"entries": [facts_of(entry) for entry in swept]}, text=text)
            said = text
            time.sleep(every)
    except KeyboardInterrupt:
        terminal.note(_("Stopped."))


def facts_of_feed(result: FeedResult) -> dict[str, Any]:
    """Return the result as JSON gives it."""
    return {
        "feed_id": result.feed_id,
        "kind": result.kind,
        "is_new": result.is_new,
        "is_trial": result.is_trial,
        "counts": result.counts,
        "problems": [{"row": p.row, "column": p.column, "code": p.code, "what": _said(p)} for p in result.problems],
        "rejects_path": str(result.rejects_path) if result.rejects_path else None,
        "quarantined": result.quarantined,
    }


def text_of(result: FeedResult) -> str:
    """Return the result for people."""
    if result.is_trial:
        lines = [_("This would happen; nothing was done.")]
    elif result.is_new:
        lines = [_("Feed {feed_id} is taken in.").format(feed_id=result.feed_id)]
    else:
        lines = [_("Feed {feed_id} had been taken in before; nothing was done.").format(feed_id=result.feed_id)]
    lines += [f"{result.counts[name]:>10,}  {_(label)}" for name, label in COUNTS if result.counts.get(name)]
    lines += [f"{count:>10,}  {_('cases closed')}: {_(reason)}" for reason, count in sorted(result.counts.get("case_closed", {}).items())]
    lines += [_("Row {row}: {text}").format(row=problem.row, text=_said(problem)) for problem in result.problems[:PROBLEMS_SHOWN]]
    for column in result.quarantined:
        template = _("Not read: column {column}, {count} values: {reason}.")
        lines.append(template.format(column=column["column"], count=f"{column['cell_count']:,}", reason=_(column["reason"]).rstrip(".。")))
    if result.rejects_path:
        lines.append(_("Rejected rows: {path}. Mend them and send that file the same way.").format(path=result.rejects_path))
    return "\n".join(lines)


def swept_text(swept: list[Swept]) -> str:
    """Return what became of the entries of a folder, a line each."""
    lines = []
    for entry in swept:
        line = f"{entry.name}: {_(OUTCOMES[entry.outcome])}"
        if entry.result is not None:
            counts = {name: entry.result.counts.get(name, 0) for name, _label in COUNTS[:6]}
            line += ". " + ", ".join(
                f"{count:,} {_(label)}" for (name, label), count in zip(COUNTS, counts.values(), strict=False) if count
            )
        if entry.error is not None:
            line += ". " + " ".join(
                fill(terminal.translated(part), entry.error.parameters) for part in (entry.error.what, entry.error.todo) if part
            )
        lines.append(line)
    return "\n".join(lines) or _("There is nothing to take in.")


def _instant(text: str, *, zone_name: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeUnreadable(text=repr(text)[:40]) from error
    return found if found.tzinfo else found.replace(tzinfo=zone(zone_name))


def _said(problem: Problem) -> str:
    return " ".join(fill(terminal.translated(part), problem.parameters) for part in (problem.what, problem.todo) if part)
