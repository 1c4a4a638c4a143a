"""Why placements are moved, as data: codes in both languages, who may use them, and what a row of a move is told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from duecourse.engine.allocation import REASONS
from duecourse.portfolio.selectors import stop_text

MOVE_KINDS = ("extend", "return", "recall", "swap", "close")
_FILE = Path(__file__).parents[1] / "reasons.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveReason:
    """One reason for a move.

    Attributes:
        kind: one of `MOVE_KINDS`.
        code: stable name, unique within the kind.
        en, zh: what people read.
        roles: who may use it, roles of parties.
        is_capped: an extension counts against the batch's share and needs a ground.
        needs_words: a sentence of one's own is asked for.
    """

    kind: str
    code: str
    en: str
    zh: str
    roles: tuple[str, ...]
    is_capped: bool = True
    needs_words: bool = False


def move_reasons(kind: str) -> dict[str, MoveReason]:
    """Return the reasons of one kind of move by their codes, in the order in which people are shown them."""
    return {reason.code: reason for reason in _reasons() if reason.kind == kind}


def verdict_text(code: str) -> tuple[str, str]:
    """Return what a verdict on a row means, in English and in Chinese; rules of the allocation speak with their own texts."""
    known = _verdicts().get(code) or REASONS.get(code)
    return known or stop_text(code.removeprefix("hold_")) or (code, code)


def kind_text(kind: str) -> tuple[str, str]:
    """Return what a kind of move is called, in English and in Chinese."""
    return _own(_document()["kinds"][kind])


def state_text(state: str) -> tuple[str, str]:
    """Return what the state of a set of moves is called, in English and in Chinese."""
    return _own(_document()["states"][state])


def _own(texts: dict[str, str]) -> tuple[str, str]:
    return texts["en"], texts["zh"]


@cache
def _document() -> dict[str, Any]:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


@cache
def _reasons() -> tuple[MoveReason, ...]:
    return tuple(MoveReason(**row | {"roles": tuple(row["roles"])}) for row in _document()["reasons"])


@cache
def _verdicts() -> dict[str, tuple[str, str]]:
    return {code: _own(texts) for code, texts in _document()["verdicts"].items()}
