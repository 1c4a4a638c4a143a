"""Mei's files in a real browser: a 委案 workbook whose headers nobody knows becomes cases, and its rejects come back.

Pictures of the pages are left in test-results/console/.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from duecourse.doors import jobs
from tests import people
from tests.browser import chromium
from tests.doors.test_browser import DESK, TELEPHONE, Visit
from tests.kit.records.workbooks import workbook
from tests.portfolio.tapes import CHEN, DAI

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("home")]
HEADER = ["案子", "主人", "证", "联络", "总共", "本", "天", "类", "亲属电话", "QQ"]

WIDER_THAN_THE_PAGE = """() => [...document.querySelectorAll('main *')]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1 && !part.closest('.table-responsive, pre, details:not([open])'))
  .map(part => part.tagName + '.' + part.className)"""


@pytest.fixture
def worker(committed_db) -> Iterator[None]:
    """Somebody who does the jobs that pages ask for."""
    from django.db import connection

    is_over = threading.Event()

    def work() -> None:
        while not is_over.wait(0.2):
            jobs.run_pending()
        connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    is_over.set()
    thread.join(10)


@pytest.fixture
def opened(committed_house, live_url, worker) -> Iterator[Any]:
    """Return a function that opens a page of a size, a language and a light."""
    with chromium() as browser:

        def visit(size: dict[str, int], lang: str, scheme: str = "light") -> Visit:
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], color_scheme=scheme)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            return Visit(context.new_page(), live_url)

        yield visit


@pytest.fixture
def sheet(tmp_path):
    """A workbook of three debts under headers that no mapping knows, one of which cannot be read."""
    rows = [
        ["X-1", CHEN["person_name"], CHEN["id_number"], CHEN["phone"], 100, 100, 40, "信用卡", "13900000000", "123456"],
        ["X-2", DAI["person_name"], DAI["id_number"], DAI["phone"], "1,200.50", "1,200.50", 75, "消费贷", "13900000001", "234567"],
        ["X-3", "王五", "1", "2", "很多", 5, 5, "信用卡", "13900000002", "345678"],
    ]
    return workbook(tmp_path / "九月委案.xlsx", [HEADER, *rows])


def in_place(seen: Visit, name: str) -> None:
    """See that nothing is wider than the screen, and leave a picture."""
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= seen.page.viewport_size["width"]
    assert seen.page.evaluate(WIDER_THAN_THE_PAGE) == []
    seen.picture(name)


def answered(seen: Visit, action: Any) -> None:
    """Do something and wait for the answer of the live check."""
    with seen.page.expect_response(lambda response: response.url.endswith("/check/")):
        action()


def choose(seen: Visit, column: str, field: str) -> None:
    """Choose a column's field and wait for the live check's answer."""
    row = seen.page.locator("tr", has=seen.page.locator(".mapping-name", has_text=column).first)
    answered(seen, lambda: row.locator("select").first.select_option(field))


@pytest.mark.parametrize(
    ("name", "size", "lang", "scheme"), [("desk-zh", DESK, "zh", "light"), ("telephone-en-dark", TELEPHONE, "en", "dark")]
)
def test_mei_takes_in_a_sheet_that_nobody_knows(opened, committed_house, sheet, name, size, lang, scheme):
    """She uploads it, sees masked samples, names the columns, sees what would be sent back, saves the mapping, takes the file in, sees the reject."""
    seen = opened(size, lang, scheme)
    seen.log_in(people.MEI.email)
    seen.page.wait_for_selector("main h1")
    seen.page.goto(f"{seen.url}/feeds/upload/")
    in_place(seen, f"feed-upload-{name}")
    seen.page.goto(f"{seen.url}/mappings/new/")
    seen.page.set_input_files("input[type=file]", sheet)
    seen.page.click("main form button.btn-primary")
    seen.page.wait_for_selector("#check")
    text = seen.page.inner_text("main")
    for personal in (CHEN["person_name"], CHEN["id_number"], CHEN["phone"], "13900000000"):
        assert personal not in text
    in_place(seen, f"mapping-draft-{name}")
    for column, field in {"案子": "account_number", "总共": "balance_minor", "天": "days_past_due", "类": "product_class"}.items():
        choose(seen, column, field)
    choose(seen, "本", "principal_minor")
    answered(seen, lambda: seen.page.select_option("#constant-lender_class", "bank"))
    seen.page.wait_for_function("/1 of the first 3 rows|前 3 行中将有 1 行/.test(document.querySelector('#check').innerText)")
    in_place(seen, f"mapping-checked-{name}")
    seen.page.fill("#name", "first-bank")
    seen.page.click("button[name=take]")
    seen.page.click("#confirm button[value=yes]")
    seen.page.wait_for_url("**/feeds/*/**", timeout=30_000)
    seen.page.wait_for_selector("#rejects-title")
    assert "X-3" not in seen.page.inner_text("main")
    assert seen.page.locator("[aria-labelledby=rejects-title] tbody tr").count() >= 1
    in_place(seen, f"feed-{name}")
    assert seen.page.locator(".feed-number").all_inner_texts() == ["3", "2", "1", "0"]
    with seen.page.expect_download() as taken:
        seen.page.click("form[action$='/rejects/'] button")
        seen.page.click("#confirm button[value=yes]")
    assert "很多" in open(taken.value.path(), encoding="utf-8-sig").read()  # noqa: SIM115, PTH123 - a path of Playwright's
    seen.page.goto(f"{seen.url}/feeds/")
    assert "九月委案.xlsx" in seen.page.inner_text("main")
    in_place(seen, f"feeds-{name}")
    seen.page.goto(f"{seen.url}/mappings/")
    in_place(seen, f"mappings-{name}")
    for page in ("holds", "holds/left-out", "holds/lists", "holds/lists/load", "classification"):
        seen.page.goto(f"{seen.url}/{page}/")
        in_place(seen, f"{page.replace('/', '-')}-{name}")
    assert seen.complaints == []


def test_a_draft_outlives_the_session(opened, sheet):
    """The session ends while Mei corrects columns: after the login her choices are there again."""
    seen = opened(DESK, "en")
    seen.log_in(people.MEI.email)
    seen.page.wait_for_selector("main h1")
    seen.page.goto(f"{seen.url}/mappings/new/")
    seen.page.set_input_files("input[type=file]", sheet)
    seen.page.click("main form button.btn-primary")
    seen.page.wait_for_selector("#check")
    choose(seen, "案子", "account_number")
    seen.page.context.clear_cookies(name="session")
    seen.page.locator("tr", has=seen.page.locator(".mapping-name", has_text="总共").first).locator("select").first.select_option(
        "balance_minor"
    )
    seen.page.wait_for_selector("input[name=password]")
    seen.page.fill("input[name=username]", people.MEI.email)
    seen.page.fill("input[name=password]", people.PASSWORD)
    seen.page.click("main button.btn-primary")
    seen.page.wait_for_selector("#check")
    seen.page.wait_for_timeout(500)
    kept = seen.page.locator("tr", has=seen.page.locator(".mapping-name", has_text="总共").first).locator("select").first.input_value()
    assert kept == "balance_minor"
