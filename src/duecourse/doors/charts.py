"""The geometry of the console's charts: stacked months, curves of cohorts, and an agency's intervals over time.

Like `figures`, it gives places for SVG made of attributes alone; lengths are in units of the chart's own view box. Colours are classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 660, 14, 268
LABEL_GAP = 15
SHADES = 9
COLUMN_SHARE = 0.62
TREND_WIDTH, TREND_HEIGHT = 320, 132
TREND_LEFT, TREND_RIGHT, TREND_TOP, TREND_BOTTOM = 34, 310, 10, 108


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a chart.

    Attributes:
        name: what it is called.
        path: the SVG path.
        dots: its points as (x, y, words).
        label_x, label_y: where its name stands, clear of the others.
        shade: 1 to 9, the newest the strongest.
    """

    name: str
    path: str
    dots: list[tuple[float, float, str]]
    label_x: float
    label_y: float
    shade: int


@dataclass(frozen=True, slots=True)
class CurveChart:
    """Lines over one scale: `x_ticks` and `y_ticks` are (place, number); a share's number is in hundredths."""

    curves: list[Curve]
    x_ticks: list[tuple[float, int]]
    y_ticks: list[tuple[float, float]]


def curves_of(series: Sequence[tuple[str, Sequence[tuple[int, float]]]]) -> CurveChart:
    """Return the chart of named series of (whole x from 0, share); every tenth of a scale at most, names at the ends of the lines."""
    points = [point for _, line in series for point in line]
    last = max([1, *(x for x, _ in points)])
    top = rounded_up(max([0.01, *(y for _, y in points)]))
    low = min([0.0, *(y for _, y in points)])
    low = -rounded_up(-low) if low < 0 else 0.0

    def place(x: int, y: float) -> tuple[float, float]:
        return round(LEFT + (RIGHT - LEFT) * x / last, 1), round(BOTTOM - (BOTTOM - TOP) * (y - low) / (top - low), 1)

    ends = _labels([place(*line[-1]) for _, line in series])
    curves = []
    for number, (name, line) in enumerate(series):
        dots = [(*place(x, y), f"{y:.1%}") for x, y in line]
        path = "M" + " L".join(f"{x:g},{y:g}" for x, y, _ in dots)
        shade = SHADES - (len(series) - 1 - number) * (SHADES - 2) // max(len(series) - 1, 1)
        curves.append(Curve(name, path, dots, *ends[number], shade))
    step = max(1, ceil(last / 12))
    ticks = [low + (top - low) * part / 4 for part in range(5)]
    return CurveChart(curves, [(place(x, low)[0], x) for x in range(0, last + 1, step)], [(place(0, y)[1], y) for y in ticks])


def rounded_up(share: float) -> float:
    """Return the next of 1, 2, 2.5, 4, 5 or 10 times a power of ten."""
    power = 10.0 ** floor(log10(share))
    return next(step * power for step in (1, 2, 2.5, 4, 5, 10) if step * power >= share - 1e-12)


def _labels(ends: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return where names stand at the right of line ends; one that would cover another moves below it."""
    placed: dict[int, tuple[float, float]] = {}
    for number in sorted(range(len(ends)), key=lambda at: (ends[at][1], -at)):
        x, y = ends[number][0] + 7, ends[number][1] + 4
        for other_x, other_y in sorted(placed.values(), key=lambda other: other[1]):
            if abs(other_x - x) < LABEL_GAP * 3.4 and abs(other_y - y) < LABEL_GAP:
                y = other_y + LABEL_GAP
        placed[number] = (round(x, 1), round(min(y, HEIGHT - 4.0), 1))
    return [placed[number] for number in range(len(ends))]


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a column: where it stands, which class colours it, and its words."""

    y: float
    height: float
    kind: int
    name: str
    share: float


@dataclass(frozen=True, slots=True)
class StackedColumn:
    """One column of parts that sum to the whole."""

    name: str
    x: float
    width: float
    blocks: list[Block] = field(default_factory=list)

    @property
    def middle(self) -> float:
        """The place of its name."""
        return round(self.x + self.width / 2, 1)


def columns_of(months: Sequence[tuple[str, Sequence[tuple[str, int, int]]]]) -> list[StackedColumn]:
    """Return columns of equal height whose parts are shares: (name, ((part, its number, amount), …)); the first part stands at the foot."""
    slot = (RIGHT - LEFT) / max(len(months), 1)
    width = round(min(slot * COLUMN_SHARE, 84), 1)
    columns = []
    for number, (name, parts) in enumerate(months):
        column = StackedColumn(name, round(LEFT + slot * (number + 0.5) - width / 2, 1), width)
        whole, foot = sum(amount for _, _, amount in parts), BOTTOM * 1.0
        for part, kind, amount in parts:
            share = amount / whole if whole else 0.0
            height = (BOTTOM - TOP) * share
            foot -= height
            column.blocks.append(Block(round(foot, 1), round(height, 1), min(kind, SHADES), part, share))
        columns.append(column)
    return columns


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One month of an agency: places of the estimate and of its interval, and whether it may be ranked by it."""

    month: str
    x: float
    y: float
    low: float
    high: float
    can_rank: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """The months of one agency, on the scale that all agencies share; `reference` is the place of 1, 'as expected'."""

    points: list[TrendPoint]
    reference: float
    ticks: list[tuple[float, float]]
    months: list[tuple[float, str]]


def trend_of(cards: Sequence[Mapping[str, Any]], *, months: Sequence[str], low: float, high: float) -> Trend:
    """Return the trend of cards with month, ratio, ratio_low, ratio_high and can_rank, on a scale from `low` to `high`."""

    def y(ratio: float) -> float:
        inside = min(max(ratio, low), high)
        return round(TREND_BOTTOM - (TREND_BOTTOM - TREND_TOP) * (inside - low) / (high - low), 1)

    slot = (TREND_RIGHT - TREND_LEFT) / max(len(months), 1)
    places = {month: round(TREND_LEFT + slot * (number + 0.5), 1) for number, month in enumerate(months)}
    points = [
        TrendPoint(
            card["month"], places[card["month"]], y(card["ratio"]), y(card["ratio_low"]), y(card["ratio_high"]), bool(card["can_rank"])
        )
        for card in cards
        if card["ratio"] is not None
    ]
    shown = [(x, month[5:]) for number, (month, x) in enumerate(places.items()) if number % max(1, ceil(len(places) / 6)) == 0]
    return Trend(points, y(1.0), [(y(value), value) for value in (low, 1.0, high)], shown)
