"""Who gets what from every operation of the API: a matrix of operations and kinds of caller, all about what is Aoki's.

401 is for whoever shows no token, 403 for a token without the scope, 404 for what is absent and what is another's; a list is then
empty. An operation without a row here fails.
"""

from __future__ import annotations

import pytest

from duecourse.doors.api.urls import api as described
from tests.doors.api.conftest import payment, permit_body
from tests.doors.api.test_call_records import call_file

SEEN = {"nobody": 401, "aoki": 200, "birch": 404, "other_bank": 404, "reader": 200, "full": 200}
LISTED = {"nobody": 401, "aoki": 200, "birch": 200, "other_bank": 200, "reader": 200, "full": 200}
OWN_WRITES = {"nobody": 401, "aoki": 200, "birch": 404, "other_bank": 404, "reader": 403, "full": 200}
BANK_ONLY = {"nobody": 401, "aoki": 403, "birch": 403, "other_bank": 200, "reader": 403, "full": 200}
LEAD_ONLY = {"nobody": 401, "aoki": 200, "birch": 404, "other_bank": 403, "reader": 403, "full": 403}
MATRIX = {
    "cases_list": LISTED,
    "case_get": SEEN,
    "placements_list": LISTED,
    "batches_list": LISTED,
    "permit_request": OWN_WRITES,
    "permit_get": SEEN,
    "attempt_report": OWN_WRITES,
    "rules_list": LISTED,
    "rule_get": LISTED,
    "call_records_load": OWN_WRITES | {"other_bank": 200},
    "call_rejects": OWN_WRITES | {"aoki": 404, "full": 404},
    "payments_record": BANK_ONLY,
    "statements_list": LISTED,
    "statement_get": SEEN,
    "statement_agree": LEAD_ONLY,
    "feed_overdue": BANK_ONLY | {"other_bank": 422, "full": 422},
    "feed_daily": BANK_ONLY | {"other_bank": 422, "full": 422},
    "feed_rejects": BANK_ONLY | {"other_bank": 404, "full": 404},
    "webhooks_list": LISTED,
    "webhook_add": dict.fromkeys(LISTED, 201) | {"nobody": 401, "reader": 403},
    "webhook_remove": OWN_WRITES | {"aoki": 204, "full": 204},
    "webhook_ping": OWN_WRITES | {"aoki": 202, "full": 202},
    "deliveries_list": SEEN,
    "delivery_retry": OWN_WRITES | {"aoki": 202, "full": 202},
}
"""The file sent here is missing, hence 422, and the rejects asked for are nowhere, hence 404. The banks' own programs ask for permits for their robots."""


@pytest.fixture
def asked(api, noon):
    """Return a function that has a caller ask an operation about what is Aoki's."""
    case_id = api.mine[0].case_id
    permit_id = api.aoki.post("/permits", permit_body(case_id)).json()["id"]
    lines_hash = api.aoki.get(f"/statements/{api.statement_id}").json()["lines_hash"]
    robots = {api.full.token: api.bank.robot.pk, api.other_bank.token: api.other.robot.pk}
    outcome = {"outcome": "no_answer", "started_at": noon.isoformat()}
    hook = {"name": "a dialler", "url": "https://aoki.example/hooks", "event_kinds": ["statement.frozen"]}
    hook_id, gone_id = (api.aoki.post("/webhooks", hook).json()["id"] for _ in range(2))
    delivery_id = api.aoki.post(f"/webhooks/{hook_id}/ping", {}).json()["id"]
    calls = {
        "cases_list": lambda who: who.get("/cases", ids=case_id),
        "case_get": lambda who: who.get(f"/cases/{case_id}"),
        "placements_list": lambda who: who.get("/placements", ids=api.mine[0].placement_id),
        "batches_list": lambda who: who.get("/batches", ids=api.mine[0].batch_id),
        "permit_request": lambda who: who.post("/permits", permit_body(case_id, performer_id=robots.get(who.token))),
        "permit_get": lambda who: who.get(f"/permits/{permit_id}"),
        "attempt_report": lambda who: who.post(f"/permits/{permit_id}/outcome", outcome),
        "call_records_load": lambda who: who.upload(
            "/call-records", on="2026-09-02", file=call_file(), performer_id=robots.get(who.token, api.bank.aoki.pk)
        ),
        "call_rejects": lambda who: who.get(f"/call-records/{10**12}/rejects"),
        "rules_list": lambda who: who.get("/rules"),
        "rule_get": lambda who: who.get("/rules/cn.contact_hours"),
        "payments_record": lambda who: who.post("/payments", {"rows": [payment("P-1", api.mine[0].number)]}),
        "statements_list": lambda who: who.get("/statements", ids=api.statement_id),
        "statement_get": lambda who: who.get(f"/statements/{api.statement_id}"),
        "statement_agree": lambda who: who.post(f"/statements/{api.statement_id}/agree", {"lines_hash": lines_hash}),
        "feed_overdue": lambda who: who.upload("/feeds/overdue", as_of="2026-09-01"),
        "feed_daily": lambda who: who.upload("/feeds", kind="paid"),
        "feed_rejects": lambda who: who.get(f"/feeds/{10**12}/rejects"),
        "webhooks_list": lambda who: who.get("/webhooks"),
        "webhook_add": lambda who: who.post("/webhooks", hook),
        "webhook_remove": lambda who: who.delete(f"/webhooks/{gone_id}"),
        "webhook_ping": lambda who: who.post(f"/webhooks/{hook_id}/ping", {}),
        "deliveries_list": lambda who: who.get(f"/webhooks/{hook_id}/deliveries"),
        "delivery_retry": lambda who: who.post(f"/webhooks/deliveries/{delivery_id}/retry", {}),
    }
    return lambda operation, kind: calls[operation](api.callers[kind])


def test_every_operation_has_its_row():
    """No operation is without a row, and no row without its operation."""
    paths = described.get_openapi_schema(path_prefix="/v1/")["paths"]
    assert {operation["operationId"] for methods in paths.values() for operation in methods.values()} == set(MATRIX)


@pytest.mark.parametrize("kind", ["nobody", "aoki", "birch", "other_bank", "reader", "full"])
def test_each_caller_gets_what_is_theirs(asked, kind):
    """Every operation answers this kind of caller as the matrix says, and lists show Aoki's rows to nobody else than the bank and Aoki."""
    answers = {operation: asked(operation, kind) for operation in MATRIX}
    assert {operation: answer.status_code for operation, answer in answers.items()} == {name: row[kind] for name, row in MATRIX.items()}
    counts = {len(answers[name].json().get("items", ())) for name in ("cases_list", "placements_list", "batches_list", "statements_list")}
    assert counts == ({1} if kind in {"aoki", "reader", "full"} else {0})


def test_absent_and_forbidden_are_the_same_bytes(api):
    """What is another agency's and what does not exist at all give the same document."""
    for path in ("/cases/{}", "/statements/{}", "/permits/{}"):
        number = {"/cases/{}": api.mine[0].case_id, "/statements/{}": api.statement_id}.get(path, 10**12)
        assert api.birch.get(path.format(number)).content == api.birch.get(path.format(10**15)).content


def test_a_login_counts_for_nothing_here(api):
    """A session cookie of the bank's manager opens no address of the API."""
    from tests import people

    api.nobody.client.post("/login/", {"username": people.MEI.email, "password": people.PASSWORD})
    assert api.nobody.client.get("/").status_code == 200
    assert api.nobody.get("/cases").status_code == 401
