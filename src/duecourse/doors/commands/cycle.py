"""`duecourse cycle`: open a month, run its steps, see how far it is, close it, compute it again."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import typer

from duecourse.cycle import selectors
from duecourse.cycle.errors import AsOfOutsideMonth
from duecourse.cycle.models import StepRun
from duecourse.cycle.services import Month, perform, replay, resume, run_of, run_open
from duecourse.cycle.steps import STEPS
from duecourse.doors import words
from duecourse.doors.commands.choose import chosen_actor, rejects_place
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.kit.calendar import Month as CalendarMonth
from duecourse.kit.errors import InvalidInput
from duecourse.kit.money import format_amount
from duecourse.parties.access import Actor, acting, creditor_of

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")


class StepUnknown(InvalidInput):
    """There is no such step."""

    what = "There is no step {step}."
    todo = "Use one of: {known}."


@app.callback()
def cycle() -> None:
    """The month: ten steps from the overdue tape to the closed books.

    A month is opened before its tape, because the random part of its allocation is committed to then:

        duecourse cycle open 2026-09
        duecourse cycle run 2026-09 --tape tape.csv --as-of 2026-09-01
        duecourse allocation approve 1 --as mei@bank.example
        duecourse cycle run 2026-09

    At its end, when contacts and payments are in, it is summed up, settled with every agency, and closed:

        duecourse cycle run 2026-09 --until settle
        duecourse statement list 2026-09
        duecourse cycle run 2026-09 --until close
    """


@app.command("open")
def open_(month: str = typer.Argument(..., help="YYYY-MM"), creditor: str = CREDITOR, as_: str = AS) -> None:
    """Open a month and publish the commitment to its random draw."""
    run = run_open(actor=chosen_actor(creditor, as_), month=month)
    text = terminal.translated("{month} is open; its draw is committed to by {commitment}.")
    terminal.answer({"month": month, "commitment": run.commitment}, text=text.format(month=month, commitment=run.commitment))


@app.command()
def run(
    month: str = typer.Argument(..., help="YYYY-MM"),
    tape: Path = typer.Option(None, help="The overdue tape."),
    mapping: str = typer.Option("native", help="How the tape's columns are read."),
    as_of: datetime = typer.Option(None, formats=["%Y-%m-%d"], help="Business date; default: the tape's before, else the first day."),
    rejects: Path = typer.Option(None, help="Where the tape's rejected rows go; default: the home's rejects/ folder."),
    until: str = typer.Option("hand_over", help="The last step to run, by name."),
    early: bool = typer.Option(False, "--early", help="Close the month before its last day has come."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Run the steps in order, up to one of them: those of the business date once, those that sum the month up with what is known by now.

    Stops with what to do where a person must act: before the allocation is approved, and before the statements are frozen.
    """
    rejected = rejects_place(tape, rejects) if tape else None
    day = as_of.date() if as_of else None
    the_month = month_of(chosen_actor(creditor, as_), month, as_of=day, tape=tape, mapping=mapping, rejects=rejected, is_early=early)
    names = [step.name for step in STEPS]
    if until not in names:
        raise StepUnknown(step=until, known=", ".join(names))
    done, currency = [], creditor_of(the_month.actor).currency
    for wanted in STEPS[: names.index(until) + 1]:
        step_run = resume(wanted, month=the_month)
        done.append(step_run)
        terminal.note(_line(step_run, currency=currency))
    terminal.answer({"steps": [_facts(step_run) for step_run in done]}, text=terminal.translated("Done."))


@app.command()
def step(
    name: str = typer.Argument(..., help="intake, snapshot, score, allocate, hand_over, contact, repay, measure, settle, close"),
    month: str = typer.Argument(..., help="YYYY-MM"),
    tape: Path = typer.Option(None, help="The overdue tape, for intake."),
    mapping: str = typer.Option("native", help="How the tape's columns are read."),
    as_of: datetime = typer.Option(None, formats=["%Y-%m-%d"], help="Business date; default: the month's first day."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Run one step with what is known now; with the same inputs as before it does nothing."""
    wanted = next((s for s in STEPS if s.name == name), None)
    if wanted is None:
        raise StepUnknown(step=name, known=", ".join(s.name for s in STEPS))
    the_month = month_of(chosen_actor(creditor, as_), month, as_of=as_of.date() if as_of else None, tape=tape, mapping=mapping)
    step_run = perform(wanted, month=the_month)
    terminal.answer(_facts(step_run), text=_line(step_run, currency=creditor_of(the_month.actor).currency))


@app.command()
def status(month: str = typer.Argument(..., help="YYYY-MM"), creditor: str = CREDITOR) -> None:
    """Show which steps of a month are done, with their conservation laws."""
    actor = chosen_actor(creditor, "")
    with acting(actor):
        steps = selectors.latest_steps(run_of(actor=actor, month=month, is_open=False))
    currency = creditor_of(actor).currency
    text = "\n".join(_line(steps[s.name], currency=currency) if s.name in steps else f"· {s.name}" for s in STEPS)
    terminal.answer({"steps": [_facts(found) for found in steps.values()]}, text=text)


@app.command("replay")
def replay_(month: str = typer.Argument(..., help="YYYY-MM"), creditor: str = CREDITOR) -> None:
    """Compute a closed month again from its frozen inputs and compare every hash."""
    actor = chosen_actor(creditor, "")
    the_month = month_of(actor, month, is_open=False)
    with progress_bar(terminal.translated("Computing again")) as progress:
        results = replay(month=the_month, steps=STEPS, progress=progress)
    lines = [f"✓ {r.step:<10} {terminal.translated(r.how):<10} {r.replayed_hash[:16]}" for r in results]
    facts = [{"step": r.step, "how": r.how, "hash": r.replayed_hash, "is_same": r.is_same} for r in results]
    terminal.answer({"month": month, "steps": facts}, text="\n".join(lines))


def month_of(
    actor: Actor,
    month: str,
    *,
    as_of: date | None = None,
    tape: Path | None = None,
    mapping: str = "native",
    is_open: bool = True,
    **options: Any,
) -> Month:
    """Return what the steps of a month are given; the business date is the tape's, else the one its intake had, else day one."""
    bounds = CalendarMonth.parse(month)
    with acting(actor):
        found = run_of(actor=actor, month=month, is_open=is_open)
        intake = selectors.latest_step(found, step="intake")
    known_on = date.fromisoformat(intake.period) if intake else bounds.first
    day = as_of or known_on
    if not bounds.first <= day <= bounds.last:
        raise AsOfOutsideMonth(as_of=day, month=month)
    chosen = options | ({"tape": tape, "mapping": mapping} if tape else {})
    return Month(actor=actor, run=found, as_of=day, first_on=bounds.first, last_on=bounds.last, options=chosen)


def _line(step_run: StepRun, *, currency: str) -> str:
    """Return a step with its laws, whose sides read as amounts where they are money."""
    shown = []
    for law in step_run.laws:
        text, unit = words.law(law["name"], currency=currency)
        left, right = (format_amount(law[side], unit, lang=terminal.lang) if unit else f"{law[side]:,}" for side in ("left", "right"))
        shown.append(f"{text}: {left} = {right}")
    return f"✓ {step_run.step:<10} {'; '.join(shown)}"


def _facts(step_run: StepRun) -> dict[str, Any]:
    return {
        "step": step_run.step,
        "period": step_run.period,
        "counts": step_run.counts,
        "laws": step_run.laws,
        "inputs_hash": step_run.inputs_hash,
        "outputs_hash": step_run.outputs_hash,
    }
