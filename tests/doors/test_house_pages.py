"""Pages of agencies, contracts, fees, people, approvals, exports and views: forms, two people at once, forged numbers."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from duecourse.parties import selectors, services
from duecourse.parties.access import acting
from duecourse.parties.models import Agency, ApiToken, ContractVersion, Export, FeeSchedule, Membership, User
from tests import factories, people

HTMX = {"HTTP_HX_REQUEST": "true"}
FIRST_FEES = {"product": ["", ""], "age": ["M1", "M2+"], "tier": ["", ""], "hand": ["", ""], "rate": ["8.00", "12.00"]}


@pytest.fixture
def mei(house, home, logged_in) -> Client:
    """A client logged in as Mei, who reads English here."""
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    return client


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def test_two_people_change_an_agency(house, mei, logged_in):
    """Lin saves while Mei's form is open: Mei is shown both, nothing is overwritten, and may then save hers."""
    address = f"/agencies/{house.bank.aoki.pk}/edit/"
    lin = logged_in(people.LIN.email)
    typed = {"code": "aoki", "kind": "external", "opened_on": "2025-01-01"}
    seen = {client: hidden(client.get(address).content.decode(), "seen") for client in (mei, lin)}
    assert lin.post(address, typed | {"name": "Aoki & <Sons>", "seen": seen[lin]}).status_code == 302
    answer = mei.post(address, typed | {"name": "Aoki Ltd", "seen": seen[mei]})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Aoki &amp; &lt;Sons&gt;" in page
    assert "Aoki Ltd" in page
    with acting(house.bank.mei):
        assert Agency.objects.get(pk=house.bank.aoki.pk).name == "Aoki & <Sons>"
    assert mei.post(address, typed | {"name": "Aoki Ltd", "seen": hidden(page, "seen")}).status_code == 302
    assert mei.post(address, typed | {"name": "Else", "seen": "forged"}).status_code == 422


def test_lapsed_evidence_is_said_to_block(house, mei):
    """An agency whose only evidence of a kind has ended is said to get no cases, on the list and on its page."""
    bank = house.bank
    span = {"valid_from_on": people.FIRST_DAY.replace(year=2020), "valid_until_on": people.FIRST_DAY.replace(year=2021)}
    services.qualification_add(actor=bank.qiu, agency_id=bank.aoki.pk, kind="licence", **span)
    assert "gets no cases" in mei.get("/agencies/").content.decode()
    assert "No case can be given to it: licence" in mei.get(f"/agencies/{bank.aoki.pk}/").content.decode()


def test_evidence_is_what_it_holds_not_what_it_is_called(house, mei):
    """A script called licence.pdf is refused; a real PDF is kept, and comes back as a file to save."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    address = f"/agencies/{house.bank.aoki.pk}/qualifications/"
    span = {"kind": "licence", "valid_from_on": "2026-01-01", "valid_until_on": "2027-01-01"}
    fake = SimpleUploadedFile("licence.pdf", b"<script>alert(1)</script>")
    assert mei.post(address, span | {"evidence": fake}).status_code == 422
    assert mei.post(address, span | {"evidence": SimpleUploadedFile('a"b😀.pdf', b"%PDF-1.7 x")}).status_code == 302
    with acting(house.bank.mei):
        row = selectors.qualifications_shown(actor=house.bank.mei, agency_ids=[house.bank.aoki.pk])[0]
    answer = mei.get(f"{address}{row.pk}/file/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 x"
    assert mei.get(f"/agencies/{house.bank.birch.pk}/qualifications/{row.pk}/file/").status_code == 404


def test_closing_tells_what_becomes_of_open_cases(house, mei):
    """Before an agency is closed the page says that its cases stay where they are; a day before it began is refused."""
    address = f"/agencies/{house.bank.birch.pk}/close/"
    assert mei.post(address, {"closed_on": "2024-12-31"}).status_code == 422
    assert mei.post(address, {"closed_on": "2026-05-01"}).status_code == 302
    with acting(house.bank.mei):
        assert Agency.objects.get(pk=house.bank.birch.pk).closed_on.isoformat() == "2026-05-01"
        assert not Membership.objects.filter(agency_id=house.bank.birch.pk, until_on=None).exists()


def test_token_is_shown_once_and_revoked(house, mei):
    """The token's text stands on the page that gave it out and on no other."""
    address = f"/agencies/{house.bank.aoki.pk}/tokens/"
    page = mei.post(address, {"name": "dialler", "scopes": ["cases:read"], "life_days": "30"}).content.decode()
    text = re.search(r"dc_[a-z0-9]{12}_[0-9a-f]{64}", page)[0]
    assert text not in mei.get(f"/agencies/{house.bank.aoki.pk}/").content.decode()
    with acting(house.bank.mei):
        token = ApiToken.objects.get(name="dialler")
    assert mei.post(f"{address}{token.pk}/revoke/").status_code == 302
    with acting(house.bank.mei):
        assert ApiToken.objects.get(pk=token.pk).revoked_at is not None


def test_new_version_says_what_it_changes(house, mei):
    """A version is prefilled, its differences are said before it is saved, and the fields are those that were ticked."""
    contract = house.bank.aoki_terms.contract
    address = f"/contracts/{contract.pk}/versions/new/"
    page = mei.get(address).content.decode()
    typed = {
        "effective_on": "2026-06-01", "expires_on": "2027-06-01", "signed_on": "2026-05-20", "placement_term_days": "60",
        "products": "card，cash", "regions": "", "capacity_count": "1000", "capacity_minor": "1,000.00", "share_cap_bp": "55.50",
        "attribution_rule": "booked", "attribution_tail_days": "5", "tier_mode": "whole", "rounding": "half_up",
        "contracted_fields": ["account_number", "name"], "seen_number": hidden(page, "seen_number"),
    }  # fmt: skip
    said = mei.post(address, typed | {"look": "1"}).content.decode()
    assert "Term of a placement, days: 60 instead of 90" in said
    assert "No longer handed over" in said
    answer = mei.post(address, typed)
    with acting(house.bank.mei):
        saved = ContractVersion.objects.get(contract=contract, number=2)
    assert answer["Location"] == f"/contracts/{contract.pk}/versions/{saved.pk}/fees/"
    assert (saved.products, saved.regions, saved.share_cap_bp, saved.capacity_minor) == (["card", "cash"], None, 5550, 100_000)
    assert saved.contracted_fields == ["account_number", "name"]
    again = mei.post(address, typed)
    assert again.status_code == 409
    assert mei.post(address, typed | {"contracted_fields": ["birth_on"], "seen_number": "2"}).status_code == 422


def test_fees_are_checked_saved_and_not_lost_between_two(house, mei, logged_in):
    """Both managers open the grid; Lin saves first, Mei is shown the three sides, and saves hers from another day."""
    version = house.bank.aoki_terms.version
    address = f"/contracts/{version.contract_id}/versions/{version.pk}/fees/"
    lin = logged_in(people.LIN.email)
    seen = {client: hidden(client.get(address).content.decode(), "seen") for client in (mei, lin)}
    assert mei.post(address, FIRST_FEES | {"rate": ["8", "120"], "effective_on": "2026-06-01", "seen": seen[mei]}).status_code == 422
    assert mei.post(address, FIRST_FEES | {"effective_on": "2030-06-01", "seen": seen[mei]}).status_code == 422
    assert lin.post(address, FIRST_FEES | {"effective_on": "2026-06-01", "seen": seen[lin]}).status_code == 302
    mine = FIRST_FEES | {"rate": ["9.25", "12.00"], "effective_on": "2026-06-01", "seen": seen[mei]}
    answer = mei.post(address, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "9.25" in page
    assert "8.00" in page
    again = mine | {"seen": hidden(page, "seen")}
    assert mei.post(address, again).status_code == 409
    assert mei.post(address, again | {"effective_on": "2026-07-01"}).status_code == 302
    with acting(house.bank.mei):
        days = list(FeeSchedule.objects.filter(contract_version=version).order_by("effective_on").values_list("effective_on", flat=True))
    assert [day.isoformat() for day in days] == ["2026-01-01", "2026-06-01", "2026-07-01"]


def test_grid_grows_by_htmx(house, mei):
    """A line is added, copied, removed and pasted; a gap is said beside the grid, an unreadable cell at its line."""
    version = house.bank.aoki_terms.version
    address = f"/contracts/{version.contract_id}/versions/{version.pk}/fees/grid/"

    def lines(**changes) -> int:
        return mei.post(address, FIRST_FEES | changes, **HTMX).content.decode().count('name="rate"')

    counts = [lines(do="add"), lines(do="copy-1"), lines(do="remove-2"), lines(do="paste", pasted="\tM1\t\t\t8\n"), lines(do="copy-99")]
    assert counts == [3, 3, 1, 1, 2]
    checked = mei.post(address, FIRST_FEES | {"age": ["M1", "young"]}, **HTMX).content.decode()
    fault = re.search(r'id="fault-2"[^>]*>(.*?)</div></div>', checked, re.DOTALL)[1]
    assert "M2–M3" in fault
    shown = mei.post(address, FIRST_FEES | {"example_days": "61", "example_amount": "1,000.00"}, **HTMX)
    assert "at a rate of 12.00 %" in shown.content.decode()
    assert "120.00</strong>" in shown.content.decode()
    other = house.bank.birch_terms.contract.pk
    assert mei.post(f"/contracts/{other}/versions/{version.pk}/fees/grid/", FIRST_FEES).status_code == 404


def test_person_comes_in_by_a_link(house, mei):
    """Mei lets Gao in and sees the link once; Gao sets a password with it and logs in; the link then opens nothing."""
    typed = {"email": "gao@lanxi.example", "display_name": "<b>Gao</b>", "lang": "en", "side": "0", "role": "analyst"}
    page = mei.post("/people/new/", typed | {"from_on": "2026-01-01"}).content.decode()
    link = re.search(r'value="http://testserver(/welcome/[^"]+)"', page)[1]
    assert "<b>Gao</b>" not in page
    gao = Client()
    assert gao.post(link, {"password": "four-quiet-ferries", "again": "four-loud-ferries"}).status_code == 422
    assert gao.post(link, {"password": "four-quiet-ferries", "again": "four-quiet-ferries"})["Location"] == "/login/"
    assert gao.get(link).status_code == 404
    assert gao.post("/login/", {"username": "gao@lanxi.example", "password": "four-quiet-ferries"}).status_code == 302
    user = User.objects.get(email="gao@lanxi.example")
    assert mei.post(f"/people/{user.pk}/link/").status_code == 302
    assert mei.post("/people/new/", typed | {"side": "99999", "from_on": "2026-01-01"}).status_code == 422


def test_roles_are_given_and_ended_by_who_may(house, mei, logged_in):
    """Mei gives Fan a role and ends it; Fan can do neither, and nobody ends their own last role as manager."""
    bank = house.bank
    address = f"/people/{bank.fan.user_id}/roles/"
    typed = {"side": "0", "role": "analyst", "from_on": "2026-01-01"}
    assert mei.post(address, typed).status_code == 302
    assert mei.post(address, typed).status_code == 422
    with acting(bank.mei):
        row = Membership.objects.get(user_id=bank.fan.user_id, role="analyst")
    fan = logged_in(people.FAN.email)
    for place in (address, f"{address}{row.pk}/end/", f"/people/{bank.qiu.user_id}/leave/", "/people/new/"):
        assert fan.post(place, typed | {"until_on": "2026-02-01"}).status_code == 404
    assert mei.post(f"{address}{row.pk}/end/", {"until_on": "2026-02-01"}).status_code == 302
    with acting(bank.mei):
        assert Membership.objects.get(pk=row.pk).until_on.isoformat() == "2026-02-01"


def test_profile_changes_password_and_language(house, mei):
    """Mei changes her language and her password, stays logged in, and a wrong old password is refused."""
    assert mei.post("/profile/", {"do": "lang", "lang": "en"}).cookies["django_language"].value == "en"
    wrong = {"do": "password", "old": "nope-nope-nope", "password": "four-quiet-ferries", "again": "four-quiet-ferries"}
    assert mei.post("/profile/", wrong).status_code == 422
    assert mei.post("/profile/", wrong | {"old": people.PASSWORD}).status_code == 302
    assert mei.get("/profile/").status_code == 200


@pytest.mark.parametrize("person", [people.ANN, people.BO], ids=["lead", "collector"])
def test_an_agencys_people_change_their_password(house, logged_in, person):
    """Ann and Bo, who read no passwords in the database, change theirs and stay logged in; a wrong old one is refused in words."""
    client = logged_in(person.email)
    typed = {"do": "password", "old": "nope-nope-nope", "password": "four-quiet-ferries", "again": "four-quiet-ferries"}
    assert client.post("/profile/", typed).status_code == 422
    assert client.post("/profile/", typed | {"old": people.PASSWORD}).status_code == 302
    assert client.get("/profile/").status_code == 200
    assert Client().post("/login/", {"username": person.email, "password": "four-quiet-ferries"}).status_code == 302


def test_a_link_to_a_shared_login_is_shown_to_nobody(house, mei):
    """Gao was let in by another bank and has no password yet: Mei gives a role and sees no link, neither then nor when she asks."""
    other = factories.bank(people.OTHER_BANK)
    invited = services.member_invite(
        actor=other.mei, email="gao@lanxi.example", display_name="Gao", role="analyst", from_on=people.FIRST_DAY
    )
    typed = {"email": "gao@lanxi.example", "display_name": "Gao", "lang": "en", "side": "0", "role": "analyst", "from_on": "2026-01-01"}
    answers = [mei.post("/people/new/", typed), mei.post(f"/people/{invited.user.pk}/link/")]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert "its own address only" in mei.get(f"/people/{invited.user.pk}/").content.decode()


def test_texts_that_no_field_takes_are_refused(house, mei):
    """A zero byte in a label, or a number beyond all numbers in a filter of a count, is told as a refusal and is no fault."""
    for answer in (
        mei.post("/views/save/", {"listing": "people", "label": "a\x00b", "next": "/people/"}),
        mei.get("/refusals/", {"performer": "9" * 20}),
    ):
        assert answer.status_code == 422
        assert "cannot be kept" in answer.content.decode()
    assert mei.get("/people/", {"rows": "1" * 5_000}).status_code == 200
    hook = mei.post("/webhooks/add/", {"name": "n", "url": "https://hooks.example/", "event_kinds": ["case.closed"]})
    number = re.search(r"/webhooks/(\d+)/", hook.content.decode())[1]
    assert mei.post(f"/webhooks/{number}/retry/", {"ids": ["²", "1" * 5_000, "9" * 18]}).status_code == 302


def test_export_is_asked_decided_made_and_downloaded(house, mei, logged_in):
    """Mei asks, cannot decide her own, Qiu agrees to what stands there, a job makes the file, and Mei alone downloads it."""
    from duecourse.doors import jobs

    qiu = logged_in(people.QIU.email)
    asked = {"listing": "people", "query": "order=name", "file_format": "csv", "columns": ["display_name", "role"]}
    assert mei.post("/exports/new/", asked | {"purpose": ""}).status_code == 422
    assert mei.post("/exports/new/", asked | {"columns": ["password"], "purpose": "Role review"}).status_code == 422
    address = mei.post("/exports/new/", asked | {"purpose": "Role review 角色复核"})["Location"]
    with acting(house.bank.mei):
        export = Export.objects.get()
    decision = {"verdict": "approve", "hash": export.content_hash}
    assert mei.post(f"/approvals/export/{export.pk}/", decision).status_code == 409
    assert qiu.post(f"/approvals/export/{export.pk}/", decision | {"hash": "0" * 64}).status_code == 409
    assert qiu.post(f"/approvals/export/{export.pk}/", {"verdict": "reject", "hash": export.content_hash}).status_code == 422
    assert mei.post(f"{address}make/").status_code == 409
    page = qiu.get("/approvals/").content.decode()
    assert "Role review 角色复核" in page
    assert qiu.post(f"/approvals/export/{export.pk}/", decision).status_code == 302
    assert qiu.post(f"{address}make/").status_code == 404
    job = mei.post(f"{address}make/")["Location"]
    assert jobs.run_pending() == 1
    assert mei.get(job)["Location"] == address
    assert qiu.post(f"{address}file/").status_code == 404
    answer = mei.post(f"{address}file/")
    assert answer["Content-Disposition"] == f'attachment; filename="people-{export.pk}.csv"'
    assert "Mei" in b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()[0]


def test_who_leaves_is_told_plainly(house, mei, logged_in):
    """Fan, who leaves next week, opens the export of a list and is told why nothing goes out."""
    from datetime import timedelta

    from duecourse.kit.clock import now

    fan = logged_in(people.FAN.email)
    fan.cookies["django_language"] = "en"
    until_on = now().date() + timedelta(days=7)
    services.member_leave(actor=house.bank.mei, user_id=house.bank.fan.user_id, until_on=until_on)
    answer = fan.get("/exports/new/?listing=exports")
    assert answer.status_code == 403
    assert f"ends on {until_on}" in answer.content.decode()
    assert fan.get("/exports/new/?listing=people").status_code == 404
    assert fan.get("/exports/new/?listing=nowhere").status_code == 404


def test_views_and_columns_come_back(house, mei, logged_in):
    """A view is kept with filters and columns and leads back; columns chosen last are there next time, for Mei alone."""
    kept = {
        "listing": "people",
        "label": "Leads 组长",
        "next": "/people/",
        "query": "role=lead&order=-from_on&columns=email,nonsense&after=x",
    }
    assert mei.post("/views/save/", kept)["Location"] == "/people/?role=lead&order=-from_on&columns=email"
    page = mei.get("/people/").content.decode()
    assert "Leads 组长" in page
    assert "/people/?role=lead&amp;order=-from_on&amp;columns=email" in page
    chosen = {"listing": "people", "column": ["display_name", "role"], "next": "/people/?role=lead&columns=email"}
    assert mei.post("/views/columns/", chosen)["Location"] == "/people/?role=lead"
    assert people.FAN.email not in mei.get("/people/").content.decode()
    assert people.FAN.email in logged_in(people.QIU.email).get("/people/").content.decode()
    assert mei.post("/views/columns/", chosen | {"next": "https://evil.example/"})["Location"] == "/"
    assert mei.post("/views/save/", kept | {"listing": "nowhere"}).status_code == 404


def test_numbers_of_another_bank_open_nothing(house, mei):
    """Every page by number answers 404 for another bank's agency, contract, version, person and export."""
    other = factories.bank(people.OTHER_BANK)
    terms = {"listing": "people", "query": "", "columns": ["role"], "row_count": 9, "is_personal": True, "purpose": "Theirs alone"}
    export = services.export_ask(actor=other.mei, on=people.FIRST_DAY, **terms)
    version = other.aoki_terms.version
    fees = f"/contracts/{version.contract_id}/versions/{version.pk}/fees/"
    reads = [f"/agencies/{other.aoki.pk}/", f"/agencies/{other.aoki.pk}/edit/", f"/agencies/{other.aoki.pk}/close/",
             f"/contracts/{version.contract_id}/", f"/contracts/{version.contract_id}/versions/new/", fees,
             f"/people/{other.fan.user_id}/", f"/exports/{export.pk}/"]  # fmt: skip
    assert {address: mei.get(address).status_code for address in reads} == dict.fromkeys(reads, 404)
    writes = [f"/agencies/{other.aoki.pk}/tokens/", f"/people/{other.fan.user_id}/leave/", f"/people/{other.fan.user_id}/link/",
              f"/exports/{export.pk}/file/", f"/exports/{export.pk}/make/", f"{fees}grid/"]  # fmt: skip
    assert {address: mei.post(address, {"until_on": "2026-05-01"}).status_code for address in writes} == dict.fromkeys(writes, 404)
    decision = {"verdict": "approve", "hash": export.content_hash}
    assert mei.post(f"/approvals/export/{export.pk}/", decision).status_code == 404
