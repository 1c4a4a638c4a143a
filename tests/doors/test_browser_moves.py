"""Journeys of the studio and the desk in a real browser: two people take a month from its draft to its packages, Mei moves 500 cases and takes
it back, and two people want the same case.

Pictures of the pages are left in test-results/console/; clicks and keystrokes are counted where the documentation names them.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from django.core.cache import cache
from django.db import connection

from duecourse.doors.commands.demo.house import DEMO_PASSWORD
from duecourse.kit import clock
from duecourse.parties.access import acting, system
from duecourse.parties.models import Creditor
from duecourse.placement.models import AllocationRun, Batch, Placement, PlacementMoveSet, PlacementTransition
from tests import factories, people
from tests.browser import chromium
from tests.conftest import serving
from tests.cycle import months
from tests.cycle.conftest import keeper as played_keeper
from tests.doors.test_browser import DESK, TELEPHONE, WIDER_THAN_THE_PAGE, Visit
from tests.placement import world

pytestmark = pytest.mark.browser
keeper = played_keeper
CASES = 500
NOW = world.days_later(20)
A_SET = re.compile(r"/moves/\d+/$")
AN_ALLOCATION = re.compile(r"/allocations/\d+/$")


class Hand(Visit):
    """A visit whose clicks are counted."""

    clicks = 0

    def click(self, selector: str) -> None:
        """Click once."""
        self.clicks += 1
        self.page.click(selector)

    def enter(self, email: str, password: str) -> None:
        """Log in with a password."""
        self.page.goto(self.url)
        self.page.fill("input[name=username]", email)
        self.page.fill("input[name=password]", password)
        self.page.click("main button.btn-primary")
        self.page.wait_for_load_state("networkidle")

    def fits(self, size: dict[str, int]) -> bool:
        """Say whether nothing is wider than the screen."""
        return self.page.evaluate("document.documentElement.scrollWidth") <= size["width"] and self.page.evaluate(WIDER_THAN_THE_PAGE) == []


def asked(question):
    """Return what a question to the database says; it is asked in a thread of its own, for the browser has an event loop in this one."""

    def answered():
        try:
            with acting(system(Creditor.objects.order_by("pk").first().pk)):
                return question()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(answered).result(timeout=60)


def opener(browser, url):
    """Return a function that opens a page of a size and language for somebody."""

    def opened(email, *, password=people.PASSWORD, size=DESK, lang="en", **options):
        context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], **options)
        context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": url}])
        seen = Hand(context.new_page(), url)
        seen.enter(email, password)
        return seen

    return opened


@pytest.fixture
def desk(committed_db, home, monkeypatch):
    """500 cases that two agencies have had for twenty days without an attempt; the clock of every thread stands there."""
    cache.clear()
    monkeypatch.setattr(clock, "_fixed", ContextVar("day", default=NOW))
    bank = factories.bank()
    world.cases(bank, CASES)
    world.published(bank)
    with serving() as url, chromium() as browser:
        yield opener(browser, url)


@pytest.fixture
def studio(keeper, monkeypatch):
    """The house of the demo just before the allocation of its second month."""
    cache.clear()
    with keeper.restored("allocate") as moment:
        monkeypatch.setattr(clock, "_fixed", ContextVar("day", default=moment.at))
        with serving() as url, chromium() as browser:
            yield opener(browser, url)


def test_a_month_from_its_draft_to_its_packages(studio):
    """Mei tries a limit, compares, proposes; Qiu approves what Mei may not; Mei publishes, and every batch has its package."""
    mei = studio("mei@lanxi.example", password=DEMO_PASSWORD)
    qiu = studio("qiu@lanxi.example", password=DEMO_PASSWORD)
    mei.page.goto(f"{mei.url}/allocations/new/?month={months.SUBJECT}")
    mei.click("text=Compute a draft")
    mei.page.wait_for_url(AN_ALLOCATION)
    free = mei.page.url
    mei.click("text=Change the choices")
    mei.page.fill("input[name$=capacity_count] >> nth=0", "3")
    mei.picture("studio-choices")
    mei.click("text=Compute a draft")
    mei.page.wait_for_url(lambda url: AN_ALLOCATION.search(url) and url != free)
    tight = mei.page.url
    mei.click("button:has-text('Compare')")
    mei.page.wait_for_selector("text=Expected net recovery of the plan")
    assert "at most 3 cases" in mei.page.inner_text("main")
    mei.picture("studio-compare")
    mei.page.goto(tight)
    mei.click("button:has-text('Propose')")
    mei.page.wait_for_selector("text=nobody approves alone")
    qiu.page.goto(tight)
    qiu.page.fill("#decision-words", "reviewed")
    qiu.picture("studio-decision")
    qiu.click("button:has-text('Approve')")
    qiu.page.wait_for_selector("text=approved")
    mei.page.reload()
    mei.click("button:has-text('Publish and hand over')")
    mei.click("#confirm button[value=yes]")
    mei.page.wait_for_url("**/batches/**", timeout=60_000)
    mei.page.wait_for_load_state("networkidle")
    number = int(tight.rstrip("/").rsplit("/", 1)[1])
    codes = asked(lambda: list(Batch.objects.filter(allocation_run_id=number).values_list("code", flat=True)))
    assert codes
    assert all(code in mei.page.inner_text("main") for code in codes)
    assert asked(lambda: AllocationRun.objects.get(pk=number).state) == "published"
    assert mei.complaints == qiu.complaints == []


def test_mei_moves_500_cases_and_takes_it_back(desk):
    """From the menu to 500 recalls in five clicks, back in two; the history holds both, and nothing moved before the last click."""
    mei = desk(people.MEI.email)
    mei.click("#menu a[href='/moves/']")
    mei.click("#due a[href$='due=idle']")
    mei.page.wait_for_selector("#move-form")
    mei.click("input[name=everything]")
    mei.picture("desk-choice")
    mei.click("text=Preview")
    mei.page.wait_for_url(A_SET)
    assert "May be moved." in mei.page.inner_text("main")
    mei.picture("desk-preview")
    assert asked(lambda: PlacementTransition.objects.filter(status="recall_pending").count()) == 0
    mei.click(f"button:has-text('Move {CASES} cases')")
    mei.page.wait_for_selector(f"text=Cases moved: {CASES}.")
    assert mei.clicks == 5
    assert asked(lambda: PlacementTransition.objects.filter(status="recall_pending").count()) == CASES
    mei.click("button:has-text('Undo')")
    mei.click("#confirm button[value=yes]")
    mei.page.wait_for_selector(f"text=Recalls cancelled: {CASES}.")
    assert mei.clicks == 7
    assert asked(lambda: Placement.objects.filter(during__endswith__isnull=True).count()) == CASES
    assert asked(lambda: PlacementMoveSet.objects.get().state) == "undone"
    assert mei.complaints == []


def test_two_people_want_the_same_case(desk):
    """Mei recalls while Lin's extension waits: Qiu's approval moves nothing, and the page says who was first and what they did."""
    mei, lin, qiu = desk(people.MEI.email), desk(people.LIN.email), desk(people.QIU.email)
    for seen in (mei, lin):
        seen.page.goto(f"{seen.url}/moves/new/?q=A")
        seen.page.check("[name=ids] >> nth=0")
    lin.page.select_option("#move-kind", "extend")
    lin.page.wait_for_selector("label:has-text('New last day')")
    lin.page.select_option("[name=reason_code]", "creditor_decides")
    lin.page.fill("[name=words]", "审计 <b>&")
    lin.page.fill("[name=until_on]", "2026-12-20")
    mei.page.select_option("[name=reason_code]", "idle")
    for seen in (mei, lin):
        seen.page.click("text=Preview")
        seen.page.wait_for_url(A_SET)
    lin.page.click("button:has-text('Ask a second person')")
    lin.page.wait_for_selector("text=nobody approves alone")
    mei.page.reload()
    assert "also stand in a set of Lin that waits for approval" in mei.page.inner_text("main")
    mei.page.click("button:has-text('Move 1 cases')")
    mei.page.wait_for_selector("text=Cases moved: 1.")
    qiu.page.goto(lin.page.url)
    qiu.page.click("button:has-text('Approve and move')")
    qiu.page.wait_for_selector("text=Cases that somebody else took since the preview: 1.")
    text = qiu.page.inner_text("main")
    assert "Mei: recall pending" in text
    assert "审计 <b>&" in text
    qiu.picture("desk-taken")
    assert asked(lambda: PlacementTransition.objects.filter(status="extended").count()) == 0


def test_what_is_typed_survives_an_error(desk):
    """A reason without its sentence keeps what was chosen and says so at the field; the numbers of a list stay too."""
    mei = desk(people.MEI.email)
    mei.page.goto(f"{mei.url}/moves/new/")
    mei.page.check("input[name=everything]")
    mei.page.select_option("[name=reason_code]", "other")
    mei.page.click("text=Preview")
    mei.page.wait_for_selector("text=This reason asks for a sentence of your own.")
    assert mei.page.input_value("[name=reason_code]") == "other"
    assert mei.page.is_checked("input[name=everything]")
    mei.page.goto(f"{mei.url}/moves/list/")
    mei.page.fill("#numbers", "X1\nX2")
    mei.page.select_option("[name=reason_code]", "idle")
    mei.page.click("text=Preview")
    mei.page.wait_for_selector("text=None of these numbers")
    assert mei.page.input_value("#numbers") == "X1\nX2"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("name", "size", "scheme"), [("desk", DESK, "light"), ("telephone", TELEPHONE, "dark")])
def test_pages_fit_their_screen(desk, lang, name, size, scheme):
    """Every page of the desk and the studio stands whole on a desk and on a telephone, in both languages, light and dark."""
    mei = desk(people.MEI.email, size=size, lang=lang, color_scheme=scheme)
    first = asked(lambda: (AllocationRun.objects.first().pk, Batch.objects.first().pk))
    addresses = {
        "moves": "/moves/",
        "move-new": "/moves/new/?due=idle",
        "move-list": "/moves/list/",
        "allocations": "/allocations/",
        "allocation": f"/allocations/{first[0]}/",
        "allocation-rows": f"/allocations/rows/?allocation={first[0]}",
        "batches": "/batches/",
        "batch": f"/batches/{first[1]}/",
        "month-new": "/months/2027-01/steps/",
        "policies": "/policies/",
    }
    for place, address in addresses.items():
        mei.page.goto(f"{mei.url}{address}")
        mei.page.wait_for_load_state("networkidle")
        assert mei.fits(size), place
        mei.picture(f"{place}-{name}-{lang}-{scheme}")
    assert mei.complaints == []
