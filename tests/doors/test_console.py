"""The console: coming in and going out, languages, and the report of a month."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tests import people
from tests.doors import report_fixture

ANN_AT_LANXI = "ann@aoki.example"


def page_of(answer) -> str:
    """Return the text of a page that was found."""
    assert answer.status_code == 200
    return answer.content.decode()


def test_report_shows_every_section(house, logged_in):
    """Mei sees laws with both sides, hashes, reasons of refusals by performer, statements, intervals and the head of the trail."""
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    text = page_of(client.get("/months/2026-09/"))
    assert all(f'id="step-{step["name"]}"' in text for step in report_fixture.steps())
    assert text.count('class="holds"') == 21
    wanted = ("simulated", "closed", "CNY 4,320,118.35", "Every agency that may take it is full.", report_fixture.digest("aoki"))
    wanted += ("The debtor has been reached three times today, all performers together.", "cannot rank yet", "CNY -1,204.50", "disputed")
    wanted += (report_fixture.digest("head"), "1.21, 90 % interval 1.08 to 1.36", "wechat_id", "2026-10-01 10:10 CST")
    assert not [part for part in wanted if part not in text]


def test_report_speaks_chinese_to_a_chinese_user(house, logged_in):
    """Without a choice of their own the page speaks the language of the user's account, reasons from the books included."""
    text = page_of(logged_in(people.MEI.email).get("/months/2026-09/", headers={"accept-language": "en"}))
    assert '<html lang="zh-Hans"' in text
    assert "今日该债务人已接通三次（全部机构合计）。" in text
    assert "4,320,118.35 元" in text
    assert "Every agency" not in text


def test_broken_law_and_missing_step_are_told(house, logged_in, monkeypatch):
    """A law whose sides differ is shown with ≠ and counted out; a step that has not run is shown as such."""
    from duecourse.cycle import selectors

    facts = report_fixture.month_report(creditor_id=1, month="2026-09")
    facts["steps"][1]["laws"][0] |= {"right": 1493, "holds": False}
    facts["steps"][9] |= {"state": "missing", "laws": [], "counts": {}}
    monkeypatch.setattr(selectors, "month_report", lambda **_: facts)
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    text = page_of(client.get("/months/2026-09/"))
    assert "18 / 19" in text
    assert "≠" in text
    assert "not all of them hold" in text
    assert "not run yet" in text


def test_month_in_which_nothing_happened_has_a_page(house, logged_in, monkeypatch):
    """A month that was only opened shows what is missing instead of failing."""
    from duecourse.cycle import selectors

    monkeypatch.setattr(selectors, "month_report", report_fixture.first_month_report)
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    text = page_of(client.get("/months/2026-09/"))
    assert "Nothing has been allocated yet." in text
    assert "simulated" not in text


def test_json_is_the_same_report(house, logged_in):
    """The download holds exactly the structure the page was made from."""
    answer = logged_in(people.FAN.email).get("/months/2026-09/report.json")
    assert json.loads(answer.content) == report_fixture.month_report(creditor_id=house.bank.id, month="2026-09")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="duecourse-2026-09.json"'
    assert "no-store" in answer.headers["Cache-Control"]


def test_real_selector_feeds_the_page(db, logged_in):
    """The home page and the report show what the real selectors say of a month that was just opened."""
    from tests.doors.conftest import furnish

    furnish()
    client = logged_in(people.MEI.email)
    for address in ("/", "/months/2026-09/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert people.BANK.name in page_of(answer)
        assert "2026-09" in page_of(answer)


def test_report_needs_no_script_or_style_inside_the_page(house, logged_in):
    """No page holds an inline script, style or handler, so the policy can stay strict."""
    client = logged_in(people.MEI.email)
    for address in ("/months/2026-09/", "/sides/", "/nowhere/"):
        answer = client.get(address)
        text = answer.content.decode()
        assert " style=" not in text
        assert "<style" not in text
        assert not [part for part in text.split("<script")[1:] if not part.startswith(' src="/static/')]
        assert " on" + "click=" not in text
        assert "'unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("email", "password"),
    [(people.MEI.email, "wrong-horse"), ("nobody@lanxi.example", people.PASSWORD), ("nobody@lanxi.example", "wrong-horse")],
)
def test_wrong_login_says_one_sentence(house, email, password):
    """Known or unknown address, the answer is the same, and no session begins."""
    client = Client()
    answer = client.post("/login/", {"username": email, "password": password}, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert "E-mail address and password do not belong together." in answer.content.decode()
    assert "session" not in client.cookies


@pytest.mark.parametrize("email", [people.MEI.email, "nobody@lanxi.example"])
def test_failures_are_throttled_per_address_and_login(house, email):
    """After eight failures even the right password waits, for known and unknown logins alike; another network address does not."""
    client = Client()
    answers = [client.post("/login/", {"username": email, "password": "wrong"}).status_code for _ in range(9)]
    assert answers == [422] * 8 + [429]
    assert client.post("/login/", {"username": email.upper(), "password": people.PASSWORD}).status_code == 429
    elsewhere = client.post("/login/", {"username": email, "password": people.PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == (302 if email == people.MEI.email else 422)


def test_many_logins_from_one_address_are_throttled(house):
    """One network address may not try many logins either."""
    client = Client()
    answers = [client.post("/login/", {"username": f"n{n}@lanxi.example", "password": "wrong"}).status_code for n in range(41)]
    assert answers[-2:] == [422, 429]


@pytest.mark.parametrize(
    ("wanted", "led_to"), [("/months/2026-09/", "/months/2026-09/"), ("https://evil.example/", "/"), ("//evil.example", "/")]
)
def test_next_stays_in_the_house(house, wanted, led_to):
    """After the login `next` leads to a page of this host or to the first page, never elsewhere."""
    answer = Client().post("/login/", {"username": people.MEI.email, "password": people.PASSWORD, "next": wanted})
    assert answer.headers["Location"] == led_to


def test_login_needs_the_forms_token(house):
    """A login that does not come from the form is refused."""
    answer = Client(enforce_csrf_checks=True).post("/login/", {"username": people.MEI.email, "password": people.PASSWORD})
    assert answer.status_code == 403


def test_logout_is_a_post_and_ends_the_session(house, logged_in):
    """A link cannot log anybody out; the button does."""
    client = logged_in(people.MEI.email)
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/months/2026-09/").headers["Location"] == "/login/?next=%2Fmonths%2F2026-09%2F"


def test_lost_session_moves_the_whole_page_of_htmx(house):
    """When the session ended, an htmx request makes the browser go to the login instead of putting it into the page."""
    answer = Client().get("/months/2026-09/", headers={"hx-request": "true", "hx-current-url": "http://testserver/months/2026-09/"})
    assert answer.headers["HX-Redirect"] == "/login/?next=%2Fmonths%2F2026-09%2F"


def test_user_of_two_sides_chooses_one(house, logged_in):
    """Who belongs to a bank and an agency is asked, sees the side chosen, and cannot choose a third."""
    from duecourse.parties.services import membership_grant

    bank = house.bank
    membership_grant(actor=bank.system, user_id=bank.ann.user_id, role="analyst", from_on=people.FIRST_DAY)
    client = logged_in(ANN_AT_LANXI)
    assert client.get("/months/2026-09/").headers["Location"] == "/sides/"
    choice = page_of(client.get("/sides/"))
    assert people.BANK.name in choice
    assert people.AOKI.name in choice
    assert client.post("/sides/", {"side": f"{bank.id}:"}).headers["Location"] == "/"
    assert client.get("/months/2026-09/").status_code == 200
    client.post("/sides/", {"side": f"{bank.id}:{bank.aoki.pk}"})
    assert client.get("/months/2026-09/").status_code == 404
    client.post("/sides/", {"side": f"{bank.id}:{bank.birch.pk}"})
    assert people.AOKI.name in page_of(client.get("/agency/"))


def test_choice_of_language_wins_over_the_account(house, logged_in):
    """The switch keeps the language in a cookie, also before the login."""
    client = logged_in(people.MEI.email)
    assert '<html lang="zh-Hans"' in page_of(client.get("/months/2026-09/"))
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/months/2026-09/"})
    assert answer.headers["Location"] == "/months/2026-09/"
    assert '<html lang="en"' in page_of(client.get("/months/2026-09/"))


@pytest.mark.parametrize(("theme", "shown"), [("dark", True), ('"><script>', False)])
def test_theme_comes_from_the_cookie(house, theme, shown):
    """The page is dark from its first byte when the cookie says so; another value is ignored."""
    client = Client()
    client.cookies["theme"] = theme
    text = page_of(client.get("/login/"))
    assert ('data-bs-theme="dark"' in text) is shown
    assert "><script>" not in text
