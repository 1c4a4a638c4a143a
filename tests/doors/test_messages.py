"""Every text that reaches a user exists in Chinese, with the same places for values; `python -m tests.messages` lists what lacks."""

from __future__ import annotations

import re

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests import messages

PLACES = re.compile(r"\{\{|\}\}|\{\w+[^{}]*\}|%\(\w+\)s|%%")


def test_every_text_has_chinese():
    """No error, problem, page or command speaks English only."""
    absent = messages.missing()
    assert not absent, f"{len(absent)} texts lack Chinese; `python -m tests.messages` prints them as entries: {sorted(absent)[:20]}"


def test_translations_keep_the_places():
    """A translation names the same values as its template, no more and no fewer."""
    found = messages.translations()
    assert len(found) > 500
    differ = [text for text, chinese in found.items() if sorted(PLACES.findall(text)) != sorted(PLACES.findall(chinese))]
    assert not differ, differ


def test_catalogue_compiles_as_make_does_it(tmp_path):
    """The catalogue is well formed, names no text twice, and compiles."""
    source = messages.CATALOGUE.read_text(encoding="utf-8")
    with messages.CATALOGUE.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    assert len(catalogue) == source.count("\nmsgid ") - 1
    with (tmp_path / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    assert (tmp_path / "django.mo").stat().st_size > 10_000


def test_missing_text_is_seen(monkeypatch):
    """A template without Chinese is listed with its place; a text made of values alone is not asked for."""
    monkeypatch.setattr(messages, "of_errors", lambda: iter([("A heron stands here.", "planted"), ("{reason}: {todo}", "planted")]))
    assert messages.missing().get("A heron stands here.") == "planted"
    assert "{reason}: {todo}" not in messages.wanted()


def test_blocks_and_percent_signs_are_read_as_gettext_has_them():
    """Variables of a block become named places, and a percent sign is doubled."""
    found = messages.wanted()
    assert "%(ratio)s, 90 %% interval %(low)s to %(high)s" in found
    assert any("its 90 %% interval" in text for text in found)
