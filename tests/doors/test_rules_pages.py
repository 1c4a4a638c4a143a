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


def test_words_of_a_chinese_sense_are_found(qiu):
    """A word that stands only in the Chinese sense finds its rules, two words those that have both, parted by whichever blank."""
    for words, found, missed in (
        ("有效通话", "connected_calls_daily", "contact_hours"),
        ("第三人 转告", "third_party_purpose", "third_party_refused"),
        ("第三人\u3000失联", "third_party_only_when_unreachable", "visit_home"),
    ):
        page = qiu.get("/rules/", {"q": words}).content.decode()
        assert f"/rules/cn/{found}/" in page, words
        assert f"/rules/cn/{missed}/" not in page, words


def test_a_chinese_reader_reads_the_rule_in_chinese(qiu):
    """Sense, readings, case names, notes, articles and values stand in Chinese, the English sense folded below; in order, the code last."""
    qiu.cookies["django_language"] = "zh-hans"
    page = qiu.get("/rules/cn/contact_hours/").content.decode()
    order = (
        "sense-title",
        "每日22:00至次日08:00不得催收",
        "我们的理解",
        "binds-title",
        "values-title",
        "exceptions-title",
        "cases-title",
        "code-title",
    )
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    shown = text_of(qiu.get("/rules/cn/contact_hours/"))
    for part in (
        "八时前一秒，仍属夜间",
        "未查得条号",
        "第5.3条",
        "机构类别 小额贷款公司",
        "与债务人的约定 每日催收截止时刻 23:00",
        "时区 不明",
    ):
        assert part in shown, part
    assert "仅英文" not in shown
    assert "article number not found" not in shown
    assert page.index("No collection between 22:00 and 08:00.") > page.index("<summary", page.index("sense-title"))
    for address, article in (
        ("third_party_refused", "第1033条第（一）项"),
        ("illegal_debt", "第293条之一"),
        ("guarantor_period", "第692条、第693条"),
    ):
        assert article in text_of(qiu.get(f"/rules/cn/{address}/"))


def test_what_is_english_only_is_marked_to_a_chinese_reader(qiu):
    """A rule of another pack is shown in English with a mark, beside its Chinese title; to an English reader nothing is marked."""
    qiu.cookies["django_language"] = "zh-hans"
    shown = text_of(qiu.get("/rules/us/hours/"))
    assert "仅英文" in shown
    assert "1006." in shown
    qiu.cookies["django_language"] = "en"
    assert "English only" not in text_of(qiu.get("/rules/us/hours/"))


def test_cases_of_a_rule_that_is_off_are_shown_unrun(qiu):
    """What a disabled rule would find can be read, and the page says that nothing was run."""
    shown = text_of(qiu.get("/rules/cn/visits_daily/"))
    assert "A second visit on one day" in shown
    assert "not run while the rule is off" in shown


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
    binding = today[today.index('id="binds-title"') : today.index('id="values-title"')]
    assert "China Banking Association" in binding
    past = qiu.get("/rules/cn/contact_hours/", {"as_of": "2026-01-29"}).content.decode()
    assert "China Banking Association" not in past[past.index('id="binds-title"') : past.index('id="values-title"')]


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
