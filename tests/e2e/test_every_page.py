"""Every page that a person can reach by links from their home, in a real browser, in the simulated bank after two months.

Each is found, complains about nothing, fits on a desk and on a telephone, and has no serious finding of axe. Pages of one kind are
visited once per person. Pictures are left in test-results/pages/.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from django.urls import Resolver404, resolve

from tests import database
from tests.browser import chromium
from tests.cycle.months import at_home, played, small_world
from tests.house import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "assets" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / "test-results" / "pages"
DESK, TELEPHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
PEOPLE = {
    "mei": "mei@lanxi.example",
    "qiu": "qiu@lanxi.example",
    "ann": "ann@a01.example",
    "bo": "bo@a02.example",
}
NOT_PAGES = {"set_language", "logout", "login", "sides"}
PAGES_MAX = 60
WIDER_THAN_THE_PAGE = """() => [...document.querySelectorAll('main *')]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1 && part.getBoundingClientRect().width > 0
    && !part.closest('.table-responsive, pre, .shell-scroll') && getComputedStyle(part).position !== 'absolute' && !part.closest('.visually-hidden'))
  .map(part => part.tagName + '.' + part.className).slice(0, 5)"""
SERIOUS = """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .map(found => found.id + ': ' + found.nodes.slice(0, 3).map(node => node.target.join(' ')).join(' | '))"""


@pytest.fixture(scope="module")
def bank_url(test_server, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """The address of a web server on the simulated bank with 200 accounts after two closed months, its clock on the third."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.db import connections
    from django.test.testcases import LiveServerThread

    from duecourse.doors.jobs import run_pending
    from duecourse.kit.clock import frozen

    name, folder = database.database_name("pages"), tmp_path_factory.mktemp("pages")
    world = small_world(account_count=200, agency_count=3)
    with django_db_blocker.unblock():
        test_server.create(name)
        with database.pointed_at(name), at_home(folder):
            played(world, months=2)
            server = LiveServerThread("127.0.0.1", StaticFilesHandler)
            server.daemon = True
            ended = threading.Event()

            def work() -> None:
                while not ended.wait(0.2):
                    run_pending()
                connections.close_all()

            worker = threading.Thread(target=work, daemon=True)
            with frozen(datetime(2026, 11, 2, 3, tzinfo=UTC)):
                server.start()
                server.is_ready.wait()
                worker.start()
                yield f"http://{server.host}:{server.port}"
                ended.set()
                worker.join()
                server.terminate()
            connections.close_all()
        test_server.drop(name)


@pytest.mark.parametrize(
    ("person", "lang", "size", "scheme"),
    [
        ("mei", "zh-hans", DESK, "light"),
        ("mei", "en", TELEPHONE, "dark"),
        ("qiu", "en", DESK, "dark"),
        ("qiu", "zh-hans", TELEPHONE, "light"),
        ("ann", "en", DESK, "dark"),
        ("ann", "zh-hans", TELEPHONE, "light"),
        ("bo", "zh-hans", TELEPHONE, "dark"),
        ("bo", "en", DESK, "light"),
    ],
)
def test_pages_of_a_person(bank_url, person, lang, size, scheme):
    """Following every link from home finds pages only, none of them broken, too wide or hard to read."""
    from duecourse.doors.commands.demo.house import DEMO_PASSWORD

    with chromium() as browser:
        context = browser.new_context(viewport=size, color_scheme=scheme)
        context.add_cookies([{"name": "django_language", "value": lang, "url": bank_url}])
        page = context.new_page()
        seen = SimpleNamespace(complaints=[])
        page.on("console", lambda message: seen.complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.goto(bank_url)
        page.fill("input[name=username]", PEOPLE[person])
        page.fill("input[name=password]", DEMO_PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("#menu", state="attached")
        findings, visited = crawl(page, bank_url, seen, name=f"{person}-{lang[:2]}-{size['width']}")
    told = "\n".join(f"{address}\n    " + "\n    ".join(wrong) for address, wrong in findings.items())
    assert not told, told
    assert len(visited) > 3


def crawl(page: Any, url: str, seen: Any, *, name: str) -> tuple[dict[str, list[str]], set[str]]:
    """Visit one page of each kind that links lead to, and return what is wrong by address, and the kinds that were visited."""
    waiting, visited, findings = deque(["/"]), set(), {}
    while waiting and len(visited) < PAGES_MAX:
        address = waiting.popleft()
        kind = kind_of(address)
        if kind in visited or kind in NOT_PAGES:
            continue
        visited.add(kind)
        if wrong := looked_at(page, url + address, seen, picture=f"{name}-{kind}"):
            findings[f"{kind} {address}"] = wrong
        for link in page.eval_on_selector_all("a[href]:not([download])", "links => links.map(link => link.href)"):
            target, _ = urldefrag(link)
            if target.startswith(url + "/"):
                parts = urlsplit(target)
                waiting.append((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return findings, visited


def kind_of(address: str) -> str:
    """Return the name of an address, or the address itself when nothing answers there, so that it is looked at."""
    try:
        return str(resolve(urlsplit(address).path).url_name)
    except Resolver404:
        return address


def looked_at(page: Any, address: str, seen: Any, *, picture: str) -> list[str]:
    """Open a page and return what is wrong with it; a file that comes instead of a page is no page."""
    from playwright.sync_api import Error

    seen.complaints.clear()
    try:
        answer = page.goto(address)
    except Error as error:
        if "Download is starting" in str(error) or "ERR_ABORTED" in str(error):
            return []
        raise
    if answer is None or "text/html" not in answer.headers.get("content-type", ""):
        page.go_back()
        return []
    page.wait_for_load_state()
    wrong = [f"answers {answer.status}"] if answer.status != 200 else []
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append(f"wider than the screen: {page.evaluate(WIDER_THAN_THE_PAGE)}")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    wrong += page.evaluate(SERIOUS)
    wrong += seen.complaints
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{picture.replace('/', '_')}.png", full_page=True)
    return wrong
