"""Journeys over a case and a statement in a real browser: Mei looks for a purpose and sees it told; Fan approves a statement and Mei freezes it.

Pictures of the pages are left in test-results/console/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import people
from tests.browser import chromium
from tests.doors.case_scene import furnished
from tests.doors.test_browser import DESK, TELEPHONE, WIDER_THAN_THE_PAGE, Visit
from tests.portfolio.tapes import CHEN

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("home")]


@pytest.fixture
def scene(committed_house):
    """Chen's and Dai's cases, committed."""
    return furnished(committed_house.bank)


@pytest.fixture
def agreed(committed_house, scene) -> None:
    """The agency's lead has agreed to the statement."""
    from duecourse.settlement.services import statement_agree

    lead = scene.lead
    if "lead" not in lead.roles:
        from tests import factories

        bank = committed_house.bank
        lead = factories.member(bank.system, people.Member("Bai", "bai@birch.example", "lead", people.BIRCH), agency=bank.birch)
    statement_agree(actor=lead, statement_id=scene.statement_id)


@pytest.fixture
def visit(scene, live_url) -> Iterator[Any]:
    """Return a function that opens a page of a size, a language and a light, as somebody who is logged in."""
    with chromium() as browser:

        def opened(email: str, size: dict[str, int], lang: str, scheme: str = "light") -> Visit:
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], color_scheme=scheme)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            seen = Visit(context.new_page(), live_url)
            seen.log_in(email)
            seen.page.wait_for_url(lambda address: "/login/" not in address)
            return seen

        yield opened


def test_mei_looks_for_a_purpose_and_sees_it_told(scene, visit):
    """The masks hold until Mei says why; then name and number show, go again at a click, and the look is the newest event of the story."""
    seen = visit(people.MEI.email, DESK, "en")
    seen.page.goto(f"{seen.url}/cases/{scene.case_id}/")
    assert CHEN["phone"] not in seen.page.content()
    seen.page.click("[data-reveal-open]")
    seen.page.select_option("#purpose", "complaint")
    seen.page.fill("#words", "letter of 3 March")
    seen.page.click("text=Show for a minute")
    seen.page.wait_for_selector("[data-revealed]")
    assert CHEN["person_name"] in seen.page.inner_text("#revealed")
    assert CHEN["phone"] in seen.page.inner_text("#revealed")
    seen.picture("case-revealed-desk-en")
    left = int(seen.page.inner_text("[data-left]"))
    assert 50 < left <= 60
    seen.page.click("[data-mask]")
    assert CHEN["phone"] not in seen.page.content()
    seen.page.click(".case-chips a:has-text('Reveal')")
    seen.page.wait_for_selector(".case-chips .is-chosen:has-text('Reveal')")
    assert "letter of 3 March" in seen.page.inner_text("#timeline")
    assert seen.page.url.endswith("?group=look")
    assert seen.complaints == []


def test_the_minute_ends(scene, visit):
    """After its time what was shown is gone by itself."""
    seen = visit(people.MEI.email, DESK, "en")
    seen.page.clock.install()
    seen.page.goto(f"{seen.url}/cases/{scene.case_id}/")
    seen.page.click("[data-reveal-open]")
    seen.page.select_option("#purpose", "legal")
    seen.page.click("text=Show for a minute")
    seen.page.wait_for_selector("[data-revealed]")
    seen.page.clock.run_for(59_000)
    assert CHEN["phone"] in seen.page.content()
    seen.page.clock.run_for(2_000)
    assert CHEN["phone"] not in seen.page.content()
    assert seen.complaints == []


def test_a_refused_look_says_why_and_keeps_what_was_typed(scene, visit):
    """Words with a telephone number are refused in a toast, the dialog steps aside, and the words are still there."""
    seen = visit(people.MEI.email, DESK, "en")
    seen.page.goto(f"{seen.url}/cases/{scene.case_id}/")
    seen.page.click("[data-reveal-open]")
    seen.page.select_option("#purpose", "other")
    seen.page.fill("#words", "ring 138 0000 0001")
    seen.page.click("text=Show for a minute")
    seen.page.wait_for_selector("#toasts :text('telephone number')")
    assert not seen.page.is_visible("#reveal")
    seen.page.click("[data-reveal-open]")
    assert seen.page.input_value("#words") == "ring 138 0000 0001"


@pytest.mark.parametrize(("name", "size"), [("desk", DESK), ("telephone", TELEPHONE)])
@pytest.mark.parametrize(("lang", "scheme"), [("zh", "light"), ("en", "dark")])
def test_pages_fit(scene, visit, name, size, lang, scheme):
    """Every page is whole in both languages and lights: nothing wider than the screen, nothing refused by the browser."""
    seen = visit(people.MEI.email, size, lang, scheme)
    addresses = {
        "case": f"/cases/{scene.case_id}/",
        "refusals": "/refusals/?from_on=2026-09-01",
        "refusal": f"/refusals/{scene.refusal_id}/",
        "permits": "/permits/",
        "payments": "/payments/",
        "suspense": "/payments/suspense/",
        "payment": f"/payments/{scene.lost_id}/",
        "statements": "/statements/",
        "statement": f"/statements/{scene.statement_id}/",
        "case-hold": f"/cases/{scene.case_id}/hold/",
    }
    for page, address in addresses.items():
        assert seen.page.goto(seen.url + address).status == 200
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"], page
        assert seen.page.evaluate(WIDER_THAN_THE_PAGE) == [], page
        seen.picture(f"{page}-{name}-{lang}-{scheme}")
    assert seen.complaints == []


def test_a_statement_is_approved_and_frozen(scene, agreed, visit):
    """The agency has agreed; Fan approves, then Mei freezes, each asked first; then nobody has a button any more."""
    fan = visit(people.FAN.email, DESK, "en")
    fan.page.goto(f"{fan.url}/statements/{scene.statement_id}/")
    fan.page.click("main button:has-text('Approve')")
    fan.page.click("#confirm button[value=yes]")
    fan.page.wait_for_selector("#toasts :text('approved')")
    assert not fan.page.is_visible("main button:has-text('Freeze')")
    mei = visit(people.MEI.email, DESK, "en")
    mei.page.goto(f"{mei.url}/statements/{scene.statement_id}/")
    mei.page.click("main button:has-text('Freeze')")
    mei.page.click("#confirm button[value=yes]")
    mei.page.wait_for_selector("#toasts :text('frozen')")
    assert "total = expense in the books" in mei.page.inner_text("main")
    assert mei.page.locator("main button:has-text('Freeze'), main button:has-text('Approve')").count() == 0
    mei.picture("statement-frozen-desk-en")
    assert fan.complaints == mei.complaints == []
