"""Fee schedules as people write them: a grid of texts, read into lines of the engine and back.

Ages and hands are counted as people count them, both ends included: `1–90`, `91+`, `M1`, `M2–M3`, `M4+`; `2+`. Recovery is from up to
below, in percent: `0–5`, `5+`. A blank cell means all. Rates are in percent with at most two decimals, which are basis points.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from duecourse.engine.ageing import STANDARD_BUCKETS
from duecourse.engine.commission import (
    ATTRIBUTED,
    FEE_LINES,
    MEASURED,
    CommissionRounding,
    Coverage,
    TierMode,
    check_schedule,
    commission,
)
from duecourse.engine.frames import from_rows
from duecourse.kit.errors import Problem, fill

CELLS = ("product", "age", "tier", "hand", "rate")
ROWS_MAX = 200
_DASHES = re.compile(r"\s*(?:[-–—~〜～至到]|to)\s*", re.IGNORECASE)
_WIDE = str.maketrans("０１２３４５６７８９％．，－＋Ｍｍ＊", "0123456789%.,-+MM*")
_ALL = {"", "*", "all", "全部", "所有", "不限"}
_OPEN = re.compile(r"(?:\+|及以上|以上|\s*and more)$", re.IGNORECASE)
_PERCENT = re.compile(r"(\d{1,6})(?:\.(\d{1,2}))?")
_PLUS = "+"
_FIELDS_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A schedule as it was typed, and what it says.

    Attributes:
        rows: the texts of each row by cell.
        lines: rows of `engine.commission.FEE_LINES`, as long as no cell is unreadable.
        faults: what is wrong, by number of the row from 1; 0 for the whole.
    """

    rows: tuple[dict[str, str], ...]
    lines: tuple[dict[str, Any], ...]
    faults: dict[int, list[str]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Say whether every placement has exactly one rate."""
        return bool(self.rows) and not self.faults

    def numbered(self) -> list[tuple[int, dict[str, str], list[str]]]:
        """Return the rows with their numbers and what is wrong with them."""
        return [(number, row, self.faults.get(number, [])) for number, row in enumerate(self.rows, start=1)]


class Unreadable(ValueError):
    """A cell that says nothing; its text tells what to write."""


def read(rows: Iterable[Mapping[str, str]], *, products: Sequence[str] = ()) -> Grid:
    """Read a grid, and check it as the service will: unreadable cells, empty spans, gaps and overlaps.

    Args:
        rows: texts by cell.
        products: the contract's product classes, none for all.
    """
    typed = tuple({cell: str(row.get(cell, "")).strip()[:60] for cell in CELLS} for row in rows)[:ROWS_MAX]
    lines: list[dict[str, Any]] = []
    faults: dict[int, list[str]] = {}
    for number, row in enumerate(typed, start=1):
        try:
            lines.append(line_of(row))
        except Unreadable as error:
            faults.setdefault(number, []).append(str(error))
    if not faults and typed:
        for problem in check_schedule(from_rows(lines, FEE_LINES), coverage=Coverage(product_classes=tuple(products))):
            faults.setdefault(problem.row, []).append(said(problem))
    if not typed:
        faults[0] = [_("There is no line yet.")]
    return Grid(typed, tuple(lines), faults)


def line_of(row: Mapping[str, str]) -> dict[str, Any]:
    """Return one row as a line of the engine.

    Raises:
        Unreadable: a cell cannot be read; with the words for it.
    """
    product = row["product"].translate(_WIDE).strip()
    age = _ages(row["age"])
    tier = _tiers(row["tier"])
    hand = _counted(row["hand"], _("Write hands as 1, 2–3 or 2+."), first=1)
    return {
        "product_class": "*" if product.lower() in _ALL else product,
        "age_band_from_days": age[0],
        "age_band_to_days": age[1],
        "tier_from_bp": tier[0],
        "tier_to_bp": tier[1],
        "hand_from": hand[0],
        "hand_to": hand[1],
        "rate_bp": _basis_points(row["rate"], _("Write the rate as 12 or 12.50, in percent.")),
    }


def row_of(line: Mapping[str, Any]) -> dict[str, str]:
    """Return one line of the engine as texts."""
    return {
        "product": "" if line["product_class"] == "*" else line["product_class"],
        "age": _age_text(line["age_band_from_days"], line["age_band_to_days"]),
        "tier": _tier_text(line["tier_from_bp"], line["tier_to_bp"]),
        "hand": _span_text(line["hand_from"], line["hand_to"]) if (line["hand_from"], line["hand_to"]) != (1, None) else "",
        "rate": percent_text(line["rate_bp"]),
    }


def pasted(text: str) -> list[dict[str, str]]:
    """Return rows copied from a spreadsheet: product, age, recovery, hand, rate, separated by tabs; a line of headings is passed over."""
    found = []
    for line in text.splitlines()[: ROWS_MAX + 1]:
        cells = [cell.strip().strip('"') for cell in line.split("\t")]
        if not any(cells):
            continue
        cells = (cells + [""] * len(CELLS))[: len(CELLS)]
        is_heading = not found and not any(character.isdigit() for character in cells[-1].translate(_WIDE))
        if not is_heading:
            found.append(dict(zip(CELLS, cells, strict=True)))
    return found


def percent_text(basis_points: int) -> str:
    """Return basis points as a percentage with two decimals, without the sign."""
    return f"{basis_points // 100}.{basis_points % 100:02d}"


def basis_points_of(text: str) -> int | None:
    """Return a percentage as basis points, or None where it cannot be read."""
    try:
        return _basis_points(text, "")
    except Unreadable:
        return None


def said(problem: Problem) -> str:
    """Return a problem of the engine in the reader's language."""
    return " ".join(fill(_(template), problem.parameters) for template in (problem.what, problem.todo) if template)


@dataclass(frozen=True, slots=True)
class Example:
    """What a payment would earn, computed by the engine that settles.

    Attributes:
        commission_minor: what it earns, None where the schedule does not say.
        rate_bp: the rate that holds.
        problem: why there is none.
    """

    commission_minor: int | None
    rate_bp: int
    problem: str = ""


def example(
    lines: Sequence[Mapping[str, Any]],
    *,
    payment: Mapping[str, Any],
    achieved_bp: int,
    rounding: CommissionRounding,
    tier_mode: TierMode,
) -> Example:
    """Return what one payment earns under a schedule.

    Args:
        lines: of the engine.
        payment: amount_minor, currency, product_class, days_past_due and hand.
        achieved_bp: recovery of its group, basis points.
        rounding: of the contract version.
        tier_mode: of the contract version.
    """
    names = {"payment_id": 1, "reverses_payment_id": None, "placement_id": 1, "measure_key": "example"}
    found, problems = commission(
        from_rows([names | dict(payment)], ATTRIBUTED),
        from_rows([dict(line) for line in lines], FEE_LINES),
        from_rows([{"measure_key": "example", "achieved_bp": achieved_bp}], MEASURED),
        rounding=rounding,
        tier_mode=tier_mode,
    )
    if problems:
        return Example(None, 0, said(problems[0]))
    row = found.to_pylist()[0]
    return Example(row["commission_minor"], row["rate_bp"])


def _ages(text: str) -> tuple[int, int | None]:
    hint = _("Write ages as 1–90, 91+, M1, M2–M3 or M4+.")
    plain = text.translate(_WIDE).strip().upper()
    if "M" not in plain:
        return _counted(text, hint, first=1)
    from_number, until_number = _counted(plain.replace("M", ""), hint, first=1)
    firsts = STANDARD_BUCKETS.first_days
    if not 1 <= from_number <= len(firsts):
        raise Unreadable(hint)
    until_days = firsts[until_number - 1] if until_number is not None and until_number <= len(firsts) else None
    return firsts[from_number - 1], until_days


def _counted(text: str, hint: str, *, first: int) -> tuple[int, int | None]:
    """Return a span of whole numbers, half-open, from one that people count with both ends."""
    plain = text.translate(_WIDE).strip().lower()
    if plain in _ALL:
        return first, None
    opened = _OPEN.sub("", plain)
    ends = [opened.strip()] if opened != plain else _DASHES.split(plain)
    if len(ends) > 2 or not all(end.isascii() and end.isdecimal() and int(end) < _FIELDS_MAX for end in ends):
        raise Unreadable(hint)
    if opened != plain:
        return int(ends[0]), None
    return int(ends[0]), int(ends[-1]) + 1


def _tiers(text: str) -> tuple[int, int | None]:
    hint = _("Write recovery as 0–5 or 5+, in percent; the upper end belongs to the next line.")
    plain = text.translate(_WIDE).replace("%", "").strip().lower()
    if plain in _ALL:
        return 0, None
    opened = _OPEN.sub("", plain)
    if opened != plain:
        return _basis_points(opened, hint), None
    ends = _DASHES.split(plain)
    if len(ends) != 2:
        raise Unreadable(hint)
    return _basis_points(ends[0], hint), _basis_points(ends[1], hint)


def _basis_points(text: str, hint: str) -> int:
    found = _PERCENT.fullmatch(text.translate(_WIDE).replace("%", "").strip())
    if found is None:
        raise Unreadable(hint)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _age_text(from_days: int, until_days: int | None) -> str:
    firsts = STANDARD_BUCKETS.first_days
    if from_days in firsts and (until_days is None or until_days in firsts):
        low = firsts.index(from_days) + 1
        if until_days is None:
            return "" if low == 1 else f"M{low}{_PLUS}"
        high = firsts.index(until_days)
        return f"M{low}" if low == high else f"M{low}–M{high}"
    return _span_text(from_days, until_days)


def _span_text(start: int, end: int | None) -> str:
    if end is None:
        return f"{start}{_PLUS}"
    return str(start) if end == start + 1 else f"{start}–{end - 1}"


def _tier_text(start: int, end: int | None) -> str:
    if end is None:
        return f"{_short(start)}{_PLUS}" if start else ""
    return f"{_short(start)}–{_short(end)}"


def _short(basis_points: int) -> str:
    return percent_text(basis_points).removesuffix(".00")
