"""`duecourse demo`: a simulated world played through the same services a person would use, ending with a page to open."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import typer
from django.conf import settings as django_settings

from duecourse.doors.commands.demo.house import DEMO_PASSWORD, IN_HOUSE, PEOPLE, demo_house, terms_put_down
from duecourse.doors.commands.demo.play import Play
from duecourse.doors.commands.demo.workbook import tape_workbook
from duecourse.doors.commands.house import load_house
from duecourse.doors.commands.report import print_report
from duecourse.doors.commands.serve import serve
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.workbench.demo import workbench_filled
from duecourse.engine.simulate import World, WorldSettings
from duecourse.kit.calendar import Month
from duecourse.kit.clock import stopwatch
from duecourse.parties.access import system

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def demo(
    accounts: int = typer.Option(20_000, min=50, max=2_000_000, help="Overdue accounts in the simulated world."),
    months: int = typer.Option(2, min=1, max=12, help="Months to play."),
    agencies: int = typer.Option(6, min=1, max=20, help="Outside agencies, beside the in-house team."),
    seed: int = typer.Option(20260901, help="The same seed gives the same world."),
    start: str = typer.Option("2026-09", help="The first month, YYYY-MM."),
    calls: float = typer.Option(0.35, min=0.0, max=3.0, help="Calls a collector would like to make per case and month."),
    port: int = typer.Option(8000, help="Port of the page; another is taken when it is in use."),
    serve_page: bool = typer.Option(True, "--serve/--no-serve", help="Serve the report's page at the end."),
) -> None:
    """Play a bank, its borrowers and its agencies for some months, and show the report.

    Everything in it is simulated. Run again, it goes on where it was interrupted; what is closed stays as it is.
    """
    began = stopwatch()
    first = Month.parse(start)
    settings = WorldSettings(
        seed,
        account_count=accounts,
        months=months,
        agency_count=agencies,
        start_on=date(first.first.year, first.first.month, 1),
        calls_per_case_month=calls,
    )
    world = World(settings)
    creditor_id = load_house(demo_house(world.agencies(), start_on=first.first, account_count=accounts)).creditor_id
    played = Play(world=world, creditor_id=creditor_id)
    for number in range(0 if played.is_closed(first.plus(months - 1)) else months):
        played.month(first.plus(number))
    terms_put_down(creditor_id)
    workbench_filled([code for code in played.agency_ids if code != IN_HOUSE])
    following = first.plus(months).first
    workbook = tape_workbook(world, folder=django_settings.ENVIRONMENT.home / "demo") if world.present == following else None
    print_report(actor=system(creditor_id), month=str(first.plus(months - 1)))
    terminal.note(terminal.translated("Simulated in {seconds} s.").format(seconds=round(stopwatch() - began, 1)))
    if serve_page:
        serve(port=port, on_ready=partial(_welcome, workbook=workbook, as_of=following))
    elif workbook:
        terminal.note(_try_it(workbook, as_of=following))


def _try_it(workbook: Path, *, as_of: date) -> str:
    """Return the sentence that leads to the next month's file."""
    sentence = terminal.translated("Try it: Feeds → Take in a file: {path} (of the day {day}, read as weian)")
    return sentence.format(path=workbook, day=as_of)


def _welcome(url: str, *, workbook: Path | None, as_of: date) -> None:
    """Print where the page is, who can log in, and which file waits to be taken in."""
    lines = [terminal.translated("Open {url}").format(url=url), ""]
    lines += [f"  {person.email:<28} {DEMO_PASSWORD}   {terminal.translated(person.what)}" for person in PEOPLE]
    lines += ["", _try_it(workbook, as_of=as_of)] if workbook else []
    lines += ["", terminal.translated("Stop with Ctrl-C; `duecourse db stop` stops the database.")]
    terminal.note("\n".join(lines))
