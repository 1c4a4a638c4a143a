"""What the pages of the desk call kinds, states and verdicts, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, reverse

from duecourse.doors import words
from duecourse.placement import selectors


def own(english: str, chinese: str) -> str:
    """Return the text in the reader's language."""
    return chinese if words.is_chinese() else english


def kind_text(kind: str) -> str:
    """Return what a kind of move is called."""
    return own(*selectors.kind_text(kind))


def state_text(state: str) -> str:
    """Return what a set's state is called."""
    return own(*selectors.state_text(state))


def in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a set with its verdict and its grounds in words."""
    grounds = [words.word(ground) for ground in row["ground"].split(",") if ground]
    said = own(*selectors.verdict_text(row["said"]))
    return dict(row) | {"said": said, "ground": ", ".join(grounds), "address": case_address(row)}


def case_address(row: Mapping[str, Any]) -> str:
    """Return where a row's case is shown."""
    try:
        return reverse("case", args=[row["case_id"]])
    except NoReverseMatch:
        return ""
