"""`duecourse token`: give programs access to the API, and take it away."""

from __future__ import annotations

from typing import Any

import typer
from django.utils.translation import gettext as _

from duecourse.doors.commands.choose import chosen_actor
from duecourse.doors.commands.terminal import terminal
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent
from duecourse.parties import selectors, services
from duecourse.parties.access import AGENCY_SCOPES, CREDITOR_SCOPES, Actor, acting
from duecourse.parties.models import ApiToken

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

CREDITOR = typer.Option("", "--creditor", help="The creditor's code; not needed when there is only one.")
AS = typer.Option("", "--as", help="E-mail address of the person who acts; default: the system.")


@app.callback()
def token() -> None:
    """Tokens with which programs use the API.

    duecourse token issue "core banking" --scope feeds:write --scope payments:write
    duecourse token issue "Aoki dialler" --agency aoki --scope cases:read --scope permits:write
    duecourse token revoke 3
    """


@app.command()
def issue(
    name: str = typer.Argument(..., help="Which integration it is for."),
    scope: list[str] = typer.Option(
        ...,
        "--scope",
        help="What it may do, once for each scope. Creditor: {}. Agency: {}.".format(", ".join(CREDITOR_SCOPES), ", ".join(AGENCY_SCOPES)),
    ),
    agency: str = typer.Option("", "--agency", help="Code of the agency whose programs use it; default: the creditor's own."),
    days: int = typer.Option(90, "--days", help="It ends after so many days, 366 at most."),
    test: bool = typer.Option(False, "--test", help="What it asks for is decided and not recorded."),
    creditor: str = CREDITOR,
    as_: str = AS,
) -> None:
    """Give out a token. Its text is shown once and kept nowhere."""
    actor = chosen_actor(creditor, as_)
    issued = services.token_issue(actor=actor, name=name, scopes=scope, life_days=days, agency_id=_agency_id(actor, agency), is_test=test)
    terminal.note(_("This is shown once; keep it where secrets are kept."))
    terminal.answer(_facts(issued.token) | {"token": issued.text}, text=issued.text)


@app.command("list")
def list_(creditor: str = CREDITOR, as_: str = AS) -> None:
    """Show the tokens, the newest first; of their secrets nothing is kept that could be shown."""
    actor = chosen_actor(creditor, as_)
    with acting(actor):
        found = selectors.tokens(actor=actor)
    lines = [
        " ".join((str(row.pk), f"dc_{row.prefix}_…", _state(row), row.agency.code if row.agency else "-", row.name, ",".join(row.scopes)))
        for row in found
    ]
    terminal.answer({"tokens": [_facts(row) for row in found]}, text="\n".join(lines) or _("There are no tokens."))


@app.command()
def revoke(
    number: int = typer.Argument(..., metavar="TOKEN", help="The token's number in the list."), creditor: str = CREDITOR, as_: str = AS
) -> None:
    """End a token at once."""
    services.token_revoke(actor=chosen_actor(creditor, as_), token_id=number)
    terminal.answer({"token_id": number}, text=_("Token {number} is revoked.").format(number=number))


def _agency_id(actor: Actor, code: str) -> int | None:
    if not code:
        return None
    with acting(actor):
        for agency in selectors.agencies(actor=actor):
            if agency.code == code:
                return agency.pk
    raise Absent(entity="agency")


def _state(row: ApiToken) -> str:
    if row.revoked_at is not None:
        return _("revoked")
    if row.expires_at <= now():
        return _("ended")
    return _("for tests") if row.is_test else _("valid")


def _facts(row: ApiToken) -> dict[str, Any]:
    names = ("id", "name", "prefix", "agency_id", "scopes", "is_test", "created_at", "expires_at", "revoked_at")
    return {name: getattr(row, name) for name in names}
