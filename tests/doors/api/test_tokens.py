"""Tokens: given out once, ended at any time, and never told apart when they do not hold."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from duecourse.doors import commands
from duecourse.kit.clock import frozen
from duecourse.kit.errors import Forbidden
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting, bearer_of
from duecourse.parties.errors import ScopeElsewhere, TokenRefused, TokenTermsRefused
from duecourse.parties.models import ApiToken
from duecourse.parties.services import agency_close, approval_decide, token_issue, token_revoke
from duecourse.settlement.services import statement_approve
from tests.doors.api.conftest import Caller, issued


def test_only_a_digest_is_kept(api):
    """The secret stands in no column, and the object that carries it does not show it."""
    token = token_issue(actor=api.bank.mei, name="core", scopes=["feeds:write"])
    secret = token.text.rpartition("_")[2]
    with acting(api.bank.system):
        row = ApiToken.objects.values().get(pk=token.token.pk)
    assert secret not in str(row)
    assert secret not in repr(token)
    assert len(bytes.fromhex(secret)) == 32


def test_what_does_not_hold_looks_the_same(api, noon):
    """Unknown, of another secret, ended, revoked and of a closed agency: one document, byte for byte."""
    good = issued(api.bank, "cases:read", agency=api.bank.birch)
    revoked = token_issue(actor=api.bank.system, name="x", scopes=["cases:read"])
    ended = token_issue(actor=api.bank.system, name="y", scopes=["cases:read"], life_days=1)
    assert good.get("/cases").status_code == Caller(revoked.text).get("/cases").status_code == 200
    token_revoke(actor=api.bank.mei, token_id=revoked.token.pk)
    agency_close(actor=api.bank.system, agency_id=api.bank.birch.pk, closed_on=noon.date())
    texts = ["", "nonsense", revoked.text, good.token, revoked.text[:-64] + "0" * 64, f"dc_{'a' * 12}_{'0' * 64}", ended.text]
    with frozen(noon + timedelta(days=1)):
        answers = [Caller(text).get("/cases") for text in texts]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"] == "Bearer"


def test_the_trail_names_the_token(api):
    """What a program does stands in the trail under minus its token's number, and issuing and revoking stand there too."""
    token = token_issue(actor=api.bank.mei, name="Aoki dialler", scopes=["statements:agree", "statements:read"], agency_id=api.bank.aoki.pk)
    caller = Caller(token.text)
    lines_hash = caller.get(f"/statements/{api.statement_id}").json()["lines_hash"]
    assert caller.post(f"/statements/{api.statement_id}/agree", {"lines_hash": lines_hash}).status_code == 200
    token_revoke(actor=api.bank.mei, token_id=token.token.pk)
    with acting(api.bank.system):
        events = {(event.action, event.actor_id) for event in AuditEvent.objects.filter(creditor_id=api.bank.id)}
    mei = api.bank.mei.user_id
    assert {("statement_agreed", -token.token.pk), ("token_issued", mei), ("token_revoked", mei)} <= events


def test_an_agencys_token_acts_under_the_agencys_role(api):
    """Row-level security decides for it: it is an agency's actor, and only the scope to agree makes it a lead."""
    bearer = bearer_of(api.aoki.token)
    assert (bearer.actor.agency_id, bearer.actor.roles) == (api.bank.aoki.pk, {"collector", "lead"})
    reader = bearer_of(issued(api.bank, "cases:read", agency=api.bank.aoki).token)
    assert reader.actor.roles == {"collector"}


def test_a_program_is_no_person(api):
    """A token of the bank with every scope has a manager's and an accountant's roles, and still decides and approves nothing."""
    program = bearer_of(api.full.token).actor
    assert {"manager", "accountant"} <= program.roles
    api.aoki.post(
        f"/statements/{api.statement_id}/agree", {"lines_hash": api.aoki.get(f"/statements/{api.statement_id}").json()["lines_hash"]}
    )
    with pytest.raises(Forbidden):
        statement_approve(actor=program, statement_id=api.statement_id)
    with pytest.raises(Forbidden):
        approval_decide(actor=program, subject_kind="x", subject_id=1, content_hash="0" * 64, requested_by=None, is_granted=True)


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"scopes": ["statements:agree"]}, ScopeElsewhere),
        ({"scopes": []}, ScopeElsewhere),
        ({"scopes": ["everything"]}, ScopeElsewhere),
        ({"life_days": 0}, TokenTermsRefused),
        ({"life_days": 367}, TokenTermsRefused),
        ({"name": " "}, TokenTermsRefused),
    ],
)
def test_terms_are_checked(api, terms, error):
    """A scope of the other side, none, an unknown one, an endless life and a missing name are refused."""
    with pytest.raises(error):
        token_issue(actor=api.bank.mei, **({"name": "core", "scopes": ["cases:read"]} | terms))


def test_it_takes_the_role_to_issue_and_revoke(api):
    """The accountant may not, and neither may an agency's lead; another bank's manager does not find the token."""
    from duecourse.kit.errors import Absent

    for actor in (api.bank.fan, api.bank.ann):
        with pytest.raises(Forbidden):
            token_issue(actor=actor, name="core", scopes=["cases:read"])
    token = token_issue(actor=api.bank.mei, name="core", scopes=["cases:read"])
    with pytest.raises(Absent):
        token_revoke(actor=api.other.mei, token_id=token.token.pk)
    with pytest.raises(TokenRefused):
        bearer_of(token.text + "0")


def test_the_command_issues_lists_and_revokes(api, capsys):
    """A token comes out of the command and works; the list shows its prefix and never its secret; revoked, it works no more."""
    line = ["token", "issue", "Aoki dialler", "--agency", "aoki", "--scope", "cases:read", "--creditor", "lanxi"]
    assert commands.run([*line, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    caller = Caller(made["token"])
    assert caller.get("/cases").status_code == 200
    assert commands.run(["token", "list", "--creditor", "lanxi"]) == 0
    told = capsys.readouterr().out
    assert made["prefix"] in told
    assert made["token"] not in told
    assert commands.run(["token", "revoke", str(made["id"]), "--creditor", "lanxi"]) == 0
    assert caller.get("/cases").status_code == 401
    assert commands.run(["token", "issue", "x", "--agency", "nowhere", "--scope", "cases:read", "--creditor", "lanxi"]) == 2


def test_a_clock_that_was_ahead_keeps_no_token_waiting(api, noon, settings):
    """After a server whose clock was a day ahead was put right its tokens ask as before, and no faster than they may."""
    settings.API_REQUESTS_PER_SECOND, settings.API_REQUESTS_AT_ONCE = 1, 3
    with frozen(noon + timedelta(days=1)):
        assert [api.aoki.get("/cases").status_code for _ in range(4)] == [200, 200, 200, 429]
    for second in (0, 10):
        with frozen(noon + timedelta(seconds=second)):
            found = [api.aoki.get("/cases").status_code for _ in range(4)]
            assert found == ([429] * 4 if second == 0 else [200, 200, 200, 429])
