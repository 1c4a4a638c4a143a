"""Home, portfolio and scorecards as pages: what stands there, where it leads, what it costs, and one visit in a browser."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from duecourse.kit.clock import frozen
from duecourse.parties.access import acting
from tests import factories, people
from tests.browser import chromium
from tests.doors.test_budgets import asked_by

OCTOBER_8 = datetime(2026, 10, 8, 4, tzinfo=UTC)
PAGES = ("/", "/portfolio/", "/portfolio/rolls/", "/portfolio/vintages/?kind=opened", "/portfolio/cases/", "/scorecards/")


def live() -> object:
    """Return the bank with six placed accounts aged in two months, money, scorecards of September, and an open October."""
    from duecourse.cycle.models import Run
    from duecourse.settlement import services
    from tests.portfolio.small_world import aged
    from tests.repayment.world import pay, placed, record
    from tests.settlement.test_measure import scorecard

    bank = factories.bank()
    loans = placed(bank)
    days = dict(zip((loan.id for loan in loans), (10, 20, 30, 40, 50, 70), strict=True))
    aged(bank, days, as_of=date(2026, 9, 1), step_run_id=11)
    aged(bank, {number: past + 30 for number, past in days.items()}, as_of=date(2026, 10, 1), step_run_id=12)
    record(bank, pay(loans[0], 10_000), pay(loans[1], 20_000, on=date(2026, 10, 5)), pay(None, 7_000, on=date(2026, 10, 6), ref="whose"))
    with acting(bank.system):
        Run.objects.create(creditor_id=bank.id, month="2026-10", commitment="0" * 64, secret_sealed=b"sealed", opened_at=OCTOBER_8)
    services.vintages_write(actor=bank.system, month="2026-09")
    services.vintages_write(actor=bank.system, month="2026-10")
    services.scorecards_write(actor=bank.system, month="2026-09", metric_version="segment-rates/2", frame=scorecard(bank))
    return bank


@pytest.fixture
def bank(db, home):
    """The bank as `live` makes it, on 8 October, in a transaction that is rolled back."""
    with frozen(OCTOBER_8):
        yield live()


@pytest.fixture
def mei(bank, logged_in):
    """Mei's client, in English."""
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    return client


def read(client, address: str) -> str:
    """Return a page's text without its tags."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_home_tells_the_next_step_and_what_waits(mei):
    """The first step of the empty month comes next; two batches have no package, a payment is in suspense; figures are of equal days."""
    text = read(mei, "/")
    assert "Next: Intake" in text
    assert re.search(r"Batches without a handover package\s+2", text)
    assert re.search(r"Payments in suspense CNY 70\.00\s+1", text)
    assert "2026-09, until 2026-09-30" in text
    assert re.search(r"Recovered\s+CNY 100\.00\s+CNY 0\.00", text)


def test_home_counts_first_contacts_owed_apart(mei, bank):
    """Nobody was called since 2 September, so six first contacts are owed; the page itself does not wait for that count."""
    assert "First contacts owed …" in read(mei, "/")
    assert re.search(r"First contacts owed\s+6", read(mei, "/home/owed/"))


@pytest.mark.parametrize(("person", "own"), [(people.FAN, "Payments in suspense"), (people.MEI, "Batches without a handover package")])
def test_each_role_has_its_own_to_dos(bank, logged_in, person, own):
    """What waits for Fan stands with Fan, the rest is folded away as others'."""
    client = logged_in(person.email)
    client.cookies["django_language"] = "en"
    page = client.get("/").content.decode()
    mine = page.partition('id="waiting-title"')[2].partition("<details")[0]
    assert own in mine
    assert ("Batches without a handover package" in mine) == (person is people.MEI)


def test_fresh_house_is_told_how_to_begin(db, logged_in):
    """Without a month the page says what comes first and leads to the upload."""
    factories.bank()
    client = logged_in(people.MEI.email)
    client.cookies["django_language"] = "en"
    assert "Upload the first tape" in read(client, "/")


def test_agency_is_led_to_its_own_pages(bank, logged_in):
    """Ann is led away from the creditor's home, and none of these pages exists for her."""
    client = logged_in(people.ANN.email)
    assert client.get("/").status_code == 302
    assert {client.get(address).status_code for address in (*PAGES[1:], "/home/owed/")} == {404}


def test_matrix_leads_to_as_many_cases_as_it_counts(mei):
    """Every cell of the roll-rate matrix leads to a list with exactly the cases it counted."""
    page = mei.get("/portfolio/rolls/").content.decode()
    cells = re.findall(r'href="(/portfolio/cases/\?[^"]+)" title="(\d+) ·', page)
    assert sorted(int(count) for _, count in cells) == [1, 2, 3]
    for address, count in cells:
        rows = mei.get(address.replace("&amp;", "&")).content.decode().count("<tr data-row")
        assert rows == int(count), address


def test_buckets_lead_to_their_cases(mei):
    """The bucket of three cases leads to three, now and in the month before."""
    page = mei.get("/portfolio/").content.decode()
    addresses = {
        address.replace("&amp;", "&"): int(count) for address, count in re.findall(r'href="(/portfolio/cases/\?[^"]+)"[^>]*>(\d+)<', page)
    }
    assert len(addresses) >= 6
    for address, count in addresses.items():
        assert mei.get(address).content.decode().count("<tr data-row") == count, address


def test_vintage_curve_shows_the_shares(mei):
    """The cohort of September: 100.00, then 300.00 of 6,000.00 first seen overdue; its cells lead to the cohort's cases."""
    page = mei.get("/portfolio/vintages/?kind=opened").content.decode()
    text = re.sub(r"<[^>]+>", " ", page)
    assert "1.7%" in text
    assert "5.0%" in text
    addresses = re.findall(r'href="(/portfolio/cases/\?[^"]*opened_in=2026-09[^"]*)"', page)
    assert len(addresses) == 2
    assert mei.get(addresses[0].replace("&amp;", "&")).content.decode().count("<tr data-row") == 6


def test_scorecards_say_why_and_never_a_rank(mei):
    """Both agencies stand by code with their intervals; the version of the metric is named; no column is a rank."""
    text = read(mei, "/scorecards/")
    assert text.index(people.AOKI.name) < text.index(people.BIRCH.name)
    assert "segment-rates/2" in text
    assert "1.10 1.00–1.20" in text
    assert "Rank" not in text


@pytest.mark.parametrize(
    "query",
    ["?month=9999-99", "?evidence=<b>", "?measure=%00", "?from=x&to=y", "?product='&region=--", "?kind=%27;", "?as_of=x&was=..&became=%27"],
)
def test_tampered_addresses_show_the_page(mei, query):
    """Values nobody offered count as not given; nothing of them is executed or breaks a page."""
    for address in PAGES:
        answer = mei.get(address.partition("?")[0] + query)
        assert answer.status_code == 200, (address, query)
        assert b"<b>" not in answer.content.replace(b"<b></b>", b"")


def test_stored_text_is_shown_as_text(bank, mei):
    """An agency's name that looks like a script or a formula stands on the pages as it was typed."""
    from duecourse.parties.models import Agency

    with acting(bank.system):
        Agency.objects.filter(pk=bank.aoki.pk).update(name="=cmd()<script>'\"🦊")
    for address in ("/portfolio/cases/", "/scorecards/"):
        page = mei.get(address).content.decode()
        assert "=cmd()&lt;script&gt;&#x27;&quot;🦊" in page
        assert "cmd()<script>" not in page


BUDGETS = {
    "/": 26,
    "/home/owed/": 14,
    "/portfolio/": 16,
    "/portfolio/rolls/": 16,
    "/portfolio/vintages/": 16,
    "/portfolio/cases/": 26,
    "/scorecards/": 14,
}


@pytest.mark.parametrize(("address", "budget"), BUDGETS.items())
def test_full_pages_keep_their_budget(bank, mei, address, budget):
    """With six cases in two months a page asks no more than its budget, and with rows of its own no more than without."""
    assert asked_by(mei, address) <= budget


@pytest.mark.browser
def test_mei_looks_at_the_portfolio(committed_db, home, live_url):
    """Mei goes from home through the portfolio to a cell's cases, on a telephone in the dark, in Chinese, and no page is wider than the screen."""
    with frozen(OCTOBER_8):
        live()
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark", locale="zh-CN")
        context.add_cookies([{"name": "django_language", "value": "zh-hans", "url": live_url}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(live_url)
        page.fill("input[name=username]", people.MEI.email)
        page.fill("input[name=password]", people.PASSWORD)
        page.click("main button.btn-primary")
        page.wait_for_selector("#line-title")
        for address in PAGES:
            page.goto(live_url + address)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.goto(live_url + "/portfolio/rolls/")
        page.click("td a.portfolio-cell >> nth=0")
        page.wait_for_selector("#listing tr[data-row]")
        assert "became" in page.url
        assert complaints == []
        context.close()
