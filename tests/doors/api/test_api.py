"""What programs do with the API: pages, permits, payments, statements, feeds; and how it says no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from duecourse.contact.services import contact_stop
from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests import people
from tests.doors.api.conftest import ALL_AGENCY, ALL_CREDITOR, issued, payment, permit_body
from tests.portfolio.tapes import CHEN, DAI, row, text_of

COUNTED = ("contact_permit", "contact_refusal", "contact_attempt", "ledger_auditevent", "ledger_entry", "repayment_payment",
           "settlement_statementtransition", "ledger_idempotencykey", "portfolio_tape", "ledger_storedfile")  # fmt: skip


def stored(api) -> dict[str, int]:
    """Return how many rows the tables have that a request may fill."""
    with acting(api.bank.system), connection.cursor() as cursor:
        counts = {}
        for table in COUNTED:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE creditor_id = %s", [api.bank.id])
            counts[table] = cursor.fetchone()[0]
    return counts


# ── pages ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/cases", "/placements"])
def test_pages_hold_every_row_once(api, path):
    """Following the cursor two by two gives all six rows in order, and the last page has no cursor."""
    seen, cursor, page_count = [], None, 0
    while True:
        page = api.full.get(path, limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor, page_count = page["next_cursor"], page_count + 1
        if cursor is None:
            break
    assert (page_count, len(seen)) == (3, 6)
    assert seen == sorted(set(seen))


def test_pages_are_narrowed(api):
    """By numbers, by openness, by day and by what changed since an instant."""
    case_id = api.mine[0].case_id
    assert [item["id"] for item in api.full.get("/cases", ids=f"{case_id},999999").json()["items"]] == [case_id]
    assert api.full.get("/cases", is_open="false").json()["items"] == []
    assert len(api.full.get("/placements", is_open="true").json()["items"]) == 6
    assert api.full.get("/placements", updated_since="2027-01-01T00:00:00Z").json()["items"] == []
    assert len(api.full.get("/placements", updated_since="2026-01-01T00:00:00+08:00").json()["items"]) == 6
    assert api.full.get("/batches", placed_since="2027-01-01").json()["items"] == []
    assert len(api.full.get("/statements", updated_since="2026-01-01T00:00:00Z").json()["items"]) == 1


def test_a_case_is_masked(api, tmp_path):
    """Of a debtor's name, number and telephone the page shows what may be displayed, and not the rest."""
    sent = SimpleUploadedFile("tape.csv", text_of([row("A-1", **CHEN)]).encode())
    assert api.full.upload("/feeds/overdue", file=sent, as_of="2026-09-01").status_code == 200
    newest = api.full.get("/cases").json()["items"][-1]["id"]
    answer = api.full.get(f"/cases/{newest}")
    person = answer.json()["person"]
    assert person["name"].startswith("陈")
    for secret in (people.CHEN.name, people.CHEN.identity_number, people.CHEN.phone, people.CHEN.phone[3:]):
        assert secret not in answer.content.decode()


@pytest.mark.parametrize("cursor", ["%%%", "YWZ0ZXI6", "YWZ0ZXI6LTE", "bm90OjE", "é"])
def test_foreign_cursors_are_refused(api, cursor):
    """A cursor that was not given out is a problem, and never a page."""
    answer = api.full.get("/cases", cursor=cursor)
    assert (answer.status_code, answer.json()["type"]) == (422, "CursorUnreadable")


# ── permits ──────────────────────────────────────────────────────────────────────────────────────


def test_a_permit_from_request_to_outcome(api, noon):
    """Ann's dialler asks, gets a permit with its explanation, reports once, and reads both; another report is a conflict."""
    case_id = api.mine[0].case_id
    permit = api.aoki.post("/permits", permit_body(case_id)).json()
    assert (permit["decision"], permit["is_test"], permit["explanation"]["allowed"]) == ("permit", False, True)
    outcome = {"outcome": "promise", "started_at": noon.isoformat(), "talk_seconds": 60}
    address = f"/permits/{permit['id']}"
    assert api.aoki.post(f"{address}/outcome", outcome).json()["is_connected"] is True
    assert api.aoki.post(f"{address}/outcome", outcome).status_code == 200
    assert api.aoki.post(f"{address}/outcome", outcome | {"outcome": "busy", "talk_seconds": 0}).json()["type"] == "AttemptReported"
    seen = api.aoki.get(address).json()
    assert (seen["case_id"], seen["attempt"]["outcome"]) == (case_id, "promise")
    assert seen["performer_id"] == api.bank.aoki.pk


def test_a_request_has_one_answer(api):
    """The same key gives the same permit, as header or field; with another body it is a conflict; two keys or none are refused."""
    body = permit_body(api.mine[0].case_id)
    first = api.aoki.post("/permits", body).json()
    bare = {name: value for name, value in body.items() if name != "client_request_id"}
    keyed = {"Idempotency-Key": body["client_request_id"]}
    assert api.aoki.post("/permits", bare, headers=keyed).json() == first
    clash = api.aoki.post("/permits", body | {"channel": "sms"})
    assert (clash.status_code, clash.json()["type"]) == (409, "RequestReused")
    assert api.aoki.post("/permits", body, headers={"Idempotency-Key": "another"}).json()["type"] == "KeysDiffer"
    assert api.aoki.post("/permits", bare).json()["type"] == "KeyMissing"


def test_the_fourth_call_is_refused_with_its_reason(api, noon):
    """A refusal is an answer: 200, with its reasons and, when it is known, the instant from which it would be allowed."""
    case_id = api.mine[0].case_id
    answers = []
    for number in range(4):
        answers.append(api.aoki.post("/permits", permit_body(case_id, number)).json())
        if answers[-1]["decision"] == "permit":
            outcome = {"outcome": "connected", "started_at": noon.isoformat(), "talk_seconds": 9}
            assert api.aoki.post(f"/permits/{answers[-1]['id']}/outcome", outcome).status_code == 200
    assert [answer["decision"] for answer in answers] == ["permit", "permit", "permit", "refusal"]
    assert answers[3]["next_allowed_at"] is not None
    assert answers[3]["explanation"]["reasons"]


# ── test mode ────────────────────────────────────────────────────────────────────────────────────


def test_test_mode_decides_and_stores_nothing(api, noon):
    """A test token gets the real decision of the moment, four times; no row is added anywhere, no lock stays, and no slot is used."""
    trial = issued(api.bank, *ALL_AGENCY, agency=api.bank.aoki, is_test=True)
    case_id, before = api.mine[0].case_id, stored(api)
    for number in range(4):
        answer = trial.post("/permits", permit_body(case_id, number)).json()
        assert (answer["decision"], answer["id"], answer["is_test"]) == ("permit", None, True)
    lines_hash = trial.get(f"/statements/{api.statement_id}").json()["lines_hash"]
    assert trial.post(f"/statements/{api.statement_id}/agree", {"lines_hash": lines_hash}).json()["status"] == "agreed"
    assert stored(api) == before
    assert api.aoki.get(f"/statements/{api.statement_id}").json()["status"] == "draft"
    assert [api.aoki.post("/permits", permit_body(case_id, n)).json()["decision"] for n in range(2)] == ["permit", "refusal"]
    assert trial.post("/permits", permit_body(case_id, 9)).json()["decision"] == "refusal"


def test_test_mode_books_no_payment_and_takes_no_file(api):
    """Payments are judged row by row and taken back; a file cannot be tried, and says so."""
    trial = issued(api.bank, *ALL_CREDITOR, is_test=True)
    before = stored(api)
    answer = trial.post("/payments", {"rows": [payment("P-1", api.mine[0].number), payment("P-2", "typo")]})
    assert [answer.json()[name] for name in ("payment_count", "suspense_count", "is_test")] == [2, 1, True]
    refused = trial.upload("/feeds/overdue", file=SimpleUploadedFile("t.csv", b"x"), as_of="2026-09-01")
    assert (refused.status_code, refused.json()["type"]) == (409, "NotInTestMode")
    assert stored(api) == before


# ── money ────────────────────────────────────────────────────────────────────────────────────────


def test_payments_are_recorded_once(api):
    """Sent twice they are booked once; a key with another body is a conflict; bad rows are named and the good ones booked."""
    body = {"rows": [payment("P-1", api.mine[0].number), payment("P-2", api.mine[1].number, 0)]}
    keyed = {"Idempotency-Key": "day-1"}
    first = api.full.post("/payments", body, headers=keyed | {"Accept-Language": "en"}).json()
    assert (first["payment_count"], first["received_minor"]) == (1, {"CNY": 1_000})
    assert [(found["row"], found["code"]) for found in first["problems"]] == [(2, "AmountZero")]
    again = api.full.post("/payments", body, headers=keyed).json()
    assert (again["payment_count"], again["duplicate_count"]) == (0, 1)
    clash = api.full.post("/payments", {"rows": [payment("P-3", api.mine[0].number)]}, headers=keyed)
    assert (clash.status_code, clash.json()["type"]) == (409, "IdempotencyClash")


def test_a_statement_is_read_and_agreed_to(api):
    """The agency reads header, lines and history, agrees to exactly those lines, and may say so twice; other lines are a conflict."""
    page = api.aoki.get(f"/statements/{api.statement_id}").json()
    assert page["total_minor"] == sum(line["amount_minor"] for line in page["lines"]["items"])
    assert [step["status"] for step in page["transitions"]] == ["draft"]
    address = f"/statements/{api.statement_id}/agree"
    assert api.aoki.post(address, {"lines_hash": "0" * 64}).json()["type"] == "StatementChanged"
    for _ in range(2):
        assert api.aoki.post(address, {"lines_hash": page["lines_hash"]}).json()["status"] == "agreed"
    assert api.aoki.post(address, {"lines_hash": "0" * 64}).status_code == 409


# ── feeds ────────────────────────────────────────────────────────────────────────────────────────


def test_a_tape_is_taken_in_once(api):
    """A file makes cases; sent again it changes nothing; a wrong control total and an unknown mapping are refused, a path as well."""
    content = text_of([row("A-1", **CHEN), row("B-1", **DAI, balance="-1.00")]).encode()

    def send(**fields):
        return api.full.upload("/feeds/overdue", file=SimpleUploadedFile("五月.csv", content), as_of="2026-09-01", **fields)

    assert send(row_count=3).json()["type"] == "TotalsDisagree"
    first = send(row_count=2).json()
    assert (first["is_new"], first["counts"]["accepted_count"], first["counts"]["rejected_count"]) == (True, 1, 1)
    assert first["problems"][0]["row"] == 2
    again = send().json()
    assert (again["is_new"], again["tape_id"]) == (False, first["tape_id"])
    assert send(mapping="nothing").json()["type"] == "UnknownMapping"
    assert send(mapping="../../mapping.yaml").json()["type"] == "RequestRefused"


# ── problems ─────────────────────────────────────────────────────────────────────────────────────


def test_problems_speak_both_languages(api):
    """The same refusal in English and in Chinese: same type and status, other words, the media type of RFC 9457."""
    answers = {lang: api.full.get("/cases/999999", headers={"Accept-Language": lang}) for lang in ("en", "zh-CN")}
    documents = {lang: answer.json() for lang, answer in answers.items()}
    assert {answer.headers["Content-Type"] for answer in answers.values()} == {"application/problem+json"}
    assert {(document["type"], document["status"]) for document in documents.values()} == {("CaseMissing", 404)}
    assert documents["en"]["title"].isascii()
    assert not documents["zh-CN"]["title"].isascii()
    assert (answers["en"].headers["Content-Language"], answers["zh-CN"].headers["Content-Language"]) == ("en", "zh-hans")


@pytest.mark.parametrize("lang", ["", "*", "fr", "x" * 600, "a-" * 400 + "b", "en;q=abc", "%s"])
def test_an_odd_language_is_no_fault(api, lang):
    """Whatever stands in Accept-Language, the answer is a problem in one of our languages."""
    answer = api.full.get("/cases/999999", headers={"Accept-Language": lang})
    assert (answer.status_code, answer.headers["Content-Language"]) == (404, "en")


def test_what_is_wrong_with_a_body_is_named_and_not_repeated(api):
    """Each wrong place has its pointer, its kind and a sentence in the caller's language; what was sent does not come back."""
    rows = [payment("P-1", "A-1") | {"amount_minor": "much", "paid_on": "13800000001"}, payment("P-2", "A-1") | {"nmae": "陈一"}]
    answer = api.full.post("/payments", {"rows": rows}, headers={"Accept-Language": "zh"})
    errors = answer.json()["errors"]
    assert answer.status_code == 422
    assert {error["pointer"] for error in errors} == {"/rows/0/amount_minor", "/rows/0/paid_on", "/rows/1/nmae"}
    assert all(error["in"] == "body" and not error["detail"].isascii() for error in errors)
    assert "13800000001" not in answer.content.decode()
    assert "陈一" not in answer.content.decode()


@pytest.mark.parametrize(
    ("send", "status", "kind"),
    [
        (lambda who: who.get("/nowhere"), 404, "NoSuchAddress"),
        (lambda who: who.get("/"), 404, "NoSuchAddress"),
        (lambda who: who.get("/payments"), 405, "MethodRefused"),
        (lambda who: who.post("/payments", b"{"), 400, "BodyUnreadable"),
        (lambda who: who.post("/payments", b"\xff\xfe"), 400, "BodyUnreadable"),
        (lambda who: who.post("/payments", b" " * 3_000_000), 413, "BodyTooLarge"),
        (lambda who: who.client.get("/v1/cases", headers=who.headers(), CONTENT_LENGTH="9" * 5_000), 413, "BodyTooLarge"),
        (lambda who: who.get("/cases", limit=201), 422, "RequestRefused"),
        (lambda who: who.get("/cases/9999999999999999999"), 422, "RequestRefused"),
        (lambda who: who.get("/cases", updated_since="2026-09-01T00:00:00"), 422, "RequestRefused"),
    ],
)
def test_every_refusal_has_the_same_form(api, send, status, kind):
    """Addresses, methods, bodies and sizes that cannot be: a problem document each, never cached, never a page."""
    answer = send(api.full)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"type", "title", "status", "detail", "errors"}


def test_a_fault_of_ours_keeps_nothing_and_tells_nothing(api, monkeypatch):
    """When something breaks after a payment was booked, the booking is gone, and the answer does not say what broke."""
    from duecourse.doors.api import money

    def break_(*args, **kwargs):
        raise RuntimeError("the reason")

    before = stored(api)
    monkeypatch.setattr(money, "idempotency_once", break_)
    answer = api.full.post("/payments", {"rows": [payment("P-1", api.mine[0].number)]}, headers={"Idempotency-Key": "x"})
    assert (answer.status_code, answer.json()["type"]) == (500, "Unforeseen")
    assert "the reason" not in answer.content.decode()
    assert stored(api) == before


def test_a_late_report_is_refused(api, noon):
    """An attempt that began after the permit ended is a conflict, told with its own kind."""
    permit = api.aoki.post("/permits", permit_body(api.mine[0].case_id)).json()
    late = {"outcome": "connected", "started_at": (noon + timedelta(hours=2)).isoformat()}
    answer = api.aoki.post(f"/permits/{permit['id']}/outcome", late)
    assert answer.status_code in {409, 422}
    assert api.aoki.get(f"/permits/{permit['id']}").json()["attempt"] is None


def test_rejected_rows_come_back_to_be_mended(api):
    """Rows that were not taken come back as a file to the bank that sent them, and to nobody else; each time stands in the trail."""
    rows = text_of([row("A-1", **CHEN), row("A-2", balance="none")])
    taken = api.full.upload("/feeds/overdue", as_of="2026-09-03", file=SimpleUploadedFile("overdue.csv", rows.encode())).json()
    assert taken["counts"]["rejected_count"] == 1
    path = f"/feeds/{taken['tape_id']}/rejects"
    answer = api.full.get(path)
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert answer["Content-Type"].startswith("text/csv")
    assert "A-2" in body
    assert "A-1" not in body
    assert (api.other_bank.get(path).status_code, api.aoki.get(path).status_code, api.reader.get(path).status_code) == (404, 403, 403)


@pytest.mark.parametrize(
    ("mapping", "status"), [("no-such-1", 422), ("no-such.2", 422), ("../etc/x", 422), ("-x", 422), ("a/b", 422), ("x.yaml", 422)]
)
def test_mapping_is_named_and_never_a_path(api, mapping, status):
    """A saved mapping's name may hold `-`; what looks like a path or a file is refused by the form."""
    answer = api.full.upload("/feeds/overdue", as_of="2026-09-03", mapping=mapping, file=SimpleUploadedFile("o.csv", b"x"))
    assert answer.status_code == status
    assert answer.json()["type"] == ("UnknownMapping" if mapping.startswith("no-such") else "RequestRefused")


def test_a_daily_feed_is_taken_in_once_and_tried_with_a_test_token(api):
    """A test token is told what would happen and nothing is written; then the feed is taken in, and once more does nothing."""
    number, at = api.mine[0].number, "2026-09-02T20:00:00Z"
    trial = issued(api.bank, *ALL_CREDITOR, is_test=True)

    def send(caller, **fields):
        file = SimpleUploadedFile("../paid.csv", f"account_number,联系人电话\n{number},13800000000\nnobody,\n".encode())
        return caller.upload("/feeds", file=file, **({"kind": "paid", "feed_at": at} | fields))

    before = stored(api)
    tried = send(trial).json()
    assert (tried["is_test"], tried["feed_id"], tried["counts"]["applied_count"]) == (True, None, 1)
    assert stored(api) == before
    first, second = send(api.full).json(), send(api.full).json()
    assert (first["is_new"], second["is_new"], second["feed_id"]) == (True, False, first["feed_id"])
    assert [first["counts"][name] for name in ("applied_count", "waiting_count")] == [1, 1]
    assert first["quarantined"][0]["code"] == "BystanderColumn"
    assert send(api.full, kind="sold").status_code == 422
    assert send(api.full, feed_at="2026-09-02T20:00:00").status_code == 422
    assert send(api.full, mapping="../../etc/passwd").status_code == 422
    assert send(api.full, feed_at="2031-01-01T00:00:00Z").json()["type"] == "FeedTimeUnknown"


def test_an_answer_names_every_reason_with_its_texts(api, noon):
    """At night and with a stop of compliance the answer holds both reasons, each in both languages with what it rests on."""
    night = noon + timedelta(hours=11)
    contact_stop(actor=api.bank.qiu, scope="channel", channel="call", reason_code="conduct")
    with frozen(night):
        answer = api.aoki.post("/permits", permit_body(api.mine[0].case_id, contact_at=night.isoformat())).json()
    assert answer["decision"] == "refusal"
    codes = {reason["code"]: reason for reason in answer["reasons"]}
    assert {"outside_contact_hours", "contact_stopped"} <= codes.keys()
    hours = codes["outside_contact_hours"]
    assert hours["rule"] == "cn.contact_hours"
    assert {citation["text"] for citation in hours["citations"]} >= {"gbt_45251_2025"}
    assert all(reason["zh"] and reason["en"] for reason in codes.values())


def test_a_permit_asked_for_ahead_tells_what_ended_it_since(api, noon):
    """A permit for the next day is shown as revoked, with the reason in both languages, once compliance stops the channel: to the agency that
    has it and to no other; the same request again gets `revoked`, not a permit.
    """
    body = permit_body(api.mine[0].case_id, contact_at=(noon + timedelta(days=1)).isoformat())
    given = api.aoki.post("/permits", body).json()
    assert given["decision"] == "permit"
    told = api.aoki.get(f"/permits/{given['id']}").json()
    assert (told["is_revoked"], told["revocations"]) == (False, [])
    contact_stop(actor=api.bank.qiu, scope="channel", channel="call", reason_code="conduct")
    told = api.aoki.get(f"/permits/{given['id']}").json()
    assert told["is_revoked"] is True
    (ended,) = told["revocations"]
    assert (ended["code"], bool(ended["zh"]), bool(ended["en"]), bool(ended["revoked_at"])) == ("contact_stopped", True, True, True)
    again = api.aoki.post("/permits", body).json()
    assert (again["decision"], again["id"]) == ("revoked", given["id"])
    assert [reason["code"] for reason in again["reasons"]] == ["contact_stopped"]
    assert api.birch.get(f"/permits/{given['id']}").status_code == 404


def test_what_is_stated_must_be_declared(api, noon):
    """A fact that no pack declares as stated is refused by its name, in test mode too; one that is declared is taken."""
    body = permit_body(api.mine[0].case_id)
    refused = api.aoki.post("/permits", body | {"stated": {"is_friendly": 1}})
    assert (refused.status_code, refused.json()["type"]) == (422, "StatedUnknown")
    assert api.aoki.post("/permits", body | {"stated": {"visitors_count": 2}}).status_code == 200
    for wrong in ({"visitors_count": -1}, {"visitors_count": "two"}, {"x" * 200: 1}, [1]):
        assert api.aoki.post("/permits", body | {"stated": wrong}).status_code == 422


def test_rules_are_read_as_of_a_day(api):
    """The rule of hours is listed with its values and texts, on an earlier day with those of that day, and another pack's is absent."""
    listed = api.aoki.get("/rules", as_of="2026-03-02", channel="call").json()
    hours = next(rule for rule in listed["items"] if rule["id"] == "cn.contact_hours")
    assert [value["shown"] for value in hours["binding"]] == ["08:00", "22:00"]
    earlier = api.aoki.get("/rules/cn.contact_hours", as_of="2026-01-29").json()
    assert {paper["text"] for value in earlier["binding"] for paper in value["rests_on"]} == {"gbt_45251_2025"}
    assert earlier["values"][0]["reference"]["article"] == "5.3"
    assert api.aoki.get("/rules/cn.contact_hours", as_of="1990-01-01").json()["state"] == "unknown"
    for rule_id in ("us.nothing", "cn.nothing", "..", "%00", "'"):
        assert api.aoki.get(f"/rules/{rule_id}").status_code in {404, 422}
