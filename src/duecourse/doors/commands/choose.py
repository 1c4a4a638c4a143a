"""What several commands ask the same way: for which creditor, as whom, and where rejected rows go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.conf import settings

from duecourse.kit.calendar import local_day
from duecourse.kit.clock import now
from duecourse.kit.errors import Absent, InvalidInput
from duecourse.parties import selectors
from duecourse.parties.access import Actor, actors_of, system
from duecourse.parties.errors import MembershipMissing
from duecourse.parties.models import Creditor, User


class CreditorUnclear(InvalidInput):
    """There is not exactly one creditor, and none was named."""

    what = "It is not clear which creditor is meant."
    why = "There are: {known}."
    todo = "Name one: --creditor CODE"


class NobodyHere(InvalidInput):
    """There is no creditor at all."""

    what = "There is no creditor yet."
    todo = "Load one (duecourse house load FILE), or play with a simulated one (duecourse demo)."


class NobodyOfThatAddress(Absent):
    """No person who works for the creditor, or for one of its agencies, has the address."""

    what = "Nobody with the address {email} acts for {creditor} today."
    why = "Nobody has it, or their membership has not begun or is over."
    todo = "Check the address; a house file (duecourse house load FILE) adds people."


def chosen_creditor(code: str) -> Creditor:
    """Return the creditor of this code, in capitals or not, or the only one there is.

    Raises:
        Absent: there is none with this code.
        CreditorUnclear, NobodyHere: none was named, and there is not exactly one.
    """
    found = selectors.creditors()
    if code:
        alike = [creditor.code for creditor in found if creditor.code.casefold() == code.casefold()]
        return selectors.creditor_by_code(code=code if code in alike or len(alike) != 1 else alike[0])
    if not found:
        raise NobodyHere
    if len(found) > 1:
        raise CreditorUnclear(known=", ".join(creditor.code for creditor in found))
    return found[0]


def chosen_actor(code: str, email: str) -> Actor:
    """Return who acts: the person with this address, or the system on the creditor's behalf.

    Raises:
        NobodyOfThatAddress: nobody has it, or they do not belong to the creditor on the day.
    """
    creditor = chosen_creditor(code)
    if not email:
        return system(creditor.pk)
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    actors = [] if user is None else _actors(user, on=local_day(now(), creditor.zone))
    for actor in actors:
        if actor.creditor_id == creditor.pk:
            return actor
    raise NobodyOfThatAddress(email=email, creditor=creditor.code)


def _actors(user: User, *, on: date) -> list[Actor]:
    try:
        return actors_of(user, on=on)
    except MembershipMissing:
        return []


def rejects_place(file: Path, chosen: Path | None) -> Path:
    """Return where a file's rejected rows go: where the caller says, else `rejects/` in the home, which only its owner reads.

    They hold what the file held, so they are not left beside it, where a shared folder may show them to others.
    """
    if chosen is not None:
        return chosen
    folder = Path(settings.DUECOURSE_HOME) / "rejects"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{file.name}.rejects.csv"
