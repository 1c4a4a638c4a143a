"""Qiu's day in a real browser: why a contact was refused, the rule as of that day, an emergency stop and its end, and the violations board.

Pictures are left in test-results/qiu/.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import timedelta

import pytest
from django.db import connection

from duecourse.contact.models import ContactStop
from duecourse.contact.services import permit_request
from duecourse.cycle.models import Run
from duecourse.kit import clock
from duecourse.parties.access import acting
from duecourse.parties.services import membership_grant
from tests import factories, people
from tests.browser import chromium
from tests.contact.scene import DAY, NOON, scene
from tests.doors.test_browser import DESK, TELEPHONE, WIDER_THAN_THE_PAGE, Visit
from tests.house import ROOT

pytestmark = pytest.mark.browser

PICTURES = ROOT / "test-results" / "qiu"
ZHOU = "zhou@lanxi.example"


@pytest.fixture
def the(committed_db, home, monkeypatch):
    """A debtor with two agencies, a call at night that was refused, and Zhou, a second officer; the clock of every thread stands at noon."""
    monkeypatch.setattr(clock, "_fixed", ContextVar("noon", default=NOON))
    the = scene()
    user = factories.user(ZHOU, name="Zhou")
    membership_grant(actor=the.bank.system, user_id=user.pk, role="compliance", from_on=DAY)
    with acting(the.bank.system):
        Run.objects.create(creditor_id=the.bank.id, month="2026-09", commitment="0" * 64, secret_sealed=b"sealed", opened_at=NOON)
    assert not ask(the, "night", at=NOON + timedelta(hours=11)).is_permit
    return the


@pytest.fixture
def visit(the, live_url):
    """Return a function that opens the house in a browser of its own, logged in."""
    with chromium() as browser:

        def opened(email, size, lang, scheme):
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], color_scheme=scheme)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            seen = Visit(context.new_page(), live_url)
            seen.page.clock.set_fixed_time(NOON)
            seen.log_in(email)
            seen.page.wait_for_selector("#line-title")
            return seen

        yield opened


def ask(the, number, *, at=NOON):
    """Ask, as Aoki, for a call to the debtor."""
    named = {"case_id": the.cases["aoki"].pk, "channel": "call", "contact_at": at, "client_request_id": number}
    return permit_request(actor=the.bank.ann, **named)


def aside(the, asked):
    """Return what is asked of the house in a thread of its own, for the browser has an event loop in this one."""

    def answered():
        try:
            with acting(the.bank.system):
                return asked()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(answered).result(timeout=60)


def shown(seen, size, name):
    """Leave a picture, and say whether nothing is wider than the screen."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    seen.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    return seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"] and seen.page.evaluate(WIDER_THAN_THE_PAGE) == []


def confirmed(seen, button):
    """Press a button and confirm what the dialog asks."""
    seen.page.click(button)
    seen.page.wait_for_selector("dialog[open]")
    told = seen.page.inner_text("dialog[open]")
    seen.page.locator("dialog[open] button").last.click()
    return told


@pytest.mark.parametrize(("lang", "size", "scheme"), [("en", DESK, "light"), ("zh", TELEPHONE, "dark")])
def test_qiu_finds_stops_and_lets_go_on(the, visit, lang, size, scheme):
    """She reads why a call was refused and the rule of that day, stops the agency, another officer agrees to lift it, and the board tells it all."""
    qiu = visit(people.QIU.email, size, lang, scheme)
    qiu.page.goto(f"{qiu.url}/refusals/")
    qiu.page.click("#listing tbody a[href^='/refusals/']")
    qiu.page.wait_for_selector("#proof-title")
    told = qiu.page.inner_text("main")
    assert "GB/T 45251-2025" in told
    assert "5.3" in told
    assert shown(qiu, size, f"refusal-{lang}")
    qiu.page.click("a[href='/rules/cn/contact_hours/?as_of=2026-09-01'] >> nth=0")
    qiu.page.wait_for_selector("#cases-title")
    assert qiu.page.locator(".rules-cases .ti-check").count() >= 15
    assert qiu.page.locator(".rules-cases .ti-x").count() == 0
    assert shown(qiu, size, f"rule-{lang}")

    qiu.page.goto(f"{qiu.url}/stops/")
    qiu.page.select_option("#target-agency", str(the.bank.aoki.pk))
    assert shown(qiu, size, f"stops-{lang}")
    qiu.page.click("form:has(#target-agency) button")
    qiu.page.wait_for_selector("#reach-title")
    qiu.page.select_option("[name=reason_code]", "conduct")
    assert shown(qiu, size, f"stop-new-{lang}")
    assert people.AOKI.name.split()[0] in confirmed(qiu, "form[data-draft='contact-stop'] button.btn-danger")
    qiu.page.wait_for_selector("#lift-title")
    refused = aside(the, lambda: ask(the, "stopped"))
    assert "contact_stopped" in [ground["code"] for ground in refused.explanation["grounds"]]

    qiu.page.fill("#lift-reason", "They showed what they changed")
    qiu.page.click("form[data-draft='stop-lift'] button")
    qiu.page.wait_for_selector("#toasts .toast")
    assert qiu.page.locator("button[value=approve]").count() == 0
    address = qiu.page.url
    assert shown(qiu, size, f"stop-{lang}")
    zhou = visit(ZHOU, size, lang, scheme)
    zhou.page.click("main a[href^='/stops/'] >> nth=0")
    zhou.page.goto(address)
    confirmed(zhou, "button[value=approve]")
    zhou.page.wait_for_selector("#toasts .toast")
    assert aside(the, lambda: ContactStop.objects.get().lifted_at) is not None
    assert aside(the, lambda: ask(the, "again")).is_permit

    qiu.page.goto(f"{qiu.url}/violations/")
    qiu.page.wait_for_selector("#rules-title")
    assert qiu.page.locator(".rules-board a[href*='rule=outside_contact_hours']").count() >= 2
    assert shown(qiu, size, f"violations-{lang}")
    qiu.page.click(".rules-board td a[href*='rule=contact_stopped'] >> nth=0")
    qiu.page.wait_for_selector("#listing tbody tr[data-row]")
    assert qiu.page.locator("#listing tbody tr[data-row]").count() == 1
    assert qiu.complaints == []
    assert zhou.complaints == []
