"""Journeys in a real browser: log in, read the month's report on a desk and on a telephone, in both languages, light and dark.

Pictures of the pages are left in test-results/console/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import people
from tests.browser import chromium
from tests.house import ROOT

pytestmark = pytest.mark.browser

PICTURES = ROOT / "test-results" / "console"
DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
HEADINGS = {"en": ("Ten steps", "Allocation", "Statements", "cannot rank yet"), "zh": ("十个步骤", "分案", "结算单", "暂不可排名")}
WIDER_THAN_THE_PAGE = """() => [...document.querySelectorAll('main *')]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest('.table-responsive, pre'))
  .map(part => part.tagName + '.' + part.className)"""


class Visit:
    """A page in a browser of its own, with what its console complained about.

    Attributes:
        page: Playwright's page.
        complaints: errors and violations of the content security policy, as the browser worded them.
    """

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url, self.complaints = page, url, []
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def log_in(self, email: str) -> None:
        """Fill in the login form and send it."""
        self.page.goto(self.url)
        self.page.fill("input[name=username]", email)
        self.page.fill("input[name=password]", people.PASSWORD)
        self.page.click("main button.btn-primary")

    def picture(self, name: str) -> None:
        """Leave a picture of the whole page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture
def visit(committed_house, live_url) -> Iterator[Any]:
    """Return a function that opens a page of a size and language; the browser lives shorter than the database, whose thread it borrows."""
    with chromium() as browser:

        def opened(size: dict[str, int], lang: str, **options: Any) -> Visit:
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], **options)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            return Visit(context.new_page(), live_url)

        yield opened


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(("name", "size"), [("desk", DESK), ("telephone", TELEPHONE)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_mei_reads_the_report(visit, lang, name, size, scheme):
    """Mei logs in and sees the report whole: nothing wider than her screen, nothing refused by the browser."""
    seen = visit(size, lang, color_scheme=scheme)
    seen.page.goto(seen.url)
    seen.picture(f"login-{name}-{lang}-{scheme}")
    seen.log_in(people.MEI.email)
    seen.page.wait_for_selector("#line-title")
    seen.page.goto(f"{seen.url}/months/2026-09/")
    seen.page.wait_for_selector("#trail-title")
    text = seen.page.inner_text("main")
    assert not [heading for heading in HEADINGS[lang] if heading not in text]
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert seen.page.evaluate(WIDER_THAN_THE_PAGE) == []
    assert seen.page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    seen.picture(f"report-{name}-{lang}-{scheme}")
    assert seen.complaints == []


def test_stranger_gets_nowhere(visit):
    """Dai, who belongs nowhere, is told so on every page, and without a login every page leads to the login."""
    seen = visit(DESK, "en")
    seen.page.goto(f"{seen.url}/months/2026-09/")
    assert seen.page.url == f"{seen.url}/login/?next=%2Fmonths%2F2026-09%2F"
    seen.log_in(people.DAI_EMAIL)
    for address in ("/", "/months/2026-09/", "/agency/", "/months/2026-09/report.json"):
        seen.page.goto(seen.url + address)
        assert "belongs to no creditor and no agency" in seen.page.inner_text("main")
    seen.picture("stranger-desk-en")


def test_mei_switches_language_and_light_and_comes_back(visit):
    """The switches work without a login and keep their choice; the log-out button of the menu ends the visit."""
    seen = visit(TELEPHONE, "en", color_scheme="light")
    seen.page.goto(seen.url)
    seen.page.click("button:has-text('中文')")
    assert seen.page.locator("html").get_attribute("lang") == "zh-Hans"
    seen.log_in(people.MEI.email)
    seen.page.wait_for_selector("#line-title")
    seen.page.goto(f"{seen.url}/months/2026-09/")
    seen.page.wait_for_selector("#trail-title")
    assert seen.page.inner_text("h1").startswith("2026-09 月报")
    seen.page.click("[data-theme-switch]")
    seen.page.reload()
    assert seen.page.locator("html").get_attribute("data-bs-theme") == "dark"
    seen.page.click("header [data-bs-toggle=dropdown]")
    seen.page.click("text=退出登录")
    seen.page.wait_for_selector("input[name=password]")
    assert seen.complaints == []


def test_keyboard_reaches_the_report(visit):
    """With the keyboard alone Mei logs in, skips to the content, and follows a step of the flow to its laws."""
    seen = visit(DESK, "en")
    seen.page.goto(f"{seen.url}/months/2026-09/")
    seen.page.keyboard.type(people.MEI.email)
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.type(people.PASSWORD)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("#trail-title")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.activeElement.className") == "skip-link"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("location.hash") == "#content"
    for _ in range(12):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate("document.activeElement.getAttribute('href')") == "#step-repay":
            break
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate("document.querySelector('.console-step:target').id") == "step-repay"
    assert seen.complaints == []


def test_month_is_switched_in_place(made_up_months, visit):
    """Another month comes without a new page; address, title and the way back are right."""
    seen = visit(DESK, "en")
    seen.log_in(people.MEI.email)
    seen.page.goto(f"{seen.url}/months/2026-09/")
    seen.page.evaluate("window.isSame = true")
    seen.page.click("nav a:has-text('2026-10')")
    seen.page.wait_for_selector("h1:has-text('Month 2026-10')")
    assert seen.page.url.endswith("/months/2026-10/")
    assert seen.page.title().startswith("2026-10")
    assert seen.page.evaluate("window.isSame")
    seen.page.go_back()
    seen.page.wait_for_selector("h1:has-text('Month 2026-09')")
    assert seen.complaints == []
