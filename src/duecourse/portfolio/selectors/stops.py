"""Why debtors are left alone, as data: what a reason stops, on what it rests, and its words in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parents[1] / "stops.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReason:
    """One reason for a stop.

    Attributes:
        code: stable name; a hold's kind.
        en, zh: what people read.
        stops: contact, placement or both, where nobody says otherwise.
        floor: what may not be left out.
        pauses_term: the term of a placement stands still meanwhile, as information for whoever extends it.
        counts_in_rate: the case stays in the denominator of live rates.
        basis: law, standard or policy.
        reference: the text it rests on, and what of it is not in the text.
        confidence: verbatim, secondary or memory.
    """

    code: str
    en: str
    zh: str
    stops: tuple[str, ...]
    pauses_term: bool
    counts_in_rate: bool
    basis: str
    reference: str
    confidence: str
    floor: tuple[str, ...] = ()


@cache
def stop_reasons() -> dict[str, StopReason]:
    """Return every reason by its code, in the order of the table."""
    table = yaml.safe_load(_FILE.read_text(encoding="utf-8"))["stops"]
    return {
        code: StopReason(code=code, **row | {name: tuple(row[name]) for name in ("stops", "floor") if name in row})
        for code, row in table.items()
    }


def stop_text(code: str) -> tuple[str, str] | None:
    """Return what a kind of hold means, in English and in Chinese; None when the table does not have it."""
    found = stop_reasons().get(code)
    return None if found is None else (found.en, found.zh)
