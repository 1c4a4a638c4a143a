"""The geometry of the report's figures, for SVG made of attributes alone and for lines of text.

All lengths are in units of the figure's own view box. A ratio is observed over expected, a plain number; one is 'as expected'.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

PLOT_LEFT, PLOT_RIGHT = 8, 232
RATIO_MAX = 3.0
TEXT_WIDTH = 33
BAR_LENGTH = 100
HEAT_STEPS = 9


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale that all interval plots of a report share, so that they can be compared by eye.

    Attributes:
        low: ratio at the left end.
        high: ratio at the right end; what lies beyond is drawn to the end and its figures tell.
    """

    low: float
    high: float

    def x(self, ratio: float) -> float:
        """Return the place of a ratio, kept inside the plot."""
        inside = min(max(ratio, self.low), self.high)
        return round(PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * (inside - self.low) / (self.high - self.low), 1)

    @property
    def reference(self) -> float:
        """The place of one, 'as expected'."""
        return self.x(1.0)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and labels of the scale."""
        step = 0.25 if self.high - self.low <= 1.0 else 0.5
        count = round((self.high - self.low) / step)
        return [(self.x(self.low + step * number), f"{self.low + step * number:g}") for number in range(count + 1)]


@dataclass(frozen=True, slots=True)
class Interval:
    """One agency's ratio with its 90 % interval, placed on an axis.

    Attributes:
        x: place of the dot.
        low: place of the interval's lower end.
        high: place of its upper end.
        is_cut: the interval goes beyond the axis.
    """

    x: float
    low: float
    high: float
    is_cut: bool


def axis_of(scorecards: Iterable[Mapping[str, Any]]) -> Axis:
    """Return an axis that holds all intervals and one, in halves or quarters, and ends at three."""
    values = [card[name] for card in scorecards for name in ("ratio_low", "ratio_high") if card.get(name) is not None]
    low, high = min([0.8, *values]), min(max([1.2, *values]), RATIO_MAX)
    step = 0.25 if ceil(high * 4) - floor(low * 4) <= 4 else 0.5
    return Axis(max(0.0, floor(low / step) * step), ceil(high / step) * step)


def interval_of(card: Mapping[str, Any], axis: Axis) -> Interval | None:
    """Return the plot of a scorecard, or None when it states no ratio."""
    if None in (card["ratio"], card["ratio_low"], card["ratio_high"]):
        return None
    low, high = card["ratio_low"], card["ratio_high"]
    is_cut = low < axis.low or high > axis.high
    return Interval(axis.x(card["ratio"]), axis.x(low), axis.x(high), is_cut)


def interval_text(card: Mapping[str, Any], axis: Axis, *, width: int = TEXT_WIDTH) -> str:
    """Return the plot of a scorecard as one line: `├──●──┤` with `┊` at one."""
    plot = interval_of(card, axis)
    places = [" "] * width

    def column(x: float) -> int:
        return round((x - PLOT_LEFT) / (PLOT_RIGHT - PLOT_LEFT) * (width - 1))

    places[column(axis.reference)] = "┊"
    if plot is None:
        return "".join(places)
    low, dot, high = column(plot.low), column(plot.x), column(plot.high)
    for place in range(low, high + 1):
        places[place] = "┼" if place == column(axis.reference) else "─"
    places[low], places[high], places[dot] = "├", "┤", "●"
    return "".join(places)


def scale_text(axis: Axis, *, width: int = TEXT_WIDTH) -> str:
    """Return the axis as one line: its ends, and one where the plots have `┊`; spaces are unbreakable."""
    places = ["\u00a0"] * width
    middle = round((axis.reference - PLOT_LEFT) / (PLOT_RIGHT - PLOT_LEFT) * (width - 1))
    low, high = f"{axis.low:g}", f"{axis.high:g}"
    places[: len(low)], places[-len(high) :], places[middle] = low, high, "1"
    return "".join(places)


def bar_lengths(amounts: Sequence[int]) -> list[int]:
    """Return the length of each bar out of `BAR_LENGTH`; the largest amount fills it, any amount above zero shows."""
    largest = max(amounts, default=0)
    return [max(1, amount * BAR_LENGTH // largest) if amount > 0 else 0 for amount in amounts]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row of a roll-rate matrix.

    Attributes:
        bucket: where the accounts were.
        account_count: how many they were.
        cells: for each column the share and its shade 0 to 9, or None where nobody went.
    """

    bucket: str
    account_count: int
    cells: list[tuple[float, int] | None]


def matrix_of(roll_rates: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[MatrixRow]]:
    """Return the columns and rows of a roll-rate matrix, buckets in the order in which they come."""
    columns = sorted({row["to_bucket"] for row in roll_rates}, key=_bucket_order)
    rows = []
    for bucket in sorted({row["from_bucket"] for row in roll_rates}, key=_bucket_order):
        found = {row["to_bucket"]: row for row in roll_rates if row["from_bucket"] == bucket}
        cells = [(found[name]["count_share"], _shade(found[name]["count_share"])) if name in found else None for name in columns]
        rows.append(MatrixRow(bucket, sum(row["account_count"] for row in found.values()), cells))
    return columns, rows


def _shade(share: float) -> int:
    return min(HEAT_STEPS, ceil(share * HEAT_STEPS))


def _bucket_order(bucket: str) -> tuple[int, int, str]:
    """Order current, M1, M2 … M10, M7+ by number, other names (cured, left) after them."""
    digits = "".join(letter for letter in bucket if letter.isdigit())
    if bucket.upper().startswith("M") and digits:
        return 1, int(digits), bucket
    return (0, 0, bucket) if bucket in {"C", "M0", "current"} else (2, 0, bucket)
