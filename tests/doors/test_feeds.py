"""Files through the page: taken in, refused in plain words in both languages, and handed out only with a trace.

1. A file is on the disk sealed, never in a session; what came of it stands on a page whose numbers add up.
2. Whatever is wrong with a workbook reaches the page as what happened, why, and what to do, in the reader's language.
3. An agency, another creditor, and a role that may not, find nothing.
"""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from duecourse.doors import jobs
from duecourse.ledger.models import AuditEvent, StoredFile
from duecourse.parties.access import acting
from duecourse.portfolio.models import Account, Tape
from duecourse.portfolio.services import tape_mapping
from tests import factories, people
from tests.kit.records.workbooks import by_hand, workbook
from tests.portfolio.tapes import CHEN, DAI, row, text_of

pytestmark = pytest.mark.usefixtures("home")
HEADER = ["个案序列号", "姓名", "身份证号", "手机号码", "委案金额", "本金", "逾期天数", "产品名称"]
GOOD = ["A-1", CHEN["person_name"], CHEN["id_number"], CHEN["phone"], 100, 100, 40, "信用卡"]


@pytest.fixture
def mei(house, logged_in):
    """Mei's client, in English."""
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    return client


def send(client, path: Path, *, address="/feeds/upload/", follow=True, **said):
    """Send a file through the form; the job that follows is done and its page returned."""
    given = {"kind": "overdue", "as_of": "2026-09-01", "mapping": "weian"} | said
    with path.open("rb") as content:
        answer = client.post(address, given | {"file": content})
    if answer.status_code != 302 or not follow or not answer["Location"].startswith("/jobs/"):
        return answer
    assert jobs.run_pending() == 1
    led = client.get(answer["Location"])
    return client.get(led["Location"]) if led.status_code == 302 else led


def text_on(answer) -> str:
    """Return the page's text with its blanks made one."""
    return " ".join(answer.content.decode().split())


def chinese(client) -> Client:
    """Return the client, reading Chinese."""
    client.cookies["django_language"] = "zh-hans"
    return client


def test_a_tape_is_taken_in_and_its_numbers_add_up(house, mei, tmp_path):
    """Two rows become accounts, the third comes back with row, column, reason and what to do; the list finds the file."""
    path = tmp_path / "九月.csv"
    path.write_text(text_of([row("A-1", **CHEN), row("B-1", **DAI), row("=cmd()", principal="much")]), encoding="utf-8")
    page = text_on(send(mei, path, mapping="native", control_rows=3))
    assert "九月.csv" in page
    assert "it adds up" in page
    assert "The amount cannot be read" in page
    with acting(house.bank.mei):
        assert Account.objects.count() == 2
        tape = Tape.objects.get()
    assert tape.control_totals["rows"] == 3
    listed = text_on(mei.get("/feeds/?state=with_rejects&kind=feed_overdue&day=2026-09-01"))
    assert "九月.csv" in listed
    assert "九月.csv" not in text_on(mei.get("/feeds/?state=all_taken"))


def test_the_same_file_twice_is_said_kindly(house, mei, tmp_path):
    """The second time leads to the same page, which says that nothing was done twice."""
    path = tmp_path / "a.csv"
    path.write_text(text_of([row("A-1", **CHEN)]), encoding="utf-8")
    assert "taken in already" not in text_on(send(mei, path, mapping="native"))
    assert "Nothing was done twice" in text_on(send(mei, path, mapping="native"))
    with acting(house.bank.mei):
        assert Tape.objects.count() == 1


def test_totals_that_disagree_take_nothing(house, mei, tmp_path):
    """The job's page says both sides of the difference and what to do."""
    path = tmp_path / "a.csv"
    path.write_text(text_of([row("A-1", **CHEN)]), encoding="utf-8")
    page = text_on(send(mei, path, mapping="native", control_minor="1,000.00"))
    assert "CNY 1000.00 declared, CNY 1021.75 found" in page or "1,000.00" in page or "1000.00 declared" in page
    with acting(house.bank.mei):
        assert not Account.objects.exists()


def test_rejects_leave_a_trace_and_run_nothing(house, mei, tmp_path):
    """The rejects come as a file with neutral formulas, after the trail knows who took them; GET does not hand them out."""
    path = tmp_path / "a.csv"
    path.write_text(text_of([row("=cmd()", principal="much"), row("A-1", **CHEN)]), encoding="utf-8")
    send(mei, path, mapping="native")
    with acting(house.bank.mei):
        tape_id = Tape.objects.get().pk
    assert mei.get(f"/feeds/{tape_id}/rejects/").status_code == 405
    answer = mei.post(f"/feeds/{tape_id}/rejects/")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert answer["Content-Disposition"].startswith("attachment")
    assert "'=cmd()" in content
    assert "A-1" not in content
    with acting(house.bank.system):
        assert AuditEvent.objects.get(action="tape_file_opened").actor_id == house.bank.mei.user_id
    original = b"".join(mei.post(f"/feeds/{tape_id}/file/").streaming_content)
    assert original == path.read_bytes()


def test_nobody_else_gets_a_file(house, mei, logged_in, tmp_path):
    """An accountant may look and not take; an agency and another creditor's manager find no page, and changed numbers find nothing."""
    path = tmp_path / "a.csv"
    path.write_text(text_of([row("A-1", principal="much"), row("A-2", **CHEN)]), encoding="utf-8")
    send(mei, path, mapping="native")
    with acting(house.bank.mei):
        tape_id = Tape.objects.get().pk
    factories.bank(people.OTHER_BANK)
    fan, ann = logged_in(people.FAN.email), logged_in(people.ANN.email)
    other = logged_in(people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}."))
    assert fan.get(f"/feeds/{tape_id}/").status_code == 200
    assert fan.post(f"/feeds/{tape_id}/rejects/").status_code == 404
    for client in (ann, other):
        assert client.get(f"/feeds/{tape_id}/").status_code == 404
        assert client.post(f"/feeds/{tape_id}/file/").status_code == 404
    assert mei.post(f"/feeds/{tape_id + 1000}/rejects/").status_code == 404
    assert send(fan, path, mapping="native").status_code == 404
    assert send(ann, path, mapping="native").status_code == 404


def test_a_file_beyond_the_limit_is_refused_in_plain_words(house, mei, tmp_path, settings):
    """Nothing of it is kept, and the page says how large a file may be and what else there is."""
    settings.DUECOURSE_UPLOAD_BYTES_MAX = 1 << 20
    path = tmp_path / "big.csv"
    path.write_bytes(b"x" * (3 << 20))
    answer = send(mei, path)
    assert answer.status_code == 413
    assert "larger than 1 MB" in text_on(answer)
    assert "drop folder" in text_on(answer)
    with acting(house.bank.mei):
        assert not StoredFile.objects.exists()


def test_a_file_without_a_token_is_refused(house, tmp_path):
    """The way that lets files go to the disk at once asks for the form's token all the same."""
    client = Client(enforce_csrf_checks=True)
    client.get("/login/")
    token = client.cookies["csrf"].value
    client.post("/login/", {"username": people.MEI.email, "password": people.PASSWORD, "csrfmiddlewaretoken": token})
    answer = client.post("/feeds/upload/", {"file": SimpleUploadedFile("a.csv", b"x")})
    assert answer.status_code == 403
    with acting(house.bank.mei):
        assert not StoredFile.objects.exists()


def test_no_file_and_no_day_are_said_at_the_form(house, mei):
    """A form without a file, and one with an impossible day, come back with a word and status 422."""
    assert "No file was chosen" in text_on(mei.post("/feeds/upload/", {"kind": "overdue", "as_of": "2026-09-01", "mapping": "weian"}))
    answer = mei.post("/feeds/upload/", {"as_of": "2026-13-01", "mapping": "../../etc", "file": SimpleUploadedFile("a.csv", b"x")})
    assert answer.status_code == 422
    assert "2026-09-30" in text_on(answer)


def protected(folder):
    """A workbook with a password is, from outside, a compound file."""
    path = folder / "locked.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2048)
    return path


def with_macros(folder):
    """A workbook that carries a program."""
    path = workbook(folder / "macro.xlsx", [HEADER, GOOD])
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"Sub Auto_Open()")
    return path


def bomb(folder):
    """A workbook whose directory says that a sheet unpacks to three gigabytes."""
    path = workbook(folder / "bomb.xlsx", [HEADER, GOOD])
    content = bytearray(path.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    while content[place + 46 : place + 46 + struct.unpack_from("<H", content, place + 28)[0]] != b"xl/worksheets/sheet1.xml":
        place = content.rindex(b"PK\x01\x02", 0, place)
    struct.pack_into("<I", content, place + 24, 3 << 30)
    path.write_bytes(content)
    return path


def empty(folder):
    """A file of nothing."""
    path = folder / "empty.csv"
    path.write_bytes(b"")
    return path


def strange(folder):
    """A workbook whose columns nobody knows."""
    return workbook(folder / "strange.xlsx", [["甲", "乙"], ["1", "2"]])


REFUSED = {
    protected: ("protected by a password", "Save it as .xlsx without a password", "有密码保护"),
    with_macros: ("holds macros", "Programs in a delivery are not accepted", "含有宏"),
    bomb: ("passes a limit", "Split the file", "解压后的字节数"),
    empty: ("is empty", "an empty delivery is not the same as no overdue loans", "是空的"),
    strange: ("lacks the columns", "choose the mapping that fits this file", "缺少列"),
}


@pytest.mark.parametrize("make", REFUSED, ids=lambda make: make.__name__)
@pytest.mark.parametrize("mapping", ["weian", "guess"])
def test_what_cannot_be_read_says_what_why_and_what_to_do(house, mei, tmp_path, make, mapping):
    """At the form, at once, in English and in Chinese, under the file's own name; nothing was taken in."""
    path = make(tmp_path)
    what, todo, zh = REFUSED[make]
    if (make, mapping) == (strange, "guess"):
        return
    address = "/feeds/upload/" if mapping == "weian" else "/mappings/new/"
    answer = send(mei, path, mapping=mapping, address=address)
    page = text_on(answer)
    assert answer.status_code in (409, 422)
    assert what in page
    assert todo in page
    assert path.name in page
    other = text_on(send(chinese(mei), path, mapping=mapping, address=address))
    assert zh in other
    assert what not in other
    with acting(house.bank.mei):
        assert not Tape.objects.exists()


def test_workbooks_as_people_send_them_are_taken_in(house, mei, tmp_path):
    """Two rows of header below a title, hidden sheets and columns, 40 columns of nothing and formulas: the rows come in, the rest is told."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["XX银行委案清单"])
    sheet.append(["案件", "客户信息", None, None, "欠款信息", None, "逾期", "产品", "内部"] + [None] * 40)
    sheet.append(["个案序列号", "姓名", "身份证号", "手机号码", "委案金额", "本金", "逾期天数", "产品名称", "秘密"] + [None] * 40)
    sheet.append([*GOOD, "x"] + [None] * 40)
    sheet.append(["A-2", DAI["person_name"], DAI["id_number"], DAI["phone"], "=1+1", 2, 30, "信用卡", "y"])
    sheet.column_dimensions["I"].hidden = True
    book.create_sheet("其他").append(["q"])
    book.create_sheet("隐藏").sheet_state = "hidden"
    book.save(tmp_path / "真.xlsx")
    page = text_on(send(mei, tmp_path / "真.xlsx"))
    assert "The sheet is hidden and was not read" in page
    assert "The sheet was not read: the first visible one is" in page
    assert "The column is hidden and was not read" in page
    assert "The value is missing" in page
    with acting(house.bank.mei):
        assert list(Account.objects.values_list("number", flat=True)) == ["A-1"]


def test_over_collected_columns_are_named_with_their_reason(house, mei, tmp_path):
    """Contacts and chat accounts are set aside unread, each with why, in the reader's language."""
    path = workbook(tmp_path / "w.xlsx", [[*HEADER, "联系人1姓名", "QQ"], [*GOOD, "李四", "12345678"]])
    page = text_on(send(mei, path))
    assert "people who owe nothing" in page
    assert "another part of life" in page
    assert "李四" not in page
    with acting(house.bank.mei):
        tape_id = Tape.objects.get().pk
    assert "联系人1姓名" in text_on(chinese(mei).get(f"/feeds/{tape_id}/"))


def unknown_sheet(folder, *, rows=(), name="陌生.xlsx"):
    """A hand-over file whose headers no mapping knows."""
    header = ["案子", "主人", "证", "联络", "总共", "本", "天", "类", "亲属电话"]
    body = [["X-1", CHEN["person_name"], CHEN["id_number"], CHEN["phone"], 100, 100, 40, "信用卡", "13900000000"]]
    return workbook(folder / name, [header, *body, *rows])


def places(page: str) -> dict[str, int]:
    """Return column → its number on the page."""
    import re

    return {name: int(place) for place, name in re.findall(r'id="column-(\d+)">([^<]+)<', page)}


def drafted(client, path):
    """Send a file to the assistant and return (its draft's address, its page)."""
    with path.open("rb") as content:
        answer = client.post("/mappings/new/", {"file": content})
    assert answer.status_code == 302, text_on(answer)
    return answer["Location"], client.get(answer["Location"]).content.decode()


def test_unknown_headers_are_guessed_corrected_saved_and_used(house, mei, tmp_path):
    """What is missing stands at the top; corrected by hand nothing is; saved in a dated version, the file is taken in with it at once."""
    address, page = drafted(mei, unknown_sheet(tmp_path))
    assert "Required, and no column gives it yet" in page
    assert CHEN["id_number"] not in page
    assert CHEN["phone"] not in page
    assert "13900000000" not in page
    at = places(page)
    chosen = {"案子": "account_number", "总共": "balance_minor", "本": "principal_minor", "天": "days_past_due", "类": "product_class"}
    form = {f"field-{at[column]}": field for column, field in chosen.items()} | {"constant-lender_class": "bank", "as_of": "2026-09-01"}
    checked = text_on(mei.post(address + "check/", form))
    assert "None of the first 1 rows would be rejected" in checked
    answer = mei.post(address + "save/", form | {"name": "first-bank", "take": "1"})
    assert answer.status_code == 302
    assert jobs.run_pending() == 1
    led = mei.get(answer["Location"])
    page = text_on(mei.get(led["Location"]))
    assert "first-bank.20" in page
    assert "people who owe nothing" in page
    with acting(house.bank.mei):
        assert list(Account.objects.values_list("number", "product_class")) == [("X-1", "credit_card")]
    assert tape_mapping("first-bank", creditor_id=house.bank.id).columns["案子"] == "account_number"
    assert "first-bank" in text_on(mei.get("/mappings/"))
    assert "案子" in text_on(mei.get(f"/mappings/first-bank.{tape_mapping('first-bank', creditor_id=house.bank.id).version}/"))


def test_the_live_check_counts_what_would_be_sent_back(house, mei, tmp_path):
    """A wrong choice is told at once: how many of the sampled rows, in which column, and what to do."""
    bad = ["X-2", "王五", "x", "1", "many", 1, 40, "信用卡", ""]
    address, page = drafted(mei, unknown_sheet(tmp_path, rows=[bad]))
    at = places(page)
    chosen = {"案子": "account_number", "总共": "balance_minor", "本": "principal_minor", "天": "days_past_due", "类": "product_class"}
    form = {f"field-{at[column]}": field for column, field in chosen.items()} | {"constant-lender_class": "bank"}
    said = text_on(mei.post(address + "check/", form))
    assert "1 of the first 2 rows would be rejected" in said
    assert "The amount cannot be read" in said
    twice = text_on(mei.post(address + "check/", form | {f"field-{at['天']}": "account_number"}))
    assert "cannot be followed" in twice
    assert mei.post(address + "check/", form | {"as_of": "yesterday"}).status_code == 200


def test_bad_names_and_two_columns_save_nothing(house, mei, tmp_path):
    """A name that is a path, a script or a shipped one, and contradictory choices, come back with what was typed and save nothing."""
    address, page = drafted(mei, unknown_sheet(tmp_path))
    at = places(page)
    chosen = {"案子": "account_number", "总共": "balance_minor", "本": "principal_minor", "天": "days_past_due", "类": "product_class"}
    form = {f"field-{at[column]}": field for column, field in chosen.items()} | {"constant-lender_class": "bank"}
    for name in ("", "../x", "<script>", "Bank", "weian", "a" * 65):
        answer = mei.post(address + "save/", form | {"name": name})
        assert answer.status_code in (409, 422), name
    assert "&lt;script&gt;" in mei.post(address + "save/", form | {"name": "<script>"}).content.decode()
    assert (
        mei.post(
            address + "save/", form | {"name": "ok", f"field-{at['天']}": "balance_minor", f"field-{at['类']}": "account_number"}
        ).status_code
        == 422
    )
    assert "None was saved yet" in text_on(mei.get("/mappings/"))


def test_samples_stay_on_the_disk_sealed(house, mei, tmp_path):
    """Neither the session nor the file store shows a word of the sample; who may not, and another creditor, find no draft."""
    drafted(mei, unknown_sheet(tmp_path))
    for session in Session.objects.all():
        assert CHEN["person_name"] not in str(session.get_decoded())
    from django.conf import settings

    for kept in (Path(settings.DUECOURSE_HOME) / "files").rglob("*.upload"):
        assert not kept.read_bytes().startswith(b"PK")
    with acting(house.bank.mei):
        assert StoredFile.objects.get().wrapped_key is not None


@pytest.mark.parametrize("email", [people.FAN.email, people.QIU.email, people.ANN.email, "other"])
def test_drafts_are_for_those_who_make_mappings(house, mei, logged_in, tmp_path, email):
    """Nobody but the creditor's managers sees, checks or saves a draft."""
    address, _ = drafted(mei, unknown_sheet(tmp_path))
    if email == "other":
        factories.bank(people.OTHER_BANK)
        email = people.MEI.email.replace("@", f"@{people.OTHER_BANK.code}.")
    client = logged_in(email)
    assert client.get(address).status_code == 404
    assert client.post(address + "check/").status_code == 404
    assert client.post(address + "save/", {"name": "x"}).status_code == 404


def test_a_guess_leads_from_the_upload_to_the_columns(house, mei, tmp_path):
    """'Guess' takes nothing in: it leads to the columns, with day and totals carried along."""
    answer = send(mei, unknown_sheet(tmp_path), mapping="guess", control_rows=1, follow=False)
    assert answer.status_code == 302
    assert urlsplit(answer["Location"]).path.startswith("/mappings/new/")
    assert parse_qs(urlsplit(answer["Location"]).query) == {"as_of": ["2026-09-01"], "kind": ["overdue"], "control_rows": ["1"]}
    assert 'name="control_rows" value="1"' in mei.get(answer["Location"]).content.decode()


def test_merged_names_are_filled_where_a_person_ticks_them(house, mei, tmp_path):
    """The assistant names the merged column; ticked, its value stands for all of its rows."""
    header = [*HEADER, "机构"]
    rows = [[*GOOD, "某银行"], ["A-2", None, None, None, 5, 5, 40, "信用卡", "某银行"]]
    path = workbook(tmp_path / "m.xlsx", [header, *rows], merged=["B2:B3", "C2:C3"])
    address, page = drafted(mei, path)
    assert "Merged cells" in page
    answer = mei.post(address + "save/", {"name": "merged", "fill-0": "1", "as_of": "2026-09-01", "constant-lender_class": "bank"})
    assert answer.status_code == 302, text_on(answer)
    assert tape_mapping("merged", creditor_id=house.bank.id).fill_merged == ("姓名",)


def test_a_workbook_of_more_than_a_million_rows_is_looked_at(house, mei, tmp_path):
    """1.2 million rows: the assistant guesses from the first ones and answers; nothing is read into memory."""
    cell = '<c t="inlineStr"><is><t>%s</t></is></c>'
    header = "<row>" + "".join(cell % name for name in HEADER) + "</row>"
    body = "<row>" + cell % "A-1" + "<c><v>1</v></c>" * 3 + "</row>"
    path = by_hand(tmp_path / "huge.xlsx", header + body * 1_200_000)
    _, page = drafted(mei, path)
    assert "guessed from 200 rows" in " ".join(page.split())


def test_daily_feeds_say_what_they_need(house, mei, tmp_path):
    """Newly overdue accounts need a time, daily feeds are not guessed; a feed of paid accounts is taken in by our own form."""
    path = tmp_path / "paid.csv"
    path.write_text("account_number\nA-1\n", encoding="utf-8")
    assert "need the time of the core" in text_on(send(mei, path, kind="new", mapping="native"))
    assert "choose native" in text_on(send(mei, path, kind="paid", mapping="guess"))
    page = text_on(send(mei, path, kind="paid", mapping="native", feed_at="2026-09-01T08:00"))
    assert "paid.csv" in page
    assert "paid off" in page
