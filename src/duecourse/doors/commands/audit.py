"""`duecourse audit`: seal the trail, and prove that nobody changed it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import typer

from duecourse.cycle.models import Run
from duecourse.doors.commands.choose import CreditorUnclear, chosen_creditor
from duecourse.doors.commands.terminal import terminal
from duecourse.doors.drawing import progress_bar
from duecourse.kit.errors import InvalidInput, fill
from duecourse.ledger.selectors import BadRow, Head, Verification, audit_verify
from duecourse.ledger.services import seal_pending
from duecourse.parties import selectors
from duecourse.parties.access import acting, system

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

EXIT_BROKEN = 1
PLATFORM = "platform"
CREDITOR = typer.Option("", "--creditor", help="The creditor's code, or 'platform' for logins; default: all of them.")
HEAD = typer.Option([], "--expect-head", help="POSITION:HASH that was kept elsewhere; may be repeated. Needs --creditor.")


class HeadUnreadable(InvalidInput):
    """A kept head is not of the form position:hash."""

    what = "{text!r} is no head of a trail."
    todo = "Write the position, a colon, and the hash of 64 hexadecimal digits, as a verification printed them."


@app.callback()
def audit() -> None:
    """The trail: who did what, chained so that a change shows.

    Keep the head that a verification prints somewhere else: against it, even a trail that was cut off shows.

        duecourse audit seal
        duecourse audit verify
        duecourse audit verify --creditor lanxi --expect-head 1204:9f86d0…
    """


@app.command()
def verify(creditor: str = CREDITOR, expect_head: list[str] = HEAD) -> None:
    """Walk every trail, compute its hashes anew, and name the first row that is wrong; exit code 1 when there is one.

    The heads that closed months keep are compared as well.
    """
    heads = [_head(text) for text in expect_head]
    if heads and not creditor:
        raise CreditorUnclear(known=", ".join(code for code, _ in _trails("")))
    found = {code: _verified(creditor_id, heads) for code, creditor_id in _trails(creditor)}
    is_whole = all(verification.is_whole for verification in found.values())
    facts = [{"creditor": code, "is_whole": v.is_whole} | asdict(v) for code, v in found.items()]
    terminal.answer({"is_whole": is_whole, "trails": facts}, text="\n".join(_line(code, v) for code, v in found.items()))
    if not is_whole:
        raise typer.Exit(EXIT_BROKEN)


@app.command()
def seal(creditor: str = CREDITOR) -> None:
    """Chain the events that are not sealed yet; a sealer that runs at the same time is left to its work."""
    counts = {code: _sealed(creditor_id) for code, creditor_id in _trails(creditor)}
    template = terminal.translated("{creditor}: {count} events sealed.")
    text = "\n".join(template.format(creditor=code, count=count) for code, count in counts.items())
    terminal.answer({"sealed_counts": counts}, text=text)


def _trails(code: str) -> list[tuple[str, int]]:
    """Return (code, id) of the trails that are meant; the platform's own is creditor 0."""
    if code == PLATFORM:
        return [(PLATFORM, 0)]
    if code:
        return [(code, chosen_creditor(code).pk)]
    return [(PLATFORM, 0), *((creditor.code, creditor.pk) for creditor in selectors.creditors())]


def _verified(creditor_id: int, heads: list[Head]) -> Verification:
    with progress_bar(terminal.translated("Verifying")) as progress, acting(system(creditor_id)):
        return audit_verify(creditor_id=creditor_id, expected_heads=[*_closed_heads(creditor_id), *heads], progress=progress)


def _closed_heads(creditor_id: int) -> Iterator[Head]:
    runs = Run.objects.filter(creditor_id=creditor_id, closed_at__isnull=False, audit_position__gt=0)
    return (Head(position, found) for position, found in runs.values_list("audit_position", "audit_hash"))


def _sealed(creditor_id: int) -> int:
    count = 0
    while True:
        with acting(system(creditor_id)):
            more = seal_pending(creditor_id=creditor_id)
        count += more
        if not more:
            return count


def _line(code: str, found: Verification) -> str:
    text = terminal.translated("✓ {creditor}: {count} events are as they were sealed.").format(creditor=code, count=found.sealed_count)
    if found.first_bad:
        text = terminal.translated("✗ {creditor}: the first wrong row is {row}.").format(creditor=code, row=_row(found.first_bad))
    if found.unsealed_count:
        text += " " + terminal.translated("{count} are not sealed yet: nothing is proved about them.").format(count=found.unsealed_count)
    if found.head_position:
        text += "\n  " + terminal.translated("Head: {head}").format(head=f"{found.head_position}:{found.head_hash}")
    return text


def _row(bad: BadRow) -> str:
    where: dict[str, Any] = {"position": bad.position, "event_id": bad.event_id}
    template = "position {position}" if bad.event_id is None else "position {position} (event {event_id})"
    return f"{terminal.translated(template).format(**where)}: {fill(terminal.translated(bad.reason), bad.parameters)}"


def _head(text: str) -> Head:
    position, _, found = text.partition(":")
    if not position.isdecimal() or len(found) != 64 or set(found.lower()) - set("0123456789abcdef"):
        raise HeadUnreadable(text=text)
    return Head(int(position), found.lower())
