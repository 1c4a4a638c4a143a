"""Qiu's rule library on its pages: what binds on a day, what is found, and what an agency sees of it."""

from __future__ import annotations

import re

import pytest

from duecourse.doors.console.rule_words import rule_address, shipped_rules
from tests import people


@pytest.fixture
def qiu(house, logged_in):
    """Qiu at her browser, in English."""
    client = logged_in(people.QIU.email)
    client.cookies["django_language"] = "en"
    return client


def text_of(answer) -> str:
    """Return a page's text in one line."""
    assert answer.status_code == 200, answer.content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_library_is_searched_in_both_languages(qiu):
    """A Chinese word, an article and an English word find the rule of hours; a word nobody wrote finds nothing and says so."""
    for words in ("催收时段", "contact hours", "allowed_until"):
        page = qiu.get("/rules/", {"q": words})
        assert "/rules/cn/contact_hours/" in page.content.decode(), words
    assert "No rule speaks of that" in text_of(qiu.get("/rules/", {"q": "zebra"}))


def test_filters_narrow_and_strange_values_do_no_harm(qiu):
    """A filter keeps the rules it names, and quotes, emoji, formulas and impossible days in the address are answered with a page."""
    assert "/rules/cn/contact_hours/" in qiu.get("/rules/", {"modality": "must_not", "confidence": "secondary"}).content.decode()
    assert "/rules/cn/contact_hours/" not in qiu.get("/rules/", {"layer": "law", "q": "contact_hours"}).content.decode()
    for strange in ("'\"><script>alert(1)</script>", "=cmd()", "😀", "9" * 300):
        page = qiu.get("/rules/", {"q": strange, "pack": strange, "as_of": strange})
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_a_rule_as_it_stood_on_a_day(qiu):
    """Before the guideline only the standard stands as the source of the hours; the page says which day it shows."""
    shown = text_of(qiu.get("/rules/cn/contact_hours/", {"as_of": "2026-01-29"}))
    assert "This rule as it stood on 2026-01-29" in shown
    today = qiu.get("/rules/cn/contact_hours/").content.decode()
    binding = today[today.index('id="binds-title"') : today.index('id="sense-title"')]
    assert "China Banking Association" in binding
    past = qiu.get("/rules/cn/contact_hours/", {"as_of": "2026-01-29"}).content.decode()
    assert "China Banking Association" not in past[past.index('id="binds-title"') : past.index('id="sense-title"')]


def test_cases_are_run_while_one_looks(qiu):
    """Every case of the rule comes out, and the page says that it was run just now."""
    assert "come out, run just now" in text_of(qiu.get("/rules/cn/contact_hours/"))


def test_every_rule_that_ships_has_its_page(qiu):
    """No rule of any pack fails to show."""
    assert len(shipped_rules()) >= 2
    for rule_id in shipped_rules():
        page = qiu.get(rule_address(rule_id))
        assert page.status_code == 200, rule_id
        assert "come out otherwise" not in page.content.decode(), rule_id


def test_texts_not_read_for_a_year_are_marked(qiu, monkeypatch):
    """A text that nobody compared for longer than the days allowed is marked, on its page and on top of the library."""
    from duecourse.doors.console.pages.rules import library

    assert "read it again" not in text_of(qiu.get("/rules/texts/"))
    monkeypatch.setattr(library, "REVIEW_DAYS_MAX", -100_000)
    assert "read it again" in text_of(qiu.get("/rules/texts/"))
    assert "Texts that nobody has looked at" in text_of(qiu.get("/rules/"))


def test_an_unknown_rule_is_absent(qiu):
    """A rule or pack that does not ship is a page that is not there, whatever is put into its place."""
    for address in ("/rules/cn/nothing/", "/rules/zz/contact_hours/", "/rules/../../etc/"):
        assert qiu.get(address).status_code == 404
