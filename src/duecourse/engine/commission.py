"""Commission: what an agency earns on money received, to the minor unit.

A fee schedule is a table of rates over age band × product × recovery tier × hand, all intervals half-open. A line of commission is one
payment: basis × rate × compliance multiplier, rounded once. A reversal takes back at the rate of the original line and refers to it,
so that a month once settled is never computed again.

Source: docs/algorithms/commission.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product as pairs
from typing import Any, Literal

import pyarrow as pa

from duecourse.engine.frames import conform, empty, from_rows
from duecourse.kit.errors import InvalidInput, Problem
from duecourse.kit.money import BASIS_POINTS

_LONG, _TEXT, _INT = pa.int64(), pa.string(), pa.int32()

FEE_LINES = pa.schema(
    [
        pa.field("product_class", _TEXT, nullable=False),
        pa.field("age_band_from_days", _INT, nullable=False),
        pa.field("age_band_to_days", _INT),
        pa.field("tier_from_bp", _INT, nullable=False),
        pa.field("tier_to_bp", _INT),
        pa.field("hand_from", _INT, nullable=False),
        pa.field("hand_to", _INT),
        pa.field("rate_bp", _INT, nullable=False),
    ]
)
"""A fee schedule. Every interval is half-open and a null end is open. The product class `*` stands for every class that has no line of
its own."""

ATTRIBUTED = pa.schema(
    [
        pa.field("payment_id", _LONG, nullable=False),
        pa.field("reverses_payment_id", _LONG),
        pa.field("placement_id", _LONG, nullable=False),
        pa.field("measure_key", _TEXT, nullable=False),
        pa.field("product_class", _TEXT, nullable=False),
        pa.field("days_past_due", _INT, nullable=False),
        pa.field("hand", _INT, nullable=False),
        pa.field("currency", _TEXT, nullable=False),
        pa.field("amount_minor", _LONG, nullable=False),
    ]
)
"""Money recognised for the placements of one agency. A payment is above zero; a reversal names the payment it takes back and is below
zero. `days_past_due` and `hand` are those frozen at placement; `measure_key` names the group whose recovery rate decides the tier."""

MEASURED = pa.schema([pa.field("measure_key", _TEXT, nullable=False), pa.field("achieved_bp", _INT, nullable=False)])
"""The recovery rate achieved by each group, in basis points."""

ADJUSTMENTS = pa.schema([pa.field("measure_key", _TEXT, nullable=False), pa.field("multiplier_bp", _INT, nullable=False)])
"""The compliance multiplier of a group, 10,000 = unchanged; a group without a row is unchanged."""

COMMISSION_LINES = pa.schema(
    [
        pa.field("line_key", _TEXT, nullable=False),
        pa.field("kind", _TEXT, nullable=False),
        pa.field("payment_id", _LONG, nullable=False),
        pa.field("original_line_key", _TEXT),
        *[ATTRIBUTED.field(n) for n in ("placement_id", "measure_key", "product_class", "days_past_due", "hand", "currency")],
        pa.field("basis_minor", _LONG, nullable=False),
        pa.field("achieved_bp", _INT, nullable=False),
        pa.field("tier_mode", _TEXT, nullable=False),
        pa.field("rate_bp", _INT, nullable=False),
        pa.field("rate_numerator", _LONG, nullable=False),
        pa.field("rate_denominator", _LONG, nullable=False),
        pa.field("multiplier_bp", _INT, nullable=False),
        pa.field("rounding", _TEXT, nullable=False),
        pa.field("commission_minor", _LONG, nullable=False),
    ]
)
"""`kind` is `commission`, `reversal` (of a payment in the same frame) or `clawback` (of one settled before). The exact rate is
`rate_numerator / rate_denominator`, multiplier included; `rate_bp` is the schedule's rate, for a marginal tier rounded for reading."""

TOTALS = pa.schema([COMMISSION_LINES.field(name) for name in ("currency", "basis_minor", "commission_minor")])

TierMode = Literal["whole", "marginal"]
CommissionRounding = Literal["half_up", "half_even", "down"]
_OPEN = 2**62
_AXES = (("age_band_from_days", "age_band_to_days"), ("hand_from", "hand_to"), ("tier_from_bp", "tier_to_bp"))
_PAGE = "docs/algorithms/commission.md"


class RateAbsent(InvalidInput):
    """No line of the schedule covers a placement."""

    what = "The fee schedule has no rate for {product_class} at {days_past_due} days, hand {hand}, recovery {achieved_bp} bp."
    why = "A fee is never guessed."
    todo = "Check the schedule for gaps and mend the contract version."
    read = _PAGE


class RateAmbiguous(InvalidInput):
    """More than one line of the schedule covers a placement."""

    what = "The fee schedule has several rates for {product_class} at {days_past_due} days, hand {hand}, recovery {achieved_bp} bp."
    why = "A fee is never chosen among two."
    todo = "Check the schedule for overlaps and mend the contract version."
    read = _PAGE


class MeasureRepeated(InvalidInput):
    """A group has two values where it must have one."""

    what = "A group stands twice in the frame of {column}."
    why = "Which of two values holds would be a guess."
    todo = "Keep one row per measure_key."


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a schedule must cover: half-open intervals with open ends, and product classes. Recovery is always covered from 0.

    Attributes:
        days: days past due at placement.
        hands: numbers of placements.
        product_classes: classes of the contract; those that the schedule names are checked anyway.
    """

    days: tuple[int, int | None] = (1, None)
    hands: tuple[int, int | None] = (1, None)
    product_classes: tuple[str, ...] = ()


EVERYTHING = Coverage()


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate found: exact as a fraction, and in basis points for reading."""

    numerator: int
    denominator: int
    rate_bp: int


def check_schedule(lines: pa.Table, *, coverage: Coverage = EVERYTHING) -> list[Problem]:
    """Return what is wrong with a fee schedule: empty intervals, impossible rates, gaps and overlaps.

    Args:
        lines: FEE_LINES.
        coverage: what the contract covers, and so the grid in which a missing rate is a gap; overlaps are found everywhere.

    Returns:
        One Problem per bad row (with its row number), per largest box without a rate, and per largest box with several (with the rows).

    Guarantees: no problem means that every placement inside the coverage has exactly one rate for every recovery from 0.
    """
    rows = conform(lines, FEE_LINES, name="fee lines").to_pylist()
    problems = [problem for number, row in enumerate(rows, start=1) for problem in _row_problems(number, row)]
    if problems:
        return problems
    named = {row["product_class"] for row in rows}
    wanted = named | {name for name in coverage.product_classes if "*" not in named} or {"*"}
    for name in sorted(wanted):
        own = {number: row for number, row in enumerate(rows, start=1) if row["product_class"] == name}
        problems.extend(_grid_problems(name, own, coverage))
    return problems


def rate_for(
    lines: pa.Table,
    *,
    product_class: str,
    days_past_due: int,
    hand: int,
    achieved_bp: int,
    tier_mode: TierMode = "whole",
) -> Rate:
    """Return the rate for one placement.

    Args:
        lines: FEE_LINES.
        product_class: class of the account; the lines of `*` serve classes without lines of their own.
        days_past_due: days past due at placement.
        hand: number of the placement.
        achieved_bp: recovery rate achieved by the group.
        tier_mode: `whole`, the rate of the tier reached holds for all the money; `marginal`, each tier's rate holds for the part of the
            recovery inside it, so the rate is the mean weighted by the widths up to what was achieved.

    Raises:
        RateAbsent: no line covers it. RateAmbiguous: several do.
    """
    rows = conform(lines, FEE_LINES, name="fee lines").to_pylist()
    return _rate(rows, (product_class, days_past_due, hand, achieved_bp), tier_mode)


def commission(
    attributed: pa.Table,
    schedule: pa.Table,
    measured_rates: pa.Table,
    *,
    rounding: CommissionRounding,
    tier_mode: TierMode = "whole",
    adjustments: pa.Table | None = None,
    settled: pa.Table | None = None,
) -> tuple[pa.Table, list[Problem]]:
    """Return a line of commission for every payment and every reversal.

    Args:
        attributed: ATTRIBUTED, the month's payments and reversals.
        schedule: FEE_LINES of the contract version.
        measured_rates: MEASURED, one row per group.
        rounding: the one rounding at the end of a line; a half goes away from zero, to even, or everything towards zero.
        tier_mode: see `rate_for`.
        adjustments: ADJUSTMENTS, or None for none.
        settled: COMMISSION_LINES of earlier months for the payments that are reversed now, their earlier claw-backs included.

    Returns:
        COMMISSION_LINES ordered by payment_id, and a Problem for each row of `attributed` without a line.

    Guarantees: one line or one problem per row; Σ lines = total, there is no other rounding; a claw-back uses the exact rate and
        rounding of the original line; what is left of a payment after its reversals is the commission on what is left of its basis, so
        a full reversal, in however many parts, takes back exactly what was paid.

    Source: docs/algorithms/commission.md.
    """
    rows = list(enumerate(conform(attributed, ATTRIBUTED, name="attributed payments").to_pylist(), start=1))
    rows.sort(key=lambda pair: (pair[1]["reverses_payment_id"] is not None, pair[1]["payment_id"]))
    month = _Month(
        fees=conform(schedule, FEE_LINES, name="fee lines").to_pylist(),
        achieved=_by_key(conform(measured_rates, MEASURED, name="measured rates"), "achieved_bp"),
        multipliers=_by_key(conform(adjustments or empty(ADJUSTMENTS), ADJUSTMENTS, name="adjustments"), "multiplier_bp"),
        rounding=rounding,
        tier_mode=tier_mode,
        standing=_standing(conform(settled or empty(COMMISSION_LINES), COMMISSION_LINES, name="settled lines").to_pylist()),
        rates={},
    )
    lines: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, row in rows:
        line = month.reversal(number, row) if row["reverses_payment_id"] is not None else month.payment(number, row)
        if isinstance(line, Problem):
            problems.append(line)
        else:
            lines.append(line)
    return from_rows(sorted(lines, key=_line_order), COMMISSION_LINES), sorted(problems, key=lambda problem: problem.row)


def totals(lines: pa.Table) -> pa.Table:
    """Return TOTALS: the sums of basis and commission per currency, ordered by currency."""
    sums = conform(lines, COMMISSION_LINES, name="commission lines").group_by("currency")
    summed = sums.aggregate([("basis_minor", "sum"), ("commission_minor", "sum")]).rename_columns(
        {"basis_minor_sum": "basis_minor", "commission_minor_sum": "commission_minor"}
    )
    return conform(summed, TOTALS, name="totals").sort_by("currency")


def earns_fee(received_on: date, *, placed_on: date, ends_on: date, tail_days: int = 0) -> bool:
    """Tell whether money received on a day belongs to a placement: both ends of the term count, and the tail days after it.

    Source: the published rule that only money received within the term of the placement earns a fee (docs/algorithms/commission.md).
    """
    return placed_on <= received_on <= ends_on + timedelta(days=tail_days)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What stands of one payment's commission: its original line, and basis and commission after the reversals so far."""

    line: dict[str, Any]
    basis_minor: int
    commission_minor: int
    is_settled: bool


@dataclass(frozen=True, slots=True)
class _Month:
    fees: list[dict[str, Any]]
    achieved: dict[str, int]
    multipliers: dict[str, int]
    rounding: CommissionRounding
    tier_mode: TierMode
    standing: dict[int, _Standing]
    rates: dict[tuple[str, int, int, int], Rate]

    def payment(self, number: int, row: dict[str, Any]) -> dict[str, Any] | Problem:
        payment_id, measure_key = row["payment_id"], row["measure_key"]
        if row["amount_minor"] <= 0:
            return _problem(number, "amount_minor", "PaymentNotPositive", "The payment {payment_id} is not above zero.", row)
        if payment_id in self.standing:
            return _problem(number, "payment_id", "SettledTwice", "The payment {payment_id} already has a line of commission.", row)
        if measure_key not in self.achieved:
            return _problem(number, "measure_key", "RateNotMeasured", "The group {measure_key} has no measured recovery rate.", row)
        achieved_bp, multiplier_bp = self.achieved[measure_key], self.multipliers.get(measure_key, BASIS_POINTS)
        key = (row["product_class"], row["days_past_due"], row["hand"], achieved_bp)
        try:
            rate = self.rates.get(key) or _rate(self.fees, key, self.tier_mode)
        except (RateAbsent, RateAmbiguous) as error:
            return Problem(number, "product_class", error.code, error.what, error.todo, error.parameters)
        self.rates[key] = rate
        numerator, denominator = rate.numerator * multiplier_bp, rate.denominator * BASIS_POINTS
        minor = _rounded(row["amount_minor"] * numerator, denominator, self.rounding)
        line = row | {"line_key": f"commission:{payment_id}", "kind": "commission", "original_line_key": None}
        line |= {"basis_minor": row["amount_minor"], "achieved_bp": achieved_bp, "tier_mode": self.tier_mode, "rate_bp": rate.rate_bp}
        line |= {"rate_numerator": numerator, "rate_denominator": denominator, "multiplier_bp": multiplier_bp}
        line |= {"rounding": self.rounding, "commission_minor": minor}
        self.standing[payment_id] = _Standing(line, row["amount_minor"], minor, is_settled=False)
        return line

    def reversal(self, number: int, row: dict[str, Any]) -> dict[str, Any] | Problem:
        stands = self.standing.get(row["reverses_payment_id"])
        if stands is None:
            text = "The payment {reverses_payment_id} that is reversed has no line of commission."
            return _problem(number, "reverses_payment_id", "OriginalAbsent", text, row)
        if stands.line["currency"] != row["currency"]:
            return _problem(number, "currency", "CurrencyMismatch", "The reversal {payment_id} is not in the currency of its payment.", row)
        left = stands.basis_minor + row["amount_minor"]
        if row["amount_minor"] >= 0 or left < 0:
            text = "The reversal {payment_id} does not lie between zero and what is left of the payment {reverses_payment_id}."
            return _problem(number, "amount_minor", "ReversalOutOfRange", text, row)
        original = stands.line
        stays = _rounded(left * original["rate_numerator"], original["rate_denominator"], original["rounding"])
        kind = "clawback" if stands.is_settled else "reversal"
        self.standing[row["reverses_payment_id"]] = replace(stands, basis_minor=left, commission_minor=stays)
        return original | {
            "line_key": f"{kind}:{row['payment_id']}",
            "kind": kind,
            "payment_id": row["payment_id"],
            "original_line_key": original["line_key"],
            "basis_minor": row["amount_minor"],
            "commission_minor": stays - stands.commission_minor,
        }


def _standing(lines: list[dict[str, Any]]) -> dict[int, _Standing]:
    """Return what earlier months left standing, by payment."""
    by_key = {line["line_key"]: line for line in lines if line["kind"] == "commission"}
    basis = {key: line["basis_minor"] for key, line in by_key.items()}
    minor = {key: line["commission_minor"] for key, line in by_key.items()}
    for line in lines:
        key = line["original_line_key"]
        if key in by_key:
            basis[key] += line["basis_minor"]
            minor[key] += line["commission_minor"]
    return {line["payment_id"]: _Standing(line, basis[key], minor[key], is_settled=True) for key, line in by_key.items()}


def _rate(rows: list[dict[str, Any]], key: tuple[str, int, int, int], tier_mode: TierMode) -> Rate:
    product_class, days_past_due, hand, achieved_bp = key
    achieved_bp = max(achieved_bp, 0)
    name = product_class if any(row["product_class"] == product_class for row in rows) else "*"
    point = (days_past_due, hand)
    tiers = [r for r in rows if r["product_class"] == name and all(_inside(r, axis, at) for axis, at in zip(_AXES, point, strict=False))]
    reached = [row for row in tiers if _inside(row, _AXES[2], achieved_bp)]
    named = {"product_class": product_class, "days_past_due": days_past_due, "hand": hand, "achieved_bp": achieved_bp}
    if tier_mode == "whole" or achieved_bp == 0:
        if len(reached) != 1:
            raise (RateAmbiguous if reached else RateAbsent)(**named)
        return Rate(reached[0]["rate_bp"], BASIS_POINTS, reached[0]["rate_bp"])
    widths = [max(0, min(achieved_bp, _end(row, "tier_to_bp")) - row["tier_from_bp"]) for row in tiers]
    if sum(widths) != achieved_bp:
        raise (RateAmbiguous if sum(widths) > achieved_bp else RateAbsent)(**named)
    weighted = sum(width * row["rate_bp"] for width, row in zip(widths, tiers, strict=True))
    return Rate(weighted, achieved_bp * BASIS_POINTS, _rounded(weighted, achieved_bp, "half_up"))


def _end(row: dict[str, Any], name: str) -> int:
    return _OPEN if row[name] is None else int(row[name])


def _inside(row: dict[str, Any], axis: tuple[str, str], at: int) -> bool:
    return bool(row[axis[0]] <= at < _end(row, axis[1]))


def _row_problems(number: int, row: dict[str, Any]) -> Iterator[Problem]:
    for start, end in _AXES:
        if row[start] < 0 or row[start] >= _end(row, end):
            yield Problem(number, end, "IntervalEmpty", "The interval from {start} to {end} holds nothing.", "Let it end above its start.",
                          {"start": row[start], "end": row[end]})  # fmt: skip
    if not 0 <= row["rate_bp"] <= BASIS_POINTS:
        yield Problem(number, "rate_bp", "RateImpossible", "A rate of {rate_bp} bp is not a share.", "Write 0 to 10,000 basis points.",
                      {"rate_bp": row["rate_bp"]})  # fmt: skip


def _grid_problems(product_class: str, own: dict[int, dict[str, Any]], coverage: Coverage) -> Iterator[Problem]:
    """Yield the gaps and overlaps of one product class, as boxes as large as they go."""
    spans = [(coverage.days[0], coverage.days[1] or _OPEN), (coverage.hands[0], coverage.hands[1] or _OPEN), (0, _OPEN)]
    edges = [
        sorted({*span, *(row[start] for row in own.values()), *(_end(row, end) for row in own.values())})
        for span, (start, end) in zip(spans, _AXES, strict=True)
    ]
    bad: dict[tuple[int, ...], tuple[int, ...]] = {}
    for cell in pairs(*(range(len(axis) - 1) for axis in edges)):
        corner = [axis[i] for axis, i in zip(edges, cell, strict=True)]
        found = tuple(n for n, row in own.items() if all(_inside(row, axis, at) for axis, at in zip(_AXES, corner, strict=True)))
        wanted = all(start <= at < end for (start, end), at in zip(spans, corner, strict=True))
        if len(found) > 1 or (wanted and not found):
            bad[cell] = found
    for low, high, found in _boxes(bad):
        ranges = [_range(axis[i], axis[j + 1]) for axis, i, j in zip(edges, low, high, strict=True)]
        place = {"product_class": product_class, "days": ranges[0], "hands": ranges[1], "recovery_bp": ranges[2]}
        where = "for {product_class}, days past due {days}, hand {hands}, recovery {recovery_bp} bp"
        if found:
            rows = {"rows": ", ".join(map(str, found))}
            yield Problem(found[-1], "", "RatesOverlap", f"The lines {{rows}} overlap {where}.", "Let one line hold there.", place | rows)
        else:
            yield Problem(0, "", "RateGap", f"There is no rate {where}.", "Add a line, or narrow what the contract covers.", place)


def _boxes(
    bad: dict[tuple[int, ...], tuple[int, ...]],
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """Merge equal neighbouring cells into boxes, growing along recovery, then hand, then days."""
    left = dict(bad)
    for low in sorted(bad):
        if low not in left:
            continue
        high, found = list(low), bad[low]
        for axis in (2, 1, 0):
            while all(left.get(cell) == found for cell in _slab(low, high, axis)):
                high[axis] += 1
        for cell in pairs(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
            del left[cell]
        yield low, tuple(high), found


def _slab(low: Sequence[int], high: Sequence[int], axis: int) -> Iterator[tuple[int, ...]]:
    """Return the cells by which a box would grow along an axis."""
    sides = [range(a, b + 1) for a, b in zip(low, high, strict=True)]
    sides[axis] = range(high[axis] + 1, high[axis] + 2)
    return pairs(*sides)


def _range(start: int, end: int) -> str:
    """Return a half-open range of integers as people count it."""
    if end == _OPEN:
        return f"≥ {start}"
    return str(start) if end == start + 1 else f"{start}–{end - 1}"


def _rounded(numerator: int, denominator: int, rounding: CommissionRounding) -> int:
    """Return the quotient as an integer, rounded once and alike for both signs; the denominator is above zero."""
    quotient, remainder = divmod(abs(numerator), denominator)
    twice = 2 * remainder
    if rounding != "down" and (twice > denominator or (twice == denominator and (rounding == "half_up" or quotient % 2 == 1))):
        quotient += 1
    return -quotient if numerator < 0 else quotient


def _by_key(frame: pa.Table, name: str) -> dict[str, int]:
    keys, values = frame.column("measure_key").to_pylist(), frame.column(name).to_pylist()
    if len(set(keys)) != len(keys):
        raise MeasureRepeated(column=name)
    return dict(zip(keys, values, strict=True))


def _line_order(line: dict[str, Any]) -> tuple[int, str]:
    return line["payment_id"], line["line_key"]


def _problem(number: int, column: str, code: str, what: str, row: dict[str, Any]) -> Problem:
    names = ("payment_id", "reverses_payment_id", "measure_key")
    return Problem(number, column, code, what, "Check the attribution of this payment.", {name: row[name] for name in names})
