"""The workbench through its addresses: what Ann does with her batch, what Bo sees and records, and that nothing else leaks."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages import get_messages

from duecourse.contact.models import Attempt, Permit, Refusal
from duecourse.contact.services import call_request, contact_stop
from duecourse.kit.clock import frozen
from duecourse.ledger.models import AuditEvent
from duecourse.parties.access import acting
from duecourse.placement.models import BatchReceipt, CaseAssignment, PlacementMoveSet
from duecourse.repayment.models import Promise
from duecourse.settlement.models import StatementTransition
from duecourse.settlement.selectors import statements
from duecourse.settlement.services import statement_agree
from tests import people
from tests.doors.work_scene import statement
from tests.work import NOON, TODAY, work

ANN, BO = people.ANN.email, people.BO.email


@pytest.fixture
def scene(db, tmp_path, home):
    """Birch accepted its batch and Bo has two cases of it; Aoki has not accepted yet; it is noon."""
    with frozen(NOON):
        the = work(tmp_path)
        the.accept("birch")
        the.assign(the.cases["birch"][:2], the.bank.bo)
        yield the


@pytest.fixture
def entered(scene, logged_in):
    """Return a function that gives an English-speaking client of a person."""

    def enter(email):
        client = logged_in(email)
        client.cookies["django_language"] = "en"
        return client

    return enter


def text_of(answer, status=200):
    """Return the text of a page without its tags."""
    assert answer.status_code == status, answer.content.decode()[:600]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def hidden(answer, name):
    """Return the value of a hidden field."""
    return re.search(rf'name="{name}" value="([^"]*)"', answer.content.decode())[1]


def told(answer):
    """Return the messages that wait for the next page."""
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_ann_compares_accepts_and_downloads(scene, entered):
    """She sees hash, rows and fields, accepts what she saw, gets the package, and each step is in the trail."""
    client, address = entered(ANN), f"/agency/batches/{scene.batches['aoki']}/"
    assert "waits for you" in text_of(client.get("/agency/"))
    page = client.get(address)
    assert "Accept the batch" in text_of(page)
    assert client.post(f"{address}package/").status_code == 409
    assert client.post(f"{address}accept/", {"sha256": "0" * 64, "row_count": hidden(page, "row_count")}).status_code == 409
    for typed in ("", "one", "١٢", "9" * 30):
        assert client.post(f"{address}accept/", {"sha256": hidden(page, "sha256"), "row_count": typed}).status_code == 409
    assert client.post(f"{address}accept/", {"sha256": hidden(page, "sha256"), "row_count": hidden(page, "row_count")}).status_code == 302
    answer = client.post(f"{address}package/")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="2026-09-AOKI')
    assert answer.content[:2] == b"PK"
    assert "no-store" in answer.headers["Cache-Control"]
    with acting(scene.bank.system):
        own = AuditEvent.objects.filter(agency_id=scene.bank.aoki.pk) | AuditEvent.objects.filter(actor_id=scene.bank.ann.user_id)
        assert {"batch_accepted", "package_downloaded"} <= set(own.values_list("action", flat=True))


def test_a_discrepancy_is_typed_once_and_keeps_what_was_typed(scene, entered):
    """Without a reason the page comes back with the words; with one they are the creditor's to read, shown as text."""
    client, address = entered(ANN), f"/agency/batches/{scene.batches['aoki']}/"
    typed = {"reason_code": "", "case_count": "2", "words": "<b>=cmd()</b> 😀"}
    page = client.post(f"{address}discrepancy/", typed)
    assert page.status_code == 422
    assert "&lt;b&gt;=cmd()&lt;/b&gt; 😀" in page.content.decode()
    assert client.post(f"{address}discrepancy/", typed | {"case_count": "999"} | {"reason_code": "other"}).status_code == 422
    assert client.post(f"{address}discrepancy/", typed | {"reason_code": "out_of_scope"}).status_code == 302
    assert "&lt;b&gt;=cmd()" in client.get(address).content.decode()
    with acting(scene.bank.mei):
        assert BatchReceipt.objects.get(kind="discrepancy").words == "<b>=cmd()</b> 😀"


def test_ann_assigns_by_filter_with_a_preview(scene, entered):
    """All unassigned cases, two people, evenly: previewed, confirmed, and the list shows who has what."""
    scene.accept("aoki")
    client = entered(ANN)
    query = f"collector=0&batch={scene.batches['aoki']}"
    assert f"Cases: {len(scene.cases['aoki'])}" in text_of(client.get(f"/agency/assign/?{query}"))
    chosen = {"query": query, "user_ids": [scene.cai.user_id, scene.eve.user_id], "way": "count"}
    assert client.post("/agency/assign/", chosen | {"user_ids": [], "preview": "1"}).status_code == 422
    page = client.post("/agency/assign/", chosen | {"preview": "1"})
    assert f"Cases that change hands: {len(scene.cases['aoki'])}." in text_of(page)
    with acting(scene.bank.ann):
        assert not CaseAssignment.objects.exists()
    answer = client.post("/agency/assign/", chosen | {"confirm": "1", "plan_hash": hidden(page, "plan_hash")})
    assert answer.status_code == 302
    assert told(answer) == [f"Assigned; changed hands: cases: {len(scene.cases['aoki'])}."]
    assert text_of(client.get(f"/agency/cases/?collector={scene.cai.user_id}")).count("Cai") >= 2
    assert "Eve" in text_of(client.get("/agency/people/"))


def test_a_confirmation_without_or_with_an_old_preview_shows_the_new_one(scene, entered):
    """Eve got one of the cases meanwhile: 409 with the new preview; confirming that one works; no hash at all does not."""
    scene.accept("aoki")
    client, ids = entered(ANN), [str(number) for number in scene.cases["aoki"][:3]]
    chosen = {"ids": ids, "user_ids": [scene.cai.user_id], "way": "balance"}
    first = hidden(client.post("/agency/assign/", chosen | {"preview": "1"}), "plan_hash")
    scene.assign(scene.cases["aoki"][:1], scene.eve, code="aoki")
    page = client.post("/agency/assign/", chosen | {"confirm": "1", "plan_hash": first})
    assert "changed since the preview" in text_of(page, 409)
    assert client.post("/agency/assign/", chosen | {"confirm": "1"}).status_code == 409
    assert client.post("/agency/assign/", chosen | {"confirm": "1", "plan_hash": hidden(page, "plan_hash")}).status_code == 302
    with acting(scene.bank.ann):
        assert set(CaseAssignment.objects.filter(until_at__isnull=True).values_list("user_id", flat=True)) == {scene.cai.user_id}


def test_ann_gives_a_case_back_and_asks_for_an_extension(scene, entered):
    """A return is done at once; an extension waits for the creditor and can be withdrawn; another agency's set is absent."""
    scene.accept("aoki")
    client, ids = entered(ANN), [str(scene.cases["aoki"][0])]
    assert client.post("/agency/moves/new/", {"ids": ids, "reason": "return:other", "preview": "1"}).status_code == 422
    assert client.post("/agency/moves/new/", {"ids": ids, "reason": "recall:idle", "preview": "1"}).status_code == 422
    answer = client.post("/agency/moves/new/", {"ids": ids, "reason": "return:unreachable", "preview": "1"})
    address = answer.headers["Location"]
    assert "Give cases back: 1" in text_of(client.get(address))
    assert client.post(f"{address}apply/").status_code == 302
    assert client.get(f"/agency/cases/{ids[0]}/").status_code == 404
    kept = {"batch": scene.batches["aoki"], "reason": "extend:negotiating", "preview": "1", "until_on": "2027-01-15"}
    assert client.post("/agency/moves/new/", kept | {"until_on": ""}).status_code == 422
    asked = client.post("/agency/moves/new/", kept).headers["Location"]
    assert client.get(asked).status_code == 200
    assert client.post(f"{asked}apply/").status_code == 302
    assert client.post(f"{asked}withdraw/").status_code == 302
    with acting(scene.bank.system):
        assert PlacementMoveSet.objects.get(kind="extend").state == "withdrawn"
    assert entered("bea@birch.example").get(asked).status_code == 404


def test_ann_answers_her_statement(scene, entered):
    """She objects with a reason, the lines she looked at must be those of now, and she may agree afterwards; Birch's is absent."""
    number, other = statement(scene.bank), statement(scene.bank, agency="birch")
    client, address = entered(ANN), f"/agency/statements/{number}/"
    assert "1,234.56" in text_of(client.get("/agency/statements/"))
    assert client.get(f"/agency/statements/{other}/").status_code == 404
    assert client.post(f"/agency/statements/{other}/agree/", {"lines_hash": "0" * 64}).status_code == 404
    assert client.post(f"{address}agree/", {"lines_hash": "1" * 64}).status_code == 409
    assert client.post(f"{address}agree/", {}).status_code == 409
    assert client.post(f"{address}object/", {"reason_code": "other", "lines_hash": "0" * 64}).status_code == 422
    assert client.post(f"{address}object/", {"reason_code": "rate_wrong", "words": "line 3", "lines_hash": "0" * 64}).status_code == 302
    assert "A rate is wrong: line 3" in text_of(client.get(address))
    assert client.post(f"{address}object/", {"reason_code": "rate_wrong", "lines_hash": "0" * 64}).status_code == 422
    with acting(scene.bank.fan):
        assert statements(creditor_id=scene.bank.id)[0]["status"] == "disputed"
        step = StatementTransition.objects.get(status="disputed")
        assert (step.reason_code, step.words, step.actor_id) == ("rate_wrong", "line 3", scene.bank.ann.user_id)
    assert client.post(f"{address}agree/", {"lines_hash": "0" * 64}).status_code == 302
    with pytest.raises(Exception, match="cannot become agreed"):
        statement_agree(actor=scene.bank.ann, statement_id=number)


def test_bo_calls_and_reports(scene, entered):
    """One press, one permit with its number, a promise; the second press of the same form leads to the same permit."""
    case_id = scene.cases["birch"][0]
    client, address = entered(BO), f"/agency/cases/{case_id}/"
    page = client.get(address)
    assert "0 of 3 connected calls used today" in text_of(page)
    assert "+861380" not in page.content.decode().replace("+86138****", "")
    pressed = {"point": hidden(page, "point"), "request_id": hidden(page, "request_id")}
    led = {client.post(f"{address}call/", pressed).headers["Location"] for _ in range(2)}
    assert len(led) == 1
    permit_page = led.pop()
    shown = client.get(permit_page)
    assert re.search(r'href="tel:\+86138000\d{5}"', shown.content.decode())
    assert "no-store" in shown.headers["Cache-Control"]
    other = client.get(f"/agency/cases/{scene.cases['birch'][1]}/")
    assert "First report the outcome" in text_of(other)
    blocked = client.post(f"/agency/cases/{scene.cases['birch'][1]}/call/", {"point": hidden(page, "point"), "request_id": "work-2"})
    assert blocked.headers["Location"] == permit_page
    assert client.post(permit_page, {"outcome": "promise", "talk_seconds": "60"}).status_code == 422
    bare = {"outcome": "promise", "talk_seconds": "60", "amount": "1.00", "due_on": "2999-01-01"}
    assert client.post(permit_page, bare).status_code == 422
    assert client.post(permit_page, bare | {"account_id": "7" * 5_000}).status_code == 422
    account = re.search(r'<option value="(\d+)"', shown.content.decode())[1]
    report = {
        "outcome": "promise",
        "talk_seconds": "60",
        "account_id": account,
        "amount": "1,000.50",
        "due_on": TODAY.isoformat(),
        "note_codes": ["wants_plan"],
    }
    assert client.post(permit_page, report | {"amount": "=1+1"}).status_code == 422
    assert client.post(permit_page, report | {"account_id": "999999"}).status_code == 422
    assert client.post(permit_page, report).headers["Location"] == address
    with acting(scene.bank.system):
        assert (Permit.objects.count(), Attempt.objects.get().outcome, Promise.objects.get().amount_minor) == (1, "promise", 1_000_50)
        assert AuditEvent.objects.filter(action="number_revealed").count() >= 1
    assert "tel:" not in client.get(permit_page).content.decode()
    assert "Promise due" in text_of(client.get("/agency/"))
    assert "1 of 3 connected calls used today" in text_of(client.get(address))


def test_a_refusal_is_told_in_plain_words_with_its_source(scene, entered):
    """At half past ten in the evening there is no permit: the page says why, by which text, and from when on."""
    case_id = scene.cases["birch"][0]
    client, address = entered(BO), f"/agency/cases/{case_id}/"
    page = client.get(address)
    with frozen(NOON.replace(hour=14, minute=30)):
        answer = client.post(f"{address}call/", {"point": hidden(page, "point"), "request_id": hidden(page, "request_id")})
        text = text_of(client.get(answer.headers["Location"].partition("#")[0]))
    assert "No call now" in text
    assert "Allowed again from 2026-09-04 08:00" in text
    assert "GB/T" in text
    with acting(scene.bank.system):
        refusal = Refusal.objects.get()
    assert "No call now" not in text_of(client.get(f"/agency/cases/{scene.cases['birch'][1]}/?refusal={refusal.pk}"))
    assert "No call now" not in text_of(client.get(f"{address}?refusal='%20OR%201=1"))


def test_what_is_not_theirs_is_absent_in_every_address(scene, entered):
    """Bo with a colleague's case and a lead's pages, Ann with Birch's batch, case and permit: the same 404, whatever is sent."""
    bo, ann = entered(BO), entered(ANN)
    batch, unassigned = scene.batches["birch"], scene.cases["birch"][2]
    permit = call_request(actor=scene.bea, case_id=unassigned, contact_point_id=None, client_request_id="work-x").id
    pressed = {"point": scene.phone(unassigned), "request_id": "work-1", "sha256": "0" * 64, "row_count": "1", "outcome": "busy"}
    theirs = [
        f"/agency/cases/{unassigned}/",
        f"/agency/cases/{scene.cases['aoki'][0]}/",
        f"/agency/cases/{10**9}/",
        f"/agency/permits/{permit}/",
    ]
    theirs += [
        f"/agency/batches/{batch}/",
        "/agency/batches/",
        "/agency/assign/",
        "/agency/moves/",
        "/agency/moves/new/",
        "/agency/people/",
        "/agency/statements/",
    ]
    assert {address: bo.get(address).status_code for address in theirs} == dict.fromkeys(theirs, 404)
    posts = [
        f"/agency/cases/{unassigned}/call/",
        f"/agency/permits/{permit}/",
        f"/agency/batches/{batch}/accept/",
        f"/agency/batches/{batch}/package/",
        "/agency/assign/",
    ]
    assert {address: bo.post(address, pressed).status_code for address in posts} == dict.fromkeys(posts, 404)
    foreign = [f"/agency/cases/{unassigned}/", f"/agency/permits/{permit}/", f"/agency/batches/{batch}/"]
    assert {address: ann.get(address).status_code for address in foreign} == dict.fromkeys(foreign, 404)
    assert {address: ann.post(address, pressed).status_code for address in posts[:4]} == dict.fromkeys(posts[:4], 404)
    assert (
        ann.post("/agency/assign/", {"ids": [unassigned], "user_ids": [scene.cai.user_id], "way": "count", "preview": "1"}).status_code
        == 404
    )
    assert ann.post("/agency/moves/new/", {"ids": [unassigned], "reason": "return:unreachable", "preview": "1"}).status_code == 404
    mine = text_of(bo.get("/agency/cases/"))
    assert f" {unassigned} " not in mine
    assert "2 rows" in mine
    with acting(scene.bank.system):
        assert not Attempt.objects.exists()


def test_a_hand_made_number_of_a_request_is_not_taken(scene, entered):
    """Requests of the page begin as the page makes them; others, empty and binary ones, are absent, so a program's numbers stay its own."""
    client, address = entered(BO), f"/agency/cases/{scene.cases['birch'][0]}/call/"
    for number in ("", "1", "sim-1", "work-\x00"):
        assert client.post(address, {"request_id": number}).status_code == 404


def test_a_case_that_leaves_in_mid_call_leaves_the_report_to_do(scene, entered):
    """The lead takes the case away while Bo talks: the case is gone, his permit's page takes the outcome still."""
    case_id = scene.cases["birch"][0]
    client = entered(BO)
    page = client.get(f"/agency/cases/{case_id}/")
    permit_page = client.post(
        f"/agency/cases/{case_id}/call/", {"point": hidden(page, "point"), "request_id": hidden(page, "request_id")}
    ).headers["Location"]
    scene.assign([case_id], scene.bea)
    assert client.get(f"/agency/cases/{case_id}/").status_code == 404
    assert "still owed" in text_of(client.get(permit_page))
    assert client.post(permit_page, {"outcome": "promise", "talk_seconds": "3"}).status_code == 422
    assert client.post(permit_page, {"outcome": "no_answer"}).headers["Location"] == "/agency/"


def test_a_permit_that_was_ended_shows_why_and_no_number(scene, entered):
    """After compliance stops his agency, Bo's page of the permit he holds shows the reason instead of the number, in both languages."""
    case_id = scene.cases["birch"][0]
    permit = call_request(actor=scene.bank.bo, case_id=case_id, contact_point_id=scene.phone(case_id), client_request_id="1")
    bo = entered(BO)
    assert 'href="tel:' in bo.get(f"/agency/permits/{permit.id}/").content.decode()
    contact_stop(actor=scene.bank.qiu, scope="agency", agency_id=scene.bank.birch.pk, reason_code="conduct")
    shown = bo.get(f"/agency/permits/{permit.id}/")
    assert 'href="tel:' not in shown.content.decode()
    assert "This permit was ended: do not call" in text_of(shown)
    assert "Compliance stopped this contact." in text_of(shown)
    bo.cookies["django_language"] = "zh-hans"
    assert "该许可已被撤销" in text_of(bo.get(f"/agency/permits/{permit.id}/"))


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_pages_hold_no_inline_code_and_nothing_untranslated(scene, logged_in, lang):
    """Every page of the workbench is free of inline scripts, styles and handlers, in both languages."""
    client = logged_in(ANN)
    client.cookies["django_language"] = lang
    scene.accept("aoki")
    number = statement(scene.bank)
    addresses = [
        "/agency/",
        "/agency/batches/",
        f"/agency/batches/{scene.batches['aoki']}/",
        "/agency/cases/",
        f"/agency/cases/{scene.cases['aoki'][0]}/",
    ]
    addresses += [
        "/agency/assign/?collector=0",
        f"/agency/moves/new/?batch={scene.batches['aoki']}",
        "/agency/moves/",
        "/agency/people/",
        f"/agency/statements/{number}/",
    ]
    for address in addresses:
        answer = client.get(address)
        text = answer.content.decode()
        assert answer.status_code == 200, address
        assert not re.search(r'\sstyle="|<style|\son[a-z]+="|<script(?! src="/static/)', text), address
        if lang == "zh-hans":
            assert "Assign" not in re.sub(r"<[^>]+>", "", text), address
