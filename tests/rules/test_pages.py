"""The pages in docs/rules are what the rules' folders say today."""

from pathlib import Path

from duecourse.rules.load import shipped_packs
from duecourse.rules.pages import render_pages, write_pages
from tests.rules.contacts import CN, TRIAL

DOCS = Path(__file__).parents[2] / "docs/rules"


def test_committed_pages_are_current():
    """Each page is written anew by `python -m duecourse.rules.pages docs/rules`, and none is left over."""
    pages = render_pages(shipped_packs())
    found = {str(path.relative_to(DOCS)): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    assert {name: page for name, page in found.items() if not name.endswith("-coverage.md")} == pages


def test_page_tells_values_exceptions_cases_and_code():
    """A page holds the text's sense, each value with its reference, the exception, a case and the body, Chinese before English."""
    page = render_pages([CN])["cn/contact_hours.md"]
    parts = (
        "# 催收时段 · Contact hours",
        "每日22:00至次日08:00不得催收。",
        "No collection between 22:00 and 08:00.",
        "| 22:00 | 时刻 `minute_of_day` | 2026-01-30 |  | cba_collection_2026 (未查得条号 · article number not found) | 二手来源 `secondary` |",
        "`agreed_hours_prevail`",
        "| 八时前一秒，仍属夜间 | One second before eight it is still night |",
        "return (facts.local_minute_least < values.allowed_from_minute)",
    )
    found = [page.find(part) for part in parts]
    assert found == sorted(found)
    assert -1 not in found


def test_page_of_a_rule_without_chinese_is_english():
    """Where nobody wrote the Chinese sense the page has the Chinese title, and else English alone."""
    page = render_pages([TRIAL])["trial/quiet_noon.md"]
    assert "## Values in time" in page
    assert "条文大意" not in page


def test_index_lists_what_is_disabled(tmp_path):
    """A value that rests on memory stands in the list of what decisions do not use."""
    written = write_pages(tmp_path, packs=[TRIAL])
    assert {path.name for path in written} == {"README.md", "facts.md", "quiet_noon.md", "visits_daily.md"}
    assert "| `trial.visits_daily.is_barred` | 1 | memory | old_custom (remembered) |" in (tmp_path / "README.md").read_text("utf-8")
    assert "memory, disabled" in (tmp_path / "trial/visits_daily.md").read_text("utf-8")


def test_one_code_means_one_thing_over_all_packs():
    """A refusal keeps the codes of its findings, so rules of two packs share a code only where they share a title."""
    titles = {}
    for rule in (rule for pack in shipped_packs() for rule in pack.rules):
        titles.setdefault(rule.code, set()).add(rule.title)
    assert {code: found for code, found in titles.items() if len(found) > 1} == {}
