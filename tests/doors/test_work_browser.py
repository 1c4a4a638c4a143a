"""Journeys at the workbench in a real browser: Ann accepts and assigns, Bo calls on his telephone and reports, a stranger gets nowhere.

Pictures of the pages are left in test-results/console/.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest
from django.db import connection

from duecourse.contact.models import Attempt, Permit
from duecourse.kit import clock
from duecourse.parties.access import acting
from duecourse.placement.models import BatchReceipt, CaseAssignment
from duecourse.repayment.models import Promise
from tests import factories, people
from tests.browser import chromium
from tests.doors.test_browser import DESK, TELEPHONE, WIDER_THAN_THE_PAGE, Visit
from tests.work import NOON, TODAY, work

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(committed_db, tmp_path, home, monkeypatch):
    """The scene of the workbench, committed, with the clock of every thread at noon; Birch accepted and Bo has two cases."""
    monkeypatch.setattr(clock, "_fixed", ContextVar("noon", default=NOON))
    the = work(tmp_path)
    the.accept("birch")
    the.assign(the.cases["birch"][:2], the.bank.bo)
    factories.user()
    return the


@pytest.fixture
def visit(scene, live_url):
    """Return a function that opens a page of a size and language, whose own clock stands at noon as well."""
    with chromium() as browser:

        def opened(size, lang, **options):
            context = browser.new_context(viewport=size, locale={"en": "en-GB", "zh": "zh-CN"}[lang], **options)
            context.add_cookies([{"name": "django_language", "value": {"en": "en", "zh": "zh-hans"}[lang], "url": live_url}])
            seen = Visit(context.new_page(), live_url)
            seen.page.clock.set_fixed_time(NOON)
            return seen

        yield opened


def rows_of(scene, asked):
    """Return what a question to the database says; it is asked in a thread of its own, for the browser has an event loop in this one."""

    def answered():
        try:
            with acting(scene.bank.system):
                return asked()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(answered).result(timeout=60)


def fits(seen, size):
    """Say whether nothing is wider than the screen."""
    return seen.page.evaluate("document.documentElement.scrollWidth") <= size["width"] and seen.page.evaluate(WIDER_THAN_THE_PAGE) == []


@pytest.mark.parametrize(
    ("lang", "size", "words"), [("en", DESK, ("Accept the batch", "Assign its cases")), ("zh", TELEPHONE, ("整批接收", "分配本批案件"))]
)
def test_ann_accepts_and_assigns(scene, visit, lang, size, words):
    """From her home Ann compares and accepts the batch and deals its cases to two collectors, at a desk and on a telephone."""
    seen = visit(size, lang, color_scheme="light")
    seen.log_in(people.ANN.email)
    seen.page.click("main .alert a.btn-primary")
    seen.page.wait_for_selector("code.work-hash")
    seen.picture(f"work-accept-{lang}")
    seen.page.click(f"button:has-text('{words[0]}')")
    seen.page.click(f"a:has-text('{words[1]}')")
    for person in (scene.cai, scene.eve):
        seen.page.check(f"input[name=user_ids][value='{person.user_id}']")
    seen.page.click("button[name=preview]")
    seen.page.wait_for_selector("button[name=confirm]")
    assert fits(seen, size)
    seen.picture(f"work-assign-{lang}")
    seen.page.click("button[name=confirm]")
    seen.page.wait_for_selector("#toasts .toast")
    assert seen.complaints == []
    assert rows_of(scene, lambda: BatchReceipt.objects.get(agency_id=scene.bank.aoki.pk).kind) == "accepted"
    own = CaseAssignment.objects.filter(until_at__isnull=True, agency_id=scene.bank.aoki.pk)
    held = rows_of(scene, lambda: list(own.values_list("user_id", flat=True)))
    assert len(held) == len(scene.cases["aoki"])
    assert abs(held.count(scene.cai.user_id) - held.count(scene.eve.user_id)) <= 1


@pytest.mark.parametrize(("lang", "scheme"), [("zh", "light"), ("en", "dark")])
def test_bo_calls_and_records(scene, visit, lang, scheme):
    """With his thumb Bo opens the best case, asks for a permit, sees the number and the countdown, and records a promise."""
    seen = visit(TELEPHONE, lang, color_scheme=scheme)
    seen.log_in(people.BO.email)
    seen.page.wait_for_selector(".work-case.is-next")
    assert fits(seen, TELEPHONE)
    seen.picture(f"work-list-{lang}-{scheme}")
    seen.page.click(".work-case.is-next")
    seen.page.wait_for_selector(".work-call button")
    assert fits(seen, TELEPHONE)
    box = seen.page.locator(".work-call button").bounding_box()
    assert box["height"] >= 48
    seen.picture(f"work-case-{lang}-{scheme}")
    seen.page.dblclick(".work-call button")
    seen.page.wait_for_selector("a.work-number")
    assert seen.page.get_attribute("a.work-number", "href").startswith("tel:+86138000")
    assert seen.page.inner_text("[data-until]") in {"10:00", "9:59"}
    assert not seen.page.is_visible("input[name=amount]")
    seen.page.check("input[name=outcome][value=promise]")
    seen.page.fill("input[name=talk_seconds]", "61")
    seen.page.fill("input[name=amount]", "500")
    seen.page.fill("input[name=due_on]", TODAY.isoformat())
    assert fits(seen, TELEPHONE)
    seen.picture(f"work-outcome-{lang}-{scheme}")
    seen.page.click("form[data-outcome] button.work-big")
    seen.page.wait_for_selector(".work-call button")
    assert seen.complaints == []
    found = rows_of(scene, lambda: (Permit.objects.count(), Attempt.objects.get().outcome, Promise.objects.get().amount_minor))
    assert found == (1, "promise", 500_00)


def test_what_was_typed_survives_the_end_of_the_session(scene, visit):
    """Bo's session ends while he fills in the outcome: after the login the form is as he left it, and can be sent."""
    seen = visit(TELEPHONE, "en")
    seen.log_in(people.BO.email)
    seen.page.click(".work-case.is-next")
    seen.page.click(".work-call button")
    seen.page.wait_for_selector("a.work-number")
    seen.page.check("input[name=outcome][value=connected]")
    seen.page.fill("input[name=talk_seconds]", "77")
    seen.page.check("input[name=note_codes][value=call_back_asked]")
    kept = [cookie for cookie in seen.page.context.cookies() if "session" not in cookie["name"]]
    seen.page.context.clear_cookies()
    seen.page.context.add_cookies(kept)
    seen.page.click("form[data-outcome] button.work-big")
    seen.page.fill("input[name=username]", people.BO.email)
    seen.page.fill("input[name=password]", people.PASSWORD)
    seen.page.click("main button.btn-primary")
    seen.page.wait_for_selector("form[data-outcome]")
    assert seen.page.is_checked("input[name=outcome][value=connected]")
    assert seen.page.input_value("input[name=talk_seconds]") == "77"
    assert seen.page.is_checked("input[name=note_codes][value=call_back_asked]")
    seen.page.click("form[data-outcome] button.work-big")
    seen.page.wait_for_selector(".work-call button")
    attempt = rows_of(scene, Attempt.objects.get)
    assert (attempt.talk_seconds, attempt.note_codes) == (77, ["call_back_asked"])


def test_a_stranger_gets_nowhere(scene, visit):
    """Dai belongs nowhere: every page of the workbench says so, and without a login every page leads to the login."""
    seen = visit(TELEPHONE, "en")
    addresses = (
        "/agency/",
        "/agency/cases/",
        f"/agency/cases/{scene.cases['birch'][0]}/",
        f"/agency/batches/{scene.batches['aoki']}/",
        "/agency/assign/",
        "/agency/people/",
    )
    for address in addresses:
        seen.page.goto(seen.url + address)
        assert "/login/" in seen.page.url
    seen.log_in(people.DAI_EMAIL)
    for address in addresses:
        seen.page.goto(seen.url + address)
        assert "belongs to no creditor and no agency" in seen.page.inner_text("main")
