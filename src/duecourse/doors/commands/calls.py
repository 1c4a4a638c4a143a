"""`duecourse calls`: what was really dialled, beside the permits."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from django.utils.translation import gettext as _
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from duecourse.contact.models import CallRecordFile
from duecourse.contact.selectors import FINDING_KINDS, CallFinding, call_files, call_files_owed, call_finding_counts, call_findings
from duecourse.contact.services import (
    CallRecordsResult,
    CallsForgotten,
    call_definition_set,
    call_records_load,
    call_retention_set,
    calls_forget,
    calls_match,
)
from duecourse.doors.call_words import finding_kind_text, finding_text
from duecourse.doors.commands.choose import chosen_actor, rejects_place
from duecourse.doors.commands.feed import swept_text
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.doors.drop_folder import SETTLE_SECONDS, calls_sweep, facts_of
from duecourse.kit.calendar import local_day, zone
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, Problem, fill
from duecourse.parties.access import Actor, acting, creditor_of
from duecourse.parties.selectors import agencies

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

EXIT_FOUND = 1
WIDTH = 130
PROBLEMS_SHOWN = 10
ROWS_SHOWN = 50
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")


@app.callback()
def calls() -> None:
    """What telephone systems recorded, beside the permits: load files of call records, and see what does not go together.

    duecourse calls load aoki-0901.csv --performer aoki --on 2026-09-01
    duecourse calls sweep /srv/drop/aoki --performer aoki
    duecourse calls check --on 2026-09-01
    duecourse calls define --from 2026-10-01 --connected-seconds 5
    duecourse calls keep --months 60 --from 2027-01-01
    duecourse calls forget --dry
    """


@app.command()
def load(
    file: Path = typer.Argument(..., help="CSV, XLSX or Parquet: one row for each call that was dialled."),
    performer: str = typer.Option(..., "--performer", help="Code of the agency, in-house team or robot that dialled."),
    on: datetime = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="The day of the calls; default: as the rows tell."),
    mapping: str = typer.Option(
        "native", "--mapping", help="native: times have offsets; local: times are the creditor's; or one of your own."
    ),
    rejects: Path = typer.Option(None, help="Where rejected rows go; default: the home's rejects/ folder."),
    dry: bool = typer.Option(False, "--dry", help="Tell what would happen, and do nothing."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Load a performer's call records of a day. The same file again does nothing, and a call that is there is never changed."""
    actor = chosen_actor(creditor, as_)
    performer_id = _performer(actor, performer)
    with progress_bar(file.name) as show:
        result = call_records_load(
            actor=actor, path=file, performer_id=performer_id, on=on.date() if on else None, mapping=mapping, is_trial=dry,
            rejects_path=None if dry else rejects_place(file, rejects), progress=lambda done, total, text: show(done, total, _(text)),
        )  # fmt: skip
    terminal.answer(facts_of_calls(result), text="" if terminal.is_json else text_of(result))


@app.command()
def sweep(
    folder: Path = typer.Argument(..., help="Where this performer leaves its files: calls_20260901.csv."),
    performer: str = typer.Option(..., "--performer", help="Code of the agency, in-house team or robot whose folder it is."),
    mapping: str = typer.Option("native", "--mapping", help="As for load."),
    settle: int = typer.Option(SETTLE_SECONDS, min=0, help="Seconds without a change after which a file without a manifest is complete."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Look through a performer's drop folder once: complete files are loaded and moved to done/ or rejects/."""
    actor = chosen_actor(creditor, as_)
    swept = calls_sweep(actor=actor, folder=folder, performer_id=_performer(actor, performer), mapping=mapping, settle_seconds=settle)
    terminal.answer({"entries": [facts_of(entry) for entry in swept]}, text="" if terminal.is_json else swept_text(swept))


@app.command()
def check(
    on: datetime = typer.Option(None, "--on", formats=["%Y-%m-%d"], help="The day; default: yesterday in the creditor's zone."),
    performer: str = typer.Option("", "--performer", help="Of one performer only."),
    kind: str = typer.Option("", "--kind", help=f"Show rows of one kind only: {', '.join(FINDING_KINDS)}."),
    rows: int = typer.Option(ROWS_SHOWN, "--rows", min=0, help="Show at most so many rows; --json shows all."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Hold a day's calls against its permits once more, and print what does not go together. Exit code 1: there are calls without a permit."""
    actor = chosen_actor(creditor, as_)
    if kind and kind not in FINDING_KINDS:
        raise Absent(entity="kind of finding")
    performer_id = _performer(actor, performer) if performer else None
    day = on.date() if on else _yesterday(actor)
    calls_match(actor=actor, on=day, performer_id=performer_id)
    with acting(actor):
        wanted: dict[str, Any] = {"creditor_id": actor.creditor_id, "from_on": day, "until_on": day, "performer_id": performer_id}
        counts = call_finding_counts(**wanted)
        found = call_findings(**wanted, kind=kind or None, limit=None if terminal.is_json else rows)
        files = call_files(**wanted)
        owed = [number for number in call_files_owed(creditor_id=actor.creditor_id, on=day) if performer_id in (None, number)]
        codes = {agency.pk: agency.code for agency in agencies(actor=actor)}
        zone_name = creditor_of(actor).zone
    facts = {
        "on": day,
        "counts": [asdict(count) | {"performer": codes[count.performer_id]} for count in counts],
        "findings": [asdict(finding) | {"performer": codes[finding.performer_id]} for finding in found],
        "files": [{"id": file.pk, "performer": codes[file.performer_id], **_file_counts(file)} for file in files],
        "files_owed": [codes[number] for number in owed],
    }
    terminal.answer(facts, text="" if terminal.is_json else "\n".join(_checked(facts, found, codes=codes, zone_name=zone_name)))
    if any(count.kind == "call_without_permit" for count in counts):
        raise typer.Exit(EXIT_FOUND)


@app.command()
def define(
    from_: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="The first day on which it holds; tomorrow or later."),
    connected_seconds: int = typer.Option(0, "--connected-seconds", help="Least seconds of talk of a connected call."),
    effective_seconds: int = typer.Option(0, "--effective-seconds", help="Least seconds of talk of an effective call."),
    no_voicemail: bool = typer.Option(False, "--no-voicemail", help="Voicemail that answers does not count as connected."),
    clock_tolerance: int = typer.Option(60, "--clock-tolerance", help="Seconds that a call may begin outside of its permit."),
    duration_tolerance: int = typer.Option(15, "--duration-tolerance", help="Seconds that a reported duration may differ."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Say what counts as a connected and as an effective call from a day on. Calls of earlier days stay what they were."""
    actor = chosen_actor(creditor, as_)
    definition = call_definition_set(
        actor=actor, from_on=from_.date(), connected_seconds_min=connected_seconds, effective_seconds_min=effective_seconds,
        is_voicemail_connected=not no_voicemail, clock_tolerance_seconds=clock_tolerance, duration_tolerance_seconds=duration_tolerance,
    )  # fmt: skip
    said = _("From {day} on this definition of connected and effective calls holds.")
    if definition.needs_approval:
        said = _("It may count calls less, so it holds from {day} on once a second person has approved it (Approvals in the console).")
    facts = {"id": definition.pk, "from_on": definition.from_on, "needs_approval": definition.needs_approval}
    terminal.answer(facts, text=said.format(day=definition.from_on))


@app.command()
def keep(
    months: int = typer.Option(None, "--months", help="Months since the call; not fewer than the rules in force ask for."),
    for_ever: bool = typer.Option(False, "--for-ever", help="Keep them for ever, as it is until somebody says otherwise."),
    from_: datetime = typer.Option(..., "--from", formats=["%Y-%m-%d"], help="The first day on which it holds; 30 days from now or later."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Say how long call records are kept. Nothing is removed by this; forget removes what is older."""
    if (months is None) is not for_ever:
        raise typer.BadParameter(_("Name either --months or --for-ever."))
    said = call_retention_set(actor=chosen_actor(creditor, as_), kept_months=months, from_on=from_.date())
    if said.kept_months is None:
        text = _("From {day} on call records are kept for ever.").format(day=said.from_on)
    else:
        text = _("From {day} on call records are kept for {months} months.").format(day=said.from_on, months=said.kept_months)
    terminal.answer({"id": said.pk, "from_on": said.from_on, "kept_months": said.kept_months}, text=text)


@app.command()
def forget(
    dry: bool = typer.Option(False, "--dry", help="Tell what would happen, and do nothing."), creditor: str = CREDITOR, as_: str = AS
) -> None:
    """Remove call records whose time is over; where no time was said nothing is. Those of debtors whose case is open, or on hold, stay."""
    gone = calls_forget(actor=chosen_actor(creditor, as_), is_trial=dry)
    terminal.answer(asdict(gone) | {"is_trial": dry}, text=_forgotten_text(gone, is_trial=dry))


def _forgotten_text(gone: CallsForgotten, *, is_trial: bool) -> str:
    if gone.until_on is None:
        return _("Call records are kept for ever; nothing was removed.")
    counts = {"day": gone.until_on, "removed": f"{gone.record_count:,}", "kept": f"{gone.kept_count:,}", "files": f"{gone.file_count:,}"}
    text = _("Calls from before {day}: {removed} removed, {kept} kept for open cases and holds; {files} files destroyed.").format(**counts)
    return "\n".join([*([_("This would happen; nothing was done.")] if is_trial else []), text])


def facts_of_calls(result: CallRecordsResult) -> dict[str, Any]:
    """Return what came of a file as JSON gives it."""
    return {
        "record_file_id": None if result.is_trial else result.record_file_id,
        "is_new": result.is_new,
        "is_trial": result.is_trial,
        "on": result.local_on,
        "counts": result.counts,
        "problems": [{"row": p.row, "column": p.column, "code": p.code, "what": _said(p)} for p in result.problems],
        "rejects_path": str(result.rejects_path) if result.rejects_path else None,
    }


def text_of(result: CallRecordsResult) -> str:
    """Return what came of a file for people."""
    if result.is_trial:
        lines = [_("This would happen; nothing was done.")]
    elif result.is_new:
        lines = [_("The calls of {day} are loaded.").format(day=result.local_on)]
    else:
        lines = [_("This file was loaded before; nothing was done.")]
    lines.append(_rows_text(result.counts))
    lines += [_("Row {row}: {text}").format(row=problem.row, text=_said(problem)) for problem in result.problems[:PROBLEMS_SHOWN]]
    if result.rejects_path:
        lines.append(_("Rejected rows: {path}. Mend them and send that file the same way.").format(path=result.rejects_path))
    return "\n".join(lines)


def _checked(facts: dict[str, Any], found: list[CallFinding], *, codes: dict[int, str], zone_name: str) -> list[str]:
    """Return a day's findings for people: files, counts by kind and performer, rows."""
    lines = [f"{facts['on']}"]
    lines += [f"{file['performer']}: {_rows_text(file)}" for file in facts["files"]]
    if facts["files_owed"]:
        lines.append(_("Had permits, and no file has come: {codes}.").format(codes=", ".join(facts["files_owed"])))
    if not facts["counts"]:
        return [*lines, _("Everything that was recorded goes together with its permits.")]
    lines += _counted(facts["counts"])
    table = Table(_("Finding"), _("Performer"), _("Time"), _("Call"), _("Permit"), _("Debtor"), _("What"), box=box.SIMPLE_HEAD)
    for finding in found:
        cells = [finding_kind_text(finding.kind), codes[finding.performer_id], f"{finding.at.astimezone(zone(zone_name)):%H:%M:%S}",
                 finding.call_ref, str(finding.permit_id or ""), str(finding.person_id or ""), finding_text(finding)]  # fmt: skip
        table.add_row(*(escape(_plain(cell)) for cell in cells))
    return [*lines, _drawn(table)] if found else lines


def _counted(counts: list[dict[str, Any]]) -> list[str]:
    performers = sorted({count["performer"] for count in counts})
    held = Counter({(count["kind"], count["performer"]): count["finding_count"] for count in counts})
    table = Table(_("Finding"), *map(escape, performers), box=box.SIMPLE_HEAD)
    for kind in FINDING_KINDS:
        if any(held[kind, performer] for performer in performers):
            table.add_row(finding_kind_text(kind), *(f"{held[kind, performer]:,}" for performer in performers))
    return [_drawn(table)]


def _drawn(table: Table) -> str:
    console = Console(width=WIDTH)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip()


def _plain(text: str) -> str:
    """Return a text without what could steer a terminal."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _rows_text(counts: dict[str, Any]) -> str:
    return _("{rows} rows: {accepted} calls taken, {repeated} there before, {rejected} rejected.").format(
        rows=counts["row_count"], accepted=counts["accepted_count"], repeated=counts["repeated_count"], rejected=counts["rejected_count"]
    )


def _file_counts(file: CallRecordFile) -> dict[str, Any]:
    return {name: file.counts[name] for name in ("row_count", "accepted_count", "repeated_count", "rejected_count")}


def _performer(actor: Actor, code: str) -> int:
    with acting(actor):
        for agency in agencies(actor=actor):
            if agency.code == code:
                return int(agency.pk)
    raise Absent(entity="performer")


def _yesterday(actor: Actor) -> date:
    with acting(actor):
        return local_day(now(), creditor_of(actor).zone) - timedelta(days=1)


def _said(problem: Problem) -> str:
    return " ".join(fill(terminal.translated(part), problem.parameters) for part in (problem.what, problem.todo) if part)
