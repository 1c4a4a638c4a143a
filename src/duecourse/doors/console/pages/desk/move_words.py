"""What the pages of the desk call kinds, states and verdicts, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, gettext_noop

from duecourse.doors import words
from duecourse.placement import selectors

LIFE = {
    "placed": gettext_noop("with the agency"),
    "extended": gettext_noop("extended"),
    "recall_pending": gettext_noop("recall pending"),
    "recall_cancelled": gettext_noop("recall cancelled"),
    "recalled": gettext_noop("recalled"),
    "returned": gettext_noop("returned"),
    "swapped": gettext_noop("given to another agency"),
    "term_ended": gettext_noop("term over"),
    "closed": gettext_noop("case closed"),
}
"""The steps of a placement's life, in the order in which they may come."""


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
    grounds = [ground_text(ground) for ground in row["ground"].split(",") if ground]
    said = own(*selectors.verdict_text(row["said"]))
    taken = life_text(row["taken_status"]) if row["taken_status"] else ""
    return dict(row) | {"said": said, "ground": " ".join(grounds), "address": case_address(row), "taken_status": taken}


def ground_text(ground: str) -> str:
    """Return what speaks for an extension."""
    reason = selectors.move_reasons("extend").get(ground)
    return own(reason.en, reason.zh) if reason else words.word(ground)


def life_text(status: str) -> str:
    """Return what a step in a placement's life is called."""
    return gettext(LIFE[status]) if status in LIFE else words.word(status)


def case_address(row: Mapping[str, Any]) -> str:
    """Return where a row's case is shown."""
    try:
        return reverse("case", args=[row["case_id"]])
    except NoReverseMatch:
        return ""
