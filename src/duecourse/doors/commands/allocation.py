"""`duecourse allocation`: look at a proposed allocation, decide on it, and make the package of a batch."""

from __future__ import annotations

import os
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
from duecourse.kit.errors import Absent
from duecourse.kit.money import format_amount
from duecourse.kit.records import written_whole
from duecourse.ledger.selectors import file_read
from duecourse.ledger.services import audit_append
from duecourse.parties.access import Actor, acting
from duecourse.placement import selectors, services
from duecourse.placement.models import Batch

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

WIDTH = 110
CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
READER = typer.Option("", "--as", help="E-mail address of the person who asks; default: the system.")
DECIDER = typer.Option(..., "--as", help="E-mail address of the person who decides.")
REASON = typer.Option("", "--reason", help="Why, in a few words; kept with the decision.")


@app.callback()
def allocation() -> None:
    """Which agency gets which case: look, decide, hand over.

    duecourse allocation preview 7
    duecourse allocation approve 7 --as qiu@lanxi.example
    duecourse allocation handover 2026-09-AOKI-1 --to aoki.zip --as mei@lanxi.example
    """


@app.command()
def preview(allocation_id: int = typer.Argument(..., metavar="ID"), creditor: str = CREDITOR, as_: str = READER) -> None:
    """Show who gets what, who is left out and by which rule, and what stands in the way."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        selectors.access_allocation(actor, allocation_run_id=allocation_id)
        facts = selectors.allocation_preview(creditor_id=actor.creditor_id, allocation_run_id=allocation_id)
    terminal.answer(facts, text="" if terminal.is_json else text_of(facts, lang=terminal.lang))


@app.command()
def approve(
    allocation_id: int = typer.Argument(..., metavar="ID"), as_: str = DECIDER, creditor: str = CREDITOR, reason: str = REASON
) -> None:
    """Approve a proposed allocation; whoever proposed it cannot."""
    actor = chosen_actor(creditor, as_)
    services.allocation_approve(actor=actor, allocation_run_id=allocation_id, reason=reason)
    with acting(actor):
        state = selectors.access_allocation(actor, allocation_run_id=allocation_id).state
    if state == "published":
        text = _("Allocation {number} had been approved and published before; nothing was done.").format(number=allocation_id)
    else:
        text = _("Allocation {number} is approved. Nothing has moved yet.").format(number=allocation_id)
    terminal.answer({"allocation_run_id": allocation_id, "state": state}, text=text)


@app.command()
def reject(
    allocation_id: int = typer.Argument(..., metavar="ID"), as_: str = DECIDER, creditor: str = CREDITOR, reason: str = REASON
) -> None:
    """Reject a proposed allocation; it is proposed anew from other inputs."""
    services.allocation_reject(actor=chosen_actor(creditor, as_), allocation_run_id=allocation_id, reason=reason)
    text = _("Allocation {number} is rejected.").format(number=allocation_id)
    terminal.answer({"allocation_run_id": allocation_id, "state": "rejected"}, text=text)


@app.command()
def handover(
    batch: str = typer.Argument(..., help="The batch's code, for example 2026-09-AOKI-1."),
    to: Path = typer.Option(..., "--to", help="The file to write; an older one of that name is replaced."),
    creditor: str = CREDITOR,
    as_: str = READER,
) -> None:
    """Make the handover package of a batch, if it is not made yet, and write it to a file. The package holds personal data."""
    actor = chosen_actor(creditor, as_)
    facts, content = _package(actor, batch)
    with written_whole(to) as sink:
        os.fchmod(sink.fileno(), 0o600)
        sink.write(content)
    text = _("{rows} rows of {batch} are in {path}. SHA-256 {sha256}").format(
        rows=facts["row_count"], batch=batch, path=to, sha256=facts["sha256"]
    )
    terminal.answer(facts | {"path": str(to)}, text=text)


def _package(actor: Actor, code: str) -> tuple[dict[str, Any], bytes]:
    """Return the facts and the bytes of a batch's package; taking it out of the house is noted in the trail."""
    with acting(actor):
        found = Batch.objects.filter(creditor_id=actor.creditor_id, code=code).first()
        if found is None:
            raise Absent(entity="batch")
        if not actor.is_agency:
            services.batch_hand_over(actor=actor, batch_id=found.pk)
        made = selectors.access_handover(actor, batch_id=found.pk)
        audit_append(
            creditor_id=actor.creditor_id,
            action="handover_taken_out",
            subject_kind="batch",
            subject_id=found.pk,
            details={"sha256": made.sha256, "row_count": made.row_count},
        )
        content = file_read(creditor_id=actor.creditor_id, file_id=made.file_id)
    facts = {"handover_id": made.pk, "batch": code, "row_count": made.row_count, "sha256": made.sha256, "manifest": made.manifest}
    return facts, content


def text_of(facts: dict[str, Any], *, lang: str) -> str:
    """Return a preview as text of at most `WIDTH` columns."""
    console = Console(width=WIDTH, highlight=False, color_system=None)
    currency = facts["policy"]["currency"]
    with console.capture() as captured:
        title = _("Allocation {number} of {day}: {state}").format(
            number=facts["allocation_run_id"], day=facts["as_of"], state=_(facts["state"])
        )
        console.print(title)
        counts = _("{placed} of {cases} cases placed, {slice} of them drawn at random; {left_out} left out.").format(
            placed=facts["placed_count"], cases=facts["case_count"], slice=facts["slice_count"], left_out=facts["left_out_count"]
        )
        console.print(counts)
        gap = _("Gap to the bound: {share}. Hash of the rows: {hash}").format(
            share=f"{facts['gap']['gap_share']:.4%}", hash=facts["rows_hash"][:16]
        )
        console.print(gap)
        console.print(_agencies(facts["agencies"], lang=lang))
        for heading, rows in ((_("Placed, by reason"), facts["reasons"]), (_("Left out, by rule"), facts["left_out"])):
            if rows:
                console.print(_reasons(heading, rows, currency=currency, lang=lang))
        for row in facts["obstacles"]:
            console.print(escape(f"✗ {row['agency_code']}: {row['reason']}"))
        if facts["withheld_count"]:
            console.print(_("{count} approved cases were withheld at publication.").format(count=facts["withheld_count"]))
    return captured.get().rstrip()


def _agencies(rows: list[dict[str, Any]], *, lang: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(_("Agency"))
    for heading in (_("Cases"), _("of at most"), _("Amount"), _("Expected"), _("At random")):
        table.add_column(heading, justify="right")
    for row in rows:
        amounts = [format_amount(row[name], row["currency"], lang=lang) for name in ("balance_minor", "expected_recovered_minor")]
        table.add_row(escape(row["name"]), f"{row['case_count']:,}", f"{row['cap_count']:,}", *amounts, f"{row['slice_count']:,}")
    return table


def _reasons(heading: str, rows: list[dict[str, Any]], *, currency: str, lang: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(heading)
    table.add_column(_("Cases"), justify="right")
    table.add_column(_("Amount"), justify="right")
    for row in rows:
        text = row["zh"] if lang.startswith("zh") else row["en"]
        amounts = ", ".join(format_amount(amount, code, lang=lang) for code, amount in row["amounts_minor"].items())
        table.add_row(escape(text), f"{row['case_count']:,}", amounts)
    return table
