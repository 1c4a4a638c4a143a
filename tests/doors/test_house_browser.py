"""In a real browser: Mei edits fees, and an export of the users is asked for, approved by Qiu, made and downloaded.

Pictures are left in test-results/console/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import people
from tests.browser import chromium
from tests.doors.test_browser import DESK, TELEPHONE, WIDER_THAN_THE_PAGE, Visit

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(committed_house, live_url) -> Iterator[Any]:
    """Return a function that opens a page of a size and language as somebody who has logged in."""
    with chromium() as browser:

        def opened(email: str, *, size: dict[str, int] = DESK, lang: str = "en") -> Visit:
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], accept_downloads=True)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            seen = Visit(context.new_page(), live_url)
            seen.log_in(email)
            seen.page.wait_for_url(lambda url: "/login/" not in url)
            return seen

        yield opened


@pytest.mark.parametrize(("size", "lang"), [(DESK, "en"), (TELEPHONE, "zh")])
def test_mei_edits_fees(visit, committed_house, size, lang):
    """The grid is checked as Mei types, a pasted block becomes lines, the example follows, and what she saves is on the contract."""
    version = committed_house.bank.aoki_terms.version
    seen = visit(people.MEI.email, size=size, lang=lang)
    page = seen.page
    page.goto(f"{seen.url}/contracts/{version.contract_id}/versions/{version.pk}/fees/")
    page.locator("input[name=rate]").first.fill("120")
    page.wait_for_selector("#fault-1 div")
    page.locator("input[name=rate]").first.fill("9.25")
    page.wait_for_selector("#check .text-success")
    page.click("[aria-label='Copy line 1'], [aria-label='复制第 1 行']")
    page.wait_for_selector("#check .text-danger")
    assert page.locator("input[name=rate]").count() == 4
    page.locator("details summary", has_text="Paste" if lang == "en" else "粘贴").click()
    page.fill("#pasted", "\tM1\t\t\t8.00\n\tM2+\t0–10\t\t12.50\n\tM2+\t10+\t\t15.00")
    page.click("[data-paste]")
    page.wait_for_selector("#check .text-success")
    page.fill("#example_days", "61")
    page.fill("#example_achieved", "12")
    page.wait_for_selector("#check strong:has-text('150.00')")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.evaluate(WIDER_THAN_THE_PAGE) == []
    seen.picture(f"fees-{size['width']}-{lang}")
    page.fill("#effective_on", "2026-08-01")
    page.click("form#fees button.btn-primary")
    page.wait_for_url("**/contracts/*/")
    assert "2026-08-01" in page.inner_text("main")
    seen.picture(f"contract-{size['width']}-{lang}")
    assert seen.complaints == []


def test_an_export_takes_two_people(visit, committed_house, home):
    """Mei filters the users, exports what she sees, waits for Qiu, makes the file and downloads it; the first line names her."""
    mei, qiu = visit(people.MEI.email), visit(people.QIU.email)
    mei.page.goto(f"{mei.url}/people/")
    mei.page.select_option("#filter-side", "0")
    mei.page.wait_for_url("**side=0**")
    mei.page.click("[data-export]")
    mei.page.fill("textarea[name=purpose]", "Role review of the second half")
    mei.picture("export-ask-desk-en")
    mei.page.click("main button.btn-primary")
    mei.page.wait_for_url("**/exports/*/")
    assert "awaits a second person" in mei.page.inner_text("h1")
    mei.page.goto(f"{mei.url}/approvals/")
    assert "You asked for this yourself" in mei.page.inner_text("main")
    qiu.page.goto(f"{qiu.url}/approvals/")
    qiu.picture("approvals-desk-en")
    qiu.page.click("button[value=approve]")
    qiu.page.click("#confirm button[value=yes]")
    qiu.page.wait_for_selector("#toasts .text-success")
    mei.page.goto(f"{mei.url}/exports/")
    mei.page.click("[data-open]")
    mei.page.click("main button.btn-primary")
    mei.page.wait_for_url("**/exports/*/", timeout=15_000)
    with mei.page.expect_download() as download:
        mei.page.click("main button.btn-primary")
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert "Mei <mei@lanxi.example>" in lines[0]
    assert len(lines) == 2 + 4
    assert mei.complaints == qiu.complaints == []
