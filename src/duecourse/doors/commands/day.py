"""`duecourse day`: the daily scrub."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer
from django.utils.translation import gettext as _

from duecourse.cycle.services.day import day_run
from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.parties.access import acting, creditor_of
from duecourse.portfolio.selectors import stop_text

app = typer.Typer(add_completion=False, rich_markup_mode=None)

LINES = (
    ("placement_ended_count", "placements ended: terms over, recalls final, debts paid"),
    ("recall_pending_count", "recalls of the core that are pending now"),
    ("waited_count", "rows of feeds that had waited for their account"),
    ("account_left_count", "accounts that left their case"),
    ("account_joined_count", "accounts that joined a case after waiting"),
    ("account_waiting_count", "accounts that wait for a placement to end"),
    ("held_case_count", "open cases under a stop"),
    ("held_placed_count", "of these with an agency"),
    ("contact_owed_count", "placements whose first contact is owed"),
    ("idle_count", "placements that lie idle"),
    ("rotation_count", "placements whose days with this hand are over"),
)


@app.command()
def day(
    on: datetime = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="The day; default: today in the creditor's zone."),
    creditor: str = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one."),
    as_: str = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system."),
) -> None:
    """Do what is due today: terms and recalls end, what feeds said is carried out, stops are looked through, idle cases are counted.

    Running it again does nothing twice. Once a day, soon after midnight in the creditor's zone, from cron:

        10 0 * * *  duecourse day --creditor lanxi
    """
    actor = chosen_actor(creditor, as_)
    if on is None:
        with acting(actor):
            today = local_day(now(), creditor_of(actor).zone)
    else:
        today = on.date()
    result = day_run(actor=actor, on=today)
    terminal.answer({"on": result.on, "counts": result.counts}, text="" if terminal.is_json else _text(result.counts))


def _text(counts: dict[str, Any]) -> str:
    lines = [f"{counts[name]:>10,}  {_(label)}" for name, label in LINES]
    lines += [f"{count:>10,}  {_('cases closed')}: {_(reason)}" for reason, count in sorted(counts["case_closed"].items())]
    position = 1 if terminal.lang.startswith("zh") else 0
    lines += [f"{count:>10,}  {_('stopped')}: {(stop_text(kind) or (kind, kind))[position]}" for kind, count in counts["held"].items()]
    return "\n".join(lines)
