"""The pages of cases, the gate's answers, payments and statements, as their readers use them and as others try to."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from duecourse.doors import jobs
from duecourse.kit.clock import frozen, now
from duecourse.ledger.selectors import receivable_balances
from duecourse.parties.access import acting
from duecourse.portfolio.models import Hold
from duecourse.portfolio.services.looks import LOOKS_PER_HOUR
from duecourse.repayment.models import Promise
from duecourse.settlement.services import statement_agree
from tests import people
from tests.doors.case_scene import furnished
from tests.portfolio.tapes import CHEN

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def scene(house, home):
    """Chen's and Dai's cases with all that belongs to them."""
    return furnished(house.bank)


@pytest.fixture
def mei(scene, logged_in):
    """Mei's browser."""
    return logged_in(people.MEI.email)


@pytest.fixture
def qiu(scene, logged_in):
    """Qiu's browser."""
    return logged_in(people.QIU.email)


def text_of(answer) -> str:
    """Return what a page says, tags taken out, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def in_english(client):
    """Let the client read English."""
    client.cookies["django_language"] = "en"
    return client


def test_the_debt_explained_adds_up_on_the_page(house, scene, mei):
    """In every table of the debt the rows sum to the last one, column by column, and that is what the ledger says."""
    page = in_english(mei).get(f"/cases/{scene.case_id}/").content.decode()
    tables = re.findall(r'<table class="table card-table table-mobile-md case-debt">.*?</table>', page, re.DOTALL)
    assert len(tables) == 2

    def fen(cell: str) -> int:
        plain = re.sub(r"<[^>]+>", "", cell).strip().replace(",", "").replace("−", "-").removeprefix("+")
        return 0 if plain == "–" else round(float(plain) * 100)

    totals = []
    for table in tables:
        rows = [
            [fen(cell) for cell in re.findall(r'<td data-label[^>]*class="number[^>]*>(.*?)</td>', line)]
            for line in table.split("<tr>")[2:]
        ]
        *parts, owed = rows
        assert [sum(column) for column in zip(*parts, strict=True)] == owed
        assert all(sum(row[:-1]) == row[-1] for row in rows)
        totals.append(owed[-1])
    with acting(house.bank.fan):
        balances = receivable_balances(creditor_id=house.bank.id).to_pylist()
    assert sum(totals) == sum(row["balance_minor"] for row in balances) - 5_000


def test_nothing_personal_stands_in_the_page_before_a_reveal(scene, mei):
    """Neither the case page nor its parts hold the name, the number or the identity number of the debtor."""
    for address in (
        f"/cases/{scene.case_id}/",
        f"/cases/{scene.case_id}/timeline/",
        f"/permits/{scene.permit_id}/",
        f"/payments/{scene.payment_id}/",
    ):
        answer = mei.get(address)
        page = answer.content.decode()
        assert not [value for value in (CHEN["person_name"], CHEN["phone"], CHEN["phone"][3:], CHEN["id_number"]) if value in page]
        assert "no-store" in answer["Cache-Control"]


def test_a_reveal_shows_and_is_told(scene, mei):
    """With a purpose Mei sees name and number, the answer is not kept anywhere, and the look stands in the timeline with its purpose."""
    answer = in_english(mei).post(f"/cases/{scene.case_id}/reveal/", {"purpose": "complaint", "words": "letter of March"}, **HTMX)
    assert answer.status_code == 200
    assert CHEN["person_name"] in answer.content.decode()
    assert CHEN["phone"] in answer.content.decode()
    assert CHEN["id_number"] not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    told = text_of(mei.get(f"/cases/{scene.case_id}/timeline/?group=look"))
    assert "Personal data looked at" in told
    assert "Work on a complaint or dispute · letter of March" in told
    assert "Mei" in told


def test_without_a_script_a_reveal_ends_by_itself(scene, mei):
    """A browser without scripts gets a page that leads back to the case after its minute."""
    answer = mei.post(f"/cases/{scene.case_id}/reveal/", {"purpose": "legal"})
    assert CHEN["phone"] in answer.content.decode()
    assert answer["Refresh"] == f"60; url=/cases/{scene.case_id}/"


def test_reveals_that_are_refused_say_why(scene, mei):
    """No purpose and a purpose that names somebody are refused as a toast, and so is the look after the hour's limit."""
    address = f"/cases/{scene.case_id}/reveal/"
    for values, said in (({}, "none of the list"), ({"purpose": "other", "words": "ring 138 0000 0001"}, "telephone number")):
        answer = in_english(mei).post(address, values, **HTMX)
        assert said in answer.content.decode()
        assert CHEN["phone"] not in answer.content.decode()
        assert answer["HX-Retarget"] == "#toasts"
    for _ in range(LOOKS_PER_HOUR):
        assert CHEN["phone"] in mei.post(address, {"purpose": "legal"}, **HTMX).content.decode()
    answer = mei.post(address, {"purpose": "legal"}, **HTMX)
    assert "that is the limit" in answer.content.decode()
    assert CHEN["phone"] not in answer.content.decode()


def test_who_only_reads_sees_masks_only(house, scene, logged_in):
    """A reader finds no button, and a forged reveal gives the one page for what is absent."""
    from tests import factories

    factories.member(house.bank.system, people.Member("Rui", "rui@lanxi.example", "read_only", people.BANK))
    client = logged_in("rui@lanxi.example")
    page = client.get(f"/cases/{scene.case_id}/").content.decode()
    assert "data-reveal-open" not in page
    assert f"/cases/{scene.case_id}/hold/" not in page
    assert client.post(f"/cases/{scene.case_id}/reveal/", {"purpose": "legal"}).status_code == 404
    assert client.post(f"/cases/{scene.case_id}/hold/", {"kind": "deceased", "from_on": "2026-09-05"}).status_code == 404


def test_mei_of_another_bank_gets_nowhere(scene, logged_in):
    """Every address of these pages is absent for another creditor's manager, posts included, and nothing changes."""
    from tests import factories

    other = factories.bank(people.OTHER_BANK)
    client = logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}."))
    for address in ("", "timeline/", "hold/", "promise/", "dispute/"):
        assert client.get(f"/cases/{scene.case_id}/{address}").status_code == 404
    posts = {
        f"/cases/{scene.case_id}/reveal/": {"purpose": "legal"},
        f"/cases/{scene.case_id}/hold/": {"kind": "deceased", "from_on": "2026-09-05"},
        f"/payments/{scene.lost_id}/match/": {"account_number": "A-1", "sure": "A-1"},
        f"/statements/{scene.statement_id}/freeze/": {},
    }
    assert [client.post(address, values).status_code for address, values in posts.items()][:2] == [404, 404]
    assert all(client.post(address, values).status_code in {404, 422} for address, values in posts.items())
    for address in (f"/refusals/{scene.refusal_id}/", f"/permits/{scene.permit_id}/", f"/payments/{scene.payment_id}/"):
        assert client.get(address).status_code == 404
    for address in (f"/statements/{scene.statement_id}/", f"/statements/{scene.statement_id}/lines.csv"):
        assert client.get(address).status_code == 404
    with acting(other.mei):
        assert not Hold.objects.exists()


def test_a_stop_is_placed_and_lifted_from_the_case(house, scene, qiu):
    """Qiu places a stop, sees it, lifts it; a second one of the kind is refused at the form."""
    address = f"/cases/{scene.case_id}/hold/"
    day = now().date().isoformat()
    values = {"kind": "deceased", "from_on": day, "last_on": ""}
    assert in_english(qiu).post(address, values).headers["Location"] == f"/cases/{scene.case_id}/"
    refused = qiu.post(address, values)
    assert refused.status_code == 422
    assert "in force already" in text_of(refused)
    assert qiu.post(address, values | {"kind": "bankrupt", "last_on": "2020-01-01"}).status_code == 422
    with acting(house.bank.qiu):
        hold = Hold.objects.get(kind="deceased")
    assert "The debtor has died." in text_of(qiu.get(f"/cases/{scene.case_id}/"))
    assert qiu.post(f"/cases/{scene.case_id}/hold/lift/", {"hold": str(hold.pk)}).status_code == 302
    with acting(house.bank.qiu):
        assert Hold.objects.get(pk=hold.pk).until_on is not None
    for forged in ("", "x", "9" * 30, "-1"):
        assert qiu.post(f"/cases/{scene.case_id}/hold/lift/", {"hold": forged}).status_code == 404


def test_a_dispute_is_closed_on_its_own_case_only(house, scene, qiu):
    """Dai's dispute cannot be closed from Chen's case; from Dai's it can, and the stop goes with it."""
    with acting(house.bank.qiu):
        hold = Hold.objects.get(kind="dispute")
        dispute_id = hold.source_id
    assert qiu.post(f"/cases/{scene.case_id}/dispute/close/", {"dispute": str(dispute_id)}).status_code == 404
    assert qiu.post(f"/cases/{scene.other_case_id}/dispute/close/", {"dispute": str(dispute_id)}).status_code == 302
    with acting(house.bank.qiu):
        assert Hold.objects.get(pk=hold.pk).until_on is not None


def test_a_dispute_is_opened_on_an_account_of_the_case(house, scene, qiu):
    """An account of another case is no choice; a reference that stands for another matter is refused at the form."""
    address = f"/cases/{scene.case_id}/dispute/"
    values = {"account": str(scene.account_id), "kind": "amount", "external_ref": "D-1", "received_on": now().date().isoformat()}
    assert in_english(qiu).post(address, values | {"account": "999999"}).status_code == 422
    assert "was used for another matter" in text_of(qiu.post(address, values))
    assert qiu.post(address, values | {"external_ref": "=cmd()|'😀\"<b>"}).status_code == 302
    page = qiu.get(f"/cases/{scene.case_id}/").content.decode()
    assert "=cmd()|&#x27;😀&quot;&lt;b&gt;" in page


def test_a_promise_is_written_down_once(house, scene, mei):
    """Pressed twice it is one promise; an amount that is none is refused."""
    day = now().date()
    values = {
        "account": str(scene.account_id),
        "amount": "1,234.50",
        "made_on": day.isoformat(),
        "due_on": (day + timedelta(days=7)).isoformat(),
    }
    address = f"/cases/{scene.case_id}/promise/"
    assert [mei.post(address, values).status_code for _ in range(2)] == [302, 302]
    with acting(house.bank.mei):
        (promise,) = Promise.objects.filter(source_kind="audit_event")
        assert promise.amount_minor == 123_450
    for wrong in ({"amount": "0"}, {"amount": "much"}, {"due_on": (day - timedelta(days=1)).isoformat()}, {"account": ""}):
        assert mei.post(address, values | wrong).status_code == 422


def test_the_timeline_keeps_chip_and_place(scene, mei):
    """A chip shows its own kinds, a part begins behind a place, and nonsense in the address begins at the newest."""
    in_english(mei)
    money = text_of(mei.get(f"/cases/{scene.case_id}/timeline/?group=money"))
    assert "Paid: CNY 200.00" in money
    assert "Taken back by the bank" in money
    assert "Permit for" not in money
    whole = mei.get(f"/cases/{scene.case_id}/timeline/").content
    for nonsense in ("after=x", "group=nothing", "after=%00", "group=%27%3B--"):
        assert mei.get(f"/cases/{scene.case_id}/timeline/?{nonsense}").status_code == 200
    assert b"Refused to" in whole


def test_refusals_with_their_counts(scene, qiu):
    """The list counts by rule and performer, filters by rule, and one refusal cites what it rests on and when it would be allowed."""
    in_english(qiu)
    with frozen(now()):
        page = text_of(qiu.get("/refusals/?from_on=2026-09-01&until_on=2026-09-30"))
    assert "requests: 1" in page
    assert "debtors: 1" in page
    assert "GB/T 45251-2025" in page
    assert "Nothing fits" in text_of(qiu.get("/refusals/?rule=hold_dispute"))
    one = text_of(qiu.get(f"/refusals/{scene.refusal_id}/"))
    assert "23:00" in one
    assert "5.3" in one
    assert "2026-09-04 08:00" in one
    chinese = qiu.get(f"/refusals/{scene.refusal_id}/", headers={"cookie": ""})
    assert chinese.status_code == 302
    qiu.cookies["django_language"] = "zh-hans"
    assert "债务人" in text_of(qiu.get(f"/refusals/{scene.refusal_id}/"))


def test_suspense_is_matched_in_two_steps(house, scene, logged_in):
    """Fan types a number, is shown whose it is, says yes; the payment is out of suspense and the debt is lower."""
    fan = in_english(logged_in(people.FAN.email))
    assert "lost" in text_of(fan.get("/payments/suspense/"))
    address = f"/payments/{scene.lost_id}/match/"
    assert fan.post(address, {"account_number": "nowhere"}).status_code == 422
    shown = fan.post(address, {"account_number": "A-2"})
    assert "Is it this one?" in text_of(shown)
    assert "lost" in text_of(fan.get("/payments/suspense/"))
    assert fan.post(address, {"account_number": "A-2", "sure": "A-1"}).status_code == 200
    assert fan.post(address, {"account_number": "A-2", "sure": "A-2"}).status_code == 302
    assert "Nothing here yet" in text_of(fan.get("/payments/suspense/"))
    again = fan.post(address, {"account_number": "A-1", "sure": "A-1"})
    assert again.status_code == 422
    assert "belongs to account" in text_of(again)
    page = text_of(fan.get(f"/payments/{scene.lost_id}/"))
    assert "by hand" in page


def test_a_bank_file_is_loaded_behind_the_page(house, scene, logged_in):
    """Fan's file becomes payments, its page accounts for every row, and its rejects are handed out and told in the trail."""
    from duecourse.ledger.models import AuditEvent

    fan = in_english(logged_in(people.FAN.email))
    rows = "bank_account,external_ref,amount,currency,paid_on,booked_on,account_number\nB,f-1,10.00,CNY,2026-09-14,2026-09-14,A-1\nB,f-2,ten,CNY,2026-09-14,2026-09-14,A-1\n"
    asked = fan.post("/payments/upload/", {"file": SimpleUploadedFile("bank.csv", rows.encode())})
    assert asked.status_code == 302
    assert jobs.run_pending() == 1
    with acting(house.bank.fan):
        shown = jobs.job_of(actor=house.bank.fan, job_id=int(asked.headers["Location"].strip("/").split("/")[-1]))
    page = text_of(fan.get(shown.result["url"]))
    assert "it adds up" in page
    taken = fan.post(shown.result["url"] + "rejects/")
    assert b"ten" in b"".join(taken.streaming_content)
    with acting(house.bank.qiu):
        assert AuditEvent.objects.filter(action="payment_rejects_taken").count() == 1
    assert fan.post("/payments/upload/", {}).status_code == 422


def test_a_statement_goes_its_way_by_two_people(house, scene, logged_in):
    """The agency agrees, Fan approves, a manager freezes, and total, lines and books are one amount; out of order it is refused."""
    fan, mei = in_english(logged_in(people.FAN.email)), in_english(logged_in(people.MEI.email))
    address = f"/statements/{scene.statement_id}/"
    assert fan.post(f"{address}approve/").status_code == 409
    lead = scene.lead if "lead" in scene.lead.roles else None
    if lead is None:
        from tests import factories

        agency = house.bank.birch
        lead = factories.member(house.bank.system, people.Member("Bai", "bai@birch.example", "lead", people.BIRCH), agency=agency)
    statement_agree(actor=lead, statement_id=scene.statement_id)
    assert mei.post(f"{address}approve/").status_code == 404
    assert fan.post(f"{address}approve/").status_code == 302
    assert fan.post(f"{address}freeze/").status_code == 404
    assert mei.post(f"{address}freeze/").status_code == 302
    page = text_of(mei.get(address))
    amounts = re.search(r"total = expense in the books, entry \d+ (CNY [\d,.-]+) = (CNY [\d,.-]+)", page)
    assert amounts
    assert amounts[1] == amounts[2]


def test_nobody_freezes_what_they_approved(house, scene, logged_in):
    """Who holds both roles and approved finds no button to freeze, is told why, and a forged post is refused."""
    from duecourse.parties.services import membership_grant

    lead = scene.lead
    if "lead" not in lead.roles:
        from tests import factories

        lead = factories.member(house.bank.system, people.Member("Bai", "bai@birch.example", "lead", people.BIRCH), agency=house.bank.birch)
    statement_agree(actor=lead, statement_id=scene.statement_id)
    membership_grant(actor=house.bank.system, user_id=house.bank.fan.user_id, role="manager", from_on=now().date())
    fan = in_english(logged_in(people.FAN.email))
    address = f"/statements/{scene.statement_id}/"
    assert fan.post(f"{address}approve/").status_code == 302
    page = fan.get(address)
    assert "You approved it" in text_of(page)
    assert f"{address}freeze/" not in page.content.decode()
    assert fan.post(f"{address}freeze/").status_code in {403, 409}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_statement_is_downloaded_and_told(house, scene, logged_in, form):
    """The lines come as a file whose formulas are neutralised, and the trail says who took which lines."""
    from duecourse.ledger.models import AuditEvent

    with acting(house.bank.system):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE portfolio_account SET number = %s WHERE id = %s", ["=cmd()", scene.account_id])
    fan = logged_in(people.FAN.email)
    answer = fan.get(f"/statements/{scene.statement_id}/lines.{form}")
    assert "attachment" in answer["Content-Disposition"]
    if form == "csv":
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    else:
        rows = [
            [str(cell) for cell in row] for row in openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
        ]
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    assert any("cmd()" in cell for row in rows for cell in row)
    with acting(house.bank.qiu):
        (event,) = AuditEvent.objects.filter(action="statement_downloaded")
        assert (event.subject_id, event.details["line_count"], event.details["form"]) == (scene.statement_id, 3, form)
    assert fan.get(f"/statements/{scene.statement_id}/lines.exe").status_code == 404
