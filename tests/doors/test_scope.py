"""Who gets what from every address of the doors: a matrix of addresses and kinds of visitor.

A new address without a row here fails. 200 is the page, 302 leads away (to the login for the anonymous), 404 is the one page for
what is absent and what is another's, 403 tells a login without a side, 405 refuses the method.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests import people
from tests.doors.scope import MATRIX, VISITORS, address_of

CHANGED = ("/months/2026-08/", "/months/2026-08/report.json", "/months/0000-01/")


def names() -> set[str]:
    """Return the name of every address of the doors; the API has a matrix of its own."""
    found: set[str] = set()
    waiting: list[URLPattern | URLResolver] = list(get_resolver().url_patterns)
    while waiting:
        part = waiting.pop()
        if isinstance(part, URLResolver):
            waiting += part.url_patterns if part.namespace != "v1" else []
        else:
            found.add(str(part.name))
    return found


@pytest.fixture
def visitor(house, logged_in):
    """Return a function that gives the client of a kind of visitor."""
    return lambda kind: logged_in(VISITORS[kind]) if VISITORS[kind] else Client()


def test_every_address_has_its_row():
    """No address is without a row, and no row without its address."""
    assert names() == set(MATRIX)


@pytest.mark.parametrize("kind", VISITORS)
def test_each_visitor_gets_what_is_theirs(visitor, house, kind):
    """Every address answers this kind of visitor as the matrix says, and nobody is led anywhere but to the login without one."""
    client = visitor(kind)
    answers = {name: client.get(address_of(row, house)) for name, row in MATRIX.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {name: row[kind] for name, (_, row) in MATRIX.items()}
    if kind == "anonymous":
        led = {
            answer.headers["Location"].partition("?")[0]
            for name, answer in answers.items()
            if name not in {"login", "set_language", "welcome"}
        }
        assert led == {"/login/"}


@pytest.mark.parametrize("kind", ["manager", "lead"])
def test_absent_and_forbidden_look_the_same(visitor, kind):
    """A month that does not exist, a page that is another's and an address that is none give the same page, byte for byte."""
    client = visitor(kind)
    forbidden = "/agency/" if kind == "manager" else "/months/2026-09/"
    pages = {client.get(address).content.replace(address.encode(), b"") for address in (*CHANGED, forbidden, "/nowhere/")}
    assert len({_without_tokens(page) for page in pages}) == 1


def test_another_bank_sees_nothing_of_this_one(house, logged_in):
    """The manager of another creditor gets the same 404 for this creditor's month, and no month of her own."""
    from tests import factories

    factories.bank(people.OTHER_BANK)
    client = logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}."))
    assert client.get("/months/2026-09/").status_code == 404
    home = client.get("/").content.decode()
    assert "duecourse demo" in home
    assert people.BANK.name not in home


def test_ended_membership_ends_the_session(house, logged_in):
    """Whose membership ends meanwhile is out with the next request."""
    from duecourse.kit.clock import now
    from duecourse.parties.access import acting
    from duecourse.parties.models import Membership
    from duecourse.parties.services import membership_end

    client = logged_in(people.QIU.email)
    assert client.get("/months/2026-09/").status_code == 200
    with acting(house.bank.system):
        found = Membership.objects.get(creditor_id=house.bank.id, user_id=house.bank.qiu.user_id)
    membership_end(actor=house.bank.system, membership_id=found.pk, until_on=now().date().replace(day=1))
    assert client.get("/months/2026-09/").status_code == 403


def _without_tokens(page: bytes) -> bytes:
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"', b"", page)
