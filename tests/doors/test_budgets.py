"""How many queries a page may ask, whatever the number of rows: a page that asks once per row fails here first.

The number counts everything from the session to the last row, for the creditor's manager or the agency's lead.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import people
from tests.doors.scope import MATRIX, address_of

BUDGETS = {
    "feeds": 20,
    "feed": 16,
    "feed-upload": 15,
    "mappings": 16,
    "mapping": 15,
    "mapping-draft": 19,
    "holds": 24,
    "stop-lists": 21,
    "stop-list": 16,
    "left-out": 26,
    "classification": 16,
    "jobs": 18,
    "job": 18,
    "webhooks": 16,
    "webhook": 21,
    "home": 24,
    "month": 24,
    "case": 38,
    "case-timeline": 20,
    "contact-stops": 18,
    "contact-stop": 18,
    "papers": 21,
    "templates": 21,
    "template": 18,
    "template-new": 14,
    "gate-terms": 15,
    "paper": 22,
    "paper-new": 16,
    "what-if": 14,
    "violations": 25,
    "call-findings": 20,
    "rules": 14,
    "rule": 14,
    "rule-texts": 13,
    "rule-disabled": 13,
    "complaints": 21,
    "disputes": 20,
    "refusals": 24,
    "refusal": 17,
    "permits": 22,
    "payments": 20,
    "suspense": 20,
    "payment": 20,
    "statements": 21,
    "statement": 26,
    "agencies": 16,
    "agency": 21,
    "contract": 18,
    "fees": 17,
    "people": 21,
    "person": 15,
    "approvals": 24,
    "approvals-history": 17,
    "exports": 17,
    "export": 14,
    "export-ask": 15,
    "profile": 13,
}
AGENCY_BUDGETS: dict[str, int] = {
    "workbench": 34,
    "work-batches": 18,
    "work-batch": 34,
    "work-cases": 24,
    "work-case": 42,
    "work-assign": 18,
    "work-people": 24,
    "work-statements": 18,
    "work-statement": 20,
}


@pytest.mark.parametrize(("name", "budget"), BUDGETS.items())
def test_pages_of_the_creditor_keep_their_budget(house, logged_in, name, budget):
    """The page is found, and asks no more than its budget."""
    assert asked_by(logged_in(people.MEI.email), address_of(MATRIX[name], house)) <= budget


@pytest.mark.parametrize(("name", "budget"), AGENCY_BUDGETS.items())
def test_pages_of_the_agency_keep_their_budget(house, logged_in, name, budget):
    """The page is found, and asks no more than its budget."""
    assert asked_by(logged_in(people.ANN.email), address_of(MATRIX[name], house)) <= budget


def asked_by(client, address: str) -> int:
    """Return the number of queries that a page asked; the savepoints and settings of `acting` count too."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code in {200, 302}
    return len(asked)
