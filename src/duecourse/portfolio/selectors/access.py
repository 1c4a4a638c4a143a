"""The only way to one object: what is absent and what is not the actor's look the same. Call inside `acting(...)`."""

from __future__ import annotations

from duecourse.parties.access import Actor
from duecourse.portfolio.errors import AccountMissing, CaseMissing, PersonMissing
from duecourse.portfolio.models import Account, Case, Person


def access_case(actor: Actor, /, case_id: int) -> Case:
    """Return a case that the actor may see; an agency sees those it has.

    Raises:
        CaseMissing: there is none.
    """
    case = Case.objects.filter(creditor_id=actor.creditor_id, pk=case_id).first()
    if case is None:
        raise CaseMissing(entity="case")
    return case


def access_person(actor: Actor, /, person_id: int) -> Person:
    """Return a person that the actor may see; an agency sees those whose cases it has.

    Raises:
        PersonMissing: there is none.
    """
    person = Person.objects.filter(creditor_id=actor.creditor_id, pk=person_id).first()
    if person is None:
        raise PersonMissing(entity="person")
    return person


def access_account(actor: Actor, /, account_id: int) -> Account:
    """Return an account that the actor may see; an agency sees those of cases it has.

    Raises:
        AccountMissing: there is none.
    """
    account = Account.objects.filter(creditor_id=actor.creditor_id, pk=account_id).first()
    if account is None:
        raise AccountMissing(entity="account")
    return account
