"""`duecourse webhook`: tell programs what happened, and see whether they took it."""

from __future__ import annotations

from typing import Any

import typer
from django.utils.translation import gettext as _

from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.kit.errors import Absent
from duecourse.parties import selectors, services
from duecourse.parties.access import Actor, acting
from duecourse.parties.models import Webhook

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")
NUMBER = typer.Argument(..., metavar="WEBHOOK", help="The webhook's number in the list.")
SHOWN_MAX = 100


@app.callback()
def webhook() -> None:
    """Addresses of programs to which events are sent, signed, until they arrive.

    duecourse webhook add "core banking" https://core.example/hooks --event statement.frozen --event feed.received
    duecourse webhook add "Aoki dialler" https://aoki.example/hooks --agency aoki --event batch.handed_over
    duecourse webhook deliveries 3
    """


@app.command()
def add(
    name: str = typer.Argument(..., help="Which integration it is for."),
    url: str = typer.Argument(..., help="Where events are sent to: https."),
    event: list[str] = typer.Option(..., "--event", help="What it is told, once for each kind; docs/api.md lists them."),
    agency: str = typer.Option("", "--agency", help="Code of the agency whose rows it is told of; default: the creditor's own."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Have events sent to an address from now on. The secret is shown once."""
    actor = chosen_actor(creditor, as_)
    issued = services.webhook_add(actor=actor, name=name, url=url, event_kinds=event, agency_id=_agency_id(actor, agency))
    terminal.note(_("This is shown once; keep it where secrets are kept."))
    terminal.answer(_facts(issued.webhook) | {"secret": issued.secret}, text=f"{issued.webhook.key_id} {issued.secret}")


@app.command("list")
def list_(creditor: str = CREDITOR, as_: str = AS) -> None:
    """Show the webhooks, with how many events wait and how many were given up."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = selectors.webhooks(actor=actor)
    lines = [
        f"{row.pk} {row.key_id} {row.agency.code if row.agency else '-'} {row.name} {row.url} "
        + _("{waiting} waiting, {dead} given up").format(waiting=row.waiting_count, dead=row.dead_count)
        for row in found
    ]
    facts = [_facts(row) | {"waiting_count": row.waiting_count, "dead_count": row.dead_count} for row in found]
    terminal.answer({"webhooks": facts}, text="\n".join(lines) or _("There are no webhooks."))


@app.command()
def remove(number: int = NUMBER, creditor: str = CREDITOR, as_: str = AS) -> None:
    """Send nothing more to a webhook; what waits is given up."""
    services.webhook_remove(actor=chosen_actor(creditor, as_), webhook_id=number)
    terminal.answer({"webhook_id": number}, text=_("Webhook {number} is removed.").format(number=number))


@app.command()
def ping(number: int = NUMBER, creditor: str = CREDITOR, as_: str = AS) -> None:
    """Send a test event; the worker sends it within a second or two."""
    delivery = services.webhook_ping(actor=chosen_actor(creditor, as_), webhook_id=number)
    terminal.answer(
        {"delivery_id": delivery.pk, "event_id": delivery.event_id}, text=_("Event {event} is on its way.").format(event=delivery.event_id)
    )


@app.command()
def deliveries(
    number: int = NUMBER,
    state: str = typer.Option("", "--state", help="waiting, delivered or dead; default: all."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Show the last hundred events sent to a webhook, the newest first, with what came of each."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = selectors.deliveries(actor=actor, webhook_id=number).order_by("-pk")
        rows = list((found.filter(state=state) if state else found)[:SHOWN_MAX])
    facts = [
        {"id": row.pk, "event_id": row.event_id, "kind": row.kind, "state": row.state, "try_count": row.try_count, "tries": row.tries}
        for row in rows
    ]
    lines = [" ".join((str(row.pk), row.event_id, row.kind, row.state, str(row.try_count), _last(row.tries))) for row in rows]
    terminal.answer({"deliveries": facts}, text="\n".join(lines) or _("Nothing was sent yet."))


@app.command()
def retry(
    number: int = typer.Argument(..., metavar="DELIVERY", help="The delivery's number in the list of deliveries."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Send an event again that was given up, or that waits for its next try."""
    services.delivery_retry(actor=chosen_actor(creditor, as_), delivery_id=number)
    terminal.answer({"delivery_id": number}, text=_("Delivery {number} is on its way again.").format(number=number))


def _last(tries: list[dict[str, Any]]) -> str:
    return f"{tries[-1]['status'] or ''} {tries[-1]['problem']}".strip() if tries else ""


def _agency_id(actor: Actor, code: str) -> int | None:
    if not code:
        return None
    with acting(actor):
        for agency in selectors.agencies(actor=actor):
            if agency.code == code:
                return agency.pk
    raise Absent(entity="agency")


def _facts(row: Webhook) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "name", "url", "event_kinds", "key_id", "agency_id", "created_at")}
