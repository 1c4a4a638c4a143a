"""The page of policies: what holds is shown, a decision is dated, and nobody overwrites unseen what a colleague decided meanwhile."""

from __future__ import annotations

import re
from datetime import date

import pytest

from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from duecourse.placement import selectors, services
from duecourse.placement.models import PlacementPolicy
from tests import factories, people
from tests.placement import world

pytestmark = pytest.mark.django_db
DAY = date(2026, 9, 10)


@pytest.fixture
def bank():
    """Lanxi Bank on 10 September."""
    with frozen(world.days_later(8)):
        yield factories.bank()


@pytest.fixture(name="enter")
def entered(logged_in):
    """Log somebody in who reads English."""

    def enter(email):
        client = logged_in(email)
        client.cookies["django_language"] = "en"
        return client

    return enter


def filled(client, address="/policies/", **changed):
    """Return the form as the page gives it, with what is changed."""
    page = client.get(address).content.decode()
    found = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page)) | {"roll_rule": "none", "new_account": "wait"}
    found |= {"extension_grounds": ["promise_open", "plan_open", "paid_recently"]}
    return {name: value for name, value in (found | changed).items() if name != "csrfmiddlewaretoken"}


def policy(bank, on, contract_id=None):
    """Return the policy that holds."""
    with acting(bank.system):
        return selectors.policy_on(creditor_id=bank.id, on=on, contract_id=contract_id)


def test_a_decision_is_dated(bank, enter):
    """What is decided from a day on holds from then, and not before; the page lists it with who decided."""
    mei = enter(people.MEI.email)
    wanted = filled(mei, idle_days="10", goal_rate_bp="12.5", rotation_days="60，120", effective_on="2026-10-01")
    assert mei.post("/policies/", wanted).status_code == 302
    assert policy(bank, DAY).idle_days == 14
    later = policy(bank, date(2026, 10, 1))
    assert (later.idle_days, later.goal_rate_bp, later.rotation_days) == (10, 1_250, (60, 120))
    assert mei.post("/policies/", wanted | {"rotation_days": "1" * 5_000}).status_code == 422
    page = mei.get("/policies/").content.decode()
    assert "not yet" in page
    assert "12.5 %" in page
    assert "Mei" in page


def test_a_contract_has_its_own(bank, enter):
    """A policy of one contract leaves the others alone."""
    mei = enter(people.MEI.email)
    contract = bank.aoki_terms.contract.pk
    wanted = filled(mei, f"/policies/?contract={contract}", first_contact_days="1", contract=str(contract))
    assert mei.post("/policies/", wanted).status_code == 302
    assert policy(bank, DAY, contract).first_contact_days == 1
    assert policy(bank, DAY, bank.birch_terms.contract.pk).first_contact_days == 2


def test_two_people_see_each_other(bank, enter):
    """Who saves after a colleague sees the three columns first, and may save all the same."""
    mei = enter(people.MEI.email)
    wanted = filled(mei, idle_days="9")
    services.policy_set(actor=bank.lin, effective_on=DAY, terms={"idle_days": 20})
    answer = mei.post("/policies/", wanted)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert all(f">{value}<" in page for value in ("14", "20", "9"))
    assert policy(bank, DAY).idle_days == 20
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1]
    assert mei.post("/policies/", wanted | {"seen": seen}).status_code == 302
    assert policy(bank, DAY).idle_days == 9


@pytest.mark.parametrize(
    "changed",
    [
        {"idle_days": "-1"},
        {"idle_days": "ten"},
        {"rotation_days": "90, x"},
        {"rotation_days": "0"},
        {"extension_share_cap_bp": "101"},
        {"roll_rule": "never"},
        {"new_account": "burn"},
        {"effective_on": "1.10.2026"},
    ],
)
def test_what_cannot_be_is_refused_at_its_field(bank, enter, changed):
    """A wrong value is told at its field and nothing is decided."""
    mei = enter(people.MEI.email)
    assert mei.post("/policies/", filled(mei, **changed)).status_code == 422
    with acting(bank.system):
        assert not PlacementPolicy.objects.exists()


def test_policies_are_decided_by_mei(bank, enter):
    """Qiu reads the policies and decides on none; a forged seal is refused."""
    qiu, mei = enter(people.QIU.email), enter(people.MEI.email)
    assert 'name="idle_days"' not in qiu.get("/policies/").content.decode()
    assert qiu.post("/policies/", filled(mei, idle_days="9")).status_code == 404
    assert mei.post("/policies/", filled(mei, idle_days="9", seen="forged")).status_code == 422
